// Rule: while a server is away nothing is lost, nothing is done twice, and everything arrives in its order.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createCluster } from 'redis';
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import type { Store } from 'engram';
import { redisStore, type RedisStoreOptions } from 'engram/adapters/redis';
import { claim, creation, saving } from '../../adapters/conformance/bench.js';
import { startRedis, type StartedRedis, type StartRedisOptions } from '../support/redis-server.js';
import { TcpProxy } from '../support/tcp-proxy.js';
import { connected, freshPrefix } from './support/redis.js';

async function server(options: StartRedisOptions = {}): Promise<StartedRedis> {
  const started = await startRedis(options);
  onTestFinished(() => started.stop());
  return started;
}

function opened(options: RedisStoreOptions): Store {
  const store = redisStore(options);
  onTestFinished(() => store.close());
  return store;
}

const created = async (store: Store, id: string, key = 'one') =>
  (await store.create(creation(id, { claim: claim(key) }))) ?? expect.fail(`no lease of ${id}`);

describe('a connection', () => {
  it('that is lost in the middle holds the saves and sends them in order, each once (I3)', async () => {
    const redis = await server({ appendonly: 'always' });
    const store = opened({ url: redis.url });
    const runs = Array.from({ length: 20 }, (_, i) => `run ${i}`);
    const leases = await Promise.all(runs.map((id) => created(store, id)));
    const order: string[] = [];
    const saves = runs.flatMap((id, i) =>
      Array.from({ length: 12 }, async (_, n) => {
        const lease = leases[i] ?? expect.fail();
        const parts = { [`p${n}`]: String(n) };
        await store.save(saving(id, n + 2, lease, { parts, events: [String(n)] }));
        order.push(`${id}/${n}`);
      }),
    );
    await saves[0];
    await redis.kill();
    await redis.restart();
    await Promise.all(saves);
    const numbers = Array.from({ length: 12 }, (_, n) => n);
    for (const id of runs) {
      const own = order.filter((entry) => entry.startsWith(`${id}/`));
      expect(own).toEqual(numbers.map((n) => `${id}/${n}`));
      const loaded = await store.load(id);
      expect(loaded?.seq).toBe(13);
      expect(loaded?.parts.size).toBe(13);
      expect(await store.events(id)).toEqual(numbers.map(String));
    }
  });

  it('that is silent is given up for a new one, and what it owed is done once', async () => {
    const redis = await server();
    const proxy = await TcpProxy.before(redis.port);
    onTestFinished(() => proxy.close());
    const store = opened({ url: `redis://127.0.0.1:${proxy.port}`, saveTimeout: 3_000 });
    const lease = await created(store, 'run');
    let isSilent = true;
    proxy.fate = ({ from, bytes }) => {
      if (from === 'client' && bytes.includes('HELLO')) isSilent = false;
      return from === 'server' && isSilent ? 'hold' : 'pass';
    };
    await store.save(saving('run', 2, lease, { events: ['2'] }));
    expect(isSilent).toBe(false);
    expect(await store.history('run')).toEqual([2, 1]);
    expect(await store.events('run')).toEqual(['2']);
  });

  it('that does not come back fails the call in its time, which is never done later', async () => {
    const redis = await server({ appendonly: 'always' });
    const store = opened({ url: redis.url, saveTimeout: 400 });
    const lease = await created(store, 'run');
    await redis.kill();
    const first = store.save(saving('run', 2, lease));
    const second = store.save(saving('run', 3, lease));
    for (const save of [first, second]) {
      await expect(save).rejects.toMatchObject({ name: 'StoreUnavailableError', retryable: true });
    }
    await redis.restart();
    expect(await store.history('run')).toEqual([1]);
    await store.save(saving('run', 4, lease));
    expect(await store.history('run')).toEqual([4, 1]);
  });

  it('to a server that has forgotten its scripts teaches them again', async () => {
    const redis = await server();
    const store = opened({ url: redis.url });
    const client = await connected(redis.url);
    const lease = await created(store, 'run');
    await client.scriptFlush();
    await Promise.all([2, 3].map((seq) => store.save(saving('run', seq, lease))));
    expect(await store.history('run')).toEqual([3, 2, 1]);
    await client.scriptFlush();
    expect((await store.list()).runs).toHaveLength(1);
  });

  it('that was given is used and stays open, and one that is closed is told so', async () => {
    const client = await connected(inject('redisUrl'));
    const store = redisStore({ client, prefix: freshPrefix() });
    await created(store, 'run');
    await store.close();
    expect(await client.ping()).toBe('PONG');
    client.destroy();
    const late = redisStore({ client, prefix: freshPrefix() });
    await expect(late.load('run')).rejects.toMatchObject({
      name: 'StoreUnavailableError',
      hint: expect.stringContaining('client.connect()') as string,
    });
    await late.close();
  });

  it('of a cluster is used as it is: runs and their index are where the cluster keeps them', async () => {
    const redis = await server({ settings: ['--cluster-enabled', 'yes'] });
    const admin = await connected(redis.url);
    await admin.sendCommand(['CLUSTER', 'ADDSLOTS', ...Array.from({ length: 16_384 }, (_, slot) => String(slot))]);
    await expect.poll(() => admin.sendCommand(['CLUSTER', 'INFO'])).toContain('cluster_state:ok');
    const client = createCluster({ rootNodes: [{ url: redis.url }] });
    client.on('error', () => undefined);
    await client.connect();
    onTestFinished(() => client.destroy());
    const store = opened({ client, prefix: freshPrefix(), history: 2, finishedTtl: 60_000 });
    const ids = Array.from({ length: 40 }, (_, i) => `run ${String(i).padStart(2, '0')}`);
    const leases = await Promise.all(ids.map((id) => created(store, id)));
    await Promise.all(ids.map((id) => store.post(id, { deliveryId: 'd', body: '1' })));
    const index = { status: 'completed', graph: 'flow', due: null } as const;
    for (const [seq, more] of [
      [2, {}],
      [3, { ackInbox: ['d'] }],
      [4, { index, release: true }],
    ] as const) {
      await Promise.all(ids.map((id, i) => store.save(saving(id, seq, leases[i] ?? expect.fail(), more))));
    }
    expect((await store.list({ status: ['completed'] })).runs.map(({ id, seq }) => [id, seq])).toEqual(
      ids.map((id) => [id, 4]),
    );
    expect(await store.delete('run 07')).toBe(true);
    expect((await store.list()).runs).toHaveLength(39);
  });

  it('keeps the process alive only while something is on its way', async () => {
    const script = `
      import { redisStore } from './adapters/redis.ts';
      const store = redisStore({ url: ${JSON.stringify(inject('redisUrl'))}, prefix: ${JSON.stringify(freshPrefix())} });
      store.load('run').then((found) => console.log(String(found)));
    `;
    const args = ['--import', 'tsx', '--input-type=module', '-e', script];
    const child = spawn(process.execPath, args, { stdio: ['ignore', 'pipe', 'inherit'] });
    let printed = '';
    child.stdout.on('data', (data) => (printed += String(data)));
    expect(await once(child, 'close')).toEqual([0, null]);
    expect(printed).toBe('undefined\n');
  });
});

