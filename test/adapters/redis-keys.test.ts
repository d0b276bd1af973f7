// Rule: what the store leaves in a server is bounded, in one slot for each run, and what is missing of it is found.
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import type { Store } from 'engram';
import { redisStore } from 'engram/adapters/redis';
import { claim, creation, saving } from '../../adapters/conformance/bench.js';
import { decodeName, encodeName } from '../../adapters/redis/names.js';
import { startRedis } from '../support/redis-server.js';
import { connected, freshPrefix } from './support/redis.js';

const url = inject('redisUrl');
const COMPLETED = { status: 'completed', graph: 'flow', due: null } as const;

function opened(prefix: string, options: { readonly history?: number; readonly finishedTtl?: number } = {}): Store {
  const store = redisStore({ url, prefix, ...options });
  onTestFinished(() => store.close());
  return store;
}

const created = async (store: Store, id: string) =>
  (await store.create(creation(id, { parts: { a: '1' }, events: ['1'] }))) ?? expect.fail(`no lease of ${id}`);

describe('keys', () => {
  it('of a run and of the index that knows it are in one slot of a cluster', async () => {
    const prefix = freshPrefix();
    const client = await connected(url);
    const cluster = await startRedis({ settings: ['--cluster-enabled', 'yes'] });
    onTestFinished(() => cluster.stop());
    const slots = await connected(cluster.url);
    const store = opened(prefix, { history: 1, finishedTtl: 60_000 });
    const ids = ['a', 'with {braces}', '}{', 'ünïcödé \ud800', ...Array.from({ length: 40 }, (_, i) => `run ${i}`)];
    for (const id of ids) {
      const lease = await created(store, id);
      await store.post(id, { deliveryId: 'd', body: '1' });
      await store.post(id, { deliveryId: 'e', body: '1' });
      for (const seq of [2, 3]) await store.save(saving(id, seq, lease, { parts: { b: '1' }, ackInbox: ['d'] }));
      await store.prune(id, 1);
    }
    const shards = new Map<string, Set<number>>();
    for (const key of await client.keys(`${prefix}*`)) {
      const shard = /\{\d+\}/.exec(key)?.[0] ?? expect.fail(key);
      const slot = (await slots.sendCommand(['CLUSTER', 'KEYSLOT', key])) as unknown as number;
      shards.set(shard, (shards.get(shard) ?? new Set()).add(slot));
    }
    expect([...shards.values()].map((found) => found.size)).toEqual([...shards].map(() => 1));
    expect(shards.size).toBeGreaterThan(8);
    for (const id of ids) {
      const letters = ['r', 'b', 'e', 'i', 'a'];
      const kept = (await client.keys(`${prefix}*`)).filter((key) => key.endsWith(`:${encodeName(id)}`));
      expect(kept.map((key) => /\}:(.)/.exec(key)?.[1]).sort()).toEqual([...letters].sort());
    }
  });

  it('sort in the order of UTF-16 code units, and give every id back', () => {
    const ids = ['', 'a', 'b', 'é', '\ud7ff', '\ud800', '\ud83d\ude00', '\udfff', '\ue000', '\ue000d800', '\uffff'];
    const bytes = ids.map((id) => Buffer.from(encodeName(id)));
    expect([...bytes].sort(Buffer.compare)).toEqual(bytes);
    expect(ids.map((id) => decodeName(encodeName(id)))).toEqual(ids);
    expect(bytes.map((name) => decodeName(name.toString()))).toEqual(ids);
  });
});

