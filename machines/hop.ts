/** One hop whose end is an event of its own: plain data, for the statechart and for whoever inspects. */
import { isThenable } from '../src/propagation/answer.js';
import type { RunEvent } from '../src/propagation/events.js';
import { type Committed, HandlerContext, respond, whenAnswered } from '../src/propagation/respond.js';
import type { Activation } from '../src/propagation/work.js';
import { errorEvent, outcomeEvent } from './outcome.js';

/** Calls the handler of an activation that has begun, and sends what becomes of it. */
export function hop(committed: Committed, activation: Activation, send: (event: RunEvent) => void): void {
  const context = new HandlerContext(committed, activation);
  let answer: unknown;
  let later: boolean;
  try {
    answer = respond(activation, context);
    later = isThenable(answer);
  } catch (error) {
    send(errorEvent(activation, error));
    return;
  }
  if (!later) {
    send(outcomeEvent(activation, context, answer));
    return;
  }
  send({ type: activation.subscriber.neuron.pendingType, activation: activation.cause });
  whenAnswered(answer as PromiseLike<unknown>, activation, context, {
    onAnswered: (_activation, _context, value) => send(outcomeEvent(activation, context, value)),
    onRejected: (_activation, error) => send(errorEvent(activation, error)),
  });
}
