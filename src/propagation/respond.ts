/**
 * Calling handlers: what they are given, and what becomes of what they return. The only place where handlers run.
 *
 * Context writes are staged here and handed over at settlement; a handler that goes on after its activation has ended
 * writes to a stage that nobody looks at again.
 */
import type { NeuronContext } from '../graph/types.js';
import { answerProblem, isThenable } from './answer.js';
import type { Writes } from './events.js';
import { fail, finish, settleChecked } from './transition.js';
import { type Activation, begin, fly, type Work } from './work.js';

/** Where a handler's context reads from: a working set, or the snapshot of a statechart. */
export interface Committed {
  readonly id: string;
  readonly flow: { readonly global: unknown };
  committedValue(neuron: string): unknown;
}

/** What a handler answers for. */
export interface Answering {
  readonly cause: string;
  readonly subscriber: { readonly neuron: { readonly name: string } };
}

type Change = (value: unknown) => unknown;

/** Getters that make their closure when they are read: a handler may destructure, and one that does not pays nothing. */
export class HandlerContext implements NeuronContext<unknown, unknown> {
  readonly #from: Committed;
  readonly #activation: Answering;
  #staged: Writes | undefined = undefined;
  #changes: Change[] | null = null;

  constructor(from: Committed, activation: Answering) {
    this.#from = from;
    this.#activation = activation;
  }

  get get(): () => unknown {
    return () => this.#read();
  }
  get set(): (value: unknown) => void {
    return (value) => {
      this.#staged = { value };
      this.#changes = null;
    };
  }
  get update(): (change: Change) => void {
    return (change) => {
      (this.#changes ??= []).push(change);
    };
  }
  get delete(): () => void {
    return () => {
      this.#staged = {};
      this.#changes = null;
    };
  }
  get activationId(): string {
    return `${this.#from.id}/${this.#activation.cause}`;
  }
  get stimulationId(): string {
    return this.#from.id;
  }
  get global(): unknown {
    return this.#from.flow.global;
  }

  /** What is to be committed, with `update` evaluated now on what is committed now. Throws what a change throws. */
  writes(): Writes | undefined {
    return this.#changes === null ? this.#staged : { value: this.#read() };
  }

  #read(): unknown {
    let value = this.#staged === undefined ? this.#committed() : this.#staged.value;
    if (this.#changes !== null) for (const change of this.#changes) value = change(value);
    return value;
  }

  #committed(): unknown {
    return this.#from.committedValue(this.#activation.subscriber.neuron.name);
  }
}

/** Who is told when the answer of a handler that returned a promise is there. */
export interface Host {
  onAnswered(activation: Activation, context: HandlerContext, answer: unknown): void;
  onRejected(activation: Activation, error: unknown): void;
}

/** Calls the handler of an activation that has begun. */
export function respond(activation: Activation, context: HandlerContext): unknown {
  const { subscriber, payload } = activation;
  return subscriber.response(payload, subscriber.neuron.axon, context);
}

/** Waits for a promise of this or another realm, or a thenable, for a host. */
export function whenAnswered(
  promise: PromiseLike<unknown>,
  activation: Activation,
  context: HandlerContext,
  host: Host,
): void {
  const native = promise instanceof Promise ? (promise as Promise<unknown>) : Promise.resolve(promise);
  native.then(
    (answer) => host.onAnswered(activation, context, answer),
    (error: unknown) => host.onRejected(activation, error),
  );
}

/** Runs activations until none may start: one synchronous turn. `first` has begun already. */
export function drain(work: Work, host: Host, first: Activation | null): void {
  for (let activation = first; activation !== null; activation = begin(work)) {
    const context = new HandlerContext(work, activation);
    let answer: unknown;
    let later: boolean;
    try {
      answer = respond(activation, context);
      later = isThenable(answer);
    } catch (error) {
      fail(work, activation, error);
      if (work.recorder !== null) work.recorder.flush();
      continue;
    }
    if (later) {
      fly(work, activation);
      whenAnswered(answer as PromiseLike<unknown>, activation, context, host);
    } else {
      commit(work, activation, context, answer);
      if (work.recorder !== null) work.recorder.flush();
    }
  }
  finish(work);
}

/** Settles an activation with what its handler answered; a `ctx.update` that throws makes it a failure. */
export function commit(work: Work, activation: Activation, context: HandlerContext, answer: unknown): void {
  let writes: Writes | undefined;
  try {
    writes = context.writes();
  } catch (error) {
    fail(work, activation, answerProblem(activation.subscriber.neuron, answer) ?? error);
    return;
  }
  settleChecked(work, activation, answer, writes);
}
