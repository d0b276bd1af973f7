/** `engram signal`: a signal from outside for a stored run, which then goes on here when nobody else holds it. */
import { systemClock } from '../../clock/clock.js';
import { AlreadyOwnedError } from '../../errors/index.js';
import { EXIT } from '../exit-codes.js';
import type { EntryCollateral } from '../flow-module.js';
import { follow } from '../follow.js';
import { namedCollateral } from '../named-collateral.js';
import type { Output } from '../output.js';
import { readPayload } from '../payload.js';
import { handOver, isHandedOver, type HandOverOptions } from '../hand-over.js';
import { openSession, type Session, type SessionOptions } from '../session.js';
import { bringBack, checkRun } from '../stored-run.js';
import { shellWord, visible } from '../text.js';

export interface SignalOptions extends SessionOptions, HandOverOptions {
  readonly payload?: string;
  readonly deliveryId?: string;
  /** Only store it. */
  readonly detach?: boolean;
}

/** What was stored for which run. A type, so that it fits where any record does. */
type Delivered = Readonly<{ id: string; signal: { readonly collateral: string; readonly deliveryId: string } }>;

export async function signal(
  path: string,
  id: string,
  collateral: string,
  options: SignalOptions,
  output: Output,
): Promise<number> {
  const payload = readPayload(options.payload);
  if (isHandedOver(options)) return enqueued(path, id, collateral, payload, options, output);
  const session = await openSession(path, options, output, { id, command: 'signal' });
  try {
    const given = (namedCollateral(session.cns, collateral) as EntryCollateral).createSignal(payload);
    const { deliveryId = systemClock.id() } = options;
    await checkRun(session, id);
    await session.cns.signal(id, given, { deliveryId });
    output.line(`stored ${visible(collateral)} for ${visible(id)} (delivery id ${visible(deliveryId)})`);
    const delivered = { id, signal: { collateral, deliveryId } };
    return options.detach === true ? left(session, delivered, output) : await goOn(session, delivered, output);
  } finally {
    await session.close();
  }
}

/** It is for the workers: nothing of the run is done here. */
function enqueued(
  path: string,
  id: string,
  collateral: string,
  payload: unknown,
  options: SignalOptions,
  output: Output,
): Promise<number> {
  const { deliveryId = systemClock.id() } = options;
  return handOver(path, id, options, output, {
    command: 'signal --enqueue',
    what: `${visible(collateral)} for ${visible(id)} (delivery id ${visible(deliveryId)})`,
    document: { id, signal: { collateral, deliveryId } },
    deliver: async (client, cns) => {
      const given = (namedCollateral(cns, collateral) as EntryCollateral).createSignal(payload);
      await client.signal(id, given, { deliveryId });
    },
  });
}

async function goOn(session: Session, delivered: Delivered, output: Output): Promise<number> {
  try {
    const stimulation = await bringBack(session, delivered.id);
    return await follow(session, stimulation, output, delivered);
  } catch (error) {
    if (!(error instanceof AlreadyOwnedError)) throw error;
    output.document({ ...delivered, status: 'stored', owner: error.owner });
    output.line(`${visible(delivered.id)} goes on where it is: ${visible(error.owner)} takes the signal`);
    return EXIT.completed;
  }
}

function left({ flow, storeOption }: Session, delivered: Delivered, output: Output): number {
  const next = `engram resume ${shellWord(flow.path)} ${shellWord(delivered.id)}${storeOption}`;
  output.document({ ...delivered, status: 'stored', resume: next });
  output.line(`taken by the process that holds the run; when none does, with: ${visible(next)}`);
  return EXIT.completed;
}
