/**
 * What spreading runs over workers costs: two worker processes that take runs of ten milestones from a queue, beside two
 * that take plain BullMQ jobs, which write down each of ten steps with `updateData`. All jobs are there before any of them
 * may be taken; the time counts from then to the end of the last.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Queue } from 'bullmq';
import { createClient as createRunClient } from 'engram/worker';
import { createClient } from 'redis';
import { startRedis } from '../support/redis-server.js';
import { asyncHandler, chainOf, first, HOPS } from './flows.js';
import { type Line, median, print } from './measure.js';
import { dataOf, FLOW_NAME, PLAIN } from './queue-load.js';

const JOBS = 3000;
const WORKERS = 2;
const ROUNDS = Number(process.env['ENGRAM_BENCH_QUEUE_ROUNDS'] ?? 5);
const WARM_UP = 2;
const LOOK_EVERY = 2;

interface Side {
  readonly name: string;
  readonly queue: Queue;
  fill(round: number): Promise<void>;
}

const ids = (round: number): string[] => Array.from({ length: JOBS }, (_, i) => `run-${round}-${i}`);

/** @returns microseconds per job */
async function turn({ queue, fill }: Side, round: number): Promise<number> {
  await queue.pause();
  await fill(round);
  const before = await queue.getCompletedCount();
  const began = performance.now();
  await queue.resume();
  const look = (): Promise<number> => queue.getCompletedCount();
  while ((await look()) - before < JOBS) await new Promise((resolve) => setTimeout(resolve, LOOK_EVERY));
  return ((performance.now() - began) * 1000) / JOBS;
}

async function startWorkers(kind: string, url: string) {
  const path = fileURLToPath(new URL('./queue-worker.js', import.meta.url));
  const started = Array.from({ length: WORKERS }, () => fork(path, [kind, url]));
  await Promise.all(started.map((child) => once(child, 'message')));
  return async () => {
    const gone = started.map((child) => once(child, 'exit'));
    for (const child of started) child.send('close');
    await Promise.all(gone);
  };
}

export async function queueLines(): Promise<Line[]> {
  const redis = await startRedis();
  const connection = createClient({ url: redis.url });
  await connection.connect();
  const flow = chainOf(HOPS, asyncHandler, (made) => made.milestone(), { name: FLOW_NAME });
  const runs = createRunClient({ cns: flow, connection: { url: redis.url } });
  const plain = new Queue(PLAIN, { connection });
  const ours = new Queue(FLOW_NAME, { connection });
  const sides: readonly Side[] = [
    {
      name: 'plain',
      queue: plain,
      fill: async (round) => {
        await plain.addBulk(ids(round).map((jobId) => ({ name: 'job', data: dataOf(0), opts: { jobId } })));
      },
    },
    {
      name: 'engram',
      queue: ours,
      fill: async (round) => {
        await Promise.all(
          ids(round).map((id) => runs.stimulate(first.createSignal(1), { id, removeOnComplete: false })),
        );
      },
    },
  ];
  const micros: Record<string, number[]> = { plain: [], engram: [] };
  const close = await Promise.all(sides.map(({ name }) => startWorkers(name, redis.url)));
  for (let round = 0; round < ROUNDS + WARM_UP; round += 1) {
    for (const side of sides) {
      const each = await turn(side, round);
      if (round >= WARM_UP) micros[side.name]?.push(each);
    }
  }
  await Promise.all(close.map((end) => end()));
  await runs.close();
  await Promise.all([plain.close(), ours.close()]);
  await connection.close();
  await redis.stop();

  const [theirs, own] = [median(micros['plain'] ?? []), median(micros['engram'] ?? [])];
  console.log(
    `\nruns of ten milestones by ${WORKERS} workers, beside plain BullMQ jobs of ten updateData (µs per job)`,
  );
  console.log(`      plain  ${theirs.toFixed(0).padStart(6)} µs\n      engram ${own.toFixed(0).padStart(6)} µs`);
  const lines: Line[] = [{ what: 'time of a run by workers / of a plain job', value: own / theirs, bound: 1 / 0.7 }];
  print(lines);
  return lines;
}
