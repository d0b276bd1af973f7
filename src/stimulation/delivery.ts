/** Signals from outside: checked before a run is told, and put into the inbox of one that goes on elsewhere. */
import type { Codec } from '../durability/codec.js';
import type { InboxMessage } from '../durability/store.js';
import { describeError, InvalidArgumentError, UndeliverableSignalError } from '../errors/index.js';
import { isSignal, type Signal } from '../graph/collateral.js';
import type { Channel, Graph } from '../graph/graph.js';
import type { SignalEvent } from '../propagation/events.js';
import { isEnding } from '../propagation/rare.js';
import type { Work } from '../propagation/work.js';
import { channelOf, checkPayload } from './entry.js';
import type { SignalOptions } from './results.js';

/** A signal that a run of this graph may take, as the event that it is. */
export function checkDelivery(graph: Graph, id: string, signal: Signal, { deliveryId }: SignalOptions): SignalEvent {
  if (!isSignal(signal)) {
    throw new InvalidArgumentError('signal: what is given is no signal', {
      hint: 'stimulation.signal(approved.createSignal(payload))',
    });
  }
  if (signal.delay !== undefined) {
    throw new InvalidArgumentError('signal: a signal from outside has no delay', {
      hint: 'send it when it is time, or let a neuron emit it with a delay',
    });
  }
  if (deliveryId !== undefined && (typeof deliveryId !== 'string' || deliveryId === '')) {
    throw new InvalidArgumentError('signal: deliveryId must be a text that is not empty', {
      hint: 'leave it out to have one made up',
    });
  }
  const channel = channelOf(graph, signal.collateral);
  if (!isHeard(channel)) throw new UndeliverableSignalError(id, channel.name, 'nothing in the graph listens to it');
  const payload = checkPayload(channel, signal.payload);
  return { type: channel.name, payload, ...(deliveryId === undefined ? {} : { deliveryId }) };
}

const isHeard = ({ subscribers, expected }: Channel): boolean => subscribers.length > 0 || expected;

/** Why a run does not take any signal, or undefined. */
export function refusalOf(work: Work): string | undefined {
  if (work.status !== 'running') return `it has ended (${work.status})`;
  return isEnding(work) ? 'it is about to end' : undefined;
}

/** What is put into an inbox. @throws UnserializableError */
export const messageOf = (event: SignalEvent, deliveryId: string, codec: Codec): InboxMessage => ({
  deliveryId,
  body: codec.encode({ collateral: event.type, payload: event.payload }, `signal of "${event.type}"`),
});

/** What came out of an inbox, as the event that it is; or why it is none. */
export function eventOf(
  graph: Graph,
  { deliveryId, body }: InboxMessage,
  codec: Codec,
): { readonly event: SignalEvent } | { readonly problem: string } {
  try {
    const message = codec.decode(body, 'message') as { readonly collateral?: unknown; readonly payload?: unknown };
    const channel = channelOf(graph, message.collateral);
    if (!isHeard(channel)) return { problem: `nothing in the graph listens to "${channel.name}"` };
    return { event: { type: channel.name, payload: checkPayload(channel, message.payload), deliveryId } };
  } catch (error) {
    return { problem: describeError(error) };
  }
}
