/**
 * Lists runs in the order of ids: asks each shard for its next few, and merges the shards.
 *
 * A shard answers for one moment, and each further question begins behind the last run that it gave: a run that stays is
 * listed exactly once, also when its status changes meanwhile. A run whose keys were lost (evicted, deleted by hand) is
 * listed with the head `null`; one whose keys have expired after its end is dropped from the index.
 */
import type { Lease, ListQuery, Owner, RunIndex, RunPage, RunSummary } from '../../src/durability/store.js';
import type { Reply } from './sender.js';
import {
  ALL_LETTERS,
  decodeIndex,
  decodeName,
  encodeName,
  type KeyNames,
  letterOf,
  SHARDS,
  statusOf,
} from './names.js';
import type { Caller } from './refusals.js';
import { SCRIPTS } from './scripts.js';

/** Seq, fence, a minus if the lease was given up, index. */
const STANDS = /^(\d+) (\d+)(-?) \d+ ([^]*)$/;

interface Found {
  readonly letter: string;
  readonly name: string;
  readonly id: string;
}

/** One shard while it is being merged. */
interface Shard {
  readonly number: number;
  /** What is fetched and not given yet, in the order of ids. */
  readonly runs: RunSummary[];
  /** The last one that was looked at, as the index names it; undefined at the end of the shard. */
  after: string | undefined;
}

export class Lister {
  readonly #caller: Caller;
  readonly #keys: KeyNames;

  constructor(caller: Caller, keys: KeyNames) {
    this.#caller = caller;
    this.#keys = keys;
  }

  async page(query: ListQuery): Promise<RunPage> {
    const limit = Math.max(1, query.limit ?? 100);
    const after = encodeName(query.cursor ?? '');
    const shards = Array.from({ length: SHARDS }, (_, number): Shard => ({ number, runs: [], after }));
    const chunk = Math.ceil((limit * 1.5) / SHARDS) + 2;
    const runs: RunSummary[] = [];
    for (;;) {
      const dry = shards.filter((shard) => shard.runs.length === 0 && shard.after !== undefined);
      await Promise.all(dry.map((shard) => this.#fill(shard, query, chunk)));
      const more = merge(shards, runs, limit + 1);
      if (!more) break;
    }
    const page = runs.slice(0, limit);
    const last = page.at(-1);
    return runs.length > limit && last !== undefined ? { runs: page, cursor: last.id } : { runs: page };
  }

  /** Fetches until the shard has a run to give, or no more. */
  async #fill(shard: Shard, query: ListQuery, chunk: number): Promise<void> {
    const { status = [] } = query;
    const letters = status.length === 0 ? ALL_LETTERS : [...new Set(status)].map(letterOf);
    while (shard.runs.length === 0 && shard.after !== undefined) {
      const found = await this.#next(shard, letters, chunk);
      if (found.length === 0) continue;
      const keys = found.map(({ name }) => this.#keys.runOf(shard.number, name));
      const rows = (await this.#caller.call(SCRIPTS.summaries, keys, [])) as readonly string[][];
      for (const [at, run] of found.entries()) {
        const summary = this.#summary(shard, run, rows[at] ?? []);
        if (summary !== undefined && matches(summary, query)) shard.runs.push(summary);
      }
    }
  }

  /** The next runs of a shard in the order of ids; of each status, as far as all of them are known. */
  async #next(shard: Shard, letters: readonly string[], chunk: number): Promise<Found[]> {
    const args = [String(chunk), shard.after ?? '', ...letters];
    const reply = await this.#caller.call(SCRIPTS.page, [this.#keys.indexOf(shard.number)], args);
    const found = new Map<string, Found>();
    let end: string | undefined;
    for (const entries of reply as readonly string[][]) {
      for (const entry of entries) {
        const run = { letter: entry.slice(0, 1), name: entry.slice(1), id: decodeName(entry.slice(1)) };
        if (!found.has(run.id)) found.set(run.id, run);
      }
      const last = entries.length < chunk ? undefined : decodeName((entries.at(-1) ?? '').slice(1));
      if (last !== undefined && (end === undefined || last < end)) end = last;
    }
    shard.after = end === undefined ? undefined : encodeName(end);
    return [...found.values()]
      .filter(({ id }) => end === undefined || id <= end)
      .sort((a, b) => (a.id < b.id ? -1 : 1));
  }

  #summary(shard: Shard, { id, letter, name }: Found, row: readonly Reply[]): RunSummary | undefined {
    const [stands = '', owner = '', until, inbox, head] = row as readonly string[];
    const isThere = row[5] === 1;
    const [, seq = '', fence, free, index = ''] = STANDS.exec(stands) ?? [];
    const status = statusOf(letter) ?? 'running';
    if (!isThere && status !== 'running' && status !== 'waiting') {
      this.#forget(shard, `${letter}${name}`, name);
      return undefined;
    }
    const known: RunIndex | undefined = decodeIndex(index);
    return {
      id,
      seq: Number(seq) || 0,
      head: head === undefined || head === '' ? 'null' : head,
      index: known ?? { status, graph: '', due: null },
      lease: free === '-' ? null : leaseOf(owner, Number(fence), Number(until)),
      inbox: Number(inbox) || 0,
    };
  }

  /** Nobody waits for it: whoever lists next tries again. */
  #forget(shard: Shard, entry: string, name: string): void {
    const keys = [this.#keys.runOf(shard.number, name), this.#keys.indexOf(shard.number)];
    this.#caller.call(SCRIPTS.forget, keys, [entry]).catch(() => undefined);
  }
}

/** Moves the smallest ids over as long as every shard has one or is at its end. @returns whether more must be fetched */
function merge(shards: readonly Shard[], runs: RunSummary[], wanted: number): boolean {
  while (runs.length < wanted) {
    let least: Shard | undefined;
    for (const shard of shards) {
      const next = shard.runs[0];
      if (next === undefined) {
        if (shard.after !== undefined) return true;
      } else if (least?.runs[0] === undefined || next.id < least.runs[0].id) least = shard;
    }
    const run = least?.runs.shift();
    if (run === undefined) return false;
    runs.push(run);
  }
  return false;
}

/** A run that cannot be read fits every graph: a list that leaves it out would hide it. */
function matches({ head, index }: RunSummary, { status = [], graph, dueBefore }: ListQuery): boolean {
  if (status.length > 0 && !status.includes(index.status)) return false;
  if (head === 'null' && index.graph === '') return true;
  if (graph !== undefined && index.graph !== graph) return false;
  return dueBefore === undefined || (index.due !== null && index.due <= dueBefore);
}

function leaseOf(owner: string, fence: number, until: number): Lease | null {
  const known = readOwner(owner);
  return known === undefined ? null : { owner: known, fence, until };
}

/** @returns undefined for what is none */
export function readOwner(text: string): Owner | undefined {
  if (text === '') return undefined;
  try {
    const owner = JSON.parse(text) as Partial<Record<keyof Owner, unknown>> | null;
    const { key, label, boot, namespace, pid, started } = owner ?? {};
    const areTexts = [key, label, boot, namespace, started].every((field) => typeof field === 'string');
    return areTexts && typeof pid === 'number' ? (owner as Owner) : undefined;
  } catch {
    return undefined;
  }
}
