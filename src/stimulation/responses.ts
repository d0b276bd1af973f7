/**
 * Tells listeners what came of each activation, where user code may run: between hops, never inside a transition. What
 * a listener's promise holds is parked until it is settled; all listeners of a response run side by side.
 */
import type { Collateral, Signal } from '../graph/collateral.js';
import type { Channel } from '../graph/graph.js';
import { isThenable } from '../graph/thenable.js';
import { type Activation, BARRIER, idOf, PARKED, QUEUED, STARTING } from '../propagation/activation.js';
import { type CheckedAnswer, isAnswerExpectation, signalsIn, WaitingAnswer } from '../propagation/answer.js';
import type { FailedActivation } from '../propagation/context.js';
import type { RunEvent } from '../propagation/events.js';
import { findPending } from '../propagation/lists.js';
import { failedOf, rareOf } from '../propagation/rare.js';
import { park } from '../propagation/waiting.js';
import type { Recorder, Work } from '../propagation/work.js';
import type { Counters, ResponseInfo, ResponseListener } from './options.js';
import type { Stimulation } from './stimulation.js';

/** What is listened to. */
export interface ListenedRun {
  /** Another one once the run has turned out to be stored already. */
  readonly work: Work;
  readonly hasEnded: boolean;
  send(event: RunEvent): void;
  keepListenerError(error: unknown): void;
  /** The run's end is told after this. */
  keepListening(heard: Promise<void>): void;
}

interface Ended {
  readonly activation: Activation;
  readonly answer: CheckedAnswer;
  readonly failure: FailedActivation | null;
  /** What each place of the answer has made. */
  readonly made: readonly (readonly Activation[] | undefined)[];
  readonly counted: Counted;
}

/** When it ended. */
interface Counted {
  /** Another one once the run has turned out to be stored already. */
  readonly work: Work;
  readonly pending: number;
  readonly active: number;
  readonly hops: number;
}

export class Responses implements Recorder {
  readonly #run: ListenedRun;
  readonly #listeners: () => Iterable<ResponseListener>;
  readonly #stimulation: () => Stimulation;
  #ended: Ended[] = [];
  /** Ended without ever having been in the frontier, in the course of what is told of first. */
  #beside: Ended[] = [];
  /** By place in the answer that is being settled. */
  #made: Activation[][] = [];
  #making: Activation[] | null = null;
  /** How many promises hold what, by cause. */
  readonly #holds = new Map<string, number>();
  /** Ready again, and still held. */
  #toPark: Activation[] = [];

  constructor(run: ListenedRun, listeners: () => Iterable<ResponseListener>, stimulation: () => Stimulation) {
    this.#run = run;
    this.#listeners = listeners;
    this.#stimulation = stimulation;
  }

