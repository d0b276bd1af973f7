/**
 * Calling handlers, and what becomes of what they return. The only place where handlers run, save one hop at a time
 * (machines/hop.ts).
 */
import type { Subscriber } from '../graph/graph.js';
import { isThenable } from '../graph/thenable.js';
import { type Activation, ASKING, GATED, GRANTED, STARTING } from './activation.js';
import { problemOf, timed } from './answer.js';
import { Bodies, type Recipient } from './bodies.js';
import { finish } from './ending.js';
import type { Writes } from './events.js';
import { fail } from './failing.js';
import { BodyContext, type Committed, HandlerContext } from './handler-context.js';
import { begin, dueOf, findPending, fly } from './lists.js';
import { rareOf } from './rare.js';
import { failureOfAttempt } from './retry.js';
import { settleChecked } from './settling.js';
import { tidy } from './values.js';
import { failAttemptAt, gate, grant } from './waiting.js';
import type { Work } from './work.js';

/** Who runs handlers, and is told when the answer of one that returned a promise is there. */
export interface Host extends Committed {
  onAnswered(activation: Activation, context: HandlerContext, answer: unknown): void;
  onRejected(activation: Activation, context: HandlerContext, error: unknown): void;
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
  host: Pick<Host, 'onAnswered' | 'onRejected'>,
): void {
  const native = promise instanceof Promise ? (promise as Promise<unknown>) : Promise.resolve(promise);
  if (!activation.subscriber.plain && context instanceof BodyContext) bodyAnswered(native, activation, context, host);
  else {
    native.then(
      (answer) => host.onAnswered(activation, context, answer),
      (error: unknown) => host.onRejected(activation, context, error),
    );
  }
}

/** The same for a body that may be given up: then what it answers is discarded, and nobody is asked about it. */
function bodyAnswered(
  promise: Promise<unknown>,
  activation: Activation,
  context: BodyContext,
  host: Pick<Host, 'onAnswered' | 'onRejected'>,
): void {
  const { body } = context;
  body.goOn();
  void promise.then(
    (answer) => (body.isGivenUp ? body.end() : host.onAnswered(activation, context, answer)),
    (error: unknown) => (body.isGivenUp ? body.end() : host.onRejected(activation, context, error)),
  );
}

/** Runs activations until none may start: one synchronous turn. `first` has begun already. */
export function drain(work: Work, host: Host, first: Activation | null): void {
  let activation = first;
  do {
    for (; activation !== null; activation = begin(work)) {
      if (!activation.subscriber.plain) {
        callSpecial(work, host, activation);
        continue;
      }
      const context = new HandlerContext(host, activation);
      let answer: unknown;
      let later: boolean;
      try {
        answer = respond(activation, context);
        later = isThenable(answer);
      } catch (error) {
        fail(work, activation, error);
        if (work.rare !== null) endHop(work);
        continue;
      }
      if (later) {
        fly(work, activation);
        whenAnswered(answer as PromiseLike<unknown>, activation, context, host);
      } else {
        commit(work, activation, context, answer);
        if (work.rare !== null || work.recorder !== null) endHop(work);
      }
    }
    const goesOn = finish(work);
    if (work.recorder !== null) work.recorder.flush(); // what has failed with the end of the run
    if (goesOn) activation = begin(work);
  } while (activation !== null);
}

/** The same for one that takes more than calling its handler. */
function callSpecial(work: Work, host: Host, activation: Activation): void {
  if (activation.state === ASKING && !host.bodies.acquire(activation)) {
    gate(work, activation);
    return;
  }
  if (activation.state === ASKING) grant(work, activation);
  const context = contextOf(host, activation);
  try {
    const answer = respond(activation, context);
    if (isThenable(answer)) {
      fly(work, activation);
      whenAnswered(answer, activation, context, host);
      return;
    }
    commit(work, activation, context, answer);
  } catch (error) {
    failAttempt(work, activation, error);
  }
  endBody(context);
  endHop(work);
}

/** What few runs have to do between two hops. */
function endHop(work: Work): void {
  tidy(work);
  if (work.recorder !== null) work.recorder.flush();
}

/** The body of a handler has ended; its slot goes to the next. */
export function endBody(context: HandlerContext): void {
  if (context instanceof BodyContext) context.body.end();
}

/** What a handler is given that takes more than calling it. */
export const contextOf = (from: Committed, activation: Activation): HandlerContext =>
  hasBody(activation.subscriber)
    ? new BodyContext(from, activation, from.bodies.begin(activation))
    : new HandlerContext(from, activation);

/** A time limit, a slot, or an abort signal of its own: what undoes goes on when the run is aborted. */
const hasBody = (subscriber: Subscriber): boolean => {
  const { concurrency, maxDuration } = subscriber.neuron.policy;
  if (subscriber.arrival !== null) return false;
  return concurrency !== null || maxDuration !== null || subscriber === subscriber.neuron.compensation;
};

/** Settles an activation with what its handler answered; a `ctx.update` that throws makes it a failure. */
export function commit(work: Work, activation: Activation, context: HandlerContext, answer: unknown): void {
  let writes: Writes | undefined;
  try {
    writes = context.writes();
  } catch (error) {
    failAttempt(work, activation, problemOf(activation.subscriber, answer) ?? error);
    return;
  }
  settleChecked(work, activation, timed(work.flow, answer), writes);
}

/** An attempt has failed: it is made again where the neuron's policy says so. */
export function failAttempt(work: Work, activation: Activation, error: unknown): void {
  if (activation.subscriber.plain) {
    fail(work, activation, error);
    return;
  }
  const failure = failureOfAttempt(work.flow.clock, activation, error);
  failAttemptAt(work, activation, failure.error, failure.retryAt);
}

/** What a run has going on outside its core, made when it is first needed. */
export function bodiesOf(work: Work, run: Recipient): Bodies {
  return (rareOf(work).bodies ??= new Bodies(work.flow, run));
}

/** At the end of a turn: what is not wanted any more is given back, and the next deadline is kept. */
export function endTurn(work: Work, run: Recipient): void {
  const { rare } = work;
  if (rare === null) return;
  const { ending, bodies, deadlines } = rare;
  if (bodies !== null) {
    if (ending !== null && ending.status === 'aborted') bodies.abort(rare.reason);
    bodies.prune((cause) => wantsSlot(work, cause));
  }
  if (deadlines !== null) bodiesOf(work, run).awake(dueOf(work));
}

function wantsSlot(work: Work, cause: string): boolean {
  const found = findPending(work, cause);
  return found !== undefined && SLOT_STATES.has(found.state);
}

/** Asking, granted, gated, or starting with a slot that is about to be used. */
const SLOT_STATES: ReadonlySet<number> = new Set([ASKING, STARTING, GRANTED, GATED]);