describe('history', () => {
  it('is bounded, and every checkpoint that it names is whole', async () => {
    const prefix = freshPrefix();
    const store = opened(prefix, { history: 4 });
    const lease = await created(store, 'run');
    const state = new Map([['a', '1']]);
    const states = new Map([[1, Object.fromEntries(state)]]);
    for (let seq = 2; seq <= 60; seq += 1) {
      const gone = seq % 3 === 0 ? { [`p${(seq + 3) % 7}`]: null } : {};
      const isWhole = seq % 13 === 0;
      if (isWhole) state.clear();
      const set = { [`p${seq % 7}`]: `"ü ${seq}"` };
      state.set(`p${seq % 7}`, `"ü ${seq}"`);
      for (const name of Object.keys(gone)) state.delete(name);
      states.set(seq, Object.fromEntries(state));
      const parts = isWhole ? Object.fromEntries(state) : { ...set, ...gone };
      await store.save(saving('run', seq, lease, { parts, whole: isWhole, events: [`"é ${seq}"`, `${seq}`] }));
      const events = ['1', ...Array.from({ length: seq - 1 }, (_, i) => [`"é ${i + 2}"`, `${i + 2}`]).flat()];
      expect(await store.events('run')).toEqual(events);
      const kept = await store.history('run');
      expect(kept).toEqual(Array.from({ length: kept.length }, (_, i) => seq - i));
      expect(kept.length).toBeGreaterThanOrEqual(Math.min(4, seq));
      expect(kept.length).toBeLessThanOrEqual(7);
      for (const older of kept) {
        expect(Object.fromEntries((await store.load('run', older))?.parts ?? [])).toEqual(states.get(older));
      }
    }
    const client = await connected(url);
    const [hash = ''] = await client.keys(`${prefix}*:r:run`);
    expect(await client.hLen(hash)).toBeLessThan(40);
  });

  it.each<[string, (record: string) => string]>([
    ['its end', (record) => record.slice(0, -1)],
    ['most of it', (record) => record.slice(0, record.indexOf('\n') + 3)],
    ['its facts', (record) => record.replace('[', '')],
    ['a letter', (record) => record.replace('"three"', '"thee"')],
  ])('tells of a checkpoint that lacks %s, and those before it are still there', async (_, spoiled) => {
    const prefix = freshPrefix();
    const store = opened(prefix);
    const lease = await created(store, 'run');
    await store.save(saving('run', 2, lease, { parts: { a: '2' } }));
    await store.save(saving('run', 3, lease, { parts: { b: '"three"' } }));
    const client = await connected(url);
    const [hash = ''] = await client.keys(`${prefix}*:r:run`);
    await client.hSet(hash, '3', spoiled((await client.hGet(hash, '3')) ?? ''));
    await expect(store.load('run')).rejects.toMatchObject({
      name: 'CorruptCheckpointError',
      message: expect.stringMatching(
        /checkpoint 3 of run "run" in redis:.*the record of checkpoint 3 cannot be read/,
      ) as string,
    });
    expect(Object.fromEntries((await store.load('run', 2))?.parts ?? [])).toEqual({ a: '2' });
    await client.hDel(hash, '3');
    expect(await store.history('run')).toEqual([3, 2, 1]);
    await expect(store.load('run')).rejects.toMatchObject({ name: 'CorruptCheckpointError' });
  });

  it('a damaged or missing checkpoint hides no events but its own, and is forgotten after a whole one', async () => {
    const prefix = freshPrefix();
    const store = opened(prefix, { history: 4 });
    const lease = await created(store, 'run');
    const client = await connected(url);
    const save = (seq: number, more = {}) =>
      store.save(saving('run', seq, lease, { parts: { [`p${seq}`]: '1' }, events: [`${seq}`], ...more }));
    await save(2);
    await save(3);
    const [hash = ''] = await client.keys(`${prefix}*:r:run`);
    await client.hSet(hash, '2', 'damaged');
    await client.hDel(hash, '1');
    expect(await store.events('run')).toEqual(['3']);
    for (let seq = 4; seq <= 24; seq++) await save(seq);
    await store.prune('run', 4);
    expect(await store.history('run')).toHaveLength(23);
    await save(25, { whole: true });
    for (let seq = 26; seq <= 60; seq++) await save(seq);
    expect((await store.history('run')).length).toBeLessThan(13);
    const { parts } = (await store.load('run')) ?? expect.fail('it is gone');
    expect([...parts.keys()].sort()).toEqual(Array.from({ length: 36 }, (_, i) => `p${i + 25}`));
    expect(await store.events('run')).toEqual(Array.from({ length: 58 }, (_, i) => `${i + 3}`));
  });

  it('damage to the oldest checkpoint that is kept spoils none that builds on it', async () => {
    const prefix = freshPrefix();
    const store = opened(prefix);
    const lease = await created(store, 'run');
    for (let seq = 2; seq <= 6; seq++) await store.save(saving('run', seq, lease, { parts: { [`p${seq}`]: '1' } }));
    await store.prune('run', 3);
    const client = await connected(url);
    const [hash = ''] = await client.keys(`${prefix}*:r:run`);
    await client.hSet(hash, '4', 'damaged');
    expect([...((await store.load('run'))?.parts.keys() ?? [])].sort()).toEqual(['a', 'p2', 'p3', 'p4', 'p5', 'p6']);
    await expect(store.load('run', 4)).rejects.toMatchObject({ name: 'CorruptCheckpointError' });
  });

  it('is not pruned where a key holds something else, and nothing of it changes', async () => {
    const prefix = freshPrefix();
    const store = opened(prefix);
    const lease = await created(store, 'run');
    for (let seq = 2; seq <= 4; seq++) await store.save(saving('run', seq, lease));
    const client = await connected(url);
    const [hash = ''] = await client.keys(`${prefix}*:r:run`);
    for (const letter of ['e', 'b']) {
      const key = hash.replace(':r:', `:${letter}:`);
      await client.set(key, 'not ours');
      await expect(store.prune('run', 2)).rejects.toMatchObject({ message: expect.stringContaining(key) as string });
      expect(await store.history('run')).toEqual([4, 3, 2, 1]);
      await client.del(key);
    }
    await store.prune('run', 2);
    expect(await store.history('run')).toEqual([4, 3]);
  });

  it('tells of a run of which all is missing, lists it, and makes no other under its id until it is deleted', async () => {
    const prefix = freshPrefix();
    const store = opened(prefix);
    await created(store, 'run');
    const client = await connected(url);
    await client.del((await client.keys(`${prefix}*:r:run`))[0] ?? '');
    const lost = { name: 'CorruptCheckpointError', message: expect.stringContaining('noeviction') as string };
    await expect(store.load('run')).rejects.toMatchObject(lost);
    await expect(store.create(creation('run'))).rejects.toMatchObject(lost);
    await expect(store.acquire('run', claim('two'))).rejects.toMatchObject(lost);
    expect((await store.list({ graph: 'flow' })).runs).toMatchObject([{ id: 'run', seq: 0, head: 'null' }]);
    expect(await store.delete('run')).toBe(true);
    expect(await store.create(creation('run'))).toBeDefined();
    expect(await store.events('run')).toEqual([]);
  });
});