  onPlaced(activation: Activation): void {
    this.#making?.push(activation);
    if (this.#holds.size > 0 && this.#holds.has(activation.cause)) this.#toPark.push(activation);
  }
  onSignal(index: number): void {
    this.#making = this.#made[index] = [];
  }
  onSettled(activation: Activation, answer: CheckedAnswer, failure: FailedActivation | null): void {
    const counted = countedNow(this.#run.work);
    if (activation.state < BARRIER) {
      this.#beside.push({ activation, answer, failure, made: [], counted });
      return;
    }
    const made = this.#made;
    this.#made = [];
    this.#making = null;
    this.#ended.push({ activation, answer, failure, made, counted });
    for (const beside of this.#beside.splice(0)) this.#ended.push({ ...beside, counted });
  }
  onStarted(): void {
    // only ends are told
  }
  onLeft(): void {
    // only ends are told
  }
  onWritten(): void {
    // only ends are told
  }
  onOutput(): void {
    // only ends are told
  }
  onDelivered(): void {
    // only ends are told
  }

  flush(): void {
    if (this.#beside.length > 0) this.#ended.push(...this.#beside.splice(0));
    while (this.#ended.length > 0) this.#tellAll(this.#ended.splice(0));
    for (const activation of this.#toPark.splice(0)) this.#park(activation);
  }

  #tellAll(batch: readonly Ended[]): void {
    const signals = batch.map(({ activation, answer }) => signalsOf(activation, answer));
    let rest = signals.reduce((sum, { length }) => sum + Math.max(1, length), 0);
    batch.forEach((ended, i) => {
      const own = signals[i] ?? [];
      rest -= Math.max(1, own.length);
      if (ended.counted.work === this.#run.work) this.#tell(ended, own, rest);
    });
  }

  /** @param rest how many calls follow those of this one: only the very last is told that nothing is left */
  #tell({ activation, failure, made, counted }: Ended, signals: readonly GivenSignal[], rest: number): void {
    const { work, pending, active, hops } = counted;
    const calls = Math.max(1, signals.length);
    const stimulation = this.#stimulation();
    for (let i = 0; i < calls; i++) {
      const waiting = pending + active > 0 ? pending : rest + calls - 1 - i;
      const given = signals[i];
      const counters = { pendingActivations: waiting, activeActivations: active, hops, stimulation };
      const response = responseOf(work, activation, given?.signal, failure, counters);
      const promises = this.#call(response);
      if (promises.length > 0) this.#hold(promises, (given === undefined ? undefined : made[given.place]) ?? []);
    }
  }

  #call(response: ResponseInfo): PromiseLike<unknown>[] {
    const promises: PromiseLike<unknown>[] = [];
    for (const listener of [...this.#listeners()]) {
      try {
        const returned = listener(response);
        if (isThenable(returned)) promises.push(returned);
      } catch (error) {
        this.#run.keepListenerError(error);
      }
    }
    return promises;
  }

  #hold(promises: readonly PromiseLike<unknown>[], made: readonly Activation[]): void {
    const causes = made.map(({ cause }) => cause);
    for (const cause of causes) this.#holds.set(cause, (this.#holds.get(cause) ?? 0) + 1);
    for (const activation of made) this.#park(activation);
    const settled = promises.map((promise) =>
      Promise.resolve(promise).catch((error: unknown) => this.#run.keepListenerError(error)),
    );
    this.#run.keepListening(Promise.all(settled).then(() => this.#release(causes)));
  }

  #park(activation: Activation): void {
    const { state } = activation;
    if (state === QUEUED || state === STARTING) park(this.#run.work, activation);
  }

  #release(causes: readonly string[]): void {
    const { work } = this.#run;
    const free: RunEvent[] = [];
    for (const cause of causes) {
      const left = (this.#holds.get(cause) ?? 1) - 1;
      if (left > 0) this.#holds.set(cause, left);
      else {
        this.#holds.delete(cause);
        const isParked = findPending(work, cause)?.state === PARKED;
        if (isParked) free.push({ type: 'engram.unparked', activation: cause });
      }
    }
    sendAll(this.#run, free);
  }
}

/** Several things at once: nothing starts before the last of them. */
function sendAll(run: ListenedRun, events: readonly RunEvent[]): void {
  events.forEach((event, i) => {
    const rare = rareOf(run.work);
    rare.paused = i < events.length - 1 || rare.leaving !== null || run.hasEnded;
    run.send(event);
  });
}

const countedNow = (work: Work): Counted => {
  const { active, settled } = work;
  return { work, pending: stillToCome(work), active, hops: settled };
};

/** What is unsettled and not active; at the end of a run also what has to fail, or to be undone, before it ends. */
function stillToCome(work: Work): number {
  const { pending, active, rare } = work;
  if (pending + active > 0 || rare === null) return pending;
  const incomplete = rare.joins?.size ?? 0;
  const fails = incomplete > 0 || failedOf(work).length > 0;
  const isUndone = rare.ending === null ? fails : rare.ending.compensate;
  return incomplete + (isUndone ? (rare.owed?.size ?? 0) : 0);
}

type Draft = { -readonly [K in keyof ResponseInfo]: ResponseInfo[K] };

/** What a listener is told; the context value is read when it is asked for. */
function responseOf(
  work: Work,
  activation: Activation,
  signal: Signal | undefined,
  failure: FailedActivation | null,
  { pendingActivations, activeActivations, hops, stimulation }: Omit<Counters, 'queueLength'>,
): ResponseInfo {
  const { subscriber, payload } = activation;
  const neuron = subscriber.neuron.name;
  const response: Draft = {
    activationId: idOf(work, activation),
    neuron,
    inputSignal: { collateral: subscriber.channel.name, payload },
    get contextValue() {
      return work.committedValue(neuron);
    },
    pendingActivations,
    activeActivations,
    queueLength: pendingActivations + activeActivations,
    hops,
    stimulation,
  };
  if (signal !== undefined) response.outputSignal = signal;
  if (failure !== null) response.error = failure.error;
  return response;
}

interface GivenSignal {
  readonly signal: Signal;
  /** In the answer. */
  readonly place: number;
}

/** With their collaterals, also where the answer came as data and names them. */
function signalsOf({ subscriber }: Activation, answer: CheckedAnswer): GivenSignal[] {
  const places =
    answer instanceof WaitingAnswer
      ? answer.items.flatMap((item, place) => (isAnswerExpectation(item) ? [] : [place]))
      : null;
  return signalsIn(answer).map((signal, i) => {
    const { collateral, payload } = signal;
    const known =
      typeof collateral === 'string' ? (subscriber.neuron.channelOf(collateral) as Channel).collateral : collateral;
    const isAsGiven = known === collateral && !('due' in signal);
    return {
      signal: isAsGiven ? (signal as Signal) : (known as Collateral<unknown>).createSignal(payload),
      place: places === null ? i : (places[i] as number),
    };
  });
}
