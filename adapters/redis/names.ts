/**
 * The names of the keys, and of what stands in them.
 *
 *   <prefix>{<n>}:r:<run>  hash   who holds the run, where it stands, and its newest checkpoints: what each changed, its events
 *   <prefix>{<n>}:b:<run>  hash   the parts as of the oldest checkpoint that is kept
 *   <prefix>{<n>}:e:<run>  list   the events of older checkpoints
 *   <prefix>{<n>}:i:<run>  hash   messages that wait, by delivery id
 *   <prefix>{<n>}:a:<run>  set    delivery ids that were acknowledged
 *   <prefix>{<n>}:x        zset   the index of the shard: one letter for the status, then the run, in the order of bytes
 *   <prefix>{<n>}:f        string the newest fence of the shard
 *   <prefix>{<n>}:t        zset   runs that expire, by the time when they do
 *
 * n is the shard of the run, 0 to 15. On a cluster what stands in braces decides the slot, so that one script may touch
 * a run and its index.
 */
import type { RunIndex } from '../../src/durability/store.js';

export const SHARDS = 16;

const ODD = /[\ud800-\uffff]/;
const EVERY_ODD = /[\ud800-\uffff]/g;
const ESCAPED = /\ue000([0-9a-f]{4})/g;

/**
 * Any string as one that UTF-8 keeps to the letter, and whose bytes sort as the UTF-16 code units of the string do:
 * lone surrogates are lost in UTF-8, and pairs of them sort behind U+E000 to U+FFFF there.
 */
export function encodeName(text: string): string {
  if (!ODD.test(text)) return text;
  return text.replace(EVERY_ODD, (unit) => `\ue000${unit.charCodeAt(0).toString(16)}`);
}

export function decodeName(name: string): string {
  return name.replace(ESCAPED, (_, hex: string) => String.fromCharCode(Number.parseInt(hex, 16)));
}

/** FNV-1a over the code units. */
export function shardOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return (hash >>> 0) % SHARDS;
}

/** The keys of one run, each made when it is asked for: most saves need one of them. */
export class RunKeys {
  /** The run as the keys name it. */
  readonly name: string;
  readonly #tag: string;

  constructor(tag: string, name: string) {
    this.name = name;
    this.#tag = tag;
  }

  get run(): string {
    return `${this.#tag}r:${this.name}`;
  }
  get base(): string {
    return `${this.#tag}b:${this.name}`;
  }
  get events(): string {
    return `${this.#tag}e:${this.name}`;
  }
  get inbox(): string {
    return `${this.#tag}i:${this.name}`;
  }
  get acknowledged(): string {
    return `${this.#tag}a:${this.name}`;
  }
  get index(): string {
    return `${this.#tag}x`;
  }
  get fence(): string {
    return `${this.#tag}f`;
  }
  get expiry(): string {
    return `${this.#tag}t`;
  }

  /** Those of which all are let go with the run, in the order of the scripts, then the index. */
  whole(): string[] {
    const { run, events, base, inbox, acknowledged, index } = this;
    return [run, events, base, inbox, acknowledged, index];
  }
}

export class KeyNames {
  readonly #tags: readonly string[];

  constructor(prefix: string) {
    this.#tags = Array.from({ length: SHARDS }, (_, shard) => `${prefix}{${shard}}:`);
  }

  of(id: string): RunKeys {
    return new RunKeys(this.#tags[shardOf(id)] ?? '', encodeName(id));
  }

  indexOf(shard: number): string {
    return `${this.#tags[shard] ?? ''}x`;
  }

  runOf(shard: number, name: string): string {
    return `${this.#tags[shard] ?? ''}r:${name}`;
  }
}

export type Status = RunIndex['status'];

/** One letter each, which the scripts know too: what is neither r nor w has ended. */
const LETTERS: Readonly<Record<Status, string>> = {
  running: 'r',
  waiting: 'w',
  completed: 'c',
  failed: 'f',
  aborted: 'a',
};
const STATUSES = Object.entries(LETTERS) as [Status, string][];

export const ALL_LETTERS: readonly string[] = Object.values(LETTERS);

export function letterOf(status: Status): string {
  return LETTERS[status];
}

export function statusOf(letter: string): Status | undefined {
  return STATUSES.find(([, own]) => own === letter)?.[0];
}

/** `<letter><due>|<graph>`; no due time is an empty one. */
export function encodeIndex({ status, due, graph }: RunIndex): string {
  return `${LETTERS[status]}${due ?? ''}|${graph}`;
}

/** The letter of the status that an encoded index begins with. */
export const letterIn = (index: string): string => index.charAt(0);

/** @returns undefined for what is none */
export function decodeIndex(text: string): RunIndex | undefined {
  const status = statusOf(text.slice(0, 1));
  const bar = text.indexOf('|');
  if (status === undefined || bar < 0) return undefined;
  const due = bar === 1 ? null : Number(text.slice(1, bar));
  return Number.isNaN(due) ? undefined : { status, graph: text.slice(bar + 1), due };
}
