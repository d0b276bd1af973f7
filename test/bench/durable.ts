/**
 * What ten durable steps cost: a real CNS of ten milestones in a row on a real store, beside what the same ten steps cost
 * when they are written to the disk, or to the same Redis server, by hand. Every contender starts from nothing in each
 * turn, with a folder and keys of its own, and what it leaves behind is removed while nothing is measured.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { open, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CNS } from 'engram';
import { type Store } from 'engram';
import { fileStore } from 'engram/adapters/file';
import { redisStore } from 'engram/adapters/redis';
import { createClient } from 'redis';

import { asyncHandler, chainOf, first, HOPS } from './flows.js';
import { type Contender, type Figures, type Line, measure, print } from './measure.js';
import { startRedis } from '../support/redis-server.js';

const AT_ONCE = 50;
const RUNS = 1000;
const RUNS_IN_TURN = 300;
/** Fewer runs of what takes about so many times as long as the others. */
const SLOWER = 10;
const ROUNDS = Number(process.env['ENGRAM_BENCH_DURABLE_ROUNDS'] ?? 7);
/** A service is warm long before it is asked for its speed: the first thousands of runs are compiled as they go. */
const WARM_UP = 5;

/** As long as what the store writes for one step. */
const TEXT = `${JSON.stringify({ step: 'x'.repeat(680) })}\n`;

type Workflow = (name: string) => Promise<unknown>;

interface Setting {
  readonly workflow: Workflow;
  readonly close: () => Promise<void>;
}

/** Ten appends to a log of this workflow alone, each one on the disk before the next. */
function appending(folder: string): Setting {
  const workflow: Workflow = async (name) => {
    const log = await open(join(folder, name), 'a', 0o600);
    for (let step = 0; step < HOPS; step += 1) {
      await log.write(TEXT);
      await log.datasync();
    }
    await log.close();
  };
  return { workflow, close: () => Promise.resolve() };
}

/** Ten times a whole file put in the place of the one before. */
function replacing(folder: string): Setting {
  const workflow: Workflow = async (name) => {
    const path = join(folder, name);
    for (let step = 0; step < HOPS; step += 1) {
      await writeFile(`${path}.tmp`, TEXT, { flush: true });
      await rename(`${path}.tmp`, path);
    }
  };
  return { workflow, close: () => Promise.resolve() };
}

/** Ten times a key of this workflow, each one acknowledged before the next; all workflows share one connection. */
async function setting(url: string, prefix: string): Promise<Setting> {
  const client = createClient({ url });
  await client.connect();
  const workflow: Workflow = async (name) => {
    for (let step = 0; step < HOPS; step += 1) await client.set(prefix + name, TEXT);
  };
  return { workflow, close: () => client.close() };
}

function tenMilestones(store: Store): Setting {
  let cns: CNS | undefined;
  const workflow: Workflow = async (name) => {
    cns ??= chainOf(HOPS, asyncHandler, (made) => made.milestone(), { store });
    await cns.stimulate(first.createSignal(1), { id: name }).waitUntilComplete();
  };
  return {
    workflow,
    close: async () => {
      await cns?.close();
      await store.close();
    },
  };
}

let folders = 0;

/** Runs workflows, `width` of them at once, in a folder of their own. */
function contender(name: string, width: number, setUp: (folder: string) => Setting | Promise<Setting>): Contender {
  const run = async (times: number): Promise<void> => {
    const folder = mkdtempSync(join(tmpdir(), 'engram-bench-'));
    garbage.push(folder);
    const { workflow, close } = await setUp(folder);
    folders += 1;
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let i = next++; i < times; i = next++) await workflow(`run-${folders}-${i}`);
    };
    await Promise.all(Array.from({ length: width }, lane));
    await close();
  };
  const times = width === 1 ? RUNS_IN_TURN : RUNS;
  return { name, run, times: name.startsWith('replace') ? times / SLOWER : times };
}

const garbage: string[] = [];

/** Takes a turn of its own, so that no contender is measured while the disk or the server is busy with removing. */
const sweep = (url: string): Contender => ({
  name: SWEEP,
  times: 1,
  run: async () => {
    for (const folder of garbage.splice(0)) rmSync(folder, { recursive: true, force: true });
    const client = createClient({ url });
    await client.connect();
    await client.flushAll();
    await client.close();
  },
});
const SWEEP = 'sweep';

const contenders = (url: string): Contender[] => [
  ...[
    { name: 'append', setUp: appending },
    { name: 'file', setUp: (folder: string) => tenMilestones(fileStore({ dir: folder })) },
    { name: 'replace', setUp: replacing },
    { name: 'SET', setUp: (folder: string) => setting(url, folder) },
    { name: 'redis', setUp: (folder: string) => tenMilestones(redisStore({ url, prefix: `${folder}:` })) },
  ].flatMap(({ name, setUp }) => [contender(name, AT_ONCE, setUp), contender(`${name}, in turn`, 1, setUp)]),
  sweep(url),
];

function linesOf(figures: Figures): Line[] {
  const rate = (name: string): number => figures.ratio('file', name);
  return [
    { what: 'file store, 50 at once / ten appends with fdatasync each', value: rate('append'), bound: 1 },
    { what: 'file store, 50 at once / ten of write, fsync, rename', value: rate('replace'), bound: 1 / 5 },
    {
      what: 'file store, one after another / ten appends with fdatasync',
      value: figures.ratio('file, in turn', 'append, in turn'),
      bound: 1.6,
    },
    { what: 'Redis store, 50 at once / ten SETs', value: figures.ratio('redis', 'SET'), bound: 1 / 0.6 },
    {
      what: 'Redis store, one after another / ten SETs',
      value: figures.ratio('redis, in turn', 'SET, in turn'),
      bound: 1.6,
    },
  ];
}

/** Prints the figures, and gives those that have a bound. */
export async function durableSteps(): Promise<readonly Line[]> {
  console.log(`\nten durable steps per workflow, ${AT_ONCE} at once and one after another (µs per workflow)`);
  const redis = await startRedis({ appendonly: 'everysec' });
  try {
    const all = contenders(redis.url);
    const figures = await measure(all, ROUNDS, WARM_UP);
    for (const { name } of all) {
      if (name !== SWEEP) console.log(`      ${name.padEnd(22)} ${figures.micros(name).toFixed(0).padStart(9)} µs`);
    }
    const lines = linesOf(figures);
    print(lines);
    return lines;
  } finally {
    await redis.stop();
  }
}
