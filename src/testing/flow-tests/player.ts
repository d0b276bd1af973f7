/**
 * Holds an engine to a script: every handler of a run comes by here. A stub answers what the script says; of a real
 * handler, what it answers is compared with that. The first difference counts, and nothing is asked after it.
 */
import { systemClock, type Timer } from '../../clock/clock.js';
import type { Graph, Subscriber } from '../../graph/graph.js';
import { JoinedAt } from '../../graph/join.js';
import type { AnyResponse } from '../../graph/types.js';
import { isThenable } from '../../graph/thenable.js';
import { findSubscriber } from '../../propagation/tasks.js';
import type { Task } from '../../stimulation/results.js';
import type { Stimulation } from '../../stimulation/stimulation.js';
import { describeError } from '../../errors/index.js';
import { type Outcome, parseOutcome, shownDendrite } from '../paths/outcome.js';
import { difference, type Seen, stepText } from './difference.js';
import { isAlike, observedOutcome } from './observed.js';
import { isNeuronScript, type NeuronScript, type PathScript } from './script.js';
import { stubAnswer } from './stub-answer.js';

/** How long a real handler may do nothing, in milliseconds of real time: less than the least time limit of a test. */
const PATIENCE = 2000;

/** A neuron that was started. */
export interface NeuronCall {
  readonly neuron: string;
  /** What it got, as in the steps of a path. */
  readonly got: string;
  readonly payload: unknown;
  /** What it was to answer. */
  readonly answers: string;
  /** The context of the handler. */
  readonly ctx: HandlerView;
}

/** What a test may ask of a handler's context. */
export interface HandlerView {
  get(): unknown;
  readonly activationId: string;
  readonly attempt: number;
  readonly undoes: string | undefined;
}

export interface PlayerOptions {
  readonly script: PathScript;
  readonly isReal: (neuron: string) => boolean;
  readonly payloadOf: (subscriber: Subscriber, collateral: string, input: unknown) => unknown;
  readonly onCall: (call: NeuronCall) => void;
}

/** A handler that is called. */
interface Turn {
  readonly subscriber: Subscriber;
  readonly outcome: Outcome;
  /** The step. */
  readonly at: number;
  /** The activation. */
  readonly id: string;
  /** Undefined where the real handler runs. */
  readonly stub: (() => unknown) | undefined;
}

/** A real handler whose last attempt has failed: another one may be made. */
interface Failing {
  readonly id: string;
  readonly at: number;
  readonly error: unknown;
}

export class Player {
  readonly #options: PlayerOptions;
  readonly calls: NeuronCall[] = [];
  /** Handlers that have returned a promise. */
  readonly #inFlight = new Map<Promise<unknown>, string>();
  #failing: Failing | null = null;
  /** Of the run. */
  graph: Graph | null = null;
  /** Of the next step. */
  at = 0;
  /** What was not as the script says, or what an expectation of the user threw. */
  problem: { readonly error: unknown } | null = null;

  constructor(options: PlayerOptions) {
    this.#options = options;
  }

  /** What is called in the place of a handler. */
  around(subscriber: Subscriber, response: AnyResponse): AnyResponse {
    return (payload, axon, given) => {
      const ctx = given as HandlerView & RunView;
      const turn = this.problem === null ? this.#checked(() => this.#begin(subscriber, payload, ctx)) : undefined;
      if (turn === undefined) return undefined;
      if (turn.stub !== undefined) return turn.stub();
      let answer: unknown;
      try {
        answer = response(payload, axon, ctx);
      } catch (error) {
        this.#failed(turn, error);
        throw error;
      }
      if (isThenable(answer)) return this.#later(turn, answer);
      this.#answered(turn, answer);
      return answer;
    };
  }

  /** The same for what arrives at a join, which is no handler of the user's. */
  aroundArrival(subscriber: Subscriber, response: AnyResponse): AnyResponse {
    const place = this.around(subscriber, response);
    return (payload, axon, ctx) => place(payload, axon, ctx) ?? new JoinedAt('', undefined);
  }

