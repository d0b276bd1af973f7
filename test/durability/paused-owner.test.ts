/** I5 between real processes: what becomes of a run whose process is paused, killed or too busy. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AlreadyOwnedError, type Stimulation, type Store } from 'engram';
import { afterAll, describe, expect, inject, it, onTestFinished } from 'vitest';
import { caught } from '../support/caught.js';
import { holding, openStore, order } from './owning-child.js';

const LEASE = 600;
const script = fileURLToPath(new URL('./owning-child.ts', import.meta.url));
const argsOf = (what: string, url: string, lease: number) => ['--import', 'tsx', script, what, url, String(lease)];

const scratch = mkdtempSync(join(tmpdir(), 'engram-paused-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let places = 0;
const urls: readonly (readonly [string, () => string])[] = [
  ['fileStore', () => `file:${join(scratch, String(++places))}`],
  ['redisStore', () => `${inject('redisUrl')}#paused-${process.pid}-${++places}:`],
];

/** A process that holds run `r` of this store, in the middle of a handler. */
async function owner(url: string, lease: number) {
  const child = spawn(process.execPath, argsOf('hold', url, lease), { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  await once(child, 'message');
  return {
    label: `pid ${child.pid} on `,
    pause: () => child.kill('SIGSTOP'),
    /** Goes on, and its handler answers. */
    goOn: async () => {
      child.send('answer');
      const told = once(child, 'message');
      child.kill('SIGCONT');
      return (await told)[0] as { readonly ended: string; readonly status: string; readonly trace: readonly string[] };
    },
    kill: async () => {
      const gone = once(child, 'exit');
      child.kill('SIGKILL');
      await gone;
    },
  };
}

function here(url: string, lease: number, answer?: () => unknown) {
  const store = openStore(url);
  let go = (): void => undefined;
  const gate = new Promise<void>((resolve) => (go = resolve));
  const held = holding(store, lease, answer ?? (() => gate));
  onTestFinished(async () => {
    await held.cns.close();
    await store.close();
  });
  return { ...held, store, go };
}

const written = async (store: Store): Promise<unknown> => [
  await store.history('r'),
  await store.events('r'),
  (await store.load('r'))?.head,
];

describe.each(urls)('on a %s, a run of another process', (_name, urlOf) => {
  it('that is paused past its lease is taken over, not sooner; going on, it writes nothing and stops with StaleOwnerError', async () => {
    const url = urlOf();
    const paused = await owner(url, LEASE);
    const { cns, store, trace, go } = here(url, LEASE);
    const refused = (await caught(cns.rehydrate('r'))) as AlreadyOwnedError;
    expect(refused).toBeInstanceOf(AlreadyOwnedError);
    expect(refused.owner).toContain(paused.label);
    paused.pause();
    let taken: Stimulation | undefined;
    let until = refused.until;
    await expect
      .poll(
        async () => {
          taken = await cns.rehydrate('r').catch((error: unknown) => {
            until = (error as AlreadyOwnedError).until;
            return undefined;
          });
          return taken?.id;
        },
        { interval: 10 },
      )
      .toBe('r');
    expect(Date.now()).toBeGreaterThanOrEqual(until);
    const before = await written(store);
    expect(await paused.goOn()).toEqual({ ended: 'STALE_OWNER', status: 'failed', trace: ['wait'] });
    expect(await written(store)).toEqual(before);
    go();
    expect(await taken?.waitUntilComplete()).toMatchObject({ status: 'completed', context: { wait: 'tea' } });
    expect(trace).toEqual(['wait', 'ship']);
  });

  it('that was killed is recovered at once, however long its lease still is', async () => {
    const url = urlOf();
    const killed = await owner(url, 600_000);
    const { cns, trace, go } = here(url, 600_000);
    expect(await cns.recover()).toMatchObject({ resumed: [], owned: [{ id: 'r', error: { code: 'ALREADY_OWNED' } }] });
    await killed.kill();
    const runs: Stimulation[] = [];
    expect(await cns.recover({ onRun: (run) => runs.push(run) })).toMatchObject({ resumed: ['r'], owned: [] });
    go();
    await runs[0]?.waitUntilComplete();
    expect(trace).toEqual(['wait', 'ship']);
  });
});

describe.each(urls)('on a %s, a handler that blocks its process for longer than the lease', (_name, urlOf) => {
  it('loses nothing when nobody takes the run', async () => {
    const { cns, trace } = here(urlOf(), LEASE, () => {
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, LEASE * 2);
    });
    const run = cns.stimulate(order.createSignal('tea'), { id: 'r' });
    expect(await run).toMatchObject({ status: 'completed' });
    expect(trace).toEqual(['wait', 'ship']);
  });

  it('loses the run when another process takes it meanwhile: that one ends it, and this one writes nothing more', async () => {
    const url = urlOf();
    const { cns, trace, store } = here(url, LEASE, () => {
      const { status, stderr } = spawnSync(process.execPath, argsOf('take', url, LEASE), { encoding: 'utf8' });
      expect(status, stderr).toBe(0);
    });
    const run = cns.stimulate(order.createSignal('tea'), { id: 'r' });
    expect(await caught(run)).toMatchObject({ code: 'STALE_OWNER' });
    expect(trace).toEqual(['wait']);
    expect((await store.list()).runs).toMatchObject([{ id: 'r', index: { status: 'completed' } }]);
  });
});
