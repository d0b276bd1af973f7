// Rule: a run that is let go before its end loses nothing, and tells whoever waits for it.
import { CNS, type CNSOptions, collateral, expect as awaits, neuron, RunSuspendedError, type Store } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { ManualClock, quiet } from '../support/manual-clock.js';

const go = collateral<string>('go');
const next = collateral<string>('next');
const answer = collateral<string>('answer');

interface Call {
  readonly payload: string;
  readonly signal: AbortSignal;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** `first` answers when the test says so; `second` notes what it gets. */
function flow(store: Store | undefined, options: CNSOptions = {}) {
  const calls: Call[] = [];
  const seen: string[] = [];
  const clock = new ManualClock();
  const first = neuron('first', { next }).dendrite({
    collateral: go,
    response: async (payload, axon, { abortSignal: signal }) => {
      await new Promise<void>((resolve, reject) => calls.push({ payload, signal, resolve, reject }));
      return axon.next.createSignal(payload);
    },
  });
  const second = neuron('second', {}).dendrite({ collateral: next, response: (text) => void seen.push(text) });
  const waits = neuron('waits', {})
    .dendrite({ collateral: answer, response: () => awaits(go, { within: 5000 }) })
    .expects(go);
  const cns = new CNS([first, second, waits], { clock, ...(store === undefined ? {} : { store }), ...options });
  return { cns, calls, seen, clock };
}

describe('stimulation.suspend', () => {
  it('tells what runs, and another process goes on with all of it', async () => {
    const store = memoryStore();
    const { cns, calls, seen } = flow(store);
    const run = cns.stimulate(go.createSignal('a'), { id: 'run' });
    const end = run.waitUntilComplete();
    await quiet();
    await run.suspend();
    expect(calls[0]?.signal.reason).toBeInstanceOf(RunSuspendedError);
    expect(run.status).toBe('suspended');
    expect(await caught(() => end)).toBeInstanceOf(RunSuspendedError);
    calls[0]?.resolve(); // too late
    const other = flow(store);
    const again = await other.cns.rehydrate('run');
    await quiet();
    expect(other.calls.map(({ payload }) => payload)).toEqual(['a']);
    other.calls[0]?.resolve();
    await again?.waitUntilComplete();
    expect([seen, other.seen]).toEqual([[], ['a']]);
  });

  it.each(['sync', 'async', 'exit'] as const)(
    'with a grace period takes what is answered in it, starts nothing more, and stores that in %s mode',
    async (durability) => {
      const store = memoryStore();
      const { cns, calls, seen } = flow(store, { durability });
      const run = cns.stimulate([go.createSignal('a'), go.createSignal('b')], { id: 'run' });
      await quiet();
      const gone = run.suspend({ grace: 1000 });
      expect(calls.map(({ signal }) => signal.aborted)).toEqual([true, true]);
      calls[0]?.resolve();
      calls[1]?.reject(new Error('told to stop'));
      await gone;
      expect(seen).toEqual([]);
      const other = flow(store);
      const again = await other.cns.rehydrate('run');
      await quiet();
      expect(other.seen).toEqual(['a']);
      expect(other.calls.map(({ payload }) => payload)).toEqual(['b']);
      other.calls[0]?.resolve();
      expect(await again?.waitUntilComplete()).toMatchObject({ status: 'completed' });
    },
  );

  it('waits for what does not answer no longer than it was told', async () => {
    const { cns, clock } = flow(memoryStore());
    const run = cns.stimulate(go.createSignal('a'), { id: 'run' });
    await quiet();
    let isGone = false;
    const gone = run.suspend({ grace: 1000 }).then(() => (isGone = true));
    await clock.pass(999);
    await quiet();
    expect(isGone).toBe(false);
    await clock.pass(1);
    await gone;
    expect(run.status).toBe('suspended');
  });

  it('of a run that comes to its end meanwhile lets it end', async () => {
    const { cns, calls } = flow(memoryStore());
    const run = cns.stimulate(go.createSignal('last'), { id: 'run' });
    await quiet();
    calls[0]?.resolve();
    await run;
    await run.suspend({ grace: 10 });
    expect(run.status).toBe('completed');
  });

  it('without a store just stops', async () => {
    const { cns, calls, seen } = flow(undefined);
    const run = cns.stimulate(go.createSignal('a'));
    const end = run.waitUntilComplete();
    await run.suspend();
    expect(await caught(() => end)).toBeInstanceOf(RunSuspendedError);
    calls[0]?.resolve();
    await quiet();
    expect(seen).toEqual([]);
  });

  it.each([-1, NaN, 2 ** 31])('refuses %d milliseconds', (grace) => {
    const { cns } = flow(undefined);
    expect(() => cns.stimulate(go.createSignal('a')).suspend({ grace })).toThrow(/grace must be a number/);
  });
});

it('cns.close takes what is answered within its grace period', async () => {
  const store = memoryStore();
  const { cns, calls } = flow(store);
  const run = cns.stimulate(go.createSignal('a'), { id: 'run' });
  run.waitUntilComplete().catch(() => undefined);
  await quiet();
  const closed = cns.close({ grace: 1000 });
  calls[0]?.resolve();
  await closed;
  const other = flow(store);
  await other.cns.rehydrate('run');
  await quiet();
  expect([other.calls.length, other.seen]).toEqual([0, ['a']]);
});

it('a run says what it waits for, how far it is, and its last milestone', async () => {
  const { cns, clock } = flow(memoryStore(), { checkpoint: { on: 'response' } });
  const run = cns.stimulate(answer.createSignal('?'), { id: 'run' });
  expect([run.due, run.milestone, run.settledActivations]).toEqual([null, null, 0]);
  await quiet();
  expect([run.status, run.due, run.milestone, run.settledActivations]).toEqual([
    'waiting',
    clock.now() + 5000,
    'waits',
    1,
  ]);
});
