/**
 * One stored run, seen from any process as it goes on. A look costs what a list of one run costs; checkpoint and events
 * are read only when there is a newer checkpoint, and only new events are taken apart.
 *
 * What the store does not say is remembered: who held the run and died, and when it was taken up again.
 */
import type { Clock } from '../../clock/clock.js';
import type { Codec } from '../../durability/codec.js';
import type { SettledEvent } from '../../durability/events.js';
import { isProvablyDead } from '../../durability/owner.js';
import { hasEnded, type Lease, type RunSummary, type Store } from '../../durability/store.js';
import { type LoadedRun, loadRun } from '../../stimulation/load.js';
import { summaryOf } from '../run-summary.js';
import { type Attempt, attemptAfter, type Past, readPast } from '../tree/attempts.js';
import { treeOf } from '../tree/parentage.js';
import { factsOf, type Holding, holdingOf, startOf } from '../tree/run-facts.js';
import type { RunTree } from '../tree/run-tree.js';
import { parseEvents } from '../../durability/events.js';

/** A run as it was found. */
export interface Sight {
  readonly run: LoadedRun;
  readonly lease: Lease | null;
  readonly holding: Holding;
  readonly hasEnded: boolean;
  /** When it goes on by itself (milliseconds since the epoch), or null. */
  readonly due: number | null;
  readonly tree: RunTree;
  readonly past: Past;
  readonly start: number;
  /** Oldest first. */
  readonly events: readonly SettledEvent[];
}

export interface Look {
  /** Undefined while there is no such run. */
  readonly sight: Sight | undefined;
  /** Whether anything is new since the look before. */
  readonly isNew: boolean;
}

const EMPTY: Past = { start: undefined, attempts: [], milestones: new Set() };

export class Observer {
  readonly #store: Store;
  readonly #id: string;
  readonly #codec: Codec;
  readonly #clock: Clock;
  /** Known before anything was seen. */
  readonly #milestones: ReadonlySet<string>;
  #last: { readonly key: string; readonly sight: Sight | undefined } | undefined;
  #run: LoadedRun | undefined;
  #texts: readonly string[] = [];
  #events: readonly SettledEvent[] = [];
  #omitted = 0;
  #tree: RunTree | undefined;
  #past = EMPTY;
  /** What was seen of each attempt, by its number. */
  readonly #seen = new Map<number, Attempt>();
  #lease: Lease | null = null;
  #died: string | undefined;

  constructor(store: Store, id: string, codec: Codec, clock: Clock, milestones: ReadonlySet<string> = new Set()) {
    this.#store = store;
    this.#id = id;
    this.#codec = codec;
    this.#clock = clock;
    this.#milestones = milestones;
  }

  async look(): Promise<Look> {
    const summary = await summaryOf(this.#store, this.#id);
    const holding = holdingOf(summary?.lease ?? null, this.#clock.now());
    const key = summary === undefined ? '' : keyOf(summary, holding);
    if (this.#last?.key === key) return { sight: this.#last.sight, isNew: false };
    const sight = summary === undefined ? undefined : await this.#read(summary, holding);
    this.#last = { key, sight };
    return { sight, isNew: true };
  }

  async #read({ seq, lease, index }: RunSummary, holding: Holding): Promise<Sight | undefined> {
    if (this.#run === undefined || this.#run.newestSeq !== seq) await this.#readState();
    const run = this.#run;
    const tree = this.#tree;
    if (run === undefined || tree === undefined) return undefined;
    this.#follow(lease, holding, run);
    const { attempt } = run.envelope;
    const known = new Map(this.#past.attempts.map((each) => [each.attempt, each]));
    for (const [number, seen] of this.#seen) known.set(number, { ...known.get(number), ...seen });
    const attempts = [...known.values()].sort((a, b) => a.attempt - b.attempt);
    const past = { ...this.#past, attempts: attempts.filter((each) => each.attempt <= attempt + 1) };
    return {
      ...{ run, lease, holding, tree, past, due: index.due, events: this.#events },
      hasEnded: hasEnded(run.hasBegun ? { ...index, status: run.envelope.status } : index),
      start: startOf(past.start, this.#events, run.envelope.savedAt),
    };
  }

  async #readState(): Promise<void> {
    const before = this.#run?.envelope;
    const run = await loadRun(this.#store, this.#id, this.#codec);
    if (run === undefined) return;
    const texts = await this.#store.events(this.#id);
    const isSame = texts.length >= this.#texts.length && texts[0] === this.#texts[0];
    const { settled, omitted } = parseEvents(isSame ? texts.slice(this.#texts.length) : texts);
    this.#events = isSame ? [...this.#events, ...settled] : settled;
    this.#omitted = isSame ? this.#omitted + omitted : omitted;
    this.#texts = texts;
    this.#run = run;
    this.#tree = treeOf(factsOf(run, { settled: this.#events, omitted: this.#omitted }, this.#codec));
    const { attempt } = run.envelope;
    const isTurn = before !== undefined && before.attempt !== attempt && !this.#seen.has(attempt);
    await this.#readPast(run, before === undefined || isTurn || run.context.status !== 'running');
    // where so much has happened since that the store has forgotten where it began
    const isUntold = isTurn && !this.#past.attempts.some((each) => each.attempt === attempt);
    if (isUntold) this.#past = { ...this.#past, attempts: [...this.#past.attempts, attemptAfter(before, attempt)] };
  }

  /** @param isNews older heads tell what the newest does not, and what was not seen */
  async #readPast({ envelope, context }: LoadedRun, isNews: boolean): Promise<void> {
    const known = this.#past;
    const read = isNews ? await readPast(this.#store, envelope, this.#clock) : EMPTY;
    const own = [...context.barriers.map(({ neuron }) => neuron), envelope.milestone ?? ''].filter(Boolean);
    const attempts = new Map([...read.attempts, ...known.attempts].map((each) => [each.attempt, each]));
    this.#past = {
      start: known.start ?? read.start,
      attempts: [...attempts.values()],
      milestones: new Set([...this.#milestones, ...known.milestones, ...read.milestones, ...own]),
    };
  }

  /** Notices that who held the run has died, and that it was taken up again. */
  #follow(lease: Lease | null, holding: Holding, { envelope }: LoadedRun): void {
    const before = this.#lease;
    const isTaken = lease !== null && before !== null && lease.fence > before.fence;
    if (isTaken && lease.owner.key !== before.owner.key && isProvablyDead(before.owner))
      this.#died = before.owner.label;
    if (holding === 'dead' && lease !== null) this.#died = lease.owner.label;
    this.#lease = lease ?? before;
    if (lease === null || holding === 'dead') return;
    const isAhead = lease.fence > envelope.fence;
    const attempt = isAhead ? envelope.attempt + 1 : envelope.attempt;
    const hasNews = isAhead || isTaken || this.#died !== undefined;
    if (attempt === 1 || this.#seen.has(attempt) || !hasNews) return;
    const from = isAhead ? attemptAfter(envelope) : this.#past.attempts.find((each) => each.attempt === attempt);
    if (from === undefined) return;
    const died = this.#died === undefined ? {} : { died: this.#died };
    this.#seen.set(attempt, { ...from, ...died, ...(isAhead ? { at: this.#clock.now() } : {}) });
    this.#died = undefined;
  }
}

const keyOf = ({ seq, index, lease, inbox }: RunSummary, holding: Holding): string =>
  `${seq} ${index.status} ${lease?.fence ?? '-'} ${holding} ${inbox}`;
