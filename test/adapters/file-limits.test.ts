// Rule: a disk that is full or read-only costs the save that it refuses and nothing else; a small change in a large run
// writes little; ids of any length and kind are kept apart.
import { spawnSync } from 'node:child_process';
import { readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { CNS, collateral, neuron, SaveFailedError, type StoreUnavailableError } from 'engram';
import { fileStore } from 'engram/adapters/file';
import { describe, expect, it, onTestFinished } from 'vitest';
import { creation, saving } from '../../adapters/conformance/bench.js';
import type { Lease } from '../../src/durability/store.js';
import { caught } from '../support/caught.js';
import { recordingLogger } from '../support/recording-logger.js';
import { temporaryFolder } from './support/children.js';
import { logsOf } from './support/damage.js';

const NEURONS = 1000;

describe('a run of a thousand neurons with a kilobyte of context each', () => {
  it('writes less than 10 kB when a hundred bytes of it change', async () => {
    const dir = temporaryFolder();
    const store = fileStore({ dir });
    const begin = collateral<string>('begin');
    const touch = collateral<string>('touch');
    const keep = (i: number) =>
      neuron(`n${i}`, {}).dendrite({ collateral: begin, response: (text, _, ctx) => ctx.set(text + String(i)) });
    const touched = neuron('touched', {})
      .dendrite({ collateral: begin, response: (text, _, ctx) => ctx.set(text) })
      .dendrite({ collateral: touch, response: (text, _, ctx) => ctx.update((old) => text + String(old).slice(100)) });
    const waits = neuron('waits', {}).dendrite({
      collateral: begin,
      response: () => new Promise<void>(() => undefined),
    });
    const cns = new CNS([...Array.from({ length: NEURONS - 1 }, (_, i) => keep(i)), touched, waits], { store });
    const run = cns.stimulate(begin.createSignal('x'.repeat(1000)), { id: 'large' });
    await run.checkpoint();
    const before = sizeOf(dir);
    expect(before).toBeGreaterThan(1_000_000);
    await run.signal(touch.createSignal('y'.repeat(100)));
    await run.checkpoint();
    expect((await store.load('large'))?.parts.get('context/touched')).toContain(`${'y'.repeat(100)}x`);
    expect(sizeOf(dir) - before).toBeLessThan(10_000);
    await cns.close();
    await store.close();
  });
});

describe('ids', () => {
  it('of ten thousand characters, of other scripts, and alike but for case, stay apart and within names of 255 bytes', async () => {
    const dir = temporaryFolder();
    const store = fileStore({ dir });
    const long = 'x'.repeat(10_000);
    const ids = [
      long,
      `${long}y`,
      '../../etc/passwd',
      '注文 7',
      'order',
      'Order',
      '.',
      '..',
      'a/b',
      'a\0b',
      '\ud800',
      '\ud801',
    ];
    for (const id of ids) {
      await store.create(creation(id, { head: JSON.stringify(id) }));
      await store.post(id, { deliveryId: id, body: JSON.stringify(id) });
    }
    await store.close();
    const again = fileStore({ dir });
    for (const id of ids) {
      expect((await again.load(id))?.head).toBe(JSON.stringify(id));
      expect(await again.inbox(id)).toEqual([{ deliveryId: id, body: JSON.stringify(id) }]);
    }
    const names = readdirSync(dir, { recursive: true, encoding: 'utf8' }).map((path) => path.split('/').at(-1) ?? '');
    expect(Math.max(...names.map((name) => Buffer.byteLength(name)))).toBeLessThan(256);
    await again.close();
  });
});

const isMountable = spawnSync('sh', ['-c', 'd=$(mktemp -d) && mount -t tmpfs tmpfs "$d" && umount "$d"']).status === 0;
const onMounts = isMountable ? describe : describe.skip;

/** A file system of its own, of so many kilobytes. */
function mounted(kilobytes: number): string {
  const dir = temporaryFolder();
  mount('-t', 'tmpfs', '-o', `size=${kilobytes}k`, 'tmpfs', dir);
  onTestFinished(() => void spawnSync('umount', ['-l', dir]));
  return dir;
}

function mount(...args: readonly string[]): void {
  const { status, stderr } = spawnSync('mount', args, { encoding: 'utf8' });
  if (status !== 0) throw new TypeError(`mount ${args.join(' ')}: ${stderr}`);
}

onMounts(`a disk of 256 kB${isMountable ? '' : ' (skipped: this user may not mount file systems)'}`, () => {
  const text = `"${'x'.repeat(20_000)}"`;

  it('refuses a save when it is full, keeps the one before, and goes on when there is room', async () => {
    const dir = mounted(256);
    const store = fileStore({ dir });
    const lease = (await store.create(creation('run'))) as Lease;
    let seq = 2;
    const save = () => store.save(saving('run', seq, lease, { parent: seq - 1, head: String(seq), parts: { text } }));
    const fill = async (): Promise<unknown> => {
      for (; seq < 100; seq++) {
        const error = await save().then(
          () => null,
          (refusal: unknown) => refusal,
        );
        if (error !== null) return error;
      }
      return null;
    };
    writeFileSync(join(dir, 'other'), Buffer.alloc(100_000));
    const refusal = (await fill()) as StoreUnavailableError;
    expect(refusal).toMatchObject({ code: 'STORE_UNAVAILABLE', retryable: true, cause: { code: 'ENOSPC' } });
    expect(refusal.hint).toMatch(/^free some space on the disk/);
    const reader = fileStore({ dir });
    expect(await reader.load('run')).toMatchObject({ seq: seq - 1, head: String(seq - 1) });
    await reader.close();

    rmSync(join(dir, 'other'));
    await save();
    expect(await store.load('run')).toMatchObject({ seq, head: String(seq) });
    await store.close();
  });

  it.each(['fail', 'continue'] as const)(
    "that fills up under a run: onSaveFailure '%s' decides",
    async (onSaveFailure) => {
      const dir = mounted(256);
      const store = fileStore({ dir });
      const begin = collateral<number>('begin');
      const next = collateral<number>('next');
      const done: number[] = [];
      const grow = neuron('grow', { next })
        .milestone()
        .dendrite({
          collateral: [begin, next],
          response: (n, axon, ctx) => {
            done.push(n);
            ctx.set(text.repeat(2) + String(n));
            if (n === 3) writeFileSync(join(dir, 'other'), Buffer.alloc(40_000));
            return n < 6 ? axon.next.createSignal(n + 1) : undefined;
          },
        });
      const logger = recordingLogger();
      const cns = new CNS([grow], { store, logger, onSaveFailure });
      writeFileSync(join(dir, 'filler'), Buffer.alloc(60_000));
      const run = cns.stimulate(begin.createSignal(1), { id: 'growing' });
      const ended = run.waitUntilComplete().catch((error: unknown) => error);
      if (onSaveFailure === 'continue') {
        await expect.poll(() => logger.warnings.length).toBeGreaterThan(0);
        expect(logger.warnings[0]).toContain('run "growing" cannot be stored now');
      } else {
        expect(await ended).toBeInstanceOf(SaveFailedError);
        expect(await caught(() => run.waitUntilComplete())).toMatchObject({ code: 'SAVE_FAILED', retryable: true });
      }
      for (const name of ['filler', 'other']) rmSync(join(dir, name), { force: true });
      const finished = onSaveFailure === 'continue' ? ended : (await cns.rehydrate('growing'))?.waitUntilComplete();
      expect(await finished).toMatchObject({ status: 'completed' });
      expect(new Set(done)).toEqual(new Set([1, 2, 3, 4, 5, 6]));
      await cns.close();
      await store.close();
    },
  );

  it('that becomes read-only refuses with the reason, and what was stored can be read', async () => {
    const dir = mounted(256);
    const store = fileStore({ dir });
    const lease = (await store.create(creation('run'))) as Lease;
    await store.close();
    mount('-o', 'remount,ro', dir);
    const late = fileStore({ dir });
    const refusal = await caught(() => late.save(saving('run', 2, lease)));
    expect(refusal).toMatchObject({ code: 'STORE_UNAVAILABLE', cause: { code: 'EROFS' } });
    expect(refusal).toHaveProperty('hint', expect.stringMatching(/^mount the file system of .* writable/));
    expect(await late.load('run')).toMatchObject({ seq: 1 });
    await late.close();
  });
});

const sizeOf = (dir: string): number => logsOf(dir).reduce((sum, path) => sum + statSync(path).size, 0);
