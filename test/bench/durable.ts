/**
 * What ten durable steps cost: a real CNS of ten milestones in a row on a real store, beside what the same ten steps cost
 * when they are written to the disk, or to the same Redis server, by hand. Every contender is set up once and warm, as a
 * service is: clients, stores and the CNS live through all rounds. What a round leaves on the Redis server is removed while
 * nothing is measured.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { open, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Store } from 'engram';
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

/** As long as what the stores write for one step: a line of the log, and a field of the hash with what belongs to it. */
const LINE = `${'x'.repeat(1039)}\n`;
const VALUE = 'x'.repeat(870);

type Workflow = (name: string) => Promise<unknown>;

interface Setting {
  readonly workflow: Workflow;
  /** Removes what the workflows of these names have left; on disk it stays, as it does in a service. */
  readonly clean?: (names: readonly string[]) => Promise<unknown>;
  readonly close: () => Promise<void>;
}

/** Ten appends to a log of this workflow alone, each one on the disk before the next. */
function appending(folder: string): Setting {
  const workflow: Workflow = async (name) => {
    const log = await open(join(folder, name), 'a', 0o600);
    for (let step = 0; step < HOPS; step += 1) {
      await log.write(LINE);
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
      await writeFile(`${path}.tmp`, LINE, { flush: true });
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
    for (let step = 0; step < HOPS; step += 1) await client.set(prefix + name, VALUE);
  };
  return { workflow, clean: (names) => client.del(names.map((name) => prefix + name)), close: () => client.close() };
}

function tenMilestones(store: Store, staysBehind: boolean): Setting {
  const cns = chainOf(HOPS, asyncHandler, (made) => made.milestone(), { store });
  return {
    workflow: (name) => cns.stimulate(first.createSignal(1), { id: name }).waitUntilComplete(),
    ...(staysBehind ? {} : { clean: (names) => Promise.all(names.map((name) => store.delete(name))) }),
    close: async () => {
      await cns.close();
      await store.close();
    },
  };
}

/** Runs workflows of one setting, `width` of them at once. */
class Workflows implements Contender {
  readonly times: number;
  readonly run = (times: number): Promise<void> => this.#run(times);
  readonly #setting: Setting;
  readonly #width: number;
  readonly #left: string[] = [];
  #made = 0;

  constructor(
    readonly name: string,
    width: number,
    setting: Setting,
  ) {
    this.#setting = setting;
    this.#width = width;
    const times = width === 1 ? RUNS_IN_TURN : RUNS;
    this.times = name.startsWith('replace') ? times / SLOWER : times;
  }

  async #run(times: number): Promise<void> {
    const end = this.#made + times;
    const lane = async (): Promise<void> => {
      while (this.#made < end) {
        const name = `${this.name}-${this.#made++}`.replaceAll(/[ ,]+/g, '-');
        this.#left.push(name);
        await this.#setting.workflow(name);
      }
    };
    await Promise.all(Array.from({ length: this.#width }, lane));
  }

  async clean(): Promise<void> {
    await this.#setting.clean?.(this.#left.splice(0));
  }

  close(): Promise<void> {
    return this.#setting.close();
  }
}

async function contenders(url: string, folder: string): Promise<Workflows[]> {
  const inFolder = (name: string): string => mkdtempSync(join(folder, `${name}-`));
  const setUps: Readonly<Record<string, (name: string) => Setting | Promise<Setting>>> = {
    append: (name) => appending(inFolder(name)),
    file: (name) => tenMilestones(fileStore({ dir: inFolder(name) }), true),
    replace: (name) => replacing(inFolder(name)),
    SET: (name) => setting(url, `${name}:`),
    redis: (name) => tenMilestones(redisStore({ url, prefix: `${name}:` }), false),
  };
  const all: Workflows[] = [];
  for (const [kind, setUp] of Object.entries(setUps)) {
    for (const [name, width] of [
      [kind, AT_ONCE],
      [`${kind}, in turn`, 1],
    ] as const) {
      all.push(new Workflows(name, width, await setUp(name.replace(', in turn', '-in-turn'))));
    }
  }
  return all;
}

/** Takes a turn of its own, so that no contender is measured while the disk or the server is busy with removing. */
const sweep = (all: readonly Workflows[]): Contender => ({
  name: 'sweep',
  times: 1,
  run: async () => {
    for (const one of all) await one.clean();
  },
});

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
  const folder = mkdtempSync(join(tmpdir(), 'engram-bench-'));
  try {
    const all = await contenders(redis.url, folder);
    const figures = await measure([...all, sweep(all)], ROUNDS, WARM_UP);
    for (const { name } of all) {
      console.log(`      ${name.padEnd(22)} ${figures.micros(name).toFixed(0).padStart(9)} µs`);
    }
    for (const one of all) await one.close();
    const lines = linesOf(figures);
    print(lines);
    return lines;
  } finally {
    await redis.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}
