// Rule: what becomes of runs and of their jobs in the hands of workers, on a real queue, in one process. What needs
// processes that die stands in faults/.
import { NonRetryableError, StimulationAbortedError, StimulationFailedError, StoreRequiredError } from 'engram';
import { redisStore } from 'engram/adapters/redis';
import { createClient, createWorker } from 'engram/worker';
import { Queue } from 'bullmq';
import { createClient as createRedis } from 'redis';
import { afterEach, describe, expect, it } from 'vitest';
import { startRedis } from '../support/redis-server.js';
import { approved, Bench, paid, placed, shopOf, SILENT, told } from './shop.js';

let bench = new Bench();
afterEach(async () => {
  await bench.close();
  bench = new Bench();
});

const small = placed.createSignal({ order: 'o-1', amount: 10 });
const large = placed.createSignal({ order: 'o-2', amount: 1000 });
const by = (name: string) => approved.createSignal({ by: name });

/** The job of a run, as BullMQ has it. */
async function jobOf(id: string) {
  const connection = createRedis({ url: bench.url });
  await connection.connect();
  const queue = new Queue(bench.name, { connection });
  const job = await queue.getJob(id);
  const state = await job?.getState();
  await queue.close();
  await connection.close();
  return { state, failedReason: job?.failedReason, attemptsMade: job?.attemptsMade, progress: job?.progress };
}

describe('a run that waits', () => {
  it('lets its job sleep, and goes on with a signal, which counts once', async () => {
    const client = bench.client();
    const paying: string[] = [];
    const worker = await bench.worker({ pay: (_, name) => void paying.push(name) });
    const waits = told(worker, 'waiting', 'big');
    const run = await client.stimulate(large, { id: 'big', output: paid });
    await waits;
    await expect.poll(() => jobOf('big')).toMatchObject({ state: 'delayed' });
    expect(await client.status('big')).toMatchObject({
      status: 'waiting',
      milestone: 'checks',
      pending: 1,
      settled: 2,
    });
    await Promise.all([1, 2].map(() => client.signal('big', by('ann'), { deliveryId: 'd-1' })));
    expect(await run.result()).toMatchObject({ output: { by: 'ann' }, unclaimed: [] });
    expect(paying).toEqual(['ann']);
  });

  it('goes on when its time is over, though no worker has waited for it', async () => {
    const client = bench.client();
    const worker = await bench.worker({ within: 1500 });
    const waits = told(worker, 'waiting', 'slow');
    const run = await client.stimulate(large, { id: 'slow' });
    await waits;
    await expect(run.result()).rejects.toThrow(/nothing came in time/);
    expect(await jobOf('slow')).toMatchObject({ state: 'failed' });
  });

  it('for a moment stays where it is', async () => {
    const client = bench.client();
    const events: string[] = [];
    const worker = await bench.worker({ within: 300 });
    worker.on('waiting', () => events.push('waiting'));
    const run = await client.stimulate(large);
    await expect(run.result()).rejects.toThrow(/nothing came in time/);
    expect(events).toEqual([]);
  });

  it('is given a signal while it is live', async () => {
    const client = bench.client();
    let release: () => void = () => undefined;
    const called = new Promise<void>((call) => {
      const check = () => {
        call();
        return new Promise<void>((resolve) => (release = resolve));
      };
      void bench.worker({ check });
    });
    const run = await client.stimulate(large, { id: 'live', output: paid });
    await called;
    await client.signal('live', by('ann'));
    release();
    expect(await run.result()).toMatchObject({ output: { by: 'ann' } });
  });
});

