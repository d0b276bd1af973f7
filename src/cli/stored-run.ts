/** Runs that are to be there already. */
import { UnknownRunError } from '../errors/index.js';
import type { Stimulation } from '../index.js';
import { FLOW } from '../propagation/operations.js';
import { CODEC } from '../stimulation/seams.js';
import { checkGraph, loadRun } from '../stimulation/load.js';
import type { Session } from './session.js';

/**
 * Refuses a run that the flow cannot go on with before it is taken, so that its store is not even touched.
 * @param fromEntry one that cannot be read is to be started again
 */
export async function checkRun({ cns, store }: Session, id: string, fromEntry = false): Promise<void> {
  if (store === undefined || fromEntry) return;
  const stored = await loadRun(store, id, cns[CODEC]);
  if (stored?.context.status === 'running') checkGraph(cns[FLOW].graph, stored);
}

/** @throws UnknownRunError, AlreadyOwnedError */
export async function bringBack({ cns, flow }: Session, id: string, fromEntry = false): Promise<Stimulation> {
  const stimulation = await cns.rehydrate(id, { fromEntry });
  if (stimulation === undefined) throw new UnknownRunError(id, cns.store?.name ?? `the store of ${flow.path}`);
  return stimulation;
}
