import { UnknownRunError } from '../../errors/index.js';
import { follow } from '../follow.js';
import type { Output } from '../output.js';
import { openSession, type SessionOptions } from '../session.js';

export async function resume(path: string, id: string, options: SessionOptions, output: Output): Promise<number> {
  const session = await openSession(path, options, output, id);
  try {
    const stimulation = await session.cns.rehydrate(id);
    if (stimulation === undefined) throw new UnknownRunError(id, session.store?.name ?? `the store of ${path}`);
    session.tellResumed();
    return await follow(session, stimulation, output);
  } finally {
    await session.close();
  }
}
