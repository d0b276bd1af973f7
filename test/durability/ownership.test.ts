import {
  AlreadyOwnedError,
  CNS,
  collateral,
  neuron,
  RunSuspendedError,
  StaleOwnerError,
  StoreRequiredError,
  StoreUnavailableError,
  withCtx,
  type CNSOptions,
  type Store,
} from 'engram';
import { fileStore } from 'engram/adapters/file';
import { memoryStore } from 'engram/adapters/memory';
import { temporaryFolder } from '../adapters/support/children.js';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { heldStore, stranger, withOverrides } from '../support/stores.js';

const LEASE = 3000;
const order = collateral<string>('order');
const ready = collateral<string>('ready');

/** A run waits in `wait`, for `go` to be called. */
function shop(options: CNSOptions) {
  const effects: string[] = [];
  let go!: () => void;
  const gate = new Promise<void>((resolve) => (go = resolve));
  const logger = recordingLogger();
  const wait = withCtx<string>()
    .neuron('wait', { ready })
    .milestone()
    .dendrite({
      collateral: order,
      response: async (item, axon, ctx) => {
        effects.push(`wait ${item}`);
        await gate;
        ctx.set(item);
        return axon.ready.createSignal(item);
      },
    });
  const ship = neuron('ship', {}).dendrite({
    collateral: ready,
    response: (item) => void effects.push(`ship ${item}`),
  });
  return { cns: new CNS([wait, ship], { lease: LEASE, logger, ...options }), effects, go, logger };
}

function two(): { clock: ManualClock; store: Store; one: ReturnType<typeof shop>; other: ReturnType<typeof shop> } {
  const clock = new ManualClock();
  const store = memoryStore({ clock });
  return { clock, store, one: shop({ store, clock }), other: shop({ store, clock }) };
}

describe('I5: a live run', () => {
  it('is refused to a second CNS with AlreadyOwnedError, which names who holds it and until when', async () => {
    const { clock, one, other } = two();
    one.cns.stimulate(order.createSignal('tea'), { id: 'r' });
    await quiet();
    const error = await caught(other.cns.rehydrate('r'));
    expect(error).toBeInstanceOf(AlreadyOwnedError);
    expect(error).toMatchObject({ id: 'r', until: clock.now() + LEASE, retryable: true });
    expect((error as Error).message).toContain(`pid ${process.pid}`);
    expect((error as Error).message).toContain(new Date(clock.now() + LEASE).toISOString());
    expect(await caught(other.cns.stimulate(order.createSignal('tea'), { id: 'r' }))).toBeInstanceOf(AlreadyOwnedError);
    expect(other.effects).toEqual([]);
  });

  it('is given back by rehydrate as the same run, in the CNS that it goes on in', async () => {
    const { one } = two();
    const run = one.cns.stimulate(order.createSignal('tea'), { id: 'r' });
    await quiet();
    const again = await one.cns.rehydrate('r');
    expect(again?.actor).toBe(run.actor);
    expect(again?.waitUntilComplete()).toBe(run.waitUntilComplete());
    one.go();
    await run;
    expect(one.effects).toEqual(['wait tea', 'ship tea']);
  });

  it('rehydrated twice at once is one run, which ends', async () => {
    const { one, other } = two();
    one.cns.stimulate(order.createSignal('tea'), { id: 'r' }).then(undefined, () => undefined);
    await quiet();
    await one.cns.close();
    const [first, second] = await Promise.all([other.cns.rehydrate('r'), other.cns.rehydrate('r')]);
    expect(first?.actor).toBe(second?.actor);
    other.go();
    await second?.waitUntilComplete();
    expect(other.effects).toEqual(['wait tea', 'ship tea']);
  });

  it('stays held beyond its lease, because the lease is renewed', async () => {
    const { clock, one, other } = two();
    const run = one.cns.stimulate(order.createSignal('tea'), { id: 'r' });
    await quiet();
    for (let i = 0; i < 10; i++) await clock.pass(LEASE - 1);
    expect(await caught(other.cns.rehydrate('r'))).toBeInstanceOf(AlreadyOwnedError);
    one.go();
    expect((await run).status).toBe('completed');
    expect(clock.timers).toBe(0);
  });

  it('goes on after renewals have failed for a while: it is warned of, and the next save asks again', async () => {
    const clock = new ManualClock();
    const inner = memoryStore({ clock });
    const store = withOverrides(inner, { renew: () => Promise.reject(new TypeError('connection lost')) });
    const { cns, go, logger, effects } = shop({ store, clock });
    const run = cns.stimulate(order.createSignal('tea'), { id: 'r' });
    await quiet();
    await clock.pass(LEASE * 2);
    expect(logger.warnings.length).toBeGreaterThan(0);
    expect(logger.warnings[0]).toContain('"r"');
    go();
    await run;
    expect(effects).toEqual(['wait tea', 'ship tea']);
  });

  it('that stops while its store is away is free for others as soon as the store is back, though its process lives on', async () => {
    const clock = new ManualClock();
    const store = fileStore({ dir: temporaryFolder(), clock, fsync: false });
    let isAway = false;
    const failing = withOverrides(store, {
      save: (request) =>
        isAway && request.id === 'r' ? Promise.reject(new StoreUnavailableError('it', 'is away')) : store.save(request),
      release: (id, lease) =>
        isAway ? Promise.reject(new StoreUnavailableError('it', 'is away')) : store.release(id, lease),
    });
    const [one, other] = [shop({ store: failing, clock }), shop({ store, clock })];
    const living = one.cns.stimulate(order.createSignal('milk'), { id: 'lives' });
    const run = one.cns.stimulate(order.createSignal('tea'), { id: 'r' });
    await living.checkpoint();
    await run.checkpoint();
    const ended = caught(run);
    isAway = true;
    expect(await caught(run.checkpoint())).toMatchObject({ code: 'SAVE_FAILED' });
    expect(await ended).toMatchObject({ code: 'SAVE_FAILED' });
    await clock.pass(LEASE);
    expect(await caught(other.cns.rehydrate('r'))).toBeInstanceOf(AlreadyOwnedError);
    isAway = false;
    await clock.pass(LEASE / 3);
    other.go();
    expect(await (await other.cns.rehydrate('r'))?.waitUntilComplete()).toMatchObject({ status: 'completed' });
    one.go();
    await living;
    await Promise.all([one.cns.close(), other.cns.close()]);
    await store.close();
  });
});

