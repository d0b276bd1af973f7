// Rule: claims that say the same are names of one file, whatever becomes of that file; and of several takers one gets a run,
// also on file systems that know no hard links.
import { mkdirSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { claim, creation, HandClock, saving, TTL } from '../../adapters/conformance/bench.js';
import { fileStore } from '../../adapters/file.js';
import { type FileOperations, wrapFiles } from '../../adapters/file/operations.js';
import { AlreadyOwnedError, StaleOwnerError } from '../../src/errors/index.js';
import type { Lease, Store } from '../../src/durability/store.js';
import { StoreProcess, temporaryFolder } from './support/children.js';

const claimsOf = (dir: string): string[] => readdirSync(join(dir, 'runs')).map((name) => join(dir, 'runs', name));
const inodesOf = (dir: string): number => new Set(claimsOf(dir).map((path) => statSync(path).ino)).size;

/** @returns undefined for the one that is late: the run is there, or about to be */
const create = (store: Store, id: string, key: string): Promise<Lease | undefined> =>
  store.create(creation(id, { claim: claim(key) })).catch((error: unknown) => {
    if (!(error instanceof AlreadyOwnedError)) throw error;
    return undefined;
  });

describe('claims', () => {
  it('of one owner that begin together are one file, which says until when; those of a later time are another', async () => {
    const dir = temporaryFolder();
    const clock = new HandClock();
    const store = fileStore({ dir, clock });
    const first = (await store.create(creation('a'))) as Lease;
    clock.pass(TTL / 50);
    const second = (await store.create(creation('b'))) as Lease;
    expect(inodesOf(dir)).toBe(1);
    expect(second.until).toBe(first.until);
    clock.pass(TTL / 10);
    const third = (await store.create(creation('c'))) as Lease;
    expect(third.until).toBe(clock.now() + TTL);
    await store.create(creation('d', { claim: claim('another') }));
    expect(inodesOf(dir)).toBe(3);
    const [path] = claimsOf(dir).filter((name) => name.includes('/c~'));
    const text = JSON.parse(readFileSync(path ?? '', 'utf8')) as object;
    expect(text).toMatchObject({ owner: { key: 'one' }, until: third.until });
    await store.close();
    expect(readdirSync(join(dir, 'owners'))).toEqual([]);
  });

  it('are made again where what they are names of was removed, by hand or with the whole folder', async () => {
    const dir = temporaryFolder();
    const store = fileStore({ dir });
    await store.create(creation('a'));
    rmSync(join(dir, 'owners'), { recursive: true });
    const lease = (await store.create(creation('b'))) as Lease;
    await store.save(saving('b', 2, lease));
    expect((await store.list()).runs).toMatchObject([{ id: 'a' }, { id: 'b', lease: { owner: { key: 'one' } } }]);
    await store.close();
  });
});

describe('what owners leave behind', () => {
  const leftIn = (dir: string): string[] => readdirSync(join(dir, 'owners'));

  it('goes when they are dead and their leases are over, and never while they live', async () => {
    const dir = temporaryFolder();
    const child = await StoreProcess.start(dir);
    const { value: lease } = await child.call('create', 'run', '"first"');
    await child.call('renew', 'run', lease);
    const until = (lease as Lease).until;
    const clock = new HandClock();
    clock.pass(until - clock.now() - 1);
    const store = fileStore({ dir, clock });
    expect(leftIn(dir)).toHaveLength(2); // its heartbeat, and what its claims are names of
    clock.pass(TTL + 600_000);
    await store.compact();
    expect(leftIn(dir)).toHaveLength(2);
    await child.kill();
    clock.pass(-TTL - 600_000);
    await store.compact();
    expect(leftIn(dir)).toHaveLength(2);
    clock.pass(TTL + 600_000);
    await store.compact();
    expect(leftIn(dir)).toEqual([]);
    expect((await store.list()).runs).toMatchObject([{ id: 'run', lease: { until } }]);
    await store.close();
  });

  it('goes after a day of silence where nobody can tell whether they live; what cannot be read stays', async () => {
    const dir = temporaryFolder();
    const clock = new HandClock();
    const first = fileStore({ dir, clock });
    const lease = (await first.create(creation('run', { claim: claim('elsewhere') }))) as Lease;
    await first.renew('run', lease, TTL);
    writeFileSync(join(dir, 'owners', 'odd.json'), 'hello');
    mkdirSync(join(dir, 'owners', 'a-folder.json'));
    const store = fileStore({ dir, clock });
    clock.pass(86_000_000);
    await store.compact();
    expect(leftIn(dir)).toHaveLength(4);
    clock.pass(500_000);
    await first.compact();
    expect(leftIn(dir)).toHaveLength(4); // its own
    await store.compact();
    expect(leftIn(dir)).toEqual(['a-folder.json', 'odd.json']);
    await first.renew('run', lease, TTL);
    expect((await store.list()).runs).toMatchObject([{ lease: { until: clock.now() + TTL } }]);
    await Promise.all([store.close(), first.close()]);
  });
});

it.each([
  ['empty', ''],
  ['cut', '{"crc":"12'],
  ['of somebody else', 'hello\n'],
])('a claim that is %s, as after a power failure, holds nobody up, and no list', async (_, text) => {
  const dir = temporaryFolder();
  const store = fileStore({ dir });
  for (const id of ['a', 'b']) await store.create(creation(id));
  for (const path of claimsOf(dir)) writeFileSync(path, text);
  const other = fileStore({ dir });
  expect((await other.list()).runs.map(({ id, lease }) => [id, lease])).toEqual([
    ['a', null],
    ['b', null],
  ]);
  const lease = (await other.acquire('a', claim('two'))) as Lease;
  await other.save(saving('a', 2, lease));
  await expect(store.save(saving('a', 2, { ...lease, fence: 1 }))).rejects.toBeInstanceOf(StaleOwnerError);
  await store.close();
  await other.close();
});

/** @param refuses the error of a link, by how many names its file has */
function limitLinks(refuses: (names: number) => string | undefined): void {
  const limit = (inner: FileOperations): FileOperations => ({
    ...inner,
    link: (from, to) => {
      const code = refuses(inner.look(from)?.nlink ?? 0);
      if (code !== undefined) throw Object.assign(new Error(`${code}: link '${from}' -> '${to}'`), { code });
      inner.link(from, to);
    },
  });
  onTestFinished(wrapFiles(limit));
}

describe.each<[string, (names: number) => string | undefined]>([
  ['knows no hard links', () => 'EPERM'],
  ['gives a file three names at most', (names) => (names >= 3 ? 'EMLINK' : undefined)],
  ['knows all of them', () => undefined],
])('on a file system that %s', (_, refuses) => {
  it('every run can be created, once, and taken by one of two stores', async () => {
    limitLinks(refuses);
    const dir = temporaryFolder();
    const [one, two] = [fileStore({ dir }), fileStore({ dir })];
    const ids = Array.from({ length: 20 }, (_, i) => `run ${i}`);
    for (const id of ids) {
      const made = await Promise.all([create(one, id, 'one'), create(two, id, 'two')]);
      expect(made.filter((lease) => lease !== undefined)).toHaveLength(1);
      const owner = made[0] === undefined ? 'two' : 'one';
      const other = made[0] === undefined ? 'one' : 'two';
      await expect(one.acquire(id, claim(other))).rejects.toBeInstanceOf(AlreadyOwnedError);
      const taken = await two.acquire(id, { ...claim('three'), isDead: ({ key }) => key === owner });
      expect(taken).toMatchObject({ owner: { key: 'three' } });
    }
    expect((await two.list()).runs.map(({ lease }) => lease?.owner.key)).toEqual(ids.map(() => 'three'));
    await one.close();
    await two.close();
  });
});
