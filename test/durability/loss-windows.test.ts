// Rule: what is lost when, for each store and mode, by real deaths of real processes and servers; and that what is left
// is a whole run (I1 to I3), wherever a run of whichever mode dies.
import { execFile } from 'node:child_process';
import { cpSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { CheckpointOptions, Durability } from 'engram';
import { fileStore } from 'engram/adapters/file';
import { redisStore } from 'engram/adapters/redis';
import { createClient } from 'redis';
import { afterAll, describe, expect, inject, it } from 'vitest';
import { expectSameEndFromEverywhere, type Story } from '../support/lives.js';
import { caught } from '../support/caught.js';
import { quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { startRedis } from '../support/redis-server.js';
import { openEnvelope } from '../../src/durability/envelope.js';
import { type Dying, openStore } from './dying-line.js';
import { billed, order, packing, STEPS } from './packing.js';
import { BROKEN, ENTRY, label, order as parcel, parcels } from './parcels.js';

const modes: readonly Durability[] = ['sync', 'async', 'exit'];
const scratch = mkdtempSync(join(tmpdir(), 'engram-loss-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;

describe.each(modes)('in %s mode', (durability) => {
  const id = 'x';
  const boxes = (items: readonly number[], checkpoint: CheckpointOptions): Story => ({
    id,
    make: (given) => parcels({ ...given, checkpoint, durability, logger: recordingLogger() }),
    start: ({ cns }) => cns.stimulate(parcel.createSignal({ ...ENTRY, items }), { id, output: label }),
  });
  const line = (checkpoint: CheckpointOptions): Story => ({
    id,
    make: (given) => packing({ ...given, checkpoint, durability }),
    start: ({ cns }) => cns.stimulate(order.createSignal('a'), { id, output: billed }),
  });

  it.each<[string, Story]>([
    ['that completes', boxes(ENTRY.items, {})],
    ['that fails', boxes([3, BROKEN, 2], {})],
    ['that fails, on errors', boxes([3, BROKEN, 2], { on: 'error' })],
    ['that completes, on responses', line({ on: 'response' })],
    ['that completes, every millisecond', line({ on: 'error', everyMs: 1 })],
  ])(
    'I1, I2, I3, I8: a run %s ends the same from each of its checkpoints, and repeats nothing that it holds',
    async (_what, story) => {
      const { checkpoints } = await expectSameEndFromEverywhere(story);
      expect(checkpoints.map(({ seq }) => seq)).toEqual(checkpoints.map((_, i) => i + 1));
      expect(checkpoints.length).toBeGreaterThan(1);
    },
  );
});

function gate() {
  let open = (): void => undefined;
  const opened = new Promise<void>((resolve) => (open = resolve));
  return { opened, open };
}

/** Has the server write all it holds to its disk. */
async function snapshot(url: string): Promise<void> {
  const client = await createClient({ url }).connect();
  await client.sendCommand(['SAVE']);
  await client.close();
}

/** The line in a process of its own, killed; @returns what it did */
function killed(dying: Dying): Promise<string[]> {
  const child = fileURLToPath(new URL('dying-line.ts', import.meta.url));
  return new Promise((resolve, reject) => {
    const env = { ...process.env, ENGRAM_DYING: JSON.stringify(dying) };
    const cwd = fileURLToPath(new URL('../..', import.meta.url));
    execFile(process.execPath, ['--import', 'tsx', child], { env, cwd }, (error, stdout, stderr) => {
      if (error?.signal === 'SIGKILL') resolve(stdout.split('\n').filter(Boolean));
      else reject(new TypeError(`it was not killed: ${stderr}`));
    });
  });
}

/** What is done by who finds the run afterwards; null when there is none to be found. */
async function doneAgain(dying: Dying): Promise<string[] | null> {
  const store = openStore(dying);
  const { cns, done } = packing({ store, durability: dying.durability });
  const run = await cns.rehydrate('x');
  if (run !== undefined) expect(await run.waitUntilComplete()).toMatchObject({ status: 'completed' });
  await cns.close();
  await store.close();
  return run === undefined ? null : done.map((one) => one.split(' ')[0] ?? '');
}

const stores: readonly (readonly [string, () => Promise<Dying['store']>])[] = [
  ['fileStore, fsync', async () => ({ file: { dir: join(scratch, String(++folders)) } })],
  ['fileStore, no fsync', async () => ({ file: { dir: join(scratch, String(++folders)), fsync: false } })],
  ['redisStore', async () => ({ redis: inject('redisUrl'), prefix: `loss-${process.pid}-${++folders}:` })],
];

describe.each(stores)('a process that is killed over a %s', (_name, place) => {
  it.each<[Durability, readonly string[]]>([
    ['sync', ['bill']],
    ['async', ['bill']],
    ['exit', STEPS],
  ])('in %s mode with nothing on its way loses what no checkpoint was due for: %j', async (durability, again) => {
    const dying = { store: await place(), durability, isUnsaved: false };
    expect(await killed(dying)).toEqual(STEPS.slice(0, -1));
    expect(await doneAgain(dying)).toEqual(again);
  });

  it.each<[Durability, readonly string[]]>([
    ['sync', ['pack', 'weigh']],
    ['async', STEPS.slice(0, -1)],
    ['exit', STEPS.slice(0, -1)],
  ])('I4: in %s mode with a save on its way had done %j, of which nothing is stored', async (durability, done) => {
    const dying = { store: await place(), durability, isUnsaved: true };
    expect(await killed(dying)).toEqual(done);
    expect(await doneAgain(dying)).toEqual(STEPS);
  });
});

it.each(modes)('a process that is killed over a memoryStore in %s mode loses all of it', async (durability) => {
  const dying = { store: 'memory', durability, isUnsaved: false } as const;
  expect(await killed(dying)).toEqual(STEPS.slice(0, -1));
  expect(await doneAgain(dying)).toBeNull();
});

describe('a Redis server that is killed and started again in the middle of a run', () => {
  /** The run stands in `label` when the server dies. */
  async function overRestart(appendonly: 'no' | 'everysec' | 'always', durability: Durability) {
    const redis = await startRedis({ appendonly });
    const store = redisStore({ url: redis.url });
    const flow = { open: (): void => undefined };
    const opened = new Promise<void>((resolve) => (flow.open = resolve));
    const options = { store, durability, logger: recordingLogger() };
    const { cns, done } = packing(options, (step) => (step === 'label' ? opened : quiet()));
    try {
      const run = cns.stimulate(order.createSignal('a'), { id: 'x' });
      while (done.length < 2) await quiet();
      while ((await store.history('x')).length < (durability === 'exit' ? 1 : 2)) await quiet();
      await redis.kill();
      await redis.restart();
      flow.open();
      const ended = await run.waitUntilComplete().catch((error: unknown) => error);
      return { ended, done, left: (await store.list({})).runs };
    } finally {
      await cns.close().catch(() => undefined);
      await store.close();
      await redis.stop();
    }
  }

  it.each((['always', 'everysec'] as const).flatMap((kept) => modes.map((mode) => [kept, mode] as const)))(
    'and appends (%s), in %s mode: the run goes on to its end, and nothing is done twice',
    async (kept, durability) => {
      const { ended, done, left } = await overRestart(kept, durability);
      expect(ended).toMatchObject({ status: 'completed' });
      expect(done).toEqual(STEPS.map((step) => `${step} a`));
      expect(left).toMatchObject([{ index: { status: 'completed' } }]);
    },
  );

  it.each(['sync', 'async'] as const)(
    'I1, I6: and comes back from an older snapshot, in %s mode: the run is stored again, whole, and says so',
    async (durability) => {
      const redis = await startRedis();
      const store = redisStore({ url: redis.url });
      const gates = new Map(['pack', 'label'].map((step) => [step, gate()]));
      const logger = recordingLogger();
      const { cns, done } = packing({ store, durability, logger }, (step) => gates.get(step)?.opened ?? quiet());
      const run = cns.stimulate(order.createSignal('a'), { id: 'x' });
      while ((await store.history('x')).length < 1) await quiet();
      await snapshot(redis.url);
      gates.get('pack')?.open();
      while ((await store.history('x')).length < 2) await quiet();
      await redis.kill();
      await redis.restart();
      expect(await store.history('x')).toEqual([1]);
      gates.get('label')?.open();
      expect(await run.waitUntilComplete()).toMatchObject({ status: 'completed' });
      await cns.close();
      expect(done).toEqual(STEPS.map((step) => `${step} a`));
      expect(logger.warnings.filter((line) => line.includes('has lost checkpoint 2 of run "x"'))).toHaveLength(1);

      const next = packing({ store });
      expect(await (await next.cns.rehydrate('x'))?.waitUntilComplete()).toMatchObject({ status: 'completed' });
      expect(next.done).toEqual([]);
      await next.cns.close();
      await store.close();
      await redis.stop();
    },
  );

  it('I5, I6: and comes back without the take-over: the run is taken again, and goes on under a newer fence', async () => {
    const redis = await startRedis();
    const store = redisStore({ url: redis.url });
    const gates = new Map(['pack', 'label'].map((step) => [step, gate()]));
    const logger = recordingLogger();
    const first = packing({ store });
    first.cns.stimulate(order.createSignal('a'), { id: 'x' });
    await first.cns.close();
    await snapshot(redis.url);
    const { cns, done } = packing({ store, logger }, (step) => gates.get(step)?.opened ?? quiet());
    const run = await cns.rehydrate('x');
    const before = (await store.list()).runs[0]?.lease?.fence ?? 0;
    gates.get('pack')?.open();
    while (!done.includes('weigh a')) await quiet();
    while ((await store.history('x')).length < 2) await quiet();
    await redis.kill();
    await redis.restart();
    gates.get('label')?.open();
    expect(await run?.waitUntilComplete()).toMatchObject({ status: 'completed' });
    expect(done).toEqual(STEPS.map((step) => `${step} a`));
    expect(logger.warnings.join()).toContain('has lost');
    const [summary] = (await store.list()).runs;
    expect(openEnvelope(summary?.head ?? '', 'test').fence).toBeGreaterThan(before);
    await cns.close();
    await store.close();
    await redis.stop();
  });

  it.each(modes)(
    'I6: and keeps nothing, in %s mode: the run stops with SaveFailedError, and is gone',
    async (durability) => {
      const { ended, left } = await overRestart('no', durability);
      expect(await caught(() => Promise.reject(ended as Error))).toMatchObject({
        code: 'SAVE_FAILED',
        retryable: false,
      });
      expect(left).toEqual([]);
    },
  );
});

const RECURSIVE = { recursive: true } as const;

it.each<[string, (dir: string, backup: string) => void]>([
  ['removed and copied back', (dir, backup) => (rmSync(dir, { recursive: true }), cpSync(backup, dir, RECURSIVE))],
  ['moved away and replaced', (dir, backup) => (renameSync(dir, `${dir}.old`), renameSync(backup, dir))],
  ['overwritten in place', (dir, backup) => cpSync(backup, dir, RECURSIVE)],
])('I1, I6: a run whose folder is %s from a backup is stored again, whole, where it may wait', async (_, putBack) => {
  const [dir, backup] = [join(scratch, String(++folders)), join(scratch, String(++folders))];
  const store = fileStore({ dir });
  const gates = new Map(['pack', 'label', 'send'].map((step) => [step, gate()]));
  const logger = recordingLogger();
  const options = { store, logger, onSaveFailure: 'continue' } as const;
  const { cns, done } = packing(options, (step) => gates.get(step)?.opened ?? quiet());
  const run = cns.stimulate(order.createSignal('a'), { id: 'x' });
  while ((await store.history('x')).length < 1) await quiet();
  cpSync(dir, backup, RECURSIVE);
  gates.get('pack')?.open();
  while ((await store.history('x')).length < 2) await quiet();
  putBack(dir, backup);
  for (const { open } of gates.values()) open();
  expect(await run.waitUntilComplete()).toMatchObject({ status: 'completed' });
  expect(done).toEqual(STEPS.map((step) => `${step} a`));
  expect(logger.warnings.filter((line) => line.includes('has lost checkpoint 2 of run "x"'))).toHaveLength(1);
  await cns.close();
  await store.close();

  const again = fileStore({ dir });
  const next = packing({ store: again });
  expect(await (await next.cns.rehydrate('x'))?.waitUntilComplete()).toMatchObject({ status: 'completed' });
  expect(next.done).toEqual([]);
  await next.cns.close();
  await again.close();
});
