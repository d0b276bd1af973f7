/** No check is one that cannot fail: each of them finds what was planted for it, and finds nothing without it. */
import {
  CNS,
  collateral,
  expect as expects,
  neuron,
  withCtx,
  withGlobal,
  type Clock,
  type Signal,
  type Store,
} from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { simulate, type SimulateOptions } from 'engram/testing';
import { describe, expect, it } from 'vitest';
import type { SaveRequest } from '../../../src/durability/store.js';
import { withOverrides } from '../../support/stores.js';

const begin = collateral<number>('begin');
const middle = collateral<number>('middle');
const confirmed = collateral<string>('confirmed');
const end = collateral<number>('end');

/** begin -> first (milestone) -> second (waits for somebody, milestone) -> third */
const first = withCtx<number>()
  .neuron('first', { middle })
  .dendrite({
    collateral: begin,
    response: async (n, axon, ctx) => {
      ctx.set(n);
      return axon.middle.createSignal(n + 1);
    },
  })
  .milestone();
const second = neuron('second', { end })
  .dendrite({ collateral: middle, response: () => expects(confirmed) })
  .expects(confirmed)
  .dendrite({ collateral: confirmed, response: (by, axon) => axon.end.createSignal(by.length) })
  .milestone();
const third = neuron('third', {}).dendrite({ collateral: end, response: () => undefined });

const flow = new CNS([first, second, third], { name: 'planted' });
const signals: readonly [Signal, Signal] = [begin.createSignal(1), confirmed.createSignal('Ann')];

const found = async (more: Partial<SimulateOptions>, cns: Parameters<typeof simulate>[0] = flow) => {
  const result = await simulate(cns, { signals, schedules: 400, ...more });
  return result.failure;
};
const base = (change: (store: Store) => Partial<Store>) => (clock: Clock) => {
  const store = memoryStore({ clock });
  return withOverrides(store, change(store));
};
const through = (change: (request: SaveRequest, store: Store) => Promise<void>) => (store: Store) =>
  withOverrides(store, { save: (request) => change(request, store) });
const codeOf = (error: unknown): unknown => (error as { readonly code?: unknown }).code;
/** Some code that waits for nothing. */
const aWhile = async (): Promise<void> => {
  for (let i = 0; i < 50; i++) await null;
};