describe('the number of messages that wait', () => {
  it.each(['abc', '1.0', '', '7', '-3'])(
    'that is damaged to %o stops nothing, and is right again afterwards',
    async (odd) => {
      const prefix = freshPrefix();
      const store = opened(prefix);
      const lease = await created(store, 'run');
      for (const deliveryId of ['a', 'b']) await store.post('run', { deliveryId, body: '1' });
      const client = await connected(url);
      const [hash = ''] = await client.keys(`${prefix}*:r:run`);
      await client.hSet(hash, 'w', odd);
      await store.post('run', { deliveryId: 'c', body: '1' });
      expect((await store.list()).runs).toMatchObject([{ inbox: 3 }]);
      await client.hSet(hash, 'w', odd);
      const ending = { index: COMPLETED, release: true, ackInbox: ['a', 'b'], leaves: ['c'] };
      await store.save(saving('run', 2, lease, ending));
      expect((await store.list()).runs).toMatchObject([{ seq: 2, inbox: 1 }]);
    },
  );
});

describe('a save of a run that stands where its owner left it', () => {
  const WAITING = { status: 'waiting', graph: 'flow', due: null } as const;

  it('is refused while there are messages, when it is asked to look, whether its status changes or not', async () => {
    const store = opened(freshPrefix());
    const lease = await created(store, 'run');
    await store.post('run', { deliveryId: 'd', body: '1' });
    for (const index of [undefined, WAITING, COMPLETED]) {
      const asking = saving('run', 2, lease, { leaves: [], ...(index === undefined ? {} : { index }) });
      await expect(store.save(asking)).rejects.toMatchObject({ code: 'UNREAD_MESSAGES' });
    }
    await store.save(saving('run', 2, lease, { index: WAITING }));
    await store.save(saving('run', 3, lease, { index: COMPLETED, release: true, leaves: ['d'] }));
    expect((await store.list()).runs).toMatchObject([{ seq: 3, index: COMPLETED, inbox: 1 }]);
  });

  it('looks at no inbox that is not asked for, also where that is something else', async () => {
    const prefix = freshPrefix();
    const store = opened(prefix);
    const lease = await created(store, 'run');
    const client = await connected(url);
    const [run = ''] = await client.keys(`${prefix}*:r:run`);
    await client.set(run.replace(':r:', ':i:'), 'odd');
    await store.save(saving('run', 2, lease, { index: WAITING }));
    expect((await store.load('run'))?.seq).toBe(2);
  });

  it('finds out that it stands elsewhere, and is stored or refused by what is there', async () => {
    const prefix = freshPrefix();
    const store = opened(prefix);
    const lease = await created(store, 'run');
    await store.save(saving('run', 2, lease));
    const other = opened(prefix);
    await other.prune('run', 1);
    await store.save(saving('run', 3, lease));
    const taken = (await other.acquire('run', claim(lease.owner.key))) ?? expect.fail('not taken');
    await expect(store.save(saving('run', 4, lease))).rejects.toMatchObject({ code: 'STALE_OWNER' });
    await other.save(saving('run', 4, taken));
    expect(await store.history('run')).toEqual([4, 3, 2]);
  });
});

