/**
 * The only place that knows BullMQ. It is loaded when the first worker or client connects, so that nobody who does
 * without a queue needs it.
 */
import type * as BullMQ from 'bullmq';
import { describeError, InvalidArgumentError } from '../errors/index.js';

export type { ConnectionOptions, Job, JobsOptions, Queue, QueueEvents, Worker } from 'bullmq';

export async function loadBullMQ(): Promise<typeof BullMQ> {
  try {
    return await import('bullmq');
  } catch (cause) {
    throw new InvalidArgumentError(`workers and their clients need the package "bullmq": ${describeError(cause)}`, {
      cause,
      hint: 'npm install bullmq redis',
    });
  }
}
