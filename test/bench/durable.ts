/**
 * What ten durable steps cost: a real CNS of ten milestones in a row on a real store, beside what the same ten steps cost
 * when they are written to the disk by hand, without a library. Every contender starts from nothing in each turn, with a
 * folder of its own, and what it leaves behind is removed while nothing is measured.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { open, rename, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { CNS } from 'engram';
import { type Store } from 'engram';
import { fileStore } from 'engram/adapters/file';

import { asyncHandler, chainOf, first, HOPS } from './flows.js';
import { type Contender, type Figures, type Line, measure, print } from './measure.js';

const AT_ONCE = 50;
const RUNS = 500;
const RUNS_IN_TURN = 60;
const ROUNDS = Number(process.env['ENGRAM_BENCH_DURABLE_ROUNDS'] ?? 7);
const WARM_UP = 1;

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
function contender(name: string, width: number, setUp: (folder: string) => Setting): Contender {
  const run = async (times: number): Promise<void> => {
    const folder = mkdtempSync(join(tmpdir(), 'engram-bench-'));
    garbage.push(folder);
    const { workflow, close } = setUp(folder);
    folders += 1;
    let next = 0;
    const lane = async (): Promise<void> => {
      for (let i = next++; i < times; i = next++) await workflow(`run-${folders}-${i}`);
    };
    await Promise.all(Array.from({ length: width }, lane));
    await close();
  };
  return { name, run, times: width === 1 ? RUNS_IN_TURN : RUNS };
}

const garbage: string[] = [];

/** Takes a turn of its own, so that no contender is measured while the disk is busy with removing. */
const sweep: Contender = {
  name: 'sweep',
  times: 1,
  run: () => {
    for (const folder of garbage.splice(0)) rmSync(folder, { recursive: true, force: true });
  },
};

const onFile = (folder: string): Setting => tenMilestones(fileStore({ dir: folder }));

const contenders = [
  ...[
    { name: 'append', setUp: appending },
    { name: 'file', setUp: onFile },
    { name: 'replace', setUp: replacing },
  ].flatMap(({ name, setUp }) => [contender(name, AT_ONCE, setUp), contender(`${name}, in turn`, 1, setUp)]),
  sweep,
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
  ];
}

/** Prints the figures, and gives those that have a bound. */
export async function durableSteps(): Promise<readonly Line[]> {
  console.log(`\nten durable steps per workflow, ${AT_ONCE} at once and one after another (µs per workflow)`);
  const figures = await measure(contenders, ROUNDS, WARM_UP);
  for (const { name } of contenders) {
    if (name !== sweep.name) console.log(`      ${name.padEnd(22)} ${figures.micros(name).toFixed(0).padStart(9)} µs`);
  }
  const lines = linesOf(figures);
  print(lines);
  return lines;
}