it('a renewal that is never answered holds up no other, and is not asked again meanwhile', async () => {
  const clock = new ManualClock();
  const inner = memoryStore({ clock });
  const asked: string[] = [];
  const renew: Store['renew'] = (id, lease, ttl) => {
    asked.push(id);
    return id === 'hangs' ? new Promise(() => undefined) : inner.renew(id, lease, ttl);
  };
  const { cns, go } = shop({ store: withOverrides(inner, { renew }), clock });
  const runs = ['hangs', 'goes'].map((id) => cns.stimulate(order.createSignal('tea'), { id }));
  await quiet();
  for (let i = 0; i < 6; i++) await clock.pass(LEASE / 2);
  expect(asked.filter((id) => id === 'hangs')).toHaveLength(1);
  expect(asked.filter((id) => id === 'goes').length).toBeGreaterThan(4);
  await expect(inner.acquire('goes', { owner: stranger(), ttl: 1, isDead: () => false })).rejects.toBeInstanceOf(
    AlreadyOwnedError,
  );
  go();
  expect((await runs[1])?.status).toBe('completed');
});

it('a run that only waits is told when its store has lost it, and stops', async () => {
  const clock = new ManualClock();
  const store = memoryStore({ clock });
  const { cns } = shop({ store, clock });
  const run = cns.stimulate(order.createSignal('tea'), { id: 'r' });
  const ended = caught(() => run.waitUntilComplete());
  await quiet();
  await store.delete('r');
  await clock.pass(LEASE);
  const error = await ended;
  expect(error).toMatchObject({ code: 'SAVE_FAILED', cause: { code: 'UNKNOWN_RUN' } });
  expect(error).toHaveProperty('hint', expect.stringMatching(/^it was deleted, or the store has lost all of it/));
});

