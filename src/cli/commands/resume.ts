import { createCodec } from '../../durability/codec.js';
import { UnknownRunError } from '../../errors/index.js';
import { FLOW } from '../../propagation/operations.js';
import { checkGraph, loadRun } from '../../stimulation/load.js';
import { follow } from '../follow.js';
import type { Output } from '../output.js';
import { openSession, type Session, type SessionOptions } from '../session.js';

export async function resume(path: string, id: string, options: SessionOptions, output: Output): Promise<number> {
  const session = await openSession(path, options, output, id);
  try {
    await checkRun(session, id);
    const stimulation = await session.cns.rehydrate(id);
    if (stimulation === undefined) throw new UnknownRunError(id, session.store?.name ?? `the store of ${path}`);
    return await follow(session, stimulation, output);
  } finally {
    await session.close();
  }
}

/** Refuses a run that the flow cannot go on with before it is taken, so that its store is not even touched. */
async function checkRun({ cns, store }: Session, id: string): Promise<void> {
  if (store === undefined) return;
  const stored = await loadRun(store, id, createCodec());
  if (stored?.context.status === 'running') checkGraph(cns[FLOW].graph, stored);
}
