/**
 * The logic's snapshot: what a snapshot of the statechart would say, made only when it is read. The newest one points at
 * the run's working set; when a newer one takes its place it keeps a link forward and what that turn changed, so that it
 * never shows anything but what was true when it was made.
 */
import type { Snapshot } from 'xstate';
import type { RunContext } from '../src/propagation/context.js';
import type { RunEvent } from '../src/propagation/events.js';
import { freeze } from '../src/propagation/image.js';
import { outputOf } from '../src/propagation/rare.js';
import { rewind } from '../src/propagation/rewind.js';
import { accepts, isBusy, type RunValue, valueOf } from '../src/propagation/step.js';
import type { Turn, Work } from '../src/propagation/work.js';

/** What both forms of the machine persist; either can be rehydrated from it. */
export interface PersistedRun {
  readonly status: 'active' | 'done' | 'error' | 'stopped';
  readonly output: unknown;
  readonly error: unknown;
  readonly value: RunValue;
  readonly historyValue: Record<string, never>;
  readonly context: RunContext;
  readonly children: Record<string, never>;
}

/** Superseded snapshots that are still held are made independent after this many turns, and as many as they hold. */
const LONGEST_CHAIN = 256;

export class RunSnapshot {
  status: 'active' | 'done' | 'stopped';
  /** The working set that it shows, as long as it is the newest. */
  readonly work: Work;
  #context: RunContext | null = null;
  #newer: RunSnapshot | null = null;
  #turn: Turn | null = null;
  #chain: number;

  constructor(work: Work, status: 'active' | 'done' | 'stopped', older?: RunSnapshot) {
    this.work = work;
    this.status = status;
    this.#chain = older === undefined ? 0 : older.#chain + 1;
  }

  /** A newer one is about to take the place of this one; `turn` is what will lie between them. */
  supersede(newer: RunSnapshot, turn: Turn): void {
    const { pending, active, rare } = this.work;
    const joined = rare === null || rare.joins === null ? 0 : rare.joins.size;
    if (this.#chain < LONGEST_CHAIN + pending + active + joined) {
      this.#newer = newer;
      this.#turn = turn;
    } else {
      this.#context = this.context;
      newer.#chain = 0;
    }
  }

  get context(): RunContext {
    if (this.#context !== null) return this.#context;
    const context = this.#read();
    const { views } = this.work;
    if (views === null || !views.turning) this.#context = context;
    return context;
  }

  #read(): RunContext {
    if (this.#newer === null) return freeze(this.work);
    const turns = [this.#turn as Turn];
    let at: RunSnapshot = this.#newer;
    while (at.#newer !== null && at.#context === null) {
      turns.push(at.#turn as Turn);
      at = at.#newer;
    }
    return rewind(at.#context ?? freeze(at.work), turns.reverse());
  }

  /** The turn that this snapshot shows has gone on: what was read of it before counts no more. */
  refresh(): void {
    this.#context = null;
    if (this.work.status !== 'running') this.status = 'done';
  }

  get error(): undefined {
    return undefined;
  }

  get output(): unknown {
    return this.status === 'done' ? outputOf(this.work) : undefined;
  }

  get value(): RunValue {
    return valueOf(this.work.flow, this.context);
  }

  get tags(): Set<string> {
    const { status, frontier, barriers } = this.context;
    const tags = new Set<string>();
    if (status !== 'running') return tags;
    if (barriers.length > 0) tags.add('milestone');
    if (barriers.length > 0 || frontier.some(({ state }) => isBusy(state))) tags.add('busy');
    const checkpointing = new Set(barriers.map(({ neuron }) => neuron));
    const busy = new Set(frontier.filter(({ state }) => isBusy(state)).map(({ neuron }) => neuron));
    const waits = frontier.some(
      ({ state, neuron }) => state !== 'held' && !isBusy(state) && !busy.has(neuron) && !checkpointing.has(neuron),
    );
    if (waits) tags.add('waiting');
    return tags;
  }

  get children(): Record<string, never> {
    return {};
  }
  get historyValue(): Record<string, never> {
    return {};
  }

  hasTag(tag: string): boolean {
    return this.tags.has(tag);
  }

  /** As of an XState machine: whether the value is, or contains, this state value. */
  matches(state: StateQuery): boolean {
    return includes(this.value, state);
  }

  can(event: RunEvent): boolean {
    return accepts(this.work.flow, this.context, event);
  }

  toJSON(): object {
    return { ...persist(this), tags: [...this.tags] };
  }
}

export type StateQuery = string | { readonly [key: string]: StateQuery };

function includes(value: unknown, query: StateQuery): boolean {
  if (typeof query === 'string') {
    return typeof value === 'string' ? value === query : typeof value === 'object' && value !== null && query in value;
  }
  if (typeof value !== 'object' || value === null) return false;
  return Object.entries(query).every(([key, inner]) => includes((value as Record<string, unknown>)[key], inner));
}

export const persist = (snapshot: RunSnapshot): PersistedRun => ({
  status: snapshot.status,
  output: snapshot.output,
  error: undefined,
  value: snapshot.value,
  historyValue: {},
  context: snapshot.context,
  children: {},
});

/** The snapshot as readers of an actor see it. XState tells snapshots apart by status; this one goes through them all. */
export type RunSnapshotView = Snapshot<unknown> &
  Pick<RunSnapshot, 'context' | 'value' | 'tags' | 'hasTag' | 'matches' | 'toJSON' | 'children' | 'historyValue'> & {
    /** Whether the run would accept this event. */
    can(event: RunEvent): boolean;
  };