describe('a run that fails', () => {
  it('is a failed job that names the causes', async () => {
    const client = bench.client();
    await bench.worker({
      check: () => {
        throw new Error('no such customer');
      },
    });
    const run = await client.stimulate(small, { id: 'bad' });
    await expect(run.result()).rejects.toThrow(StimulationFailedError);
    expect(await jobOf('bad')).toMatchObject({ state: 'failed', attemptsMade: 1 });
    expect((await jobOf('bad')).failedReason).toContain('neuron "checks" on "placed": no such customer');
    expect(await client.status('bad')).toMatchObject({ status: 'failed' });
  });

  it('does with another attempt what it has not done, and nothing else', async () => {
    const client = bench.client();
    const calls: string[] = [];
    await bench.worker({
      check: () => void calls.push('check'),
      pay: () => {
        if (calls.push('pay') < 4) throw new Error('not yet');
      },
    });
    const run = await client.stimulate(small, { id: 'again', attempts: 3, backoff: 20 });
    expect(await run.result()).toMatchObject({ status: 'completed' });
    expect(calls).toEqual(['check', 'pay', 'pay', 'pay']);
  });

  it('burns no attempt where its error says that it is of no use', async () => {
    const client = bench.client();
    let calls = 0;
    await bench.worker({
      check: () => {
        calls += 1;
        throw new NonRetryableError('never');
      },
    });
    const run = await client.stimulate(small, { id: 'never', attempts: 5 });
    await expect(run.result()).rejects.toThrow(/never/);
    expect(calls).toBe(1);
    expect(await jobOf('never')).toMatchObject({ state: 'failed', attemptsMade: 1 });
  });

  it('is retried when it is asked for, and cloned from its entry', async () => {
    const client = bench.client();
    const calls: string[] = [];
    await bench.worker({
      check: () => void calls.push('check'),
      pay: () => {
        if (calls.push('pay') === 2) throw new Error('closed');
      },
    });
    const run = await client.stimulate(small, { id: 'first' });
    await expect(run.result()).rejects.toThrow(/closed/);
    await client.retry('first');
    expect(await client.result('first')).toMatchObject({ status: 'completed' });
    expect(calls).toEqual(['check', 'pay', 'pay']);
    const copy = await client.clone('first', { id: 'second' });
    expect(await copy.result()).toMatchObject({ id: 'second', status: 'completed' });
    expect(calls).toEqual(['check', 'pay', 'pay', 'check', 'pay']);
    await expect(client.retry('first')).rejects.toMatchObject({ code: 'RUN_ENDED' });
    await expect(client.clone('nobody')).rejects.toMatchObject({ code: 'UNKNOWN_RUN' });
  });

  it('that goes on is not retried, and says so', async () => {
    const client = bench.client();
    await client.stimulate(small, { id: 'queued' });
    await expect(client.retry('queued')).rejects.toThrow(/has not failed/);
  });
});

describe('a run that is aborted', () => {
  it.each(['waiting', 'queued'] as const)('while it is %s ends as a failed job', async (when) => {
    const client = bench.client();
    const worker = when === 'waiting' ? await bench.worker() : undefined;
    const waits = worker === undefined ? undefined : told(worker, 'waiting', 'gone');
    const run = await client.stimulate(large, { id: 'gone', attempts: 3 });
    await waits;
    await client.abort('gone', 'changed my mind');
    if (worker === undefined) await bench.worker();
    await expect(run.result()).rejects.toThrow(StimulationAbortedError);
    expect(await jobOf('gone')).toMatchObject({ state: 'failed', attemptsMade: 1 });
    expect(await client.status('gone')).toMatchObject({ status: 'aborted' });
  });
});

describe('a run that has failed and is to be tried again', () => {
  it('says so, takes no message meanwhile, and is not tried again when it is aborted', async () => {
    const client = bench.client();
    let calls = 0;
    const worker = await bench.worker({
      check: () => {
        calls += 1;
        throw new Error('no paper');
      },
    });
    const failed = told(worker, 'failed', 'f');
    const run = await client.stimulate(small, { id: 'f', attempts: 3, backoff: 3_600_000 });
    await failed;
    await expect.poll(() => jobOf('f')).toMatchObject({ state: 'delayed' });
    expect(await client.status('f')).toMatchObject({
      status: 'retrying',
      problem: expect.stringContaining('no paper'),
    });
    await expect(client.signal('f', by('Ann'))).rejects.toMatchObject({ code: 'UNDELIVERABLE_SIGNAL' });
    const result = run.result();
    await client.abort('f');
    await expect(result).rejects.toThrow(/no paper/);
    expect(await client.status('f')).toMatchObject({ status: 'failed' });
    await expect(client.abort('f')).rejects.toMatchObject({ code: 'RUN_ENDED' });
    expect(calls).toBe(1);
  });
});

describe('a run that a worker cannot go on with', () => {
  it('is put back, says why, and goes on with one that can', async () => {
    const client = bench.client();
    const { name: queue, connection, store } = bench;
    const other = bench.keep(createWorker({ cns: shopOf('another'), queue, connection, store, logger: SILENT }));
    await other.waitUntilReady();
    const refused = told(other, 'refused', 'mine');
    const run = await client.stimulate(small, { id: 'mine' });
    await refused;
    await expect
      .poll(async () => (await client.status('mine'))?.problem)
      .toMatch(/a run of "shop-.*", not of "another"/);
    await other.close();
    await bench.worker();
    expect(await run.result()).toMatchObject({ status: 'completed' });
  });

  it('since it is gone from the store is a failed job, and stranded for who waits for it', async () => {
    const client = bench.client();
    await client.stimulate(small, { id: 'lost' });
    await bench.store.delete('lost');
    await bench.worker();
    await expect.poll(() => jobOf('lost')).toMatchObject({ state: 'failed' });
    await expect(client.result('lost')).rejects.toMatchObject({ code: 'UNKNOWN_RUN' });
  });
});

