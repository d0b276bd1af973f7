/** Signals and aborts from outside: checked before a run is told, and put into the inbox of one that goes on elsewhere. */
import type { Codec } from '../durability/codec.js';
import type { InboxMessage } from '../durability/store.js';
import {
  describeError,
  InvalidArgumentError,
  StoredHandlerError,
  UndeliverableSignalError,
  UnserializableError,
} from '../errors/index.js';
import { isSignal, type Signal } from '../graph/collateral.js';
import type { Channel, Graph } from '../graph/graph.js';
import type { AbortEvent, SignalEvent } from '../propagation/events.js';
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
  if (deliveryId !== undefined) checkDeliveryId('signal', deliveryId);
  const channel = channelOf(graph, signal.collateral);
  if (!isHeard(channel)) throw new UndeliverableSignalError(id, channel.name, 'nothing in the graph listens to it');
  const payload = checkPayload(channel, signal.payload);
  return { type: channel.name, payload, ...(deliveryId === undefined ? {} : { deliveryId }) };
}

export function checkDeliveryId(call: string, deliveryId: unknown): void {
  if (typeof deliveryId === 'string' && deliveryId !== '') return;
  throw new InvalidArgumentError(`${call}: deliveryId must be a text that is not empty`, {
    hint: 'leave it out to have one made up',
  });
}

const isHeard = ({ subscribers, expected }: Channel): boolean => subscribers.length > 0 || expected;

/** Why a run does not take any signal, or undefined. */
export const refusalOf = (work: Work): string | undefined => refusalAt(work.status, isEnding(work));

/** The same for one that stands so, wherever it is. */
export function refusalAt(status: Work['status'], ending: boolean): string | undefined {
  if (status !== 'running') return `it has ended (${status})`;
  return ending ? 'it is about to end' : undefined;
}

/** What is put into an inbox. @throws UnserializableError */
export const messageOf = (event: SignalEvent, deliveryId: string, codec: Codec): InboxMessage => ({
  deliveryId,
  body: codec.encode({ collateral: event.type, payload: event.payload }, `signal of "${event.type}"`),
});

/** An abort as it is put into an inbox. What cannot be stored of a reason must not keep the run from being aborted. */
export function abortMessageOf({ reason, compensate }: AbortEvent, deliveryId: string, codec: Codec): InboxMessage {
  const bodyOf = (why: unknown): string =>
    codec.encode({ command: 'abort', ...(why === undefined ? {} : { reason: why }), compensate }, 'abort');
  try {
    return { deliveryId, body: bodyOf(reason) };
  } catch (error) {
    if (!(error instanceof UnserializableError)) throw error;
    return { deliveryId, body: bodyOf(new StoredHandlerError(reason)) };
  }
}

/** What came out of an inbox. */
export type Mail =
  { readonly signal: SignalEvent } | { readonly abort: Required<AbortEvent> } | { readonly problem: string };

interface Body {
  readonly command?: unknown;
  readonly reason?: unknown;
  readonly compensate?: unknown;
  readonly collateral?: unknown;
  readonly payload?: unknown;
}

/** What a message says, or why it is none. */
export function mailOf(graph: Graph, { deliveryId, body }: InboxMessage, codec: Codec): Mail {
  try {
    const { command, reason, compensate, collateral, payload } = codec.decode(body, 'message') as Body;
    if (command === 'abort') return { abort: { type: 'engram.abort', reason, compensate: compensate === true } };
    const channel = channelOf(graph, collateral);
    if (!isHeard(channel)) return { problem: `nothing in the graph listens to "${channel.name}"` };
    return { signal: { type: channel.name, payload: checkPayload(channel, payload), deliveryId } };
  } catch (error) {
    return { problem: describeError(error) };
  }
}
