// Rule: whatever a server refuses is told with host and key, with what to do about it, and without the password; what
// was stored before is as it was.
import { describe, expect, inject, it, onTestFinished } from 'vitest';
import { type EngramError, InvalidArgumentError, type Store } from 'engram';
import { redisStore, type RedisStoreOptions } from 'engram/adapters/redis';
import { claim, creation, saving } from '../../adapters/conformance/bench.js';
import { wordOf } from '../../adapters/redis/failures.js';
import type { Lease } from '../../src/durability/store.js';
import { freePort, startRedis, type StartedRedis, type StartRedisOptions } from '../support/redis-server.js';
import { connected, freshPrefix } from './support/redis.js';

async function server(options: StartRedisOptions = {}): Promise<StartedRedis> {
  const started = await startRedis(options);
  onTestFinished(() => started.stop());
  return started;
}

function storeAt(url: string, options: { readonly prefix?: string; readonly saveTimeout?: number } = {}): Store {
  const store = redisStore({ url, ...options });
  onTestFinished(() => store.close());
  return store;
}

const refused = (call: Promise<unknown>): Promise<EngramError> =>
  call.then(
    () => expect.fail('it was not refused'),
    (error: unknown) => error as EngramError,
  );

describe('a server that refuses', () => {
  it('as a replica is told apart, and reading from it works', async () => {
    const primary = await server();
    const { url, port } = await server({ settings: ['--replicaof', '127.0.0.1', String(primary.port)] });
    await storeAt(primary.url).create(creation('run'));
    const replica = await connected(url);
    await expect.poll(() => replica.keys('engram:*')).not.toEqual([]);
    const store = storeAt(url);
    const error = await refused(store.acquire('run', claim('two', { dead: ['one'] })));
    expect(error).toMatchObject({ name: 'StoreUnavailableError', retryable: true });
    expect(error.message).toContain(`127.0.0.1:${port}`);
    expect(error.message).toContain('READONLY');
    expect(error.hint).toContain('primary');
    expect((await store.load('run'))?.seq).toBe(1);
  });

  it('since it is out of memory keeps what was stored, and takes more when it may', async () => {
    const { url } = await server({ maxmemory: '20mb' });
    const store = storeAt(url);
    const lease = (await store.create(creation('run'))) ?? expect.fail('no lease');
    const others = await Promise.all(['a', 'b', 'c'].map((id) => store.create(creation(id))));
    const admin = await connected(url);
    await admin.configSet('maxmemory', '1kb');
    const atOnce = others.map((held, i) => refused(store.save(saving(['a', 'b', 'c'][i] ?? '', 2, held as Lease))));
    for (const each of await Promise.all(atOnce)) expect(each.hint).toContain('maxmemory');
    const error = await refused(store.save(saving('run', 2, lease, { events: ['1'], head: '"lost"' })));
    expect(error).toMatchObject({ name: 'StoreUnavailableError', retryable: true });
    expect(error.message).toContain('OOM');
    expect(error.hint).toContain('maxmemory');
    expect((await store.load('run'))?.seq).toBe(1);
    await admin.configSet('maxmemory', '20mb');
    await store.save(saving('run', 2, lease, { events: ['2'], head: '"kept"' }));
    expect((await store.load('run'))?.head).toBe('"kept"');
    expect(await store.events('run')).toEqual(['2']);
  });

  it.each([
    ['no password', undefined, /NOAUTH/, /redis:\/\/:password@host/],
    ['a wrong password', 'not-the-secret', /WRONGPASS/, /user and password/],
  ])('for %s says so at once, and does not quote one', async (_, password, message, hint) => {
    const { port } = await server({ password: 'the-secret' });
    const store = storeAt(`redis://${password === undefined ? '' : `:${password}@`}127.0.0.1:${port}`);
    const error = await refused(store.create(creation('run')));
    expect(error.name).toBe('StoreUnavailableError');
    expect(error.message).toMatch(message);
    expect(error.hint).toMatch(hint);
    expect(`${store.name} ${error.message} ${error.hint}`).not.toContain('secret');
  });

  it('a connection is told at once, and a later call finds the server when it is up', async () => {
    const port = await freePort();
    const store = storeAt(`redis://127.0.0.1:${port}`);
    const error = await refused(store.load('run'));
    expect(error).toMatchObject({ name: 'StoreUnavailableError', retryable: true });
    expect(error.message).toContain(`127.0.0.1:${port}`);
    expect(error.hint).toContain('start the server');
    await server({ port });
    expect(await store.load('run')).toBeUndefined();
  });

  it('as part of a cluster asks for a client of the cluster', async () => {
    const { url } = await server({ settings: ['--cluster-enabled', 'yes'] });
    const error = await refused(storeAt(url, { saveTimeout: 300 }).create(creation('run')));
    expect(error.name).toBe('StoreUnavailableError');
    expect(error.message).toContain('CLUSTERDOWN');
    expect(error.hint).toContain('CLUSTER INFO');
  });

  it('a hand-made key of another type names that key and changes nothing', async () => {
    const url = inject('redisUrl');
    const client = await connected(url);
    const prefix = freshPrefix();
    const store = storeAt(url, { prefix });
    const lease = (await store.create(creation('run', { events: ['1'] }))) ?? expect.fail('no lease');
    await store.post('run', { deliveryId: 'd', body: '1' });
    const index = { status: 'completed', graph: 'flow', due: null } as const;
    for (const letter of ['r', 'i', 'x']) {
      const key = (await client.keys(`${prefix}*:${letter}*`))[0] ?? expect.fail(`no key ${letter}`);
      await client.rename(key, `${prefix}aside`);
      await client.set(key, 'not ours');
      const request = saving('run', 2, lease, { events: ['2'], ackInbox: ['d'], index });
      const error = await refused(store.save(request));
      expect(error, letter).toMatchObject({ name: 'StoreUnavailableError' });
      expect(error.message).toContain(key);
      expect(error.hint).toContain('prefix');
      await client.rename(`${prefix}aside`, key);
      expect((await store.load('run'))?.seq).toBe(1);
      expect(await store.events('run')).toEqual(['1']);
      expect(await store.inbox('run')).toHaveLength(1);
      expect((await store.list({ status: ['running'] })).runs).toHaveLength(1);
    }
  });
});

