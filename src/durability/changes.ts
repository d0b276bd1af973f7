/**
 * What a run has changed since its last checkpoint, kept as it happens: a checkpoint costs the change and not the run.
 * Job: collect and turn into texts. Not its job: when to store, and where.
 */
import { describeError, StoredHandlerError, UnserializableError } from '../errors/index.js';
import type { CheckedAnswer } from '../propagation/answer.js';
import type { FailedActivation } from '../propagation/context.js';
import { barrierImageOf, imageOf } from '../propagation/image.js';
import {
  type Activation,
  barriersOf,
  failedOf,
  frontierOf,
  NO_OUTPUT,
  outputOf,
  type Recorder,
  type Work,
} from '../propagation/work.js';
import type { Codec } from './codec.js';
import { type PartName, partOf } from './parts.js';

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
  #failedStored = 0;
  #output = false;
  #deliveries = false;
  #events: SettledEvent[] = [];
  #omitted = 0;
  readonly #startedAt = new WeakMap<Activation, number>();

  constructor(now: () => number, codec: Codec) {
    this.#now = now;
    this.#codec = codec;
  }

  /** Begins with a working set that is stored as it is. */
  adopt(work: Work): void {
    for (const activation of frontierOf(work)) this.#stored.add(activation);
    this.#failedStored = failedOf(work).length;
  }

  /** Begins with a working set of which nothing is stored. */
  adoptNew(work: Work): void {
    for (const activation of frontierOf(work)) this.#placed.add(activation);
    const output = work.rare === null ? null : work.rare.output;
    this.#output = output !== null && output.payload !== NO_OUTPUT;
  }

  onPlaced(activation: Activation): void {
    this.#placed.add(activation);
  }
  onStarted(activation: Activation): void {
    this.#startedAt.set(activation, this.#now());
  }
  onLeft(activation: Activation): void {
    this.#placed.delete(activation);
    if (this.#stored.delete(activation)) this.#left.push(activation);
  }
  onSettled(activation: Activation, answer: CheckedAnswer, failure: FailedActivation | null): void {
    if (this.#events.length >= MOST_EVENTS) this.#omitEvents();
    const { subscriber, cause } = activation;
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
    this.#deliveries = true;
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
    for (const { cause } of this.#left) parts[partOf.activation(cause)] = null;
    for (const activation of this.#placed) {
      parts[partOf.activation(activation.cause)] = activationText(activation, this.#codec);
    }
    for (const neuron of this.#values) {
      const value = work.committedValue(neuron);
      parts[partOf.value(neuron)] = value === undefined ? null : this.#codec.encode(value, `context of "${neuron}"`);
    }
    const failed = failedOf(work);
    for (let i = this.#failedStored; i < failed.length; i++) {
      const failure = failed[i] as FailedActivation;
      parts[partOf.failure(i)] = failureText(failure, this.#codec);
    }
    if (this.#output) parts[partOf.output()] = this.#codec.encode(outputOf(work), 'output');
    if (this.#deliveries) parts[partOf.deliveries()] = JSON.stringify([...(work.rare?.deliveries ?? [])]);
    const reason = work.rare === null ? undefined : work.rare.reason;
    if (reason !== undefined) parts[partOf.reason()] = reasonText(reason, this.#codec);
    const events = this.#events.map((event) => JSON.stringify(event));
    if (this.#omitted > 0) events.unshift(JSON.stringify({ omitted: this.#omitted } satisfies OmittedEvents));

    for (const activation of this.#placed) this.#stored.add(activation);
    this.#placed = new Set();
    this.#left = [];
    this.#values = new Set();
    this.#failedStored = failed.length;
    this.#output = this.#deliveries = false;
    this.#events = [];
    this.#omitted = 0;
    return { parts, events };
  }
}

function emittedBy(activation: Activation, answer: CheckedAnswer): string[] {
  if (answer === undefined || answer === null) return [];
  const list = Array.isArray(answer)
    ? (answer as readonly { collateral: unknown }[])
    : [answer as { collateral: unknown }];
  return list.map(({ collateral }) => activation.subscriber.neuron.channelOf(collateral)?.name ?? '');
}

function activationText(activation: Activation, codec: Codec): string {
  const { n, neuron, dendrite, collateral, payload, after } = imageOf(activation);
  const text = codec.encode(payload, `payload of "${collateral}" for "${neuron}"`);
  return `${JSON.stringify({ n, neuron, dendrite, collateral, ...(after === undefined ? {} : { after }) }).slice(0, -1)},"payload":${text}}`;
}

/** An error may carry anything; what cannot be stored of it must not keep the run from being stored. */
const failureText = (failure: FailedActivation, codec: Codec): string =>
  encodeOr(failure, () => ({ ...failure, error: new StoredHandlerError(failure.error) }), {
    codec,
    path: `failure of "${failure.neuron}"`,
  });

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
  });
}
