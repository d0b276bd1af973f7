/**
 * One stored run, seen from any process as it goes on. A look costs what a list of one run costs; checkpoint and events
 * are read only when there is a newer checkpoint, and only new events are taken apart.
 *
 * What the store does not say is remembered: who held the run and died, and when it was taken up again.
 */
import type { Clock } from '../../clock/clock.js';
import type { Codec } from '../../durability/codec.js';
import { parseEvents, type SettledEvent } from '../../durability/events.js';
import { isProvablyDead } from '../../durability/owner.js';
import { hasEnded, type Lease, type RunSummary, type Store } from '../../durability/store.js';
import { CorruptCheckpointError } from '../../errors/index.js';
import { type LoadedRun, loadRun } from '../../stimulation/load.js';
import { summaryOf } from '../run-summary.js';
import { type Attempt, attemptAfter, type Past, readPast } from '../tree/attempts.js';
import { treeOf } from '../tree/parentage.js';
import { factsOf, type Holding, holdingOf, startOf } from '../tree/run-facts.js';
import type { RunTree } from '../tree/run-tree.js';

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
  /** What could not be read, for a person. */
  readonly damage: readonly string[];
  /** Another number: another run, begun after this one was deleted. */
  readonly life: number;
}

export interface Look {
  /** Undefined while there is no such run. */
  readonly sight: Sight | undefined;
  /** Whether anything is new since the look before. */
  readonly isNew: boolean;
}

const EMPTY: Past = { start: undefined, attempts: [], milestones: new Set() };
/** Of a list of texts, enough to know whether another one goes on from it. */
interface Ends {
  readonly count: number;
  readonly first: string | undefined;
  readonly last: string | undefined;
}
const NOTHING: Ends = { count: 0, first: undefined, last: undefined };

export class Observer {
  readonly #store: Store;
  readonly #id: string;
  readonly #codec: Codec;
  readonly #clock: Clock;
  /** Known before anything was seen. */
  readonly #milestones: ReadonlySet<string>;
  #last: { readonly key: string; readonly sight: Sight | undefined } | undefined;
  #run: LoadedRun | undefined;
  /** The newest, as it was listed before the run was read. */
  #head = '';
  #ends = NOTHING;
  #events: readonly SettledEvent[] = [];
  #omitted = 0;
  #tree: RunTree | undefined;
  #past = EMPTY;
  /** What was seen of each attempt, by its number. */
  readonly #seen = new Map<number, Attempt>();
  #lease: Lease | null = null;
  #died: string | undefined;
  #damage: readonly string[] = [];
  #life = 0;

  constructor(store: Store, id: string, codec: Codec, clock: Clock, milestones: ReadonlySet<string> = new Set()) {
    this.#store = store;
    this.#id = id;
    this.#codec = codec;
    this.#clock = clock;
    this.#milestones = milestones;
  }

  async look(): Promise<Look> {
    const summary = await summaryOf(this.#store, this.#id);
    if (summary === undefined) this.#forget();
    const holding = holdingOf(summary?.lease ?? null, this.#clock.now());
    const key = summary === undefined ? '' : keyOf(summary, holding);
    if (this.#last?.key === key) return { sight: this.#last.sight, isNew: false };
    const sight = summary === undefined ? undefined : await this.#see(summary, holding);
    this.#last = { key, sight };
    return { sight, isNew: true };
  }

  async #see({ head, lease, index }: RunSummary, holding: Holding): Promise<Sight | undefined> {
    if (this.#run === undefined || this.#head !== head) {
      await this.#readState();
      this.#head = head;
    }
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
      ...{ damage: this.#damage, life: this.#life },
      hasEnded: hasEnded(run.hasBegun ? { ...index, status: run.envelope.status } : index),
      start: startOf(past.start, this.#events, run.envelope.savedAt),
    };
  }

  /** There is no such run any more: what comes next is another one. */
  #forget(): void {
    this.#run = undefined;
    this.#head = '';
    this.#ends = NOTHING;
    this.#events = [];
    this.#omitted = 0;
    this.#tree = undefined;
    this.#past = EMPTY;
    this.#seen.clear();
    this.#lease = null;
    this.#died = undefined;
    this.#damage = [];
    this.#life++;
  }

  async #readState(): Promise<void> {
    const run = await loadRun(this.#store, this.#id, this.#codec);
    if (run === undefined || (this.#run !== undefined && isAnother(this.#run, run))) this.#forget();
    if (run === undefined) return;
    const damage = new Set([...run.damage, ...(await this.#readEvents())]);
    const before = this.#run?.envelope;
    this.#damage = [...damage];
    this.#run = run;
    this.#tree = treeOf(factsOf(run, { settled: this.#events, omitted: this.#omitted }, this.#codec));
    const { attempt } = run.envelope;
    const isTurn = before !== undefined && before.attempt !== attempt && !this.#seen.has(attempt);
    await this.#readPast(run, before === undefined || isTurn || run.context.status !== 'running');
    // where so much has happened since that the store has forgotten where it began
    const isUntold = isTurn && !this.#past.attempts.some((each) => each.attempt === attempt);
    if (isUntold) this.#past = { ...this.#past, attempts: [...this.#past.attempts, attemptAfter(before, attempt)] };
  }

  /** @returns what is damaged: what was read before stays then */
  async #readEvents(): Promise<readonly string[]> {
    if (!this.#store.capabilities.events) return [];
    try {
      const texts = await this.#store.events(this.#id);
      // another run has begun otherwise
      if (this.#ends.count > 0 && texts.length > 0 && texts[0] !== this.#ends.first) this.#forget();
      const { count, first, last } = this.#ends;
      const isMore = count === 0 || (texts.length >= count && texts[0] === first && texts[count - 1] === last);
      const { settled, omitted } = parseEvents(isMore ? texts.slice(count) : texts);
      this.#events = isMore ? [...this.#events, ...settled] : settled;
      this.#omitted = isMore ? this.#omitted + omitted : omitted;
      this.#ends = { count: texts.length, first: texts[0], last: texts.at(-1) };
      return [];
    } catch (error) {
      if (error instanceof CorruptCheckpointError) return [error.message];
      throw error;
    }
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

/** Whether it cannot be what the run that was seen before has become: that was deleted, and one of its id begun. */
function isAnother(before: LoadedRun, now: LoadedRun): boolean {
  // an older checkpoint stands in for a damaged one
  if (before.damage.length > 0 || now.damage.length > 0) return now.newestSeq < before.newestSeq;
  const [old, young] = [before.envelope, now.envelope];
  const isBack = young.seq < old.seq || young.attempt < old.attempt || young.fence < old.fence;
  return isBack || (young.seq === old.seq && young.checksum !== old.checksum);
}

/** A head holds the seq and the checksum of its checkpoint. */
const keyOf = ({ head, index, lease, inbox }: RunSummary, holding: Holding): string =>
  `${head} ${index.status} ${lease?.fence ?? '-'} ${holding} ${inbox}`;
