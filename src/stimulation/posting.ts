/** Messages for runs that live elsewhere, or nowhere: checked against how the run stands in its store, and put there. */
import type { Codec } from '../durability/codec.js';
import type { Store } from '../durability/store.js';
import { GraphMismatchError, RunEndedError, UndeliverableSignalError, UnknownRunError } from '../errors/index.js';
import type { AbortEvent, SignalEvent } from '../propagation/events.js';
import { abortMessageOf, messageOf, refusalAt } from './delivery.js';
import { type LoadedRun, loadRun, strangerOf } from './load.js';

export interface PostOffice {
  readonly store: Store;
  readonly codec: Codec;
  /** The name of the graph that the runs are of. */
  readonly graph: string;
}

/** @returns the run as it stood before @throws UnknownRunError, UndeliverableSignalError, UnserializableError */
export async function postSignal(
  office: PostOffice,
  id: string,
  event: SignalEvent,
  deliveryId: string,
): Promise<LoadedRun> {
  const { store, codec, graph } = office;
  const message = messageOf(event, deliveryId, codec);
  const stored = await read(office, id);
  const { status, ending, deliveries } = stored.context;
  if (deliveries.includes(deliveryId)) return stored; // it was taken, and the answer to that was lost
  const refusal =
    strangerOf(graph, stored.envelope) ??
    refusalAt(status, ending !== undefined) ??
    (store.capabilities.inbox ? undefined : `it does not live here, and ${store.name} keeps no inbox`);
  if (refusal !== undefined) throw new UndeliverableSignalError(id, event.type, refusal);
  try {
    await store.post(id, message);
  } catch (error) {
    if (!(error instanceof RunEndedError)) throw error;
    throw new UndeliverableSignalError(id, event.type, `it has ended (${error.status})`);
  }
  return stored;
}

/** @throws UnknownRunError, RunEndedError, GraphMismatchError */
export async function postAbort(office: PostOffice, id: string, abort: AbortEvent, deliveryId: string): Promise<void> {
  const stored = await read(office, id);
  const stranger = strangerOf(office.graph, stored.envelope);
  if (stranger !== undefined) throw new GraphMismatchError(id, [stranger]);
  // one that was taken, of which the answer was lost, is known to the store also when the run has ended by it
  await office.store.post(id, abortMessageOf(abort, deliveryId, office.codec));
}

async function read({ store, codec }: PostOffice, id: string): Promise<LoadedRun> {
  const stored = await loadRun(store, id, codec);
  if (stored === undefined) throw new UnknownRunError(id, store.name);
  return stored;
}
