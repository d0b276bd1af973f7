/**
 * What a run has changed since its last checkpoint, kept as it happens: a checkpoint costs the change and not the run.
 * Job: collect and turn into texts. Not its job: when to store, and where.
 */
import { describeError, StoredHandlerError, UnserializableError } from '../errors/index.js';
import type { EarlySignal, Ending, FailedActivation } from '../propagation/context.js';
import { type Activation, DELAYED, detailsOf } from '../propagation/activation.js';
import { type CheckedAnswer, signalsIn } from '../propagation/answer.js';
import { barrierImageOf, imageOf } from '../propagation/image.js';
import { barriersOf, frontierOf } from '../propagation/lists.js';
import { type Owed, owedRecord } from '../propagation/owed.js';
import { failedOf, NO_OUTPUT, outputOf, type Rare } from '../propagation/rare.js';
import type { Recorder, Work } from '../propagation/work.js';
import type { Codec } from './codec.js';
import { type PartName, partOf, type StoredFailure } from './parts.js';

/** One settled activation, for history and timelines. */
export interface SettledEvent {
  readonly activation: string;
  readonly neuron: string;
  readonly dendrite: string;
  readonly outcome: 'responded' | 'failed';
  /** Collaterals of the answer, in order. */
  readonly emitted: readonly string[];
  /** Milliseconds since the epoch; missing when it started in another process. */
  readonly startedAt?: number;
  readonly settledAt: number;
  readonly error?: string;
}

/** Stands for settled activations of which too many came between two checkpoints to keep. */
export interface OmittedEvents {
  readonly omitted: number;
}

export interface Change {
  readonly parts: Record<PartName, string | null>;
  readonly events: string[];
}

const NONE: readonly EarlySignal[] = [];
const MOST_EVENTS = 20_000;
const KEPT_EVENTS = 10_000;

