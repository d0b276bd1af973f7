/** How the end of an activation is told to its run: as plain data, or by reference where nobody looks. */
import { JoinedAt } from '../src/graph/join.js';
import { type Activation, attemptOf, BARRIER } from '../src/propagation/activation.js';
import {
  type AnswerSignal,
  expectedChannel,
  isAnswerExpectation,
  problemOf,
  recordOf,
  timed,
  WaitingAnswer,
} from '../src/propagation/answer.js';
import type { ExpectationData, FailedEvent, RespondedEvent, SignalData, Writes } from '../src/propagation/events.js';
import type { HandlerContext } from '../src/propagation/handler-context.js';
import type { Flow } from '../src/propagation/operations.js';
import { failureOfAttempt } from '../src/propagation/retry.js';
import { settleChecked } from '../src/propagation/settling.js';
import { failAttemptAt } from '../src/propagation/waiting.js';
import type { Work } from '../src/propagation/work.js';

type AnswerData = Pick<RespondedEvent, 'signals' | 'expectations' | 'joined'>;

/** What an answer looks like from outside the graph: collaterals by name. */
function dataOf(activation: Activation, answer: unknown): AnswerData {
  if (answer === undefined || answer === null) return { signals: null };
  if (answer instanceof JoinedAt) {
    const { key, size } = answer;
    return { signals: null, joined: size === undefined ? { key } : { key, size } };
  }
  const { neuron } = activation.subscriber;
  if (answer instanceof WaitingAnswer) return waitingDataOf(activation, answer);
  const list = (Array.isArray(answer) ? answer : [answer]) as AnswerSignal[];
  return { signals: list.map((signal) => recordOf(neuron, signal)) };
}

function waitingDataOf({ subscriber: { neuron } }: Activation, { items }: WaitingAnswer): AnswerData {
  const signals: SignalData[] = [];
  const expectations: ExpectationData[] = [];
  items.forEach((item, index) => {
    if (!isAnswerExpectation(item)) {
      const { due } = item;
      signals.push({ ...recordOf(neuron, item), ...(due === undefined ? {} : { due }) });
      return;
    }
    const { expects, details, otherwise } = item;
    expectations.push({
      index,
      expects: expectedChannel(neuron, expects)?.name ?? '',
      ...details,
      ...(otherwise === undefined ? {} : { otherwise: recordOf(neuron, otherwise) }),
    });
  });
  return { signals, ...(expectations.length === 0 ? {} : { expectations }) };
}

/** The event of an answer; of a failure, when the answer is none or a `ctx.update` of it throws. Data only. */
export function outcomeEvent(
  flow: Flow,
  activation: Activation,
  context: HandlerContext,
  answer: unknown,
): RespondedEvent | FailedEvent {
  const given = timed(flow, answer);
  const { neuron } = activation.subscriber;
  const problem = given instanceof JoinedAt ? null : problemOf(activation.subscriber, given);
  if (problem !== null) return errorEvent(flow, activation, problem);
  let writes: Writes | undefined;
  try {
    writes = context.writes();
  } catch (error) {
    return errorEvent(flow, activation, error);
  }
  const event = {
    type: neuron.respondedType,
    activation: activation.cause,
    ...attemptIn(activation),
    ...dataOf(activation, given),
  };
  return writes === undefined ? event : { ...event, writes };
}

const attemptIn = (activation: Activation): { attempt?: number } => {
  const attempt = attemptOf(activation);
  return attempt === 1 ? {} : { attempt };
};

/** The event of a failed attempt, with the time of the next one where there will be one. */
export function errorEvent(flow: Flow, activation: Activation, thrown: unknown): FailedEvent {
  const { error, retryAt: due } = failureOfAttempt(flow.clock, activation, thrown);
  return {
    type: activation.subscriber.neuron.failedType,
    activation: activation.cause,
    ...attemptIn(activation),
    error,
    ...(due === undefined ? {} : { retryAt: due }),
  };
}

/** The same by reference: shown as data to whoever reads it, applied without a search. */
export class Settlement {
  readonly #work: Work;
  readonly #activation: Activation;
  readonly #failed: boolean;
  /** What was answered, or thrown. */
  readonly #value: unknown;
  readonly writes: Writes | undefined;

  constructor(work: Work, activation: Activation, failed: boolean, answerOrError: unknown, writes: Writes | undefined) {
    this.#work = work;
    this.#activation = activation;
    this.#failed = failed;
    this.#value = answerOrError;
    this.writes = writes;
  }

  get type(): string {
    const { neuron } = this.#activation.subscriber;
    return this.#failed ? neuron.failedType : neuron.respondedType;
  }
  get activation(): string {
    return this.#activation.cause;
  }
  get attempt(): number | undefined {
    return attemptIn(this.#activation).attempt;
  }
  get signals(): readonly SignalData[] | null {
    return this.#failed ? null : (dataOf(this.#activation, this.#value).signals ?? null);
  }
  get expectations(): readonly ExpectationData[] | undefined {
    return this.#failed ? undefined : dataOf(this.#activation, this.#value).expectations;
  }
  get error(): unknown {
    return this.#failed ? this.#value : undefined;
  }
  get retryAt(): number | undefined {
    return undefined;
  }

  /** @returns false when this working set is not the one that it is about */
  applyTo(work: Work): boolean {
    const activation = this.#activation;
    if (work !== this.#work) return false;
    if (activation.state >= BARRIER || work.status !== 'running') return true;
    const { retryAt: due } = this;
    if (!this.#failed) settleChecked(work, activation, this.#value, this.writes);
    else failAttemptAt(work, activation, this.#value, due);
    return true;
  }

  toJSON(): object {
    const { type, activation } = this;
    const base = { type, activation, ...attemptIn(this.#activation) };
    const { retryAt: due } = this;
    if (this.#failed) return { ...base, error: this.#value, ...(due === undefined ? {} : { retryAt: due }) };
    const data = { ...base, ...dataOf(this.#activation, this.#value) };
    return this.writes === undefined ? data : { ...data, writes: this.writes };
  }
}

/** A failed attempt that will be made again. */
class LaterSettlement extends Settlement {
  readonly #due: number;

  constructor(work: Work, activation: Activation, error: unknown, due: number) {
    super(work, activation, true, error, undefined);
    this.#due = due;
  }

  override get retryAt(): number {
    return this.#due;
  }
}

/** The end of an activation whose handler has answered; a `ctx.update` that throws makes it a failure. */
export function answeredEvent(
  work: Work,
  activation: Activation,
  context: HandlerContext,
  answer: unknown,
): Settlement {
  let writes: Writes | undefined;
  try {
    writes = context.writes();
  } catch (error) {
    return rejectedEvent(work, activation, problemOf(activation.subscriber, answer) ?? error);
  }
  return new Settlement(work, activation, false, timed(work.flow, answer), writes);
}

/** The end of an attempt that has failed. */
export function rejectedEvent(work: Work, activation: Activation, thrown: unknown): Settlement {
  if (activation.subscriber.plain) return new Settlement(work, activation, true, thrown, undefined);
  const { error, retryAt: due } = failureOfAttempt(work.flow.clock, activation, thrown);
  return due === undefined
    ? new Settlement(work, activation, true, error, undefined)
    : new LaterSettlement(work, activation, error, due);
}