describe('what cannot be right is refused when the store is made', () => {
  it.each([
    ['a URL of something else', { url: 'http://user:secret@host' }],
    ['no URL at all', { url: 'redis' }],
    ['a prefix with braces', { url: 'redis://host', prefix: 'a{b}' }],
    ['a history of nothing', { url: 'redis://host', history: 0 }],
    ['a time that is none', { url: 'redis://host', finishedTtl: -1 }],
  ])('%s', (_, options) => {
    expect(() => redisStore(options)).toThrow(expect.objectContaining({ name: 'InvalidArgumentError' }) as Error);
    expect(() => redisStore(options)).not.toThrow(/secret/);
  });
});

it.each<[string, object, string]>([
  ['no url', {}, 'a url that is undefined'],
  ['a url that is not set', { url: undefined }, 'a url that is undefined'],
  ['an empty url', { url: '' }, 'a url that is ""'],
  ['a client that is none', { client: {} }, 'a client that is no client of the package redis'],
  ['both', { url: 'redis://localhost', client: { evalSha: () => null, eval: () => null } }, 'a url and a client'],
])('a store that is given %s says so at once, and how it is done', (_, options, told) => {
  const make = (): unknown => redisStore(options as RedisStoreOptions);
  expect(make).toThrow(InvalidArgumentError);
  expect(make).toThrow(`redisStore was given ${told}`);
});

it('a run whose key holds something else is listed as unreadable, and hides no other', async () => {
  const prefix = freshPrefix();
  const store = storeAt(inject('redisUrl'), { prefix });
  for (const id of ['a', 'b']) await store.create(creation(id));
  const client = await connected(inject('redisUrl'));
  const [key] = await client.keys(`${prefix}*:r:a`);
  await client.del(key ?? '');
  await client.set(key ?? '', 'hi');
  expect((await store.list()).runs).toMatchObject([
    { id: 'a', seq: 0, head: 'null' },
    { id: 'b', seq: 1 },
  ]);
});

it.each([
  ['OOM command not allowed', 'OOM'],
  ['ERR @user_script: 14: -OOM command not allowed', 'OOM'],
  ["ERR Error running script (call to f_0): @user_script:14: @user_script: 14: -READONLY You can't write", 'READONLY'],
  ['ERR user_script:3: attempt to index a nil value', 'ERR'],
])('what a script of any version of the server says is known by its word: %s', (message, word) => {
  expect(wordOf(new Error(message))).toBe(word);
});
