import { chmodSync, cpSync, existsSync, readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { claim, creation, saving } from '../../adapters/conformance/bench.js';
import { FileStore } from '../../adapters/file/file-store.js';
import { wrapFiles } from '../../adapters/file/operations.js';
import { fileStore } from '../../adapters/file.js';
import type { Lease, Store } from '../../src/durability/store.js';
import { StoreProcess, temporaryFolder } from './support/children.js';
import { logsOf } from './support/damage.js';
import { injectFault } from './support/faulty-files.js';
import { everythingIn } from './support/whole-store.js';

const HISTORY = 16;

describe('compaction', () => {
  it('of 200 runs of 50 checkpoints leaves a fifth, and everything it keeps is as it was', async () => {
    const dir = temporaryFolder();
    const store = new FileStore({ dir, fsync: false, history: HISTORY, longestLog: 1 << 18 });
    await fill(store, 200, 50);
    const reader = fileStore({ dir });
    const before = await everythingIn(reader, HISTORY);
    const eventsBefore = await reader.events('run 7');
    const bytes = sizeOf(dir);
    const { logs, bytesBefore, bytesAfter } = await store.compact();
    expect(logs).toBeGreaterThan(5);
    expect(bytesBefore).toBe(bytes);
    expect(bytesAfter).toBe(sizeOf(dir));
    // Two whole states of about 1.1 kB, 14 changes of 0.3 kB, and 49 events, of each run.
    expect(bytesAfter / 200).toBeLessThan(8_000);
    expect(bytesAfter).toBeLessThan(bytesBefore / 2);
    expect(logsOf(dir)).toHaveLength(1);
    for (const each of [reader, store, fileStore({ dir })]) {
      expect(await everythingIn(each)).toEqual(before);
    }
    expect(eventsBefore).toHaveLength(49);
    expect(await reader.events('run 7')).toEqual(eventsBefore);
    await Promise.all([store.close(), reader.close()]);
  });

  it('lets its owner and other processes go on as if nothing had been', async () => {
    const dir = temporaryFolder();
    const store = fileStore({ dir });
    const leases = await fill(store, 3, 30);
    const other = fileStore({ dir });
    expect((await other.load('run 0'))?.seq).toBe(30);
    await store.compact();
    await store.save(saving('run 0', 31, leases[0] as Lease, { head: '"on"' }));
    expect((await other.load('run 0'))?.head).toBe('"on"');
    const taken = (await other.acquire('run 1', claim('two', { dead: ['one'] }))) as Lease;
    await other.save(saving('run 1', 31, taken, { head: '"taken"', parts: { a: '"b"' } }));
    await expect(store.save(saving('run 1', 31, leases[1] as Lease))).rejects.toThrow(/taken over/);
    await other.compact();
    await store.compact();
    expect((await store.load('run 1'))?.head).toBe('"taken"');
    expect((await store.load('run 1', 25))?.seq).toBe(25);
    expect(await store.history('run 1')).toEqual(Array.from({ length: 16 }, (_, i) => 31 - i));
    await Promise.all([store.close(), other.close()]);
  });

  it('again and again, keeps what it kept', async () => {
    const dir = temporaryFolder();
    const store = fileStore({ dir });
    const leases = await fill(store, 4, 20);
    await store.post('run 1', { deliveryId: 'waits', body: '1' });
    await store.post('run 1', { deliveryId: 'taken', body: '2' });
    for (let seq = 21; seq <= 60; seq += 1) {
      const ackInbox = seq === 22 ? ['taken'] : [];
      await store.save(saving('run 1', seq, leases[1] as Lease, { events: [`"e${seq}"`], ackInbox }));
      if (seq % 7 === 0) await store.compact();
    }
    await store.post('run 1', { deliveryId: 'taken', body: '2' });
    await store.compact();
    const after = await everythingIn(fileStore({ dir }));
    expect(after['run 1']?.history).toEqual(Array.from({ length: 16 }, (_, i) => 60 - i));
    expect(after['run 1']?.events).toHaveLength(59);
    expect(after['run 1']?.events.at(-1)).toBe('"e60"');
    expect(after['run 1']?.inbox).toEqual(['waits']);
    expect(after['run 0']?.history).toEqual(Array.from({ length: 16 }, (_, i) => 20 - i));
    await store.close();
  });

  it('brings back nothing that was pruned, and keeps the history that it was told to keep', async () => {
    const dir = temporaryFolder();
    const store = fileStore({ dir, history: 40 });
    await fill(store, 2, 50);
    await store.prune('run 0', 3);
    await store.compact();
    expect(await fileStore({ dir }).history('run 0')).toEqual([50, 49, 48]);
    expect(await fileStore({ dir }).history('run 1')).toHaveLength(40);
    await store.close();
  });

  it('leaves nothing of a deleted run on the disk, and its id begins anew', async () => {
    const dir = temporaryFolder();
    const store = fileStore({ dir });
    await fill(store, 3, 5);
    await store.post('run 1', { deliveryId: 'd', body: '"hello"' });
    expect(await store.delete('run 1')).toBe(true);
    await store.compact();
    await store.close();
    expect(filesOf(dir).filter((path) => path.includes('run-1'))).toEqual([]);
    expect(logsOf(dir).map((log) => readFileSync(log, 'utf8').includes('run 1'))).toEqual([false]);
    const other = fileStore({ dir });
    expect((await other.create(creation('run 1')))?.fence).toBe(1);
    expect(Object.keys(await everythingIn(other))).toEqual(['run 0', 'run 1', 'run 2']);
    await other.close();
  });

  it('I5: keeps the deletion of a run as long as somebody may still write to it, and what that one writes is nothing', async () => {
    const dir = temporaryFolder();
    const child = await StoreProcess.start(dir);
    const lease = (await child.call('create', 'run', '"first"')).value as Lease;
    child.pause();
    const store = fileStore({ dir });
    expect(await store.delete('run')).toBe(true);
    await store.compact();
    await store.compact();
    child.goOn();
    const late = await child.call('save', saving('run', 2, lease, { head: '"late"', whole: true }));
    expect(late.error?.name).toMatch(/UnknownRunError|StaleOwnerError/);
    expect(await store.load('run')).toBeUndefined();
    await child.kill();
    await store.compact();
    expect(filesOf(dir).filter((path) => path.includes('/runs/'))).toEqual([]);
    expect(await fileStore({ dir }).load('run')).toBeUndefined();
    await store.close();
  });

  it('I5: what an overtaken process writes to its old log afterwards does not count', async () => {
    const dir = temporaryFolder();
    const child = await StoreProcess.start(dir);
    const lease = (await child.call('create', 'run', '"first"')).value as Lease;
    for (let seq = 2; seq <= 20; seq += 1)
      await child.call('save', saving('run', seq, lease, { head: `"old ${seq}"` }));
    child.pause();
    const store = fileStore({ dir });
    const taken = (await store.acquire('run', { ...claim('taker'), isDead: () => true })) as Lease;
    for (let seq = 21; seq <= 60; seq += 1) await store.save(saving('run', seq, taken, { head: `"mine ${seq}"` }));
    await store.compact();
    child.goOn();
    const late = await child.call('save', saving('run', 21, lease, { head: '"late"', whole: true }));
    expect(late.error?.name).toBe('StaleOwnerError');
    await child.kill();
    await store.compact();
    const after = (await everythingIn(fileStore({ dir })))['run'];
    expect(after?.history).toEqual(Array.from({ length: 16 }, (_, i) => 60 - i));
    expect(after?.checkpoints[60]?.head).toBe('"mine 60"');
    await store.close();
  });

  it('a writer whose log was closed by somebody else goes on in another one, and loses nothing', async () => {
    const dir = temporaryFolder();
    const store = fileStore({ dir });
    const lease = (await store.create(creation('run'))) as Lease;
    chmodSync(logsOf(dir)[0] ?? '', 0o400);
    await store.save(saving('run', 2, lease, { head: '"two"' }));
    expect(logsOf(dir)).toHaveLength(2);
    const other = fileStore({ dir });
    await other.compact();
    expect((await other.load('run'))?.head).toBe('"two"');
    expect(await other.history('run')).toEqual([2, 1]);
    await store.save(saving('run', 3, lease, { head: '"three"' }));
    expect((await other.load('run'))?.head).toBe('"three"');
    await Promise.all([store.close(), other.close()]);
  });

  it('touches no log of a living process, and all of a dead one', async () => {
    const dir = temporaryFolder();
    const child = await StoreProcess.start(dir);
    await child.call('create', 'run', '"first"');
    const store = fileStore({ dir });
    expect((await store.compact()).logs).toBe(0);
    await child.kill();
    expect((await store.compact()).logs).toBe(1);
    expect((await store.load('run'))?.head).toBe('"first"');
    await store.close();
  });

  it('happens by itself when logs have grown', async () => {
    const dir = temporaryFolder();
    const store = new FileStore({ dir, fsync: false, history: 2, longestLog: 1 << 20 });
    const lease = (await store.create(creation('run'))) as Lease;
    const head = JSON.stringify('x'.repeat(20_000));
    for (let seq = 2; seq <= 400; seq += 1) await store.save(saving('run', seq, lease, { head }));
    await expect.poll(() => logsOf(dir).some((log) => log.includes('compacted-'))).toBe(true);
    await store.close();
    expect(sizeOf(dir)).toBeLessThan(399 * 20_000);
    expect((await fileStore({ dir }).load('run'))?.seq).toBe(400);
  });

  it('keeps a damaged line, so that the damage can still be told', async () => {
    const dir = temporaryFolder();
    const first = fileStore({ dir });
    await fill(first, 2, 30);
    await first.close();
    const log = logsOf(dir)[0] ?? '';
    chmodSync(log, 0o600);
    writeFileSync(log, readFileSync(log, 'utf8').replace('run 0 at 20', 'run 0 at 99'));
    chmodSync(log, 0o400);
    const store = fileStore({ dir });
    const events = await store.events('run 0');
    expect(events).toHaveLength(28);
    await store.compact();
    const after = fileStore({ dir });
    await expect(after.load('run 0', 20)).rejects.toThrow(/is damaged/);
    expect((await after.load('run 0', 19))?.seq).toBe(19);
    expect(await after.events('run 0')).toEqual(events);
    expect(await after.history('run 1')).toHaveLength(16);
    await Promise.all([store.close(), after.close()]);
  });
});

describe('compaction that is cut short', () => {
  it('at each of its calls that change anything on the disk, loses nothing and hinders nobody', async () => {
    const prepared = temporaryFolder();
    const { before } = await prepareMixed(prepared);
    let step = 1;
    for (; ; step += 1) {
      const dir = temporaryFolder();
      cpSync(prepared, dir, { recursive: true });
      const store = fileStore({ dir });
      const injection = injectFault(step, 'dead', 'changes');
      await store.compact().catch(() => undefined);
      await store.close().catch(() => undefined);
      const isThrough = injection.hit() === undefined;
      injection.end();
      const next = fileStore({ dir });
      expect(await everythingIn(next, HISTORY), `cut at call ${step} (${injection.hit() ?? ''})`).toEqual(before);
      await next.compact();
      expect(await everythingIn(next), `compacted after a cut at call ${step}`).toEqual(before);
      // Of a deleted run a crash may leave claims, which are in nobody's way.
      expect(filesOf(dir).filter((path) => path.includes('gone') && !path.includes('/runs/'))).toEqual([]);
      const anew = creation('gone', { claim: { ...claim('anew'), isDead: () => true } });
      expect(await next.create(anew), `created anew after a cut at call ${step}`).toBeDefined();
      await next.close();
      if (isThrough) break;
    }
    console.log(`file store: compaction cut short at each of ${step - 1} calls that change anything`);
    expect(step).toBeGreaterThan(30);
  });

  it('by SIGKILL at some of them, loses nothing either', async () => {
    const prepared = temporaryFolder();
    const { before } = await prepareMixed(prepared);
    for (const step of [12, 25, 40, 50, 55, 60]) {
      const dir = temporaryFolder();
      cpSync(prepared, dir, { recursive: true });
      const child = await StoreProcess.start(dir);
      await child.dies(() => child.call('compactUntil', step));
      const next = fileStore({ dir });
      expect(await everythingIn(next, HISTORY), `killed at call ${step}`).toEqual(before);
      await next.close();
    }
  });
});

describe('compaction by several at once', () => {
  /** The same runs, before and after, for whoever looks. */
  async function expectWhole(dir: string, before: unknown): Promise<void> {
    const next = fileStore({ dir });
    expect(await everythingIn(next, HISTORY)).toEqual(before);
    await next.compact();
    expect(await everythingIn(next, HISTORY)).toEqual(before);
    // what one that died was writing stays for an hour, since nobody can tell whether it is done with
    expect(logsOf(dir).filter((log) => !log.endsWith('.tmp'))).toHaveLength(1);
    expect(filesOf(dir).filter((path) => path.includes('gone'))).toEqual([]);
    await next.close();
  }

  it('in one process loses nothing, and whoever reads meanwhile misses nothing', async () => {
    const prepared = temporaryFolder();
    const { before } = await prepareMixed(prepared);
    for (let round = 0; round < 6; round += 1) {
      const dir = temporaryFolder();
      cpSync(prepared, dir, { recursive: true });
      const stores = Array.from({ length: 3 }, () => fileStore({ dir }));
      // each begins where the one before it has come to some turns of the event loop
      const compactions = stores.map(async (store, i) => {
        for (let turn = 0; turn < i * round; turn += 1) await new Promise(setImmediate);
        return store.compact();
      });
      const reader = fileStore({ dir });
      const [read, ...done] = await Promise.all([everythingIn(reader, HISTORY), ...compactions]);
      expect(read, `round ${round}`).toEqual(before);
      expect(done.some(({ logs }) => logs > 0)).toBe(true);
      await Promise.all([reader, ...stores].map((store) => store.close()));
      await expectWhole(dir, before);
    }
  });

  it('brings back nothing that another one has forgotten while it wrote, also where the id began anew', async () => {
    const dir = temporaryFolder();
    const { before } = await prepareMixed(dir);
    const [slow, fast] = [fileStore({ dir }), fileStore({ dir })];
    let meanwhile: Promise<unknown> | undefined;
    const overtake = async (): Promise<void> => {
      await fast.compact();
      await fast.create(creation('gone', { head: '"anew"' }));
    };
    onTestFinished(
      wrapFiles((inner) => ({
        ...inner,
        // the first to be synced is the new log, all of which is written, and which is not in its place yet
        sync: async (fd) => {
          if (meanwhile === undefined) await (meanwhile = overtake());
          await inner.sync(fd);
        },
      })),
    );
    expect((await slow.compact()).logs).toBe(0);
    expect(meanwhile).toBeDefined();
    for (const store of [slow, fast, fileStore({ dir })]) {
      const { gone, ...others } = await everythingIn(store, HISTORY);
      expect(gone).toMatchObject({ history: [1], checkpoints: { 1: { head: '"anew"' } }, events: [], inbox: [] });
      expect(others).toEqual(before);
      await store.close();
    }
  });

  it('in several processes loses nothing, though one of them dies in the middle', async () => {
    const prepared = temporaryFolder();
    const { before } = await prepareMixed(prepared);
    for (const step of [30, 60, Infinity]) {
      const dir = temporaryFolder();
      cpSync(prepared, dir, { recursive: true });
      const [one, two, mortal] = await Promise.all([1, 2, 3].map(() => StoreProcess.start(dir)));
      const end = mortal?.dies(() => mortal.call('compactUntil', step));
      const answers = await Promise.all([one?.call('compact'), two?.call('compact')]);
      expect(answers.map((answer) => answer?.error)).toEqual([undefined, undefined]);
      await end;
      await Promise.all([one?.kill(), two?.kill()]);
      await expectWhole(dir, before);
    }
  });
});

/** Runs with changes, events, a take-over, a prune, messages and a deletion, in logs that are all closed. */
async function prepareMixed(dir: string) {
  const store = new FileStore({ dir, history: HISTORY, longestLog: 6_000 });
  await fill(store, 3, 25);
  await store.prune('run 0', 5);
  await store.post('run 2', { deliveryId: 'm', body: '1' });
  const lease = (await store.acquire('run 2', claim('one'))) as Lease;
  await store.save(saving('run 2', 26, lease, { head: '"26"', parts: { late: '1' } }));
  const dead = await StoreProcess.start(dir);
  const theirs = (await dead.call('create', 'theirs', '"t"')).value as Lease;
  for (let seq = 2; seq < 20; seq += 1) await dead.call('save', saving('theirs', seq, theirs, { head: `"${seq}"` }));
  await dead.call('create', 'gone', '1');
  await store.post('gone', { deliveryId: 'g', body: '1' });
  await dead.call('delete', 'gone');
  await dead.kill();
  const before = await everythingIn(store, HISTORY);
  await store.close();
  return { before };
}

/** Runs with a state of a kilobyte in ten parts, of which each save changes one. */
async function fill(store: Store, runs: number, checkpoints: number): Promise<Lease[]> {
  const text = 'x'.repeat(90);
  const parts = Object.fromEntries(Array.from({ length: 10 }, (_, i) => [`p${i}`, `"${text}"`]));
  const ids = Array.from({ length: runs }, (_, i) => `run ${i}`);
  const leases = (await Promise.all(ids.map((id) => store.create(creation(id, { parts }))))) as Lease[];
  for (let seq = 2; seq <= checkpoints; seq += 1) {
    await Promise.all(
      ids.map((id, i) => {
        const head = `"${id} at ${seq}"`;
        const changed = { [`p${seq % 10}`]: `"${seq}${text}"` };
        return store.save(saving(id, seq, leases[i] as Lease, { head, parts: changed, events: [`{"e":${seq}}`] }));
      }),
    );
  }
  return leases;
}

function sizeOf(dir: string): number {
  return logsOf(dir).reduce((total, log) => total + statSync(log).size, 0);
}

function filesOf(dir: string): string[] {
  if (!existsSync(dir)) return [];
  return readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .map((path) => join(dir, path))
    .filter((path) => statSync(path).isFile());
}