describe('the simulator', () => {
  it('finds nothing where nothing was planted', async () => {
    expect(String(await simulate(flow, { signals, schedules: 1500 }))).toMatch(/^ok: 1,500 schedules/);
  });

  it('I1 finds a checkpoint that lacks what a settlement emitted', async () => {
    const halved = through(({ parts, ...request }, store) => {
      const kept = [...parts].filter(([name, text]) => text === null || !name.startsWith('frontier/'));
      return store.save({ ...request, parts: new Map(kept) });
    });
    expect(await found({ through: halved })).toMatchObject({ invariant: 'I1', schedule: [] });
  });

  it('I1 finds a checkpoint that holds what a settlement emitted, and the settlement as pending', async () => {
    const halved = through(({ parts, ...request }, store) => {
      const kept = [...parts].filter(([, text]) => text !== null);
      return store.save({ ...request, parts: new Map(kept) });
    });
    expect(await found({ through: halved })).toMatchObject({ invariant: 'I1', schedule: [] });
  });

  it('I1 finds a context value that is stored without the settlement that wrote it', async () => {
    const early = through(({ parts, ...request }, store) =>
      store.save({ ...request, parts: new Map([...parts, ['context/third', '1']]) }),
    );
    expect((await found({ through: early }))?.message).toMatch(/changes the context of "third", of which nothing has/);
  });

  it('I2 finds a store that loses a checkpoint which it has acknowledged', async () => {
    let saves = 0;
    const forgetful = base((store) => ({
      save: async (request) => (++saves % 2 === 0 ? undefined : store.save(request)),
    }));
    const failure = await found({ store: forgetful });
    expect(failure).toMatchObject({ invariant: 'I2' });
    expect(failure?.message).toMatch(/has taken checkpoint \d+, and gave process \d+ checkpoint \d+/);
  });

  it('I2 finds an acknowledged signal that the run never gets', async () => {
    const deaf = base(() => ({ inbox: async () => [], post: async () => undefined }));
    expect(await found({ store: deaf })).toMatchObject({ invariant: 'I2' });
  });

  it('I3 finds a store that accepts a checkpoint twice', async () => {
    const lenient = base((store) => ({
      save: (request) =>
        store.save(request).catch((error: unknown) => {
          if (codeOf(error) !== 'STALE_CHECKPOINT') throw error;
        }),
    }));
    const twice = through(async (request, store) => {
      await store.save(request);
      if (!request.release) await store.save(request);
    });
    expect(await found({ store: lenient, through: twice })).toMatchObject({ invariant: 'I3', schedule: [] });
  });

  it('I4 finds a store that acknowledges before it has stored', async () => {
    const hasty = through(async (request, store) => {
      void aWhile()
        .then(() => store.save(request))
        .catch(() => undefined);
    });
    expect(await found({ through: hasty })).toMatchObject({ invariant: 'I4', schedule: [] });
  });

  it('I5 finds a store that accepts what a process sends which has lost the run', async () => {
    const lenient = base((store) => ({
      save: (request) =>
        store.save(request).catch((error: unknown) => {
          if (codeOf(error) !== 'STALE_OWNER') throw error;
        }),
    }));
    const failure = await found({ store: lenient, schedules: 3000 });
    expect(failure).toMatchObject({ invariant: 'I5' });
    expect(failure?.schedule.length).toBeLessThanOrEqual(6);
  });

  it('I5 finds a store that gives a lease to two at once', async () => {
    let fence = 0;
    const generous = base((store) => ({
      renew: (id, lease, ttl) => store.renew(id, lease, ttl).catch(() => ({ lease, inbox: 0 })),
      acquire: (id, claim) => store.acquire(id, { ...claim, isDead: () => true }).finally(() => ++fence),
    }));
    const slow = new CNS([first, second, third], { name: 'planted', lease: 100 });
    const failure = await found({ store: generous, schedules: 3000 }, slow);
    expect(fence).toBeGreaterThan(0);
    expect(failure).toMatchObject({ invariant: 'I5' });
  });

  it('I6 finds what rejects with an error of no kind', async () => {
    const rude = base(() => ({
      load: async () => {
        throw new TypeError('disk on fire');
      },
    }));
    expect(await found({ store: rude })).toMatchObject({ invariant: 'I6' });
  });

  it('liveness: finds a run that nobody goes on with', async () => {
    const silent = through((request, store) =>
      request.seq === 3 ? new Promise(() => undefined) : store.save(request),
    );
    const failure = await found({ through: silent });
    expect(failure).toMatchObject({ invariant: 'liveness', schedule: [] });
    expect(failure?.message).toBe(
      'nothing happens any more, and the run is running in checkpoint 2, with work left for second',
    );
  });

  it('liveness: finds a run that never comes to rest', async () => {
    const again = collateral<number>('again');
    const loop = neuron('loop', { again }).dendrite({
      collateral: [begin, again],
      response: (n, axon) => axon.again.createSignal(n + 1, { delay: '1s' }),
    });
    const failure = await found({ steps: 100 }, new CNS([loop], { name: 'loop' }));
    expect(failure).toMatchObject({ invariant: 'liveness', message: 'the run has not come to rest within 100 steps' });
  });

  it('I8 finds a value that counts how often a handler was called', async () => {
    let calls = 0;
    const counting = withCtx<number>()
      .neuron('counting', {})
      .dendrite({ collateral: begin, response: async (_n, _axon, ctx) => ctx.set(++calls) });
    const failure = await found({ signals: [begin.createSignal(1)] }, new CNS([counting], { name: 'counting' }));
    expect(failure).toMatchObject({ invariant: 'I8' });
    expect(
      await found({ signals: [begin.createSignal(1)], deterministic: false }, new CNS([counting], { name: 'x' })),
    ).toBe(undefined);
  });

  it('takes an assertion that throws in an invariant for a violation, with its seed and schedule', async () => {
    const result = await simulate(new CNS([first, second, third], { name: 'planted' }), {
      signals: [begin.createSignal(1)],
      schedules: 5,
      invariants: { 'nobody waits': ({ status }) => void expect(status).toBe('completed') },
    });
    expect(result.failure).toMatchObject({ seed: 1, invariant: 'nobody waits' });
    expect(result.failure?.message).toContain("expected 'waiting' to be 'completed'");
    expect(result.ends).toEqual({ waiting: 1 });
    expect(String(result)).toContain('1 waiting');
  });

  it('finds what breaks an invariant of the user: something done twice because it has no key', async () => {
    const unkeyed = withGlobal<string[]>()
      .neuron('unkeyed', {})
      .dendrite({ collateral: begin, response: async (_n, _axon, ctx) => void ctx.global.push('paid') });
    const failure = await simulate(new CNS([unkeyed], { name: 'unkeyed' }, []), {
      signals: [begin.createSignal(1)],
      global: (): string[] => [],
      invariants: { 'paid once': ({ global }) => (global.length === 1 ? undefined : `paid ${global.length} times`) },
    });
    expect(failure.failure).toMatchObject({ invariant: 'paid once', message: 'paid 2 times' });
    expect(failure.failure?.schedule).toHaveLength(1);
    expect(String(failure)).toMatch(
      /^FAILED: paid once: paid 2 times\nthe shortest schedule that was found:\n {2}1. process 1: .*\nagain: simulate\(cns, \{ seed: \d+, schedules: 1/,
    );
  });
});
