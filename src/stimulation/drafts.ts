/**
 * What the next checkpoint of a run consists of: its number, its head, and the texts that the store does not have yet. A
 * save that failed is part of the next one, so that however many fail, one state waits to be stored.
 *
 * Job: texts and numbers. Not its job: when to store (keeper.ts), what has changed (changes.ts).
 */
import type { Clock } from '../clock/clock.js';
import type { Changes } from '../durability/changes.js';
import { type EnvelopeFields, sealEnvelope } from '../durability/envelope.js';
import { boundedEvents } from '../durability/events.js';
import { partOf } from '../durability/parts.js';
import type { StoredParts } from '../durability/stored-parts.js';
import type { Lease, PartChanges, RunIndex, SaveRequest } from '../durability/store.js';
import type { Graph } from '../graph/graph.js';
import { barriersOf, dueOf, isWaitingStored } from '../propagation/lists.js';
import type { Work } from '../propagation/work.js';

export interface Draft {
  readonly seq: number;
  /** The newest that is known to be stored; 0 before the first. */
  readonly parent: number;
  readonly head: string;
  readonly index: RunIndex;
  readonly parts: PartChanges;
  readonly whole: boolean;
  readonly events: readonly string[];
}

/** What is asked of a store, field by field: to spread the draft costs as much as making it. */
export const saveOf = (
  id: string,
  { fence }: Lease,
  { seq, parent, head, index, parts, whole, events }: Draft,
  ackInbox: readonly string[],
  release: boolean,
  leaves: readonly string[] | undefined,
): SaveRequest => ({ id, fence, seq, parent, head, index, parts, whole, events, ackInbox, release, leaves });

/** A stored run as it was read back. */
export interface StoredState {
  readonly seq: number;
  /** The newest there is; newer than `seq` when that one is damaged. */
  readonly newestSeq: number;
  readonly attempt: number;
  /** Whose settlement it holds, or null. */
  readonly milestone: string | null;
  readonly parts: ReadonlyMap<string, string>;
  /** The working set is another than that of `seq`: the next checkpoint holds all of it, and of the parts these. */
  readonly isWhole?: boolean;
}

interface Unsaved {
  readonly parts: PartChanges;
  readonly events: readonly string[];
}

const NOTHING: Unsaved = { parts: new Map(), events: [] };
const NO_MORE: PartChanges = new Map();

export class Drafts {
  readonly #clock: Clock;
  readonly #changes: Changes;
  readonly #parts: StoredParts;
  /** The newest that may be stored: a save that failed may have arrived all the same, and its number is not used again. */
  #seq = 0;
  #parentSeq: number | null = null;
  #attempt = 1;
  /** Made, and not known to be stored. */
  #unsaved = NOTHING;
  /** What is stored is not to be built upon. */
  #whole = false;
  #milestone: string | null = null;

  constructor(clock: Clock, changes: Changes, parts: StoredParts) {
    this.#clock = clock;
    this.#changes = changes;
    this.#parts = parts;
  }

  /** Goes on from a stored run. */
  resume(stored: StoredState): void {
    this.#seq = stored.newestSeq;
    this.#parentSeq = stored.seq;
    this.#attempt = stored.attempt + 1;
    this.#milestone = stored.milestone;
    this.#parts.adopt(stored.parts);
    if (stored.seq === stored.newestSeq && stored.isWhole !== true) return;
    this.#whole = true;
    this.#unsaved = { parts: stored.parts, events: [] };
  }

  /** The last milestone neuron of which a settlement was stored, or is about to be; null before the first. */
  get milestone(): string | null {
    return this.#milestone;
  }

  /** The number of the next. */
  get next(): number {
    return this.#seq + 1;
  }

  /** Whether anything of the run is not stored. */
  isBehind(work: Work): boolean {
    return this.#unsaved !== NOTHING || this.#changes.isBehind(work);
  }

  /** Whether a draft was made that the store did not take. */
  get hasFailed(): boolean {
    return this.#unsaved !== NOTHING;
  }

  /** The next checkpoint, as of now. @throws UnserializableError, CheckpointTooLargeError; nothing is lost then, and the number is not used */
  make(work: Work, fence: number, more = NO_MORE): Draft {
    const { graph } = work.flow;
    const milestone = milestoneOf(work, this.#changes);
    this.#milestone = milestone ?? this.#milestone;
    const { parts, events } = this.#changes.take(work);
    const before = this.#unsaved;
    const isFirst = before === NOTHING && more === NO_MORE;
    const merged: PartChanges = isFirst ? parts : new Map([...before.parts, ...more, ...parts]);
    this.#unsaved = { parts: merged, events: isFirst ? events : boundedEvents([...before.events, ...events]) };
    const kept = this.#parts.take(merged);
    const status = isWaitingStored(work) ? 'waiting' : work.status;
    const seq = ++this.#seq;
    const fields: EnvelopeFields = {
      id: work.id,
      seq,
      parentSeq: this.#parentSeq,
      fence,
      graph: headOf(graph),
      status,
      milestone,
      attempt: this.#attempt,
      savedAt: this.#clock.now(),
      digest: this.#parts.digest,
    };
    const head = sealEnvelope(fields, this.#parts.compression);
    const index = { status, graph: graph.name, due: dueOf(work) } as const;
    return {
      seq,
      parent: this.#parentSeq ?? 0,
      head,
      index,
      parts: kept,
      whole: this.#whole,
      events: this.#unsaved.events,
    };
  }

  /**
   * The store has lost checkpoints: the next one holds all there is.
   * @param newest the one that it has
   * @param entry which never changes, as that one has it
   */
  startOver(work: Work, newest: number, entry: string): void {
    this.#changes.startOver(work);
    this.#parts.clear();
    this.#parentSeq = newest;
    this.#unsaved = { parts: new Map([[partOf.entry(), entry]]), events: this.#unsaved.events };
    this.#whole = true;
  }

  /** The draft of this number, the last that was made, is stored. */
  onStored(seq: number): void {
    this.#parentSeq = seq;
    this.#unsaved = NOTHING;
    this.#whole = false;
  }
}

type GraphFields = EnvelopeFields['graph'];
const known = new WeakMap<Graph, GraphFields>();

/** What heads say of a graph: one object for all of them, so that it is looked at and written once. */
function headOf(graph: Graph): GraphFields {
  let fields = known.get(graph);
  if (fields === undefined) {
    const { name, version, fingerprint } = graph;
    known.set(graph, (fields = { name, version, fingerprint }));
  }
  return fields;
}

/** The milestone that made a checkpoint due: the last that holds something back, or that has settled where none does. */
const milestoneOf = (work: Work, { newMilestone }: Changes): string | null => {
  if (work.status !== 'running') return null;
  if (work.rare?.hold !== true) return newMilestone;
  return barriersOf(work).at(-1)?.subscriber.neuron.name ?? null;
};
