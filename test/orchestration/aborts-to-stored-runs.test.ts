import {
  type AnyNeuron,
  CNS,
  type CNSOptions,
  collateral,
  expect as expectSignal,
  neuron,
  type Store,
  UndeliverableSignalError,
  UnreadMessagesError,
} from 'engram';
import { fileStore } from 'engram/adapters/file';
import { memoryStore } from 'engram/adapters/memory';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { ManualClock } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { withOverrides } from '../support/stores.js';

const order = collateral<string>('order');
const approved = collateral<string>('approved');
const LEASE = 3000;
const RENEWAL = LEASE / 3;

const scratch = mkdtempSync(join(tmpdir(), 'engram-aborts-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;
const stores: readonly (readonly [string, (clock: ManualClock) => Store])[] = [
  ['memoryStore', (clock) => memoryStore({ clock })],
  ['fileStore', (clock) => fileStore({ dir: join(scratch, String(++folders)), fsync: false, clock })],
];
const inMemory = (clock: ManualClock): Store => memoryStore({ clock });

/** Processes that share a store and a clock. An order is booked, then waits for its approval. */
function world(fresh: (clock: ManualClock) => Store) {
  const clock = new ManualClock();
  const store = fresh(clock);
  const logger = recordingLogger();
  const here = (options: CNSOptions = {}, more: readonly AnyNeuron[] = []) => {
    const trace: string[] = [];
    const booked = collateral<string>('booked');
    const books = neuron('books', { booked })
      .dendrite({
        collateral: order,
        response: (what, axon) => {
          trace.push(`book ${what}`);
          return axon.booked.createSignal(what);
        },
      })
      .compensate((what) => void trace.push(`unbook ${what}`));
    const clerk = neuron('clerk', {})
      .dendrite({ collateral: booked, response: () => expectSignal(approved) })
      .dendrite({ collateral: approved, response: (by) => void trace.push(`by ${by}`) })
      .expects(approved);
    return { cns: new CNS([books, clerk, ...more], { lease: LEASE, clock, logger, store, ...options }), trace };
  };
  return { clock, store, logger, here };
}

/** An order that waits in the store, with nobody to hold it. */
async function dormant(fresh: (clock: ManualClock) => Store) {
  const all = world(fresh);
  const one = all.here();
  await one.cns.stimulate(order.createSignal('book'), { id: 'r' }).checkpoint();
  await one.cns.close();
  return all;
}

describe.each(stores)('cns.abort, on a %s', (_name, fresh) => {
  it('of a run that lives in another CNS arrives when that renews its lease, and leaves the inbox with a checkpoint', async () => {
    const { clock, store, here } = world(fresh);
    const [one, two] = [here(), here()];
    const run = one.cns.stimulate(order.createSignal('book'), { id: 'r' });
    await run.checkpoint();
    const ended = caught(run);
    await two.cns.abort('r', 'sold out', { compensate: true });
    expect([run.status, one.trace]).toEqual(['waiting', ['book book']]);
    await clock.pass(RENEWAL);
    expect(await ended).toMatchObject({ code: 'STIMULATION_ABORTED', reason: 'sold out' });
    expect([run.status, one.trace, two.trace]).toEqual(['aborted', ['book book', 'unbook book'], []]);
    expect(await store.inbox('r')).toEqual([]);
  });

  it('of a run that nobody holds is done by the next recover, which takes no notice of runs without mail', async () => {
    const { here } = await dormant(fresh);
    const two = here();
    await two.cns.stimulate(order.createSignal('other'), { id: 'other' }).checkpoint();
    await two.cns.close();
    const three = here();
    await three.cns.abort('r', undefined, { compensate: true });
    const ended: Promise<unknown>[] = [];
    const onRun = (run: { waitUntilComplete(): Promise<unknown> }) => ended.push(caught(run.waitUntilComplete()));
    expect(await three.cns.recover({ onRun })).toMatchObject({ resumed: ['r'], waiting: ['other'] });
    expect(await ended[0]).toMatchObject({ code: 'STIMULATION_ABORTED' });
    expect(three.trace).toEqual(['unbook book']);
    await three.cns.close();
  });

  it('of a run that lives here is done at once, and is stored when it resolves', async () => {
    const { store, here } = world(fresh);
    const { cns } = here();
    const run = cns.stimulate(order.createSignal('book'), { id: 'r' });
    await run.checkpoint();
    const ended = caught(run);
    await cns.abort('r', 'enough');
    expect((await store.list()).runs).toMatchObject([{ id: 'r', index: { status: 'aborted' }, inbox: 0 }]);
    expect(await ended).toMatchObject({ code: 'STIMULATION_ABORTED', reason: 'enough' });
  });

  it('with one delivery id is one abort, also for who did not hear that it was taken; another one is refused', async () => {
    const { here } = await dormant(fresh);
    const two = here();
    await two.cns.abort('r', 'first', { deliveryId: 'a1' });
    await two.cns.abort('r', 'first', { deliveryId: 'a1' });
    expect(await caught((await two.cns.rehydrate('r'))!.waitUntilComplete())).toMatchObject({ reason: 'first' });
    await two.cns.abort('r', 'first', { deliveryId: 'a1' });
    expect(await caught(two.cns.abort('r', 'again', { deliveryId: 'a2' }))).toMatchObject({
      code: 'RUN_ENDED',
      status: 'aborted',
    });
    await two.cns.close();
  });
});

describe('cns.abort', () => {
  it('is refused for a run that is not there, for one of another flow, without a store, and after close', async () => {
    const { here } = await dormant(inMemory);
    const { cns } = here();
    expect(await caught(cns.abort('nobody'))).toMatchObject({ code: 'UNKNOWN_RUN' });
    expect(await caught(here({ name: 'other' }).cns.abort('r'))).toMatchObject({ code: 'GRAPH_MISMATCH' });
    expect(await caught(cns.abort('r', '', { deliveryId: '' }))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    const alone = new CNS([neuron('a', {}).dendrite({ collateral: order, response: () => undefined })]);
    expect(await caught(alone.abort('r'))).toMatchObject({ code: 'STORE_REQUIRED' });
    await cns.close();
    expect(await caught(cns.abort('r'))).toMatchObject({ code: 'CNS_CLOSED' });
  });

  it('keeps what can be kept of a reason that cannot be stored', async () => {
    const { here } = await dormant(inMemory);
    const { cns } = here();
    await cns.abort('r', Object.assign(new Error('no money'), { socket: () => undefined }));
    const ended = await caught((await cns.rehydrate('r'))!.waitUntilComplete());
    expect(ended).toMatchObject({ code: 'STIMULATION_ABORTED', reason: { message: 'no money' } });
  });

  it('leaves the signals behind it where they are: they arrive when the run is taken up again, and it does not', async () => {
    const { store, here } = await dormant(inMemory);
    const two = here();
    await two.cns.abort('r');
    await two.cns.signal('r', approved.createSignal('ann'));
    await caught((await two.cns.rehydrate('r'))!.waitUntilComplete());
    expect((await store.inbox('r')).length).toBe(1);
    const again = await here().cns.rehydrate('r', { retry: true });
    expect(await again?.waitUntilComplete()).toMatchObject({ status: 'completed' });
    expect(two.trace).toEqual([]);
  });
});

/** Just before the end is stored, and after the inbox was read for it, this is done. */
const atTheEnd = (store: Store, act: () => Promise<void>): Store =>
  withOverrides(store, {
    save: async (request) => {
      if (request.release) await act();
      await store.save(request);
    },
  });

const unsealed = (store: Store): Store =>
  withOverrides(store, { capabilities: { ...store.capabilities, sealsInbox: false } });

/** A store whose inbox cannot be read while `broken.now` is true. */
function breakable(store: Store): { readonly store: Store; readonly broken: { now: boolean } } {
  const broken = { now: false };
  const inbox: Store['inbox'] = async (id) => {
    if (broken.now) throw new TypeError('no inbox today');
    return store.inbox(id);
  };
  return { store: withOverrides(store, { inbox }), broken };
}

/** Acts the first time only. */
function once(act: () => Promise<void>): () => Promise<void> {
  let isDone = false;
  return async () => {
    if (isDone) return;
    isDone = true;
    await act();
  };
}

describe('what comes before the end of a run is stored, in a store that closes the inbox with the end', () => {
  it('is in the result when it is a signal, which nobody took', async () => {
    const { store, logger, here } = await dormant(inMemory);
    const poster = here();
    const late = () => poster.cns.signal('r', approved.createSignal('bob'), { deliveryId: 'late-1' });
    const { cns } = here({ store: atTheEnd(store, once(late)) });
    const run = await cns.rehydrate('r');
    await run?.signal(approved.createSignal('ann'));
    expect(await run?.waitUntilComplete()).toMatchObject({ unclaimed: [{ payload: 'bob' }] });
    expect(await store.inbox('r')).toEqual([]);
    await expect(poster.cns.signal('r', approved.createSignal('eve'))).rejects.toThrow(UndeliverableSignalError);
    await cns.close();
    expect(logger.warnings).toEqual([]);
  });

  it('is told of when it is an abort, however often the end is refused', async () => {
    const { store, logger, here } = await dormant(inMemory);
    const poster = here();
    let deliveries = 0;
    const late = async () => {
      if (deliveries < 3) await poster.cns.abort('r', 'late', { deliveryId: `late-${++deliveries}` });
    };
    const { cns } = here({ store: atTheEnd(store, late) });
    const run = await cns.rehydrate('r');
    await run?.signal(approved.createSignal('ann'));
    expect(await run?.waitUntilComplete()).toMatchObject({ status: 'completed' });
    await cns.close();
    expect(logger.warnings).toEqual(
      [1, 2, 3].map(
        (n) => `an abort for run "r" came when it had ended (completed), and was not taken (delivery id "late-${n}")`,
      ),
    );
    expect(await store.inbox('r')).toEqual([]);
  });

  it('stays when it is a signal for a run that has failed or was aborted', async () => {
    const { store, here } = await dormant(inMemory);
    const poster = here();
    const late = () => poster.cns.signal('r', approved.createSignal('bob'), { deliveryId: 'late-1' });
    const { cns } = here({ store: atTheEnd(store, once(late)) });
    const run = await cns.rehydrate('r');
    run?.abort('in time');
    await caught(run!.waitUntilComplete());
    await cns.close();
    expect((await store.inbox('r')).map(({ deliveryId }) => deliveryId)).toEqual(['late-1']);
    const again = await here().cns.rehydrate('r', { retry: true });
    expect(await again?.waitUntilComplete()).toMatchObject({ status: 'completed', unclaimed: [] });
  });
});

describe('what is in the inbox when a run is brought up', () => {
  it('stays there until the run has it, though the run is stored before: migrated, and closed at once', async () => {
    const { store, logger, here } = await dormant(inMemory);
    await here().cns.signal('r', approved.createSignal('ann'));
    const acknowledged: (readonly string[])[] = [];
    const slow = withOverrides(store, {
      save: async (request) => {
        acknowledged.push(request.ackInbox);
        await store.save(request);
        void two.cns.close();
      },
    });
    const more = neuron('more', {}).dendrite({ collateral: collateral('other'), response: () => undefined });
    const two = here({ store: slow, migrate: ({ context }) => context }, [more]);
    await Promise.allSettled([two.cns.rehydrate('r')]);
    await two.cns.close();
    expect(acknowledged).toEqual([[]]);
    expect(await store.inbox('r')).toHaveLength(1);
    const next = here({}, [more]);
    expect(await (await next.cns.rehydrate('r'))?.waitUntilComplete()).toMatchObject({ status: 'completed' });
    expect(next.trace).toEqual(['by ann']);
    expect(logger.warnings).toHaveLength(1); // of the migration
  });

  it('is not done where it is an abort of a life before, also when it is read later', async () => {
    const { clock, store, logger, here } = await dormant(inMemory);
    const poster = here();
    const late = () => poster.cns.abort('r', 'old', { deliveryId: 'old' });
    const one = here({ store: atTheEnd(unsealed(store), late) });
    const run = await one.cns.rehydrate('r');
    run?.abort('in time');
    await caught(run!.waitUntilComplete());
    await one.cns.close();
    expect(await store.inbox('r')).toHaveLength(1);
    const { store: fragile, broken } = breakable(store);
    broken.now = true;
    const two = here({ store: fragile });
    const again = await two.cns.rehydrate('r', { retry: true });
    broken.now = false;
    await clock.pass(RENEWAL);
    expect(again?.status).toBe('waiting');
    await again?.signal(approved.createSignal('ann'));
    expect(await again?.waitUntilComplete()).toMatchObject({ status: 'completed' });
    expect(await store.inbox('r')).toEqual([]);
    expect(logger.warnings).toEqual(['the inbox of run "r" could not be read']);
  });
});

describe('the end of a run, in a store that closes the inbox with it', () => {
  it('comes however fast messages do; of the last one that nobody read a warning tells', async () => {
    const { store, logger, here } = await dormant(inMemory);
    const poster = here();
    let posted = 0;
    const late = () => poster.cns.signal('r', approved.createSignal('bob'), { deliveryId: `late-${++posted}` });
    const { cns } = here({ store: atTheEnd(store, late) });
    const run = await cns.rehydrate('r');
    await run?.signal(approved.createSignal('ann'));
    const { unclaimed } = (await run?.waitUntilComplete()) ?? expect.unreachable();
    await cns.close();
    expect(posted).toBeLessThan(10);
    expect(unclaimed).toHaveLength(posted - 1);
    expect(logger.warnings).toEqual([
      `a signal for run "r" came when its end was being stored, and was not taken (delivery id "late-${posted}")`,
    ]);
  });

  it('comes where the inbox cannot be read, and warnings tell what is left in it', async () => {
    const { store, logger, here } = await dormant(inMemory);
    const poster = here();
    const { store: fragile, broken } = breakable(store);
    const late = once(async () => {
      await poster.cns.signal('r', approved.createSignal('bob'), { deliveryId: 'late' });
      broken.now = true;
    });
    const { cns } = here({ store: atTheEnd(fragile, late) });
    const run = await cns.rehydrate('r');
    await run?.signal(approved.createSignal('ann'));
    expect(await run?.waitUntilComplete()).toMatchObject({ status: 'completed', unclaimed: [] });
    await cns.close();
    expect((await store.inbox('r')).map(({ deliveryId }) => deliveryId)).toEqual(['late']);
    expect(logger.warnings).toEqual(expect.arrayContaining(['the inbox of run "r" could not be read']));
    expect(logger.warnings.at(-1)).toMatch(/"r" has ended.*its inbox could not be read/);
  });

  it('fails, and does not go round and round, where the store refuses whatever it is told', async () => {
    const { store, here } = await dormant(inMemory);
    const stubborn = withOverrides(store, {
      save: async (request) => {
        if (request.release) throw new UnreadMessagesError(request.id, 1);
        await store.save(request);
      },
    });
    const { cns } = here({ store: stubborn });
    const run = await cns.rehydrate('r');
    const signalled = caught(run!.signal(approved.createSignal('ann')));
    expect(await caught(run!.waitUntilComplete())).toMatchObject({ code: 'SAVE_FAILED' });
    await signalled;
    await cns.close();
  });

  it('that could not be stored is no end: nothing is said of messages that wait for the next owner', async () => {
    const { store, logger, here } = await dormant(inMemory);
    let isFull = true;
    const full = withOverrides(unsealed(store), {
      save: async (request) => {
        if (request.release && isFull) throw new TypeError('no space left');
        await store.save(request);
      },
    });
    const { cns } = here({ store: full });
    const run = await cns.rehydrate('r');
    await here().cns.signal('r', approved.createSignal('bob'), { deliveryId: 'bob' });
    const signalled = caught(run!.signal(approved.createSignal('ann')));
    expect(await caught(run!.waitUntilComplete())).toMatchObject({ code: 'SAVE_FAILED' });
    await signalled;
    await cns.close();
    expect(logger.warnings).toEqual([]);
    isFull = false;
    const next = here();
    expect(await (await next.cns.rehydrate('r'))?.waitUntilComplete()).toMatchObject({ status: 'completed' });
    expect(next.trace).toEqual(['by bob']);
  });

  it('comes also where the logger throws', async () => {
    const { store, here } = await dormant(inMemory);
    const throws = (): never => {
      throw new TypeError('the disk of the logs is full');
    };
    const poster = here();
    const late = once(() => poster.cns.abort('r', 'late'));
    const { cns } = here({ store: atTheEnd(store, late), logger: { warn: throws, error: throws } });
    const run = await cns.rehydrate('r');
    await run?.signal(approved.createSignal('ann'));
    expect(await run?.waitUntilComplete()).toMatchObject({ status: 'completed' });
    await cns.close();
    expect(await store.inbox('r')).toEqual([]);
  });

  it('tells of an abort that a renewal was reading when it came', async () => {
    const { clock, store, logger, here } = world(inMemory);
    const gates: (() => void)[] = [];
    const slow = withOverrides(store, {
      inbox: async (id) => {
        const messages = await store.inbox(id);
        if (messages.length > 0 && gates.length === 0) await new Promise<void>((open) => gates.push(open));
        return messages;
      },
    });
    const { cns } = here({ store: slow });
    const run = cns.stimulate(order.createSignal('book'), { id: 'r' });
    await run.checkpoint();
    await here().cns.abort('r', 'late', { deliveryId: 'ab' });
    await clock.pass(RENEWAL);
    expect(gates).toHaveLength(1);
    const ended = run.waitUntilComplete();
    void run.signal(approved.createSignal('ann')).catch(() => undefined);
    gates[0]?.();
    expect(await ended).toMatchObject({ status: 'completed' });
    await cns.close();
    expect(logger.warnings).toEqual([
      'an abort for run "r" came when it had ended (completed), and was not taken (delivery id "ab")',
    ]);
  });
});

describe('what comes while the end of a run is being stored, in a store that does not close the inbox with it', () => {
  it('is told of with its delivery id when it is a signal, which nobody took', async () => {
    const { store, logger, here } = await dormant(inMemory);
    const poster = here();
    const late = () => poster.cns.signal('r', approved.createSignal('bob'), { deliveryId: 'late-1' });
    const { cns } = here({ store: atTheEnd(unsealed(store), late) });
    const run = await cns.rehydrate('r');
    await run?.signal(approved.createSignal('ann'));
    expect(await run?.waitUntilComplete()).toMatchObject({ unclaimed: [] });
    await cns.close();
    expect(logger.warnings).toEqual([
      'a signal for run "r" came when its end was being stored, and was not taken (delivery id "late-1")',
    ]);
  });

  it('is told of when it is an abort, and is not done to the run when that is taken up again', async () => {
    const { store, logger, here } = await dormant(inMemory);
    const poster = here();
    let deliveries = 0;
    const late = () => poster.cns.abort('r', 'late', { deliveryId: `late-${++deliveries}` });
    const { cns } = here({ store: atTheEnd(unsealed(store), late) });
    const run = await cns.rehydrate('r');
    run?.abort('in time');
    await caught(run!.waitUntilComplete());
    await cns.close();
    expect(logger.warnings).toEqual([]); // it is aborted, as was wanted
    expect((await store.inbox('r')).map(({ deliveryId }) => deliveryId)).toEqual(['late-1']);
    const again = await here().cns.rehydrate('r', { retry: true });
    await again?.signal(approved.createSignal('ann'));
    expect(await again?.waitUntilComplete()).toMatchObject({ status: 'completed' });
    expect(await store.inbox('r')).toEqual([]);
  });

  it('is told of when it is an abort of a run that has completed, whether the end knows of it or not', async () => {
    const { store, logger, here } = await dormant(inMemory);
    const poster = here();
    const { cns } = here({
      store: atTheEnd(unsealed(store), () => poster.cns.abort('r', '', { deliveryId: 'after' })),
    });
    const run = await cns.rehydrate('r');
    await poster.cns.abort('r', '', { deliveryId: 'before' });
    await run?.signal(approved.createSignal('ann'));
    expect(await run?.waitUntilComplete()).toMatchObject({ status: 'completed' });
    await cns.close();
    expect(logger.warnings).toEqual([
      'an abort for run "r" came when it had ended (completed), and was not taken (delivery id "before")',
      'an abort for run "r" came when its end was being stored, and was not taken (delivery id "after")',
    ]);
  });
});
