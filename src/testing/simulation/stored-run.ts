/** A run as the store has it, by what was accepted: kept beside the store, so that what the store says can be checked. */
import type { CreateRequest, RunIndex, SaveRequest } from '../../durability/store.js';

const FRONTIER = 'frontier/';
const CONTEXT = 'context/';
const FAILED = 'failed/';

/** A settlement as it was stored. */
export interface StoredSettlement {
  readonly activation: string;
  readonly neuron: string;
  readonly outcome: 'responded' | 'failed';
}

/** What a checkpoint has changed. */
interface StoredChange {
  readonly settled: readonly StoredSettlement[];
  /** The causes of what is pending now. */
  readonly added: readonly string[];
  /** The causes of what is pending no more, and the texts of it. */
  readonly removed: readonly (readonly [cause: string, text: string])[];
}

export class StoredRun {
  /** 0 before the first checkpoint. */
  seq = 0;
  /** The newest that was given out. */
  fence = 0;
  readonly parts = new Map<string, string>();
  index: RunIndex | undefined;
  /** By cause: the text of each activation that is pending. */
  readonly frontier = new Map<string, string>();
  /** The causes of all that is stored as settled. */
  readonly settled = new Set<string>();

  get hasEnded(): boolean {
    return this.index !== undefined && this.index.status !== 'running' && this.index.status !== 'waiting';
  }

  /** The run takes up nothing new, or has ended: what a settlement emits then is not placed. */
  get isEnding(): boolean {
    return this.index?.status !== 'running' && this.index?.status !== 'waiting'
      ? true
      : this.parts.get('run')?.includes('"ending":') === true;
  }

  apply(request: SaveRequest | CreateRequest): StoredChange {
    this.seq = 'seq' in request ? request.seq : 1;
    this.index = request.index;
    const before = 'whole' in request && request.whole ? new Map(this.frontier) : undefined;
    if (before !== undefined) {
      this.parts.clear();
      this.frontier.clear();
    }
    const added: string[] = [];
    const removed: [string, string][] = [];
    for (const [name, text] of request.parts) {
      if (text === null) this.parts.delete(name);
      else this.parts.set(name, text);
      if (!name.startsWith(FRONTIER)) continue;
      const cause = name.slice(FRONTIER.length);
      const old = before === undefined ? this.frontier.get(cause) : undefined;
      if (text === null) {
        if (old !== undefined) removed.push([cause, old]);
        this.frontier.delete(cause);
      } else {
        if (old === undefined) added.push(cause);
        this.frontier.set(cause, text);
      }
    }
    for (const [cause, text] of before ?? []) if (!this.frontier.has(cause)) removed.push([cause, text]);
    const settled = request.events.flatMap(settlementIn);
    for (const { activation } of settled) this.settled.add(activation);
    return { settled, added, removed };
  }

  /** Whether it is kept as something that has failed, or that was cut off: what a retry would do once more. */
  isGivenUp(cause: string): boolean {
    for (const [name, text] of this.parts) if (name.startsWith(FAILED) && text.includes(`"${cause}"`)) return true;
    return false;
  }

  /** By neuron: the texts of the context values. */
  get context(): readonly (readonly [string, string])[] {
    const values: [string, string][] = [];
    for (const [name, text] of this.parts)
      if (name.startsWith(CONTEXT)) values.push([name.slice(CONTEXT.length), text]);
    return values.sort(([a], [b]) => (a < b ? -1 : 1));
  }
}

/** The neurons whose context values a request writes. */
export function writtenBy(request: SaveRequest): readonly string[] {
  const written: string[] = [];
  for (const [name, text] of request.parts) {
    if (text !== null && name.startsWith(CONTEXT)) written.push(name.slice(CONTEXT.length));
  }
  return written;
}

function settlementIn(text: string): StoredSettlement[] {
  const event = JSON.parse(text) as Partial<StoredSettlement>;
  return event.activation === undefined ? [] : [event as StoredSettlement];
}
