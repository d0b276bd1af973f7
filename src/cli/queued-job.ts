/** The job of a run in the queue of its flow, for who only looks: nothing is written there. */
import { openQueue } from '../worker/open-queue.js';
import { findJob, type FoundJob } from '../worker/run-queue.js';

/** @param look what is asked of it, while the connection is there */
export async function lookAtJob<T>(
  url: string,
  name: string,
  id: string,
  look: (found: FoundJob) => Promise<T>,
): Promise<T> {
  const nothing = (): void => undefined; // the call that is spoilt tells of it
  const opened = await openQueue({ connection: { url }, name }, nothing, true);
  try {
    return await look(await findJob(opened.queue, id));
  } finally {
    await opened.close();
  }
}
