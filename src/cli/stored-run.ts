/** Runs that are to be there already. */
import { createCodec } from '../durability/codec.js';
import { UnknownRunError } from '../errors/index.js';
import type { Stimulation } from '../index.js';
import { FLOW } from '../propagation/operations.js';
import { checkGraph, loadRun } from '../stimulation/load.js';
import type { Session } from './session.js';

/** Refuses a run that the flow cannot go on with before it is taken, so that its store is not even touched. */
export async function checkRun({ cns, store }: Session, id: string): Promise<void> {
  if (store === undefined) return;
  const stored = await loadRun(store, id, createCodec());
  if (stored?.context.status === 'running') checkGraph(cns[FLOW].graph, stored);
}

/** @throws UnknownRunError, AlreadyOwnedError */
export async function bringBack({ cns, flow }: Session, id: string): Promise<Stimulation> {
  const stimulation = await cns.rehydrate(id);
  if (stimulation === undefined) throw new UnknownRunError(id, cns.store?.name ?? `the store of ${flow.path}`);
  return stimulation;
}