describe('I5: a run that was taken over', () => {
  /** `one` is not let to renew, its lease runs out, and `other` takes the run. */
  async function takenOver() {
    const clock = new ManualClock();
    const store = memoryStore({ clock });
    const frozen = new ManualClock(clock.now(), 'frozen');
    const one = shop({ store, clock: frozen });
    const run = one.cns.stimulate(order.createSignal('tea'), { id: 'r' });
    const lost = caught(run);
    await quiet();
    await clock.pass(LEASE + 1);
    const other = shop({ store, clock });
    const taken = await other.cns.rehydrate('r');
    return { clock, frozen, store, one, other, run, lost, taken };
  }

  it('is lost to its old owner: the save is refused with StaleOwnerError, the run stops and touches nothing', async () => {
    const { store, one, other, run, lost, taken } = await takenOver();
    other.go();
    await taken?.waitUntilComplete();
    const before = [await store.history('r'), await store.events('r')];

    one.go(); // its handler answers now
    const error = await lost;
    expect(error).toBeInstanceOf(StaleOwnerError);
    expect(error).toMatchObject({ id: 'r', retryable: false });
    await quiet();
    expect(run.status).toBe('failed');
    expect([one.effects, other.effects]).toEqual([['wait tea'], ['wait tea', 'ship tea']]);
    expect([await store.history('r'), await store.events('r')]).toEqual(before);
  });

  it('is noticed by its old owner at the next renewal too, and what its handlers then answer changes nothing', async () => {
    const { frozen, one, lost, run, other, taken } = await takenOver();
    await frozen.pass(LEASE);
    expect(await lost).toBeInstanceOf(StaleOwnerError);
    expect(frozen.timers).toBe(0);
    one.go();
    await quiet();
    expect(one.effects).toEqual(['wait tea']);
    expect(run.getContext().getAll()).toEqual({});
    other.go();
    expect(await taken?.waitUntilComplete()).toMatchObject({ context: { wait: 'tea' } });
  });

  it('can be taken back by its old owner when the new one has let it go', async () => {
    const { frozen, one, lost, other } = await takenOver();
    await frozen.pass(LEASE);
    await lost;
    await other.cns.close();
    const back = await one.cns.rehydrate('r');
    one.go();
    expect(await back?.waitUntilComplete()).toMatchObject({ id: 'r', status: 'completed' });
  });
});

describe('close', () => {
  it('lets go of every run: it rejects with RunSuspendedError, and another CNS takes it over at once', async () => {
    const { clock, one, other } = two();
    const run = one.cns.stimulate(order.createSignal('tea'), { id: 'r' });
    const lost = caught(run);
    await quiet();
    await one.cns.close();
    expect(await lost).toBeInstanceOf(RunSuspendedError);
    expect(await lost).toMatchObject({ id: 'r', retryable: true });
    expect(clock.timers).toBe(0);
    const again = await other.cns.rehydrate('r');
    other.go();
    one.go();
    expect(await again?.waitUntilComplete()).toMatchObject({ status: 'completed', context: { wait: 'tea' } });
    expect([one.effects, other.effects]).toEqual([['wait tea'], ['wait tea', 'ship tea']]);
  });

  it('lets go of a run whose entry is just being stored: it does not start, and another CNS takes it over', async () => {
    const clock = new ManualClock();
    const inner = memoryStore({ clock });
    const held = heldStore(inner);
    const one = shop({ store: held.store, clock });
    const lost = caught(one.cns.stimulate(order.createSignal('tea'), { id: 'r' }));
    const entry = await held.next();
    const closed = one.cns.close();
    await entry.acknowledge();
    await closed;
    expect(await lost).toBeInstanceOf(RunSuspendedError);
    const other = shop({ store: inner, clock });
    const again = await other.cns.rehydrate('r');
    expect(again?.id).toBe('r');
    expect(one.effects).toEqual([]);
  });

  it('waits for the save that is on its way, which counts', async () => {
    const clock = new ManualClock();
    const inner = memoryStore({ clock });
    const held = heldStore(inner);
    const one = shop({ store: held.store, clock });
    const lost = caught(one.cns.stimulate(order.createSignal('tea'), { id: 'r' }));
    await (await held.next()).acknowledge();
    one.go();
    const milestone = await held.next();
    let isClosed = false;
    const closed = one.cns.close().then(() => (isClosed = true));
    await quiet();
    expect(isClosed).toBe(false);
    await milestone.acknowledge();
    await closed;
    await lost;
    expect(one.effects).toEqual(['wait tea']);
    const other = shop({ store: inner, clock });
    await (await other.cns.rehydrate('r'))?.waitUntilComplete();
    expect(other.effects).toEqual(['ship tea']);
  });
});

it('rehydrate, recover and their like are refused with StoreRequiredError by a CNS without a store', async () => {
  const { store: _none, ...without } = { store: undefined };
  const { cns } = shop(without);
  expect(await caught(cns.rehydrate('r'))).toBeInstanceOf(StoreRequiredError);
  expect(await caught(() => cns.recover())).toBeInstanceOf(StoreRequiredError);
});

it('rehydrate gives undefined for an id never stored', async () => {
  expect(await shop({ store: memoryStore() }).cns.rehydrate('nobody')).toBeUndefined();
});
