import { follow } from '../follow.js';
import { outputOf } from '../named-collateral.js';
import type { Output } from '../output.js';
import { checkId, readPayload } from '../payload.js';
import { openSession, type SessionOptions } from '../session.js';

export interface RunOptions extends SessionOptions {
  readonly signal?: string;
  readonly payload?: string;
  readonly id?: string;
  readonly output?: string;
}

export async function run(path: string, options: RunOptions, output: Output): Promise<number> {
  checkId(options.id);
  const payload = readPayload(options.payload);
  const session = await openSession(path, options, output);
  try {
    const { cns, flow } = session;
    const result = outputOf(cns, options.output);
    const stimulation = cns.stimulate(flow.entry(options.signal).createSignal(payload), {
      ...(options.id === undefined ? {} : { id: options.id }),
      ...(result === undefined ? {} : { output: result }),
    });
    return await follow(session, stimulation, output);
  } finally {
    await session.close();
  }
}
