/**
 * What a run has changed since its last checkpoint, kept as it happens: a checkpoint costs the change and not the run.
 * Job: collect and turn into texts. Not its job: when to store, and where.
 */
import type { EarlySignal, Ending, FailedActivation } from '../propagation/context.js';
import { type Activation, DELAYED, detailsOf, Notes } from '../propagation/activation.js';
import type { CheckedAnswer } from '../propagation/answer.js';
import { frontierOf } from '../propagation/lists.js';
import { type Owed, owedRecord } from '../propagation/owed.js';
import { failedOf, NO_OUTPUT, outputOf, type Rare } from '../propagation/rare.js';
import type { Recorder, Work } from '../propagation/work.js';
import type { Codec } from './codec.js';
import { oneLine } from './codec/text.js';
import { eventText, WaitingEvents } from './events.js';
import { type PartName, partOf } from './parts.js';
import { activationText, failureText, reasonText, runText } from './texts.js';

/** By part; null for one that goes. A map: an object with names of its own costs several times as much to make. */
type Parts = Map<PartName, string | null>;

export interface Change {
  readonly parts: Parts;
  readonly events: string[];
}

const NONE: readonly EarlySignal[] = [];
/** Of the arrivals that completed the set of a join: so many of the last are told. */
const MOST_JOINED = 8;

export class Changes implements Recorder {
  readonly #now: () => number;
  readonly #codec: Codec;
  readonly #placed = new Set<Activation>();
  /** What the store has, or will have with the checkpoint that is on its way. */
  readonly #stored = new Set<Activation>();
  #left: Activation[] = [];
  readonly #values = new Set<string>();
  /** How many of the failures are stored, from the first on; and how many parts of failures there are. */
  #failedStored = 0;
  #failedParts = 0;
  /** By error: the place of the first failure that it is of. */
  #errors = new Map<unknown, number>();
  #isReopened = false;
  #output = false;
  #deliveries = false;
  readonly #events = new WaitingEvents();
  #isNew = false;
  readonly #hops = new Set<string>();
  #endingStored: Ending | null = null;
  #owedStored: Owed | null = null;
  #earlyStored: readonly EarlySignal[] = [];
  /** Whether anything has happened that the store does not know. */
  #isDirty = false;
  #hasNewAttempt = false;
  #newMilestone: string | null = null;
  #joined: WeakMap<Activation, readonly string[]> | null = null;

  constructor(now: () => number, codec: Codec) {
    this.#now = now;
    this.#codec = codec;
  }

