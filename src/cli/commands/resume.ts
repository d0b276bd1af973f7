import { follow } from '../follow.js';
import type { Output } from '../output.js';
import { openSession, type SessionOptions } from '../session.js';
import { bringBack, checkRun } from '../stored-run.js';

export interface ResumeOptions extends SessionOptions {
  readonly fromEntry?: boolean;
}

export async function resume(path: string, id: string, options: ResumeOptions, output: Output): Promise<number> {
  const { fromEntry = false } = options;
  const session = await openSession(path, options, output, { id, command: 'resume' });
  try {
    await checkRun(session, id, fromEntry);
    return await follow(session, await bringBack(session, id, fromEntry), output);
  } finally {
    await session.close();
  }
}
