/** `engram abort`: aborts a stored run, which is undone and ended here when nobody else holds it. */
import { systemClock } from '../../clock/clock.js';
import { AlreadyOwnedError } from '../../errors/index.js';
import { EXIT } from '../exit-codes.js';
import { follow } from '../follow.js';
import { handOver, isHandedOver, type HandOverOptions } from '../hand-over.js';
import type { Output } from '../output.js';
import { openSession, type Session, type SessionOptions } from '../session.js';
import { bringBack, checkRun } from '../stored-run.js';
import { shellWord, visible } from '../text.js';

export interface AbortOptions extends SessionOptions, HandOverOptions {
  readonly reason?: string;
  readonly compensate?: boolean;
  readonly deliveryId?: string;
  /** Only store it. */
  readonly detach?: boolean;
}

export async function abort(path: string, id: string, options: AbortOptions, output: Output): Promise<number> {
  const { reason, compensate = false, deliveryId = systemClock.id() } = options;
  if (isHandedOver(options)) {
    return handOver(path, id, options, output, {
      command: 'abort --enqueue',
      what: `an abort for ${visible(id)} (delivery id ${visible(deliveryId)})`,
      document: { id, abort: { deliveryId, compensate } },
      deliver: (client) => client.abort(id, reason, { compensate, deliveryId }),
    });
  }
  const session = await openSession(path, options, output, { id, command: 'abort' });
  try {
    await checkRun(session, id);
    await session.cns.abort(id, reason, { compensate, deliveryId });
    output.line(`stored an abort for ${visible(id)} (delivery id ${visible(deliveryId)})`);
    const asked = { id, abort: { deliveryId, compensate } };
    return options.detach === true ? left(session, id, asked, output) : await goOn(session, id, asked, output);
  } finally {
    await session.close();
  }
}

async function goOn(session: Session, id: string, asked: Readonly<Record<string, unknown>>, output: Output) {
  try {
    return await follow(session, await bringBack(session, id), output, asked, 'aborted');
  } catch (error) {
    if (!(error instanceof AlreadyOwnedError)) throw error;
    output.document({ ...asked, status: 'stored', owner: error.owner });
    output.line(`${visible(id)} goes on where it is: ${visible(error.owner)} aborts it`);
    return EXIT.completed;
  }
}

function left({ flow, storeOption }: Session, id: string, asked: object, output: Output): number {
  const next = `engram resume ${shellWord(flow.path)} ${shellWord(id)}${storeOption}`;
  output.document({ ...asked, status: 'stored', resume: next });
  output.line(`done by the process that holds the run; when none does, with: ${visible(next)}`);
  return EXIT.completed;
}
