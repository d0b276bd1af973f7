/** How the end of an activation is told to its run: as plain data, or by reference where nobody looks. */
import { type AnswerSignal, answerProblem } from '../src/propagation/answer.js';
import type { FailedEvent, RespondedEvent, SignalData, Writes } from '../src/propagation/events.js';
import type { HandlerContext } from '../src/propagation/respond.js';
import { fail, settleChecked } from '../src/propagation/transition.js';
import { type Activation, BARRIER, type Work } from '../src/propagation/work.js';

/** What an answer looks like from outside the graph: collaterals by name. */
export function signalsOf(activation: Activation, answer: unknown): SignalData[] | null {
  if (answer === undefined || answer === null) return null;
  const { neuron } = activation.subscriber;
  return ((Array.isArray(answer) ? answer : [answer]) as AnswerSignal[]).map(({ collateral, payload }) => ({
    collateral: neuron.channelOf(collateral)?.name ?? '',
    payload,
  }));
}

/** The event of an answer; of a failure, when the answer is none or a `ctx.update` of it throws. Data only. */
export function outcomeEvent(
  activation: Activation,
  context: HandlerContext,
  answer: unknown,
): RespondedEvent | FailedEvent {
  const problem = answerProblem(activation.subscriber.neuron, answer);
  if (problem !== null) return errorEvent(activation, problem);
  let writes: Writes | undefined;
  try {
    writes = context.writes();
  } catch (error) {
    return errorEvent(activation, error);
  }
  const type = activation.subscriber.neuron.respondedType;
  const event = { type, activation: activation.cause, signals: signalsOf(activation, answer) };
  return writes === undefined ? event : { ...event, writes };
}

export const errorEvent = (activation: Activation, error: unknown): FailedEvent => ({
  type: activation.subscriber.neuron.failedType,
  activation: activation.cause,
  error,
});

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
  get signals(): SignalData[] | null {
    return this.#failed ? null : signalsOf(this.#activation, this.#value);
  }
  get error(): unknown {
    return this.#failed ? this.#value : undefined;
  }

  /** @returns false when this working set is not the one that it is about */
  applyTo(work: Work): boolean {
    const activation = this.#activation;
    if (work !== this.#work) return false;
    if (activation.state >= BARRIER || work.status !== 'running') return true;
    if (this.#failed) fail(work, activation, this.#value);
    else settleChecked(work, activation, this.#value, this.writes);
    return true;
  }

  toJSON(): object {
    const { type, activation } = this;
    if (this.#failed) return { type, activation, error: this.#value };
    const { signals, writes } = this;
    return writes === undefined ? { type, activation, signals } : { type, activation, signals, writes };
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
    const problem = answerProblem(activation.subscriber.neuron, answer);
    return new Settlement(work, activation, true, problem ?? error, undefined);
  }
  return new Settlement(work, activation, false, answer, writes);
}