  /** Begins with a working set that is stored as it is. */
  adopt(work: Work): void {
    for (const activation of frontierOf(work)) this.#stored.add(activation);
    for (const arrival of work.rare?.joins?.all() ?? []) this.#stored.add(arrival);
    failedOf(work).forEach(({ error }, i) => this.#placeOf(error, i));
    this.#failedStored = this.#failedParts = failedOf(work).length;
    this.#endingStored = work.rare?.ending ?? null;
    this.#owedStored = work.rare?.owed ?? null;
    this.#earlyStored = work.rare?.early ?? NONE;
  }

  /** Begins with a working set of which nothing is stored. */
  adoptNew(work: Work): void {
    for (const activation of frontierOf(work)) this.#placed.add(activation);
    for (const arrival of work.rare?.joins?.all() ?? []) this.#placed.add(arrival);
    this.#deliveries = (work.rare?.deliveries.size ?? 0) > 0;
    const output = work.rare === null ? null : work.rare.output;
    this.#output = output !== null && output.payload !== NO_OUTPUT;
    for (const neuron of work.values?.keys() ?? []) this.#values.add(neuron);
    for (const neuron of work.rare?.hops?.keys() ?? []) this.#hops.add(neuron);
    this.#isNew = true;
  }

  /** Nothing of the working set is stored any more. */
  startOver(work: Work): void {
    this.#stored.clear();
    this.#placed.clear();
    this.#left = [];
    this.#failedStored = this.#failedParts = 0;
    this.#errors = new Map();
    this.#owedStored = null;
    this.#earlyStored = NONE;
    this.#isReopened = false;
    this.#isDirty = true;
    this.adoptNew(work);
  }

  /** Whether an attempt has failed, and is to be made again, since the last change was taken. */
  get hasNewAttempt(): boolean {
    return this.#hasNewAttempt;
  }

  /** The last milestone neuron that has settled since the last change was taken. */
  get newMilestone(): string | null {
    return this.#newMilestone;
  }

  /** Whether anything has happened since the last change was taken. */
  isBehind(work: Work): boolean {
    return this.#isDirty || (work.rare !== null && this.#isRareBehind(work.rare));
  }

  #isRareBehind({ early, ending }: Rare): boolean {
    const isOther = early !== this.#earlyStored && early.length + this.#earlyStored.length > 0;
    return isOther || (ending !== null && ending !== this.#endingStored);
  }

  onPlaced(activation: Activation): void {
    this.#isDirty = true;
    if (activation.state === DELAYED && detailsOf(activation).attempt !== undefined) this.#hasNewAttempt = true;
    activation.notes ??= new Notes();
    this.#placed.add(activation);
  }
  onStarted(activation: Activation): void {
    (activation.notes ??= new Notes()).startedAt = this.#now();
  }
  onJoined(set: Activation, arrivals: readonly (readonly Activation[])[]): void {
    const last = arrivals.map((slot) => slot.slice(-MOST_JOINED)).flat();
    last.sort((a, b) => a.n - b.n);
    (this.#joined ??= new WeakMap()).set(
      set,
      last.slice(-MOST_JOINED).map(({ cause }) => cause),
    );
  }
  onLeft(activation: Activation): void {
    this.#isDirty = true;
    this.#placed.delete(activation);
    if (this.#stored.delete(activation)) this.#left.push(activation);
  }
  onSettled(activation: Activation, answer: CheckedAnswer, failure: FailedActivation | null): void {
    const { neuron } = activation.subscriber;
    if (failure === null && neuron.milestone) this.#newMilestone = neuron.name;
    const joined = this.#joined?.get(activation);
    this.#events.add(eventText({ activation, answer, failure, settledAt: this.#now(), joined }));
  }
  onWritten(neuron: string): void {
    this.#values.add(neuron);
  }
  onOutput(): void {
    this.#output = true;
  }
  onDelivered(): void {
    this.#isDirty = true;
    this.#deliveries = true;
  }
  onHop(neuron: string): void {
    this.#hops.add(neuron);
  }
  flush(): void {
    // nothing of the user's is called here
  }

  /** Whether an activation has failed since the last change was taken. */
  hasNewFailure(work: Work): boolean {
    return failedOf(work).length > this.#failedStored;
  }

  /**
   * The change, as texts; from now on the next one is collected. Whatever cannot be stored throws and takes nothing.
   * @throws UnserializableError naming the place in the object
   */
  take(work: Work): Change {
    const parts: Parts = new Map();
    parts.set(partOf.run(), runText(work));
    const { rare } = work;
    for (const { cause } of this.#left) parts.set(partOf.activation(cause), null);
    for (const activation of this.#placed) {
      parts.set(partOf.activation(activation.cause), activationText(activation, this.#codec));
    }
    for (const neuron of this.#values) {
      const value = work.committedValue(neuron);
      parts.set(partOf.value(neuron), value === undefined ? null : this.#codec.encode(value, `context of "${neuron}"`));
    }
    const failed = failedOf(work);
    for (let i = failed.length; i < this.#failedParts; i++) parts.set(partOf.failure(i), null);
    for (let i = this.#failedStored; i < failed.length; i++) {
      const failure = failed[i] as FailedActivation;
      parts.set(partOf.failure(i), failureText(failure, this.#placeOf(failure.error, i), i, this.#codec));
    }
    if (this.#isReopened) parts.set(partOf.reason(), null);
    if (this.#output) parts.set(partOf.output(), this.#codec.encode(outputOf(work), 'output'));
    if (this.#deliveries) parts.set(partOf.deliveries(), oneLine(JSON.stringify([...(rare?.deliveries ?? [])])));
    if (rare !== null) this.#takeRare(rare, parts);
    const events = this.#events.take();

    for (const activation of this.#placed) this.#stored.add(activation);
    this.#placed.clear();
    if (this.#left.length > 0) this.#left = [];
    if (this.#values.size > 0) this.#values.clear();
    this.#failedStored = this.#failedParts = failed.length;
    this.#isReopened = false;
    this.#output = this.#deliveries = false;
    this.#isNew = this.#isDirty = this.#hasNewAttempt = false;
    this.#newMilestone = null;
    if (this.#hops.size > 0) this.#hops.clear();
    this.#endingStored = rare?.ending ?? null;
    this.#owedStored = rare?.owed ?? null;
    this.#earlyStored = rare?.early ?? NONE;
    return { parts, events };
  }

  /** What few runs have; what undoes is owed is named by its place, so that only its end changes. */
  #takeRare({ reason, options, hops, owed, early }: Rare, parts: Parts): void {
    if (reason !== undefined) parts.set(partOf.reason(), reasonText(reason, this.#codec));
    if (this.#isNew && options !== null) parts.set(partOf.options(), this.#codec.encode(options, 'options of the run'));
    for (const neuron of this.#hops) parts.set(partOf.hops(neuron), String(hops?.get(neuron) ?? 0));
    if (early !== this.#earlyStored) this.#takeEarly(early, parts);
    const added: Owed[] = [];
    let [now, before] = [owed, this.#owedStored];
    while (now !== before) {
      if (now !== null && now.size >= (before?.size ?? 0)) {
        added.push(now);
        now = now.older;
      } else if (before !== null) {
        parts.set(partOf.owed(before.size), null);
        before = before.older;
      }
    }
    for (const one of added) {
      parts.set(
        partOf.owed(one.size),
        this.#codec.encode(owedRecord(one), `what undoes "${one.subscriber.neuron.name}"`),
      );
    }
  }

  /** Each has a part of its own, so that one more costs the same however many there are. */
  #takeEarly(early: readonly EarlySignal[], parts: Parts): void {
    const [now, stored] = [new Set(early), new Set(this.#earlyStored)];
    for (const { index } of this.#earlyStored.filter((signal) => !now.has(signal)))
      parts.set(partOf.early(index), null);
    for (const signal of early.filter((each) => !stored.has(each))) {
      parts.set(
        partOf.early(signal.index),
        this.#codec.encode(signal, `signal of "${signal.collateral}" that came early`),
      );
    }
  }

  /** A run that had ended goes on: what is stored of its failures is not true any more. */
  onReopened(failures: number): void {
    this.#failedStored = 0;
    this.#failedParts = failures;
    this.#errors = new Map();
    this.#isDirty = this.#isReopened = true;
  }

  /** The first failure with this error, of which `i` is one. */
  #placeOf(error: unknown, i: number): number {
    const place = this.#errors.get(error) ?? i;
    if (place === i && typeof error === 'object') this.#errors.set(error, i);
    return place;
  }
}