describe('finishedTtl', () => {
  it('forgets a run that has ended, with all its keys and in the index, and no other', async () => {
    const prefix = freshPrefix();
    const store = opened(prefix, { finishedTtl: 150 });
    const lease = await created(store, 'ended');
    await created(store, 'running');
    await store.post('ended', { deliveryId: 'd', body: '1' });
    await store.save(saving('ended', 2, lease, { index: COMPLETED, release: true }));
    expect((await store.load('ended'))?.seq).toBe(2);
    await expect.poll(() => store.load('ended')).toBeUndefined();
    const client = await connected(url);
    await expect.poll(() => client.keys(`${prefix}*:*:ended`)).toEqual([]);
    expect((await store.list()).runs.map(({ id }) => id)).toEqual(['running']);
    const indexes = await client.keys(`${prefix}*:x`);
    const entries = () => Promise.all(indexes.map((key) => client.zRange(key, 0, -1)));
    await expect.poll(async () => (await entries()).flat()).toEqual(['rrunning']);
    expect(await store.create(creation('ended'))).toBeDefined();
  });

  it('forgets a run that was pruned after its end, with its events', async () => {
    const prefix = freshPrefix();
    const store = opened(prefix, { finishedTtl: 300 });
    const lease = await created(store, 'run');
    await store.save(saving('run', 2, lease, { events: ['2'] }));
    await store.save(saving('run', 3, lease, { index: COMPLETED, release: true }));
    await store.prune('run', 1);
    expect(await store.events('run')).toEqual(['1', '2']);
    const client = await connected(url);
    await expect.poll(() => client.keys(`${prefix}*:*:run`)).toEqual([]);
    expect(await store.events('run')).toEqual([]);
  });

  it('keeps a run that somebody goes on with, and forgets it after its next end', async () => {
    const prefix = freshPrefix();
    const store = opened(prefix, { finishedTtl: 60_000 });
    const lease = await created(store, 'run');
    const client = await connected(url);
    const [hash = ''] = await client.keys(`${prefix}*:r:run`);
    await store.save(saving('run', 2, lease, { index: COMPLETED, release: true }));
    expect(await client.pTTL(hash)).toBeGreaterThan(0);
    const next = (await store.acquire('run', claim('two'))) ?? expect.fail('no lease');
    expect(await client.pTTL(hash)).toBe(-1);
    await store.release('run', next);
    expect(await client.pTTL(hash)).toBeGreaterThan(0);
  });
});