describe('many at once', () => {
  it('1,000 saves of 50 runs travel together, and every run has its own in order', async () => {
    const store = opened({ url: inject('redisUrl'), prefix: freshPrefix() });
    const runs = Array.from({ length: 50 }, (_, i) => `run ${i}`);
    const leases = await Promise.all(runs.map((id) => created(store, id)));
    const save = (i: number, seq: number) =>
      store.save(saving(runs[i] ?? '', seq, leases[i] ?? expect.fail(), { events: [String(seq)] }));
    await Promise.all(Array.from({ length: 1_000 }, (_, n) => save(n % 50, 2 + Math.floor(n / 50))));
    for (const id of runs) {
      expect((await store.load(id))?.seq).toBe(21);
      expect(await store.events(id)).toEqual(Array.from({ length: 20 }, (_, i) => String(i + 2)));
    }
  });

  it('I5: of two stores that fight for one run only the holder of the newest fence writes', async () => {
    const url = inject('redisUrl');
    const prefix = freshPrefix();
    const stores = [opened({ url, prefix }), opened({ url, prefix })];
    await created(stores[0] ?? expect.fail(), 'run', 'maker');
    const written: { seq: number; by: string }[] = [];
    let turns = 0;
    const fight = async (store: Store, key: string): Promise<void> => {
      while (turns < 60) {
        turns += 1;
        const lease = await store.acquire('run', { ...claim(key), isDead: () => true });
        for (let save = 0; lease !== undefined && save < 3; save += 1) {
          const seq = ((await store.load('run'))?.seq ?? 0) + 1;
          const done = await store.save(saving('run', seq, lease, { head: `"${key}"`, events: [`${seq}`] })).then(
            () => true,
            (error: unknown) => (expect((error as Error).name).toMatch(/^Stale/), false),
          );
          if (done) written.push({ seq, by: key });
        }
      }
    };
    await Promise.all([fight(stores[0] ?? expect.fail(), 'red'), fight(stores[1] ?? expect.fail(), 'blue')]);
    const seqs = written.map(({ seq }) => seq);
    expect(seqs.length).toBeGreaterThan(0);
    expect([...seqs].sort((a, b) => a - b)).toEqual(seqs.map((_, i) => i + 2));
    expect(await stores[0]?.events('run')).toEqual(seqs.map((_, i) => String(i + 2)));
  });
});
