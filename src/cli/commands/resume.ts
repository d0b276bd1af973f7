import { follow } from '../follow.js';
import type { Output } from '../output.js';
import { openSession, type SessionOptions } from '../session.js';
import { bringBack, checkRun } from '../stored-run.js';

export async function resume(path: string, id: string, options: SessionOptions, output: Output): Promise<number> {
  const session = await openSession(path, options, output, { id, command: 'resume' });
  try {
    await checkRun(session, id);
    return await follow(session, await bringBack(session, id), output);
  } finally {
    await session.close();
  }
}