  /** What a check throws is the problem, and not an answer. */
  #checked<T>(check: () => T): T | undefined {
    try {
      return check();
    } catch (error) {
      this.problem ??= { error };
      return undefined;
    }
  }

  #begin(subscriber: Subscriber, payload: unknown, ctx: HandlerView & RunView): Turn {
    const { neuron } = subscriber;
    const isAgain = this.#failing !== null && this.#failing.id === ctx.activationId;
    if (isAgain) this.#failing = null;
    else this.finish(ctx.stimulation);
    const at = isAgain ? this.at - 1 : this.at;
    const step = isAgain ? (this.#options.script.steps[at] as NeuronScript) : this.#next(subscriber, ctx);
    const outcome = parseOutcome(step.answers, subscriber);
    if (!isAgain && outcome.kind !== 'joins') {
      const call = { neuron: neuron.name, got: shownDendrite(subscriber), payload, answers: step.answers, ctx };
      this.calls.push(call);
      this.#options.onCall(call);
    }
    const turn = { subscriber, outcome, at, id: ctx.activationId };
    if (this.#options.isReal(neuron.name)) return { ...turn, stub: undefined };
    if (outcome.kind === 'joins') return { ...turn, stub: () => new JoinedAt('', outcome.size) };
    const payloadFor = (name: string) =>
      Object.hasOwn(step, 'payload') ? step.payload : this.#options.payloadOf(subscriber, name, payload);
    return { ...turn, stub: () => stubAnswer(neuron, outcome, payloadFor, ctx) };
  }

  /** The step that starts this neuron. */
  #next(subscriber: Subscriber, { stimulation }: RunView): NeuronScript {
    const { steps } = this.#options.script;
    const step = steps[this.at];
    const got = shownDendrite(subscriber);
    const started = `"${subscriber.neuron.name}" was started by "${got}"`;
    const seen = { expected: step === undefined ? 'nothing' : stepText(step), actual: started };
    if (step === undefined) throw this.#difference(`${started}, and nothing was to start any more`, seen);
    const isMeant =
      isNeuronScript(step) && step.neuron === subscriber.neuron.name && (step.got === undefined || step.got === got);
    if (!isMeant) throw this.#difference(`${started}, where the plan is: ${stepText(step)}`, seen);
    const pending = this.#pendingIn(stimulation);
    if (step.pending !== undefined && pending !== undefined && !isEqual(pending, step.pending)) {
      throw this.#difference(`when ${started}, other activations were under way than in the statechart`, {
        expected: step.pending,
        actual: pending,
      });
    }
    this.at++;
    return step;
  }

  /** Undefined while another attempt of a real handler waits, which no path tells of. */
  #pendingIn(stimulation: RunView['stimulation']): readonly string[] | undefined {
    const tasks = stimulation?.getOutstandingTasks();
    if (tasks === undefined || this.#failing !== null) return undefined;
    return tasks.map(({ neuron, dendrite }) => {
      const subscriber = this.graph === null ? undefined : findSubscriber(this.graph, neuron, dendrite);
      return `${neuron} on ${subscriber === undefined ? dendrite : shownDendrite(subscriber)}`;
    });
  }

  async #later(turn: Turn, answer: PromiseLike<unknown>): Promise<unknown> {
    let settled: () => void = () => undefined;
    const until = new Promise<void>((resolve) => (settled = resolve));
    this.#inFlight.set(until, turn.subscriber.neuron.name);
    try {
      const value = await answer;
      this.#answered(turn, value);
      return value;
    } catch (error) {
      this.#failed(turn, error);
      throw error;
    } finally {
      this.#inFlight.delete(until);
      settled();
    }
  }

  #answered({ subscriber: { neuron }, outcome, at }: Turn, answer: unknown): void {
    if (this.problem !== null || answer instanceof JoinedAt) return;
    const observed = observedOutcome(neuron, answer);
    if (observed === undefined ? outcome.kind === 'fails' : isAlike(observed, outcome)) return;
    const actual = observed === undefined ? 'an answer that no graph takes' : `"${observed.text}"`;
    this.problem = { error: this.#unlike(neuron.name, outcome.text, actual, at) };
  }

  #failed({ outcome, at, id }: Turn, error: unknown): void {
    if (this.problem === null && outcome.kind !== 'retries') this.#failing = { id, at, error };
  }

  /** No other attempt of what has failed is made: it has failed for good. */
  finish(stimulation: RunView['stimulation']): void {
    const failing = this.#failing;
    if (failing === null || stimulation?.getOutstandingTasks().some(({ id }) => id === failing.id) === true) return;
    this.#failing = null;
    const step = this.#options.script.steps[failing.at] as NeuronScript;
    if (step.answers === 'fails') return;
    const actual = `a failure: ${describeError(failing.error)}`;
    throw this.#unlike(step.neuron, step.answers, actual, failing.at);
  }

  #unlike(neuron: string, text: string, actual: string, at: number): Error {
    const { script } = this.#options;
    const what = `the real handler of "${neuron}" was to answer "${text}", and answered ${actual}`;
    return difference({ script, at }, what, { expected: text, actual });
  }

  #difference(what: string, seen: Seen): Error {
    return difference({ script: this.#options.script, at: this.at }, what, seen);
  }

  /** The real handler whose next attempt is waited for. */
  get failing(): string | undefined {
    return this.#failing?.id;
  }

  /** Resolves when a real handler has ended, or all that are under way have done nothing for long. */
  async idle(): Promise<'none' | 'ended' | 'stuck'> {
    if (this.#inFlight.size === 0) return 'none';
    let timer: Timer | undefined;
    const patience = new Promise<'stuck'>((resolve) => {
      timer = systemClock.after(PATIENCE, () => resolve('stuck'));
    });
    const ended = Promise.all(this.#inFlight.keys()).then(() => 'ended' as const);
    const outcome = await Promise.race([ended, patience]);
    timer?.cancel();
    return outcome;
  }

  /** @throws the difference that a real handler makes which does nothing any more */
  refuseStuck(): never {
    const names = [...new Set(this.#inFlight.values())].map((name) => `"${name}"`).join(', ');
    const what = `the real handler of ${names} has done nothing for ${PATIENCE / 1000} s, and no timer is due`;
    throw this.#difference(what, { expected: 'an answer', actual: 'none' });
  }
}

/** The run, as handlers of it are given it. */
interface RunView {
  readonly stimulation?: Pick<Stimulation, 'getOutstandingTasks' | 'abort'> & { getOutstandingTasks(): Task[] };
}

export const isEqual = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);