export class Changes implements Recorder {
  readonly #now: () => number;
  readonly #codec: Codec;
  #placed = new Set<Activation>();
  /** What the store has, or will have with the checkpoint that is on its way. */
  readonly #stored = new Set<Activation>();
  #left: Activation[] = [];
  #values = new Set<string>();
  /** How many of the failures are stored, from the first on; and how many parts of failures there are. */
  #failedStored = 0;
  #failedParts = 0;
  /** By error: the place of the first failure that it is of. */
  #errors = new Map<unknown, number>();
  #isReopened = false;
  #output = false;
  #deliveries = false;
  #events: SettledEvent[] = [];
  #omitted = 0;
  #isNew = false;
  readonly #hops = new Set<string>();
  #endingStored: Ending | null = null;
  #owedStored: Owed | null = null;
  #earlyStored: readonly EarlySignal[] = [];
  /** Whether anything has happened that the store does not know. */
  #isDirty = false;
  #hasNewAttempt = false;
  #newMilestone: string | null = null;
  readonly #startedAt = new WeakMap<Activation, number>();

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
    this.#placed.add(activation);
  }
  onStarted(activation: Activation): void {
    this.#startedAt.set(activation, this.#now());
  }
  onLeft(activation: Activation): void {
    this.#isDirty = true;
    this.#placed.delete(activation);
    if (this.#stored.delete(activation)) this.#left.push(activation);
  }
  onSettled(activation: Activation, answer: CheckedAnswer, failure: FailedActivation | null): void {
    if (this.#events.length >= MOST_EVENTS) this.#omitEvents();
    const { subscriber, cause } = activation;
    if (failure === null && subscriber.neuron.milestone) this.#newMilestone = subscriber.neuron.name;
    const startedAt = this.#startedAt.get(activation);
    this.#events.push({
      activation: cause,
      neuron: subscriber.neuron.name,
      dendrite: subscriber.key,
      outcome: failure === null ? 'responded' : 'failed',
      emitted: emittedBy(activation, answer),
      ...(startedAt === undefined ? {} : { startedAt }),
      settledAt: this.#now(),
      ...(failure === null ? {} : { error: describeError(failure.error) }),
    });
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

  /** A turn without a milestone may settle millions: the newest are kept, and how many are not is said. */
  #omitEvents(): void {
    this.#omitted += this.#events.length - KEPT_EVENTS;
    this.#events = this.#events.slice(-KEPT_EVENTS);
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
    const parts: Record<PartName, string | null> = { [partOf.run()]: runText(work) };
    const { rare } = work;
    for (const { cause } of this.#left) parts[partOf.activation(cause)] = null;
    for (const activation of this.#placed) {
      parts[partOf.activation(activation.cause)] = activationText(activation, this.#codec);
    }
    for (const neuron of this.#values) {
      const value = work.committedValue(neuron);
      parts[partOf.value(neuron)] = value === undefined ? null : this.#codec.encode(value, `context of "${neuron}"`);
    }
    const failed = failedOf(work);
    for (let i = failed.length; i < this.#failedParts; i++) parts[partOf.failure(i)] = null;
    for (let i = this.#failedStored; i < failed.length; i++) {
      const failure = failed[i] as FailedActivation;
      parts[partOf.failure(i)] = failureText(failure, this.#placeOf(failure.error, i), i, this.#codec);
    }
    if (this.#isReopened) parts[partOf.reason()] = null;
    if (this.#output) parts[partOf.output()] = this.#codec.encode(outputOf(work), 'output');
    if (this.#deliveries) parts[partOf.deliveries()] = JSON.stringify([...(rare?.deliveries ?? [])]);
    if (rare !== null) this.#takeRare(rare, parts);
    const events = this.#events.map((event) => JSON.stringify(event));
    if (this.#omitted > 0) events.unshift(JSON.stringify({ omitted: this.#omitted } satisfies OmittedEvents));

    for (const activation of this.#placed) this.#stored.add(activation);
    this.#placed = new Set();
    this.#left = [];
    this.#values = new Set();
    this.#failedStored = this.#failedParts = failed.length;
    this.#isReopened = false;
    this.#output = this.#deliveries = false;
    this.#events = [];
    this.#omitted = 0;
    this.#isNew = this.#isDirty = this.#hasNewAttempt = false;
    this.#newMilestone = null;
    this.#hops.clear();
    this.#endingStored = rare?.ending ?? null;
    this.#owedStored = rare?.owed ?? null;
    this.#earlyStored = rare?.early ?? NONE;
    return { parts, events };
  }

  /** What few runs have; what undoes is owed is named by its place, so that only its end changes. */
  #takeRare({ reason, options, hops, owed, early }: Rare, parts: Record<PartName, string | null>): void {
    if (reason !== undefined) parts[partOf.reason()] = reasonText(reason, this.#codec);
    if (this.#isNew && options !== null) parts[partOf.options()] = this.#codec.encode(options, 'options of the run');
    for (const neuron of this.#hops) parts[partOf.hops(neuron)] = String(hops?.get(neuron) ?? 0);
    if (early !== this.#earlyStored) this.#takeEarly(early, parts);
    const added: Owed[] = [];
    let [now, before] = [owed, this.#owedStored];
    while (now !== before) {
      if (now !== null && now.size >= (before?.size ?? 0)) {
        added.push(now);
        now = now.older;
      } else if (before !== null) {
        parts[partOf.owed(before.size)] = null;
        before = before.older;
      }
    }
    for (const one of added) {
      parts[partOf.owed(one.size)] = this.#codec.encode(owedRecord(one), `what undoes "${one.subscriber.neuron.name}"`);
    }
  }

  /** Each has a part of its own, so that one more costs the same however many there are. */
  #takeEarly(early: readonly EarlySignal[], parts: Record<PartName, string | null>): void {
    const [now, stored] = [new Set(early), new Set(this.#earlyStored)];
    for (const { index } of this.#earlyStored.filter((signal) => !now.has(signal))) parts[partOf.early(index)] = null;
    for (const signal of early.filter((each) => !stored.has(each))) {
      parts[partOf.early(signal.index)] = this.#codec.encode(
        signal,
        `signal of "${signal.collateral}" that came early`,
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

/** Events, as texts, that wait to be stored: of too many the newest, and how many are left out. */
export function boundedEvents(events: readonly string[]): readonly string[] {
  if (events.length <= MOST_EVENTS) return events;
  const left = events.slice(0, -KEPT_EVENTS).map((text) => (JSON.parse(text) as Partial<OmittedEvents>).omitted ?? 1);
  const omitted = left.reduce((sum, count) => sum + count);
  return [JSON.stringify({ omitted } satisfies OmittedEvents), ...events.slice(-KEPT_EVENTS)];
}

function emittedBy(activation: Activation, answer: CheckedAnswer): string[] {
  return signalsIn(answer).map(({ collateral }) => activation.subscriber.neuron.channelOf(collateral)?.name ?? '');
}

function activationText(activation: Activation, codec: Codec): string {
  const { activation: _cause, state: _state, payload, otherwise, ...image } = imageOf(activation);
  const { key, size } = detailsOf(activation);
  const where = `for "${image.neuron}"`;
  const head = JSON.stringify({ ...image, key, size, otherwiseOf: otherwise?.collateral }).slice(0, -1);
  const last =
    otherwise === undefined
      ? ''
      : `,"otherwise":${codec.encode(otherwise.payload, `payload of "${otherwise.collateral}" ${where}`)}`;
  return `${head},"payload":${codec.encode(payload, `payload of "${image.collateral}" ${where}`)}${last}}`;
}

/** An error may carry anything; what cannot be stored of it must not keep the run from being stored. */
function failureText(failure: FailedActivation, sameErrorAs: number, i: number, codec: Codec): string {
  const path = `failure of "${failure.neuron}"`;
  const stored: StoredFailure = sameErrorAs === i ? failure : { ...failure, error: null, sameErrorAs };
  return encodeOr(stored, () => ({ ...failure, error: new StoredHandlerError(failure.error) }), { codec, path });
}

const reasonText = (reason: unknown, codec: Codec): string =>
  encodeOr(reason, () => new StoredHandlerError(reason), { codec, path: 'reason' });

function encodeOr(value: unknown, instead: () => unknown, { codec, path }: { codec: Codec; path: string }): string {
  try {
    return codec.encode(value, path);
  } catch (error) {
    if (!(error instanceof UnserializableError)) throw error;
    return codec.encode(instead(), path);
  }
}

function runText(work: Work): string {
  return JSON.stringify({
    status: work.status,
    hold: work.rare?.hold ?? false,
    next: work.next,
    settled: work.settled,
    outputFrom: work.rare?.output?.from.name ?? null,
    barriers: barriersOf(work).map(barrierImageOf),
    ...(work.rare === null || work.rare.ending === null ? {} : { ending: work.rare.ending }),
  });
}
