import { CNS, CNSClosedError, collateral, neuron, RunSuspendedError, type Store } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { heldStore, withOverrides } from '../support/stores.js';

const go = collateral<string>('go');
const ids = Array.from({ length: 20 }, (_, i) => `run-${i}`);

/** A handler that notes its payload and, unless told, never ends. */
function flow(store: Store, isEnding = false) {
  const ran: string[] = [];
  const [logger, clock] = [recordingLogger(), new ManualClock()];
  const response = (text: string) => {
    ran.push(text);
    return isEnding ? undefined : new Promise<undefined>(() => undefined);
  };
  const cns = new CNS([neuron('n', {}).dendrite({ collateral: go, response })], { store, logger, clock });
  return { cns, ran, logger, clock };
}

/** A store that holds unfinished runs of nobody. */
async function stored(...names: readonly string[]): Promise<Store> {
  const store = memoryStore();
  const { cns } = flow(store);
  for (const id of names) cns.stimulate(go.createSignal(id), { id });
  await quiet();
  await cns.close();
  return store;
}

const leased = async (store: Store) =>
  (await store.list({ limit: 100 })).runs.flatMap(({ id, lease }) => (lease === null ? [] : [id]));

describe('close()', () => {
  it('while the end is being stored lets the run complete', async () => {
    const { store, next } = heldStore();
    const { cns, logger } = flow(store, true);
    const run = cns.stimulate(go.createSignal('a'), { id: 'x' });
    await (await next()).acknowledge();
    const last = await next();
    const closing = cns.close();
    await quiet();
    await last.acknowledge();
    expect(await run).toMatchObject({ id: 'x', status: 'completed' });
    await closing;
    expect(run.status).toBe('completed');
    expect((await store.list({})).runs).toMatchObject([{ index: { status: 'completed' }, lease: null }]);
    expect(logger).toMatchObject({ errors: [], warnings: [] });
  });

  it('while a start is being stored suspends it before any handler (I1)', async () => {
    const { store, next } = heldStore();
    const { cns, ran } = flow(store);
    const run = cns.stimulate(go.createSignal('a'), { id: 'x' });
    const create = await next();
    const closing = cns.close();
    await create.acknowledge();
    await closing;
    expect({ status: run.status, ran, leased: await leased(store) }).toEqual({
      status: 'suspended',
      ran: [],
      leased: [],
    });
  });

  it('while runs are recovered brings nothing to life once it has resolved', async () => {
    const store = await stored(...ids);
    const { cns, ran } = flow(store);
    let brought = 0;
    let atClose: Promise<number> | undefined;
    const onRun = () => {
      if (++brought === 3) atClose = cns.close().then(() => ran.length);
    };
    const report = await cns.recover({ concurrency: 2, onRun });
    const alive = await atClose;
    await quiet();
    expect(alive).toBeLessThan(ids.length);
    expect(ran).toHaveLength(alive ?? -1);
    expect(report.failed).toEqual([]);
    expect(await leased(store)).toEqual([]);
  });

  it.each([
    ['at once after', 'rehydrate'],
    ['in the middle of', 'rehydrate'],
    ['at once after', 'a start that attaches'],
    ['in the middle of', 'a start that attaches'],
  ] as const)('%s %s waits for that, and leaves the run suspended', async (when, what) => {
    const inner = await stored('x');
    let open!: () => void;
    const gate = new Promise<void>((resolve) => (open = resolve));
    const store = withOverrides(inner, { load: (id, seq) => gate.then(() => inner.load(id, seq)) });
    const { cns, ran } = flow(store);
    const begun =
      what === 'rehydrate' ? cns.rehydrate('x') : Promise.resolve([cns.stimulate(go.createSignal('x'), { id: 'x' })]);
    if (when === 'in the middle of') await quiet();
    let isClosed = false;
    const closing = cns.close().then(() => (isClosed = true));
    await quiet();
    expect(isClosed).toBe(false);
    open();
    await closing;
    const run = [await begun].flat()[0];
    expect({ status: run?.status, ran, leased: await leased(inner) }).toEqual({
      status: 'suspended',
      ran: [],
      leased: [],
    });
  });

  it.each(['stimulate', 'rehydrate', 'recover'] as const)('refuses %s from then on', async (what) => {
    const store = await stored('x');
    const { cns, ran } = flow(store);
    await cns.close();
    const call = {
      stimulate: () => cns.stimulate(go.createSignal('a')),
      rehydrate: () => cns.rehydrate('x'),
      recover: () => cns.recover(),
    }[what];
    expect(await caught(call)).toBeInstanceOf(CNSClosedError);
    expect(ran).toEqual([]);
  });

  it('suspends a run, which is no failure and is not logged as one', async () => {
    const { cns, clock, logger } = flow(memoryStore());
    const run = cns.stimulate(go.createSignal('a'));
    await quiet();
    await cns.close();
    await clock.pass(1000);
    expect(run.status).toBe('suspended');
    expect(logger.errors).toEqual([]);
    expect(await caught(run)).toBeInstanceOf(RunSuspendedError);
  });
});
