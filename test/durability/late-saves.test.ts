import { CNS, collateral, neuron, RunExistsError, SaveFailedError, StaleOwnerError, type Store } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { heldStore, withOverrides } from '../support/stores.js';

const go = collateral<string>('go');
const again = collateral<string>('again');
const LEASE = 60;

/** A promise with a hand on it. */
function gate<T = undefined>() {
  let open!: (value: T) => void;
  let fail!: (error: unknown) => void;
  const opened = new Promise<T>((resolve, reject) => ([open, fail] = [resolve, reject]));
  return { opened, open, fail };
}

describe('I4: after a save that failed', () => {
  it('no handler starts, however long the release takes; the waiter is told after it', async () => {
    const inner = memoryStore();
    const [release, working] = [gate(), gate()];
    const held = heldStore(inner);
    const store = withOverrides(held.store, {
      release: (id, lease) => release.opened.then(() => inner.release(id, lease)),
    });
    const ran: string[] = [];
    const stone = neuron('stone', {})
      .dendrite({ collateral: go, response: () => undefined })
      .milestone();
    const loop = neuron('loop', { again }).dendrite({
      collateral: [go, again],
      response: async (text, axon) => {
        ran.push(text);
        await working.opened;
        return axon.again.createSignal(`${text}!`);
      },
    });
    const cns = new CNS([stone, loop], { store, logger: recordingLogger() });
    const run = cns.stimulate(go.createSignal('a'), { id: 'x' });
    let told: unknown;
    void run.waitUntilComplete().catch((error: unknown) => (told = error));
    await (await held.next()).acknowledge();
    (await held.next()).refuse(new Error('connection lost'));
    await quiet();
    working.open(undefined);
    await quiet();
    expect({ ran, told }).toEqual({ ran: ['a'], told: undefined });
    release.open(undefined);
    await quiet();
    expect(told).toBeInstanceOf(SaveFailedError);
    expect(ran).toEqual(['a']);
    expect((await inner.list({})).runs).toMatchObject([{ lease: null, index: { status: 'running' } }]);
  });
});

describe('I5: while the end is being stored', () => {
  function ending(overrides: Partial<Store> = {}) {
    const held = heldStore();
    const working = gate();
    const clock = new ManualClock();
    const store = withOverrides(held.store, overrides);
    const response = () => working.opened;
    const options = { store, clock, lease: LEASE, logger: recordingLogger() };
    const cns = new CNS([neuron('n', {}).dendrite({ collateral: go, response })], options);
    return { held, clock, working, run: cns.stimulate(go.createSignal('a'), { id: 'x' }) };
  }

  it('a renewal finds that the save gave the lease up, and the run completes', async () => {
    const { held, clock, working, run } = ending();
    await (await held.next()).acknowledge();
    working.open(undefined);
    const last = await held.next();
    await last.write();
    await clock.pass(LEASE);
    await last.acknowledge();
    expect(await run).toMatchObject({ status: 'completed' });
  });

  it('a renewal that was asked for before is answered as stale, and the run completes', async () => {
    const renewal = gate<Awaited<ReturnType<Store['renew']>>>();
    let renewals = 0;
    const renew = () => {
      renewals++;
      return renewal.opened;
    };
    const { held, clock, working, run } = ending({ renew });
    await (await held.next()).acknowledge();
    await quiet();
    await clock.pass(LEASE / 3);
    expect(renewals).toBe(1);
    working.open(undefined);
    const last = await held.next();
    await last.write();
    renewal.fail(new StaleOwnerError('x', 1, 1));
    await quiet();
    await last.acknowledge();
    expect(await run).toMatchObject({ status: 'completed' });
    expect(run.status).toBe('completed');
  });

  it('a save that is refused as stale rejects the run with just that', async () => {
    const { held, working, run } = ending();
    await (await held.next()).acknowledge();
    working.open(undefined);
    const stale = new StaleOwnerError('x', 1, 2);
    (await held.next()).refuse(stale);
    expect(await caught(run)).toBe(stale);
  });
});

describe('a start with another entry while the stored run of that id is brought back', () => {
  async function scene() {
    const inner = memoryStore();
    const make = (store: Store, ran: string[], answer: () => Promise<undefined>) => {
      const response = (text: string) => {
        ran.push(text);
        return answer();
      };
      const logger = recordingLogger();
      return new CNS([neuron('n', {}).dendrite({ collateral: go, response })], { store, logger });
    };
    const first = make(inner, [], () => new Promise(() => undefined));
    first.stimulate(go.createSignal('stored'), { id: 'x' });
    await quiet();
    await first.close();
    const reading = gate();
    const store = withOverrides(inner, { load: (id, seq) => reading.opened.then(() => inner.load(id, seq)) });
    const ran: string[] = [];
    const cns = make(store, ran, () => Promise.resolve(undefined));
    const refused = () => caught(cns.stimulate(go.createSignal('other'), { id: 'x' }));
    return { cns, ran, inner, refused, open: () => reading.open(undefined) };
  }

  it.each(['at once', 'while it is read'] as const)(
    'by rehydrate, %s, is refused, and the run goes on',
    async (when) => {
      const { cns, ran, inner, refused, open } = await scene();
      const rehydrating = cns.rehydrate('x');
      if (when === 'while it is read') await quiet();
      const refusal = refused();
      await quiet();
      open();
      expect(await (await rehydrating)?.waitUntilComplete()).toMatchObject({ id: 'x', status: 'completed' });
      expect(await refusal).toBeInstanceOf(RunExistsError);
      expect(ran).toEqual(['stored']);
      expect((await inner.list({})).runs).toMatchObject([{ index: { status: 'completed' }, lease: null }]);
    },
  );

  it('by recover is refused, and the run is reported as resumed', async () => {
    const { cns, ran, refused, open } = await scene();
    const recovering = cns.recover();
    await quiet();
    const refusal = refused();
    await quiet();
    open();
    expect(await recovering).toMatchObject({ resumed: ['x'], waiting: [], owned: [], failed: [] });
    expect(await refusal).toBeInstanceOf(RunExistsError);
    await quiet();
    expect(ran).toEqual(['stored']);
  });

  it('that came first is refused all the same, and rehydrate gives the stored run', async () => {
    const { cns, ran, refused, open } = await scene();
    const refusal = refused();
    const rehydrating = cns.rehydrate('x');
    open();
    expect(await refusal).toBeInstanceOf(RunExistsError);
    expect(await (await rehydrating)?.waitUntilComplete()).toMatchObject({ id: 'x', status: 'completed' });
    expect(ran).toEqual(['stored']);
  });
});
