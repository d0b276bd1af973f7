/** One worker process of the queue benchmark: `plain` jobs of BullMQ, or runs of a flow of ten milestones. */
import { Worker } from 'bullmq';
import { createWorker } from 'engram/worker';
import { createClient } from 'redis';
import { asyncHandler, chainOf, HOPS } from './flows.js';
import { AT_ONCE, dataOf, FLOW_NAME, PLAIN } from './queue-load.js';

const [, , kind = '', url = ''] = process.argv;

async function plain(): Promise<() => Promise<void>> {
  const connection = createClient({ url });
  await connection.connect();
  const work = async (job: { updateData(data: object): Promise<void> }): Promise<void> => {
    for (let step = 0; step < HOPS; step += 1) await job.updateData(dataOf(step));
  };
  const worker = new Worker(PLAIN, work, { connection, concurrency: AT_ONCE });
  await worker.waitUntilReady();
  return async () => {
    await worker.close();
    await connection.close();
  };
}

async function engram(): Promise<() => Promise<void>> {
  const worker = createWorker({
    cns: ({ store }) => chainOf(HOPS, asyncHandler, (made) => made.milestone(), { store, name: FLOW_NAME }),
    connection: { url },
    concurrency: AT_ONCE,
  });
  await worker.waitUntilReady();
  return () => worker.close();
}

const close = await (kind === 'plain' ? plain() : engram());
process.on('message', () => void close().then(() => process.exit(0)));
process.send?.('ready');
