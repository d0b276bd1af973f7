/** A queue with the connection that it has to itself: what workers, clients and the command line begin with. */
import { unavailable } from '../../adapters/redis/failures.js';
import { systemClock, type Timer } from '../clock/clock.js';
import { loadBullMQ, type Queue } from './bullmq.js';
import { openConnection, type OpenConnection, type QueueConnection } from './connection.js';
import type { JobData, JobOutcome } from './jobs.js';

export interface QueuePlace {
  readonly connection: QueueConnection;
  readonly name: string;
  /** What its keys begin with; BullMQ's `bull` unless told. */
  readonly prefix?: string | undefined;
}

export interface OpenQueue {
  readonly queue: Queue<JobData, JobOutcome>;
  /** For whatever else is made on this queue. */
  readonly common: { readonly connection: OpenConnection['forBullMQ']; readonly prefix?: string };
  /**
   * @param after what ends first, with all that was made on this queue
   * @param patience milliseconds that all of it may take
   * @throws StoreUnavailableError when the server does not answer by then; no connection is left even so
   */
  close(after?: Promise<unknown>, patience?: number): Promise<void>;
}

/** What closing may take where nothing has to be waited for but answers of the server. */
export const CLOSING_PATIENCE = 5000;

/**
 * @param onError told of what goes wrong behind the calls
 * @param onlyLooks whether nothing may be written there
 * @throws InvalidArgumentError without the packages; StoreUnavailableError when nothing answers there
 */
export async function openQueue(
  { connection: where, name, prefix }: QueuePlace,
  onError: (error: Error) => void,
  onlyLooks = false,
): Promise<OpenQueue> {
  const { Queue } = await loadBullMQ();
  const connection = await openConnection(where);
  const common = { connection: connection.forBullMQ, ...(prefix === undefined ? {} : { prefix }) };
  const queue = new Queue<JobData, JobOutcome>(name, { ...common, skipMetasUpdate: onlyLooks });
  queue.on('error', onError);
  const closed = async (after: Promise<unknown> | undefined): Promise<void> => {
    await after;
    await queue.close();
    await connection.close();
  };
  const close = async (after?: Promise<unknown>, patience = CLOSING_PATIENCE): Promise<void> => {
    let timer: Timer | undefined;
    const late = new Promise<never>((_, reject) => {
      const cause = new Error(`no answer within ${patience / 1000} s`);
      timer = systemClock.after(patience, () => reject(unavailable(connection.name, cause)));
    });
    try {
      await Promise.race([closed(after), late]);
    } finally {
      timer?.cancel();
      connection.destroy();
    }
  };
  return { queue, common, close };
}
