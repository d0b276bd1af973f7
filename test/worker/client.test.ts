// Rule: what a client promises, against a real queue. Where no worker is started, nothing but the client acts.
import {
  InvalidArgumentError,
  InvalidPayloadError,
  RunExistsError,
  UndeliverableSignalError,
  UnknownRunError,
} from 'engram';
import { createClient } from 'engram/worker';
import { afterEach, describe, expect, it } from 'vitest';
import { approved, Bench, paid, placed, told } from './shop.js';

let bench = new Bench();
afterEach(async () => {
  await bench.close();
  bench = new Bench();
});

const small = placed.createSignal({ order: 'o-1', amount: 10 });
const large = placed.createSignal({ order: 'o-2', amount: 1000 });

describe('a run that is queued', () => {
  it('is known before any worker has begun it', async () => {
    const client = bench.client();
    const { id } = await client.stimulate(small);
    expect(await client.status(id)).toMatchObject({ id, status: 'queued', milestone: null, pending: 0, settled: 0 });
    expect(await client.status('another')).toBeUndefined();
  });

  it('gives its result when a worker has run it', async () => {
    const client = bench.client();
    const run = await client.stimulate(small, { id: 'mine', output: paid });
    await bench.worker();
    expect(await run.result()).toMatchObject({ id: 'mine', output: { order: 'o-1', by: 'nobody' } });
    expect(await client.status('mine')).toMatchObject({
      status: 'completed',
      pending: 0,
      settled: 2,
    });
  });

  it('is one run, however often it is started with the same id and entry', async () => {
    const client = bench.client();
    let payments = 0;
    await Promise.all([1, 2, 3].map(() => client.stimulate(small, { id: 'once' })));
    await bench.worker({ pay: () => (payments += 1) });
    await client.result('once');
    await client.stimulate(small, { id: 'once' });
    await client.result('once');
    expect(payments).toBe(1);
  });

  it('refuses its id to another entry', async () => {
    const client = bench.client();
    await client.stimulate(small, { id: 'taken' });
    await expect(client.stimulate(large, { id: 'taken' })).rejects.toThrow(RunExistsError);
  });

  it('begins after its delay, and not before, also when a signal comes for it', async () => {
    const client = bench.client();
    const began = Date.now();
    await client.stimulate(large, { id: 'later', delay: '1s', output: paid });
    await client.signal('later', approved.createSignal({ by: 'early bird' }));
    let takenAt = 0;
    const worker = await bench.worker({}, {});
    worker.on('taken', () => (takenAt ||= Date.now()));
    expect(await client.result('later')).toMatchObject({ output: { by: 'early bird' } });
    expect(takenAt - began).toBeGreaterThanOrEqual(990);
  });

  it.each(['12', 'events', 'a:b', 'ä%:😀', 'x'.repeat(2000), '\ud800'])('may have the id %j', async (id) => {
    const client = bench.client();
    const waits = told(await bench.worker(), 'waiting', id);
    await client.stimulate(large, { id, output: paid });
    await waits;
    await client.signal(id, approved.createSignal({ by: 'me' }));
    expect(await client.result(id)).toMatchObject({ id, output: { order: 'o-2', by: 'me' } });
  });
});

describe('a client refuses', () => {
  it('a payload that does not fit, before anything is queued', async () => {
    const client = bench.client();
    const wrong = placed.createSignal({ order: 'o' } as never);
    await expect(client.stimulate(wrong, { id: 'wrong' })).rejects.toThrow(InvalidPayloadError);
    expect(await client.status('wrong')).toBeUndefined();
  });

  it('a signal for a run that is not there, or has ended', async () => {
    const client = bench.client();
    const signal = approved.createSignal({ by: 'me' });
    await expect(client.signal('nobody', signal)).rejects.toThrow(UnknownRunError);
    await bench.worker();
    const { id } = await client.stimulate(small);
    await client.result(id);
    await expect(client.signal(id, signal)).rejects.toThrow(UndeliverableSignalError);
    await expect(client.result('nobody')).rejects.toThrow(UnknownRunError);
  });

  it.each([
    [{ attempts: 0 }, /attempts must be a whole number from 1/],
    [{ priority: -1 }, /priority must be a whole number/],
    [{ delay: 'soon' as never }, /delay is no duration/],
    [{ id: '' }, /id must be a text/],
  ])('options that mean nothing: %j', async (options, message) => {
    await expect(bench.client().stimulate(small, options)).rejects.toThrow(message);
  });

  it('to be made of nothing', () => {
    expect(() => createClient({ connection: bench.connection } as never)).toThrow(InvalidArgumentError);
    expect(() => createClient({ name: 'x', collaterals: [placed] } as never)).toThrow(/neither a url nor a client/);
    const colon = { name: 'x', collaterals: [placed], connection: bench.connection, queue: 'a:b' };
    expect(() => createClient(colon)).toThrow(/without colons/);
  });

  it('to speak with a server that is not there, and says where', async () => {
    const connection = { url: 'redis://127.0.0.1:1' };
    const client = createClient({ name: 'x', collaterals: [placed], connection });
    await expect(client.stimulate(small)).rejects.toMatchObject({ code: 'STORE_UNAVAILABLE' });
    await client.close();
  });

  it('everything once it is closed', async () => {
    const client = bench.client();
    const { id } = await client.stimulate(small);
    const waiting = client.result(id);
    waiting.catch(() => undefined);
    await client.status(id);
    await client.close();
    await expect(waiting).rejects.toMatchObject({ code: 'CNS_CLOSED' });
    await expect(client.stimulate(small)).rejects.toMatchObject({ code: 'CNS_CLOSED' });
  });
});

describe('a schedule', () => {
  it('starts runs of its own, again and again, until it is ended', async () => {
    const client = bench.client();
    const worker = await bench.worker();
    const seen: string[] = [];
    const three = new Promise<void>((resolve) => {
      worker.on('completed', ({ id }) => {
        if (seen.push(id) === 3) resolve();
      });
    });
    await client.schedule('daily', { every: 100 }, small);
    await three;
    expect(await client.unschedule('daily')).toBe(true);
    expect(await client.unschedule('daily')).toBe(false);
    expect(new Set(seen).size).toBe(seen.length);
    for (const id of seen) expect(id).toMatch(/^daily@\d{4}-\d\d-\d\dT/);
    expect(await client.status(seen[0] ?? '')).toMatchObject({ status: 'completed' });
  });

  it.each([
    [{}, /either cron or every/],
    [{ cron: '* * * * *', every: 5 }, /either cron or every/],
    [{ cron: 'whenever' }, /the queue refuses it/],
  ])('that means nothing is refused: %j', async (when, message) => {
    await expect(bench.client().schedule('daily', when, small)).rejects.toThrow(message);
  });
});