describe('a worker that closes', () => {
  it('tells what runs, takes what it answers in time, and gives the rest to others at once', async () => {
    const client = bench.client();
    const calls: string[] = [];
    const leaving = await bench.worker({
      check: async ({ order }, { abortSignal }) => {
        calls.push(`leaving: ${order}`);
        if (order === 'fast') {
          await new Promise((resolve) => abortSignal.addEventListener('abort', resolve));
          return;
        }
        await new Promise(() => undefined);
      },
    });
    const taken = ['fast', 'stuck'].map((id) => told(leaving, 'taken', id));
    const runs = await Promise.all(
      ['fast', 'stuck'].map((id) => client.stimulate(placed.createSignal({ order: id, amount: 1 }), { id })),
    );
    await Promise.all(taken);
    await expect.poll(() => calls.length).toBe(2);
    await leaving.close({ grace: 300 });
    // neither a lock nor a lease has to run out
    expect([(await jobOf('fast')).state, (await jobOf('stuck')).state]).toEqual(['waiting', 'waiting']);
    await bench.worker({ check: ({ order }) => void calls.push(`other: ${order}`) });
    const results = await Promise.all(runs.map((run) => run.result()));
    expect(results.map(({ status }) => status)).toEqual(['completed', 'completed']);
    expect(calls.filter((call) => call.startsWith('other'))).toEqual(['other: stuck']);
  });
});

describe('a server that has gone for good', () => {
  it('keeps neither a worker with a run in its hands nor a client from closing', async () => {
    const redis = await startRedis();
    const connection = { url: redis.url };
    const store = redisStore({ url: redis.url, saveTimeout: 1000 });
    const cns = shopOf('gone', { check: () => new Promise(() => undefined) });
    const worker = createWorker({ cns, connection, store });
    worker.on('error', () => undefined);
    const client = createClient({ name: 'gone', collaterals: [placed], connection, store, logger: SILENT });
    const taken = told(worker, 'taken', 'g');
    await client.stimulate(small, { id: 'g' });
    await taken;
    await redis.kill();
    const unavailable = { code: 'STORE_UNAVAILABLE', message: expect.stringContaining('no answer within') };
    await expect(worker.close({ grace: 0 })).rejects.toMatchObject(unavailable);
    await client.close().catch(() => undefined); // that it ends is what is asked here
    await store.close();
    await redis.stop();
  });
});

describe('progress', () => {
  it('says how far a run is, in per cent where the flow knows its total', async () => {
    const client = bench.client();
    const worker = await bench.worker({}, { progressEvery: 0 }, { total: (signals) => 4 * signals.length });
    const seen: unknown[] = [];
    worker.on('progress', (progress) => seen.push(progress));
    const waits = told(worker, 'waiting', 'p');
    await client.stimulate(large, { id: 'p' });
    await waits;
    await expect.poll(async () => (await jobOf('p')).progress).toMatchObject({ settled: 2, pending: 1, total: 4 });
    expect(seen.at(-1)).toMatchObject({ id: 'p', settled: 2, milestone: 'checks', percent: 50 });
    expect((seen.at(-1) as { left: number }).left).toBeGreaterThanOrEqual(0);
    expect(await client.status('p')).toMatchObject({ progress: { percent: 50 } });
  });
});

describe('createWorker refuses', () => {
  const connection = { url: 'redis://127.0.0.1:1' };
  it.each([
    [{ concurrency: 0 }, /concurrency must be a whole number from 1/],
    [{ linger: -1 }, /linger must be a whole number/],
    [{ queue: 'a:b' }, /without colons/],
    [{ connection: {} }, /neither a url nor a client/],
  ])('%j', (options, message) => {
    expect(() => createWorker({ cns: shopOf('x'), connection, ...options } as never)).toThrow(message);
  });

  it('a CNS without a store', () => {
    const cns = shopOf('x')({ store: undefined as never });
    expect(() => createWorker({ cns, connection })).toThrow(StoreRequiredError);
  });

  it('a server that is not there, and says where', async () => {
    const worker = createWorker({ cns: shopOf('x'), connection });
    const told = new Promise<Error>((resolve) => worker.once('error', resolve));
    await expect(worker.waitUntilReady()).rejects.toThrow(/127\.0\.0\.1:1/);
    expect((await told).message).toContain('127.0.0.1:1');
    await worker.close();
  });
});
