/** One hop whose end is an event of its own: plain data, for the statechart and for whoever inspects. */
import { isThenable } from '../src/graph/thenable.js';
import { type Activation, ASKING } from '../src/propagation/activation.js';
import type { RunEvent } from '../src/propagation/events.js';
import { type Committed, HandlerContext } from '../src/propagation/handler-context.js';
import { contextOf, endBody, respond, whenAnswered } from '../src/propagation/respond.js';
import { errorEvent, outcomeEvent } from './outcome.js';

/** Calls the handler of an activation that has begun, and sends what becomes of it. */
export function hop(committed: Committed, activation: Activation, send: (event: RunEvent) => void): void {
  const { flow } = committed;
  if (activation.state === ASKING) {
    const type = committed.bodies.acquire(activation) ? 'engram.granted' : 'engram.gated';
    send({ type, activation: activation.cause });
    return;
  }
  const context = activation.subscriber.plain
    ? new HandlerContext(committed, activation)
    : contextOf(committed, activation);
  let answer: unknown;
  let later: boolean;
  try {
    answer = respond(activation, context);
    later = isThenable(answer);
  } catch (error) {
    send(errorEvent(flow, activation, error));
    endBody(context);
    return;
  }
  if (!later) {
    send(outcomeEvent(flow, activation, context, answer));
    endBody(context);
    return;
  }
  const { pendingType } = activation.subscriber.neuron;
  const { attempt } = context;
  send({ type: pendingType, activation: activation.cause, ...(attempt === 1 ? {} : { attempt }) });
  whenAnswered(answer as PromiseLike<unknown>, activation, context, {
    onAnswered: (_activation, _context, value) => {
      send(outcomeEvent(flow, activation, context, value));
      endBody(context);
    },
    onRejected: (_activation, _context, error) => {
      send(errorEvent(flow, activation, error));
      endBody(context);
    },
  });
}
