import type { AnyCollateral, CNS } from '../../index.js';
import { FLOW } from '../../propagation/operations.js';
import { follow } from '../follow.js';
import { namedCollateral } from '../named-collateral.js';
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

/** The collateral whose last payload is shown: the one named, else the only one that is emitted and not listened to. */
function outputOf(cns: CNS, name: string | undefined): AnyCollateral | undefined {
  if (name !== undefined) return namedCollateral(cns, name);
  const ends = [...cns[FLOW].graph.channels.values()].filter(({ name: end, subscribers }) => {
    return subscribers.length === 0 && cns.network.ownersOf(end).length > 0;
  });
  return ends.length === 1 ? ends[0]?.collateral : undefined;
}
