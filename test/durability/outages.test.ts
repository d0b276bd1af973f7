// Rule: `onSaveFailure: 'continue'`: while a store is away a run waits for it behind its barriers and does all else;
// what a run is let go with is stored, or it is said that it is not.
import {
  type CNSOptions,
  type Durability,
  RunSuspendedError,
  SaveFailedError,
  StaleOwnerError,
  type Stimulation,
  type Store,
  StoreUnavailableError,
} from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import type { Lease } from '../../src/durability/store.js';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { stranger, withOverrides } from '../support/stores.js';
import { order, packing, recorded, type Recorded, STEPS } from './packing.js';

const modes: readonly Durability[] = ['sync', 'async', 'exit'];
const LEASE = 9000;

interface Away extends Recorded {
  readonly inner: Store;
  /** What befalls every call but `create` from now on; null: nothing. `lost`: it is done, and the answer is lost. */
  befall: 'refused' | 'lost' | null;
  /** How often a save was tried. */
  tries: number;
}

function awayStore(clock: ManualClock): Away {
  const inner = memoryStore({ clock });
  const { store: kept, ...record } = recorded(inner);
  const away: Away = { ...record, inner, befall: null, tries: 0, store: kept };
  const via = async <T>(call: () => Promise<T>): Promise<T> => {
    const gone = new StoreUnavailableError('memory', new RangeError('connection lost'));
    if (away.befall === 'refused') throw gone;
    const answer = await call();
    if (away.befall === 'lost') throw gone;
    return answer;
  };
  const store = withOverrides(kept, {
    save: (request) => {
      away.tries++;
      return via(() => kept.save(request));
    },
    renew: (id, lease, ttl) => via(() => inner.renew(id, lease, ttl)),
    load: (id, seq) => (away.befall === 'refused' ? via(() => inner.load(id, seq)) : inner.load(id, seq)),
    inbox: (id) => via(() => inner.inbox(id)),
    release: (id, lease) => via(() => inner.release(id, lease)),
  });
  return Object.assign(away, { store });
}

function scene(options: CNSOptions = {}) {
  const clock = new ManualClock();
  const logger = recordingLogger();
  const away = awayStore(clock);
  const given = { store: away.store, clock, logger, lease: LEASE, onSaveFailure: 'continue', ...options } as const;
  const flow = packing(given);
  const aboutStore = () => logger.warnings.filter((text) => !text.includes('lease') && !text.includes('inbox'));
  return { clock, logger, away, aboutStore, ...flow };
}

describe("onSaveFailure 'continue', while the store is away", () => {
  it('I4: in sync mode what a milestone holds waits, all else goes on, and the save is tried again, later each time', async () => {
    const { cns, done, away, clock, aboutStore } = scene();
    const run = cns.stimulate([order.createSignal('a'), order.createSignal('b')], { id: 'x' });
    away.befall = 'refused';
    await quiet();
    for (let i = 0; i < 10; i++) await quiet();
    expect(done).toEqual(['pack a', 'pack b', 'weigh a', 'weigh b']);
    expect(run.status).toBe('running');
    const waits: number[] = [];
    for (const [tried, began] = [away.tries, clock.now()]; waits.length < 8;) {
      expect(tried).toBe(1); // it is only asked whether it is back
      const before = clock.timers;
      expect(before).toBeGreaterThan(0);
      await clock.pass(50 * 2 ** waits.length);
      waits.push(clock.now() - began);
    }
    expect(done).toHaveLength(4);
    away.befall = null;
    await clock.pass(5000);
    while (run.status === 'running') await quiet();
    expect((await run).status).toBe('completed');
    expect(done).toHaveLength(2 * STEPS.length);
    expect(aboutStore()).toEqual([
      expect.stringMatching(/^run "x" cannot be stored now.*connection lost/),
      expect.stringMatching(/is back: 1 run waited for it/),
    ]);
    expect(away.checkpoints.at(-1)).toMatch(/completed$/);
  });

  it.each(['async', 'exit'] as const)(
    'in %s mode the run goes on to its end, which waits for the store',
    async (durability) => {
      const { cns, done, away, clock, aboutStore } = scene({ durability });
      const run = cns.stimulate(order.createSignal('a'), { id: 'x' });
      await quiet();
      away.befall = 'refused';
      while (done.length < STEPS.length) await quiet();
      await quiet();
      await clock.pass(60_000);
      expect([run.status, away.checkpoints.at(-1)]).toEqual(['running', '1 running']);
      away.befall = null;
      await clock.pass(5000);
      expect(await run).toMatchObject({ status: 'completed' });
      expect(aboutStore()).toHaveLength(2);
      expect((await away.inner.list({})).runs).toMatchObject([{ index: { status: 'completed' }, lease: null }]);
      expect((await away.inner.events('x')).length).toBe(STEPS.length);
    },
  );

  it('I4, I5: a checkpoint of the same number that a new owner has stored meanwhile lets nothing go', async () => {
    const { cns, away, clock, done } = scene({ durability: 'sync' });
    const run = cns.stimulate(order.createSignal('a'), { id: 'x' });
    const ended = run.waitUntilComplete().catch((error: unknown) => error);
    while (done.length < 1) await quiet();
    away.befall = 'refused';
    while (away.tries < 1) await quiet();
    const other = scene({ store: away.inner });
    const lease = await away.inner.acquire('x', { owner: stranger(), ttl: 1, isDead: () => true });
    await away.inner.release('x', lease as Lease);
    expect(await (await other.cns.rehydrate('x'))?.waitUntilComplete()).toMatchObject({ status: 'completed' });
    away.befall = null;
    await clock.pass(5000);
    expect(await ended).toBeInstanceOf(StaleOwnerError);
    expect(done).toEqual(['pack a', 'weigh a']);
  });

  it('I3: saves begin again at 50 milliseconds, double to 5 seconds, and hurry no more than that', async () => {
    const { cns, away, clock } = scene({ durability: 'exit' });
    const asked: number[] = [];
    const { load } = away.store;
    const counted = withOverrides(away.store, {
      load: (id, seq) => {
        asked.push(clock.now());
        return load(id, seq);
      },
    });
    const flow = packing(
      { store: counted, clock, lease: 1_000_000, logger: recordingLogger(), onSaveFailure: 'continue' },
      () => undefined,
    );
    void cns;
    const run = flow.cns.stimulate(order.createSignal('a'), { id: 'y' });
    away.befall = 'refused';
    await quiet();
    const began = clock.now();
    await clock.pass(20_000);
    const waits = asked.map((at, i) => at - (asked[i - 1] ?? began));
    expect(waits).toEqual([50, 100, 200, 400, 800, 1600, 3200, 5000, 5000]);
    away.befall = null;
    await clock.pass(5000);
    expect(await run).toMatchObject({ status: 'completed' });
  });

  it.each(modes)(
    'I3: in %s mode a save of which only the answer was lost is not done twice, the end included',
    async (durability) => {
      const { cns, away, clock } = scene({ durability });
      const run = cns.stimulate(order.createSignal('a'), { id: 'x' });
      away.befall = 'lost';
      while (run.status === 'starting' || run.status === 'running') {
        await quiet();
        await clock.pass(5000);
      }
      expect(await run).toMatchObject({ status: 'completed' });
      const seqs = away.checkpoints.map((one) => Number(one.split(' ')[0]));
      expect(seqs).toEqual(seqs.map((_, i) => i + 1));
      expect(away.tries).toBe(seqs.length - 1);
      const settled = (await away.inner.events('x')).map((text) => (JSON.parse(text) as { neuron: string }).neuron);
      expect(settled).toEqual(STEPS);
    },
  );

  it('checkpoint() and signal() wait for it, and resolve when it is back', async () => {
    const { cns, away, clock, done } = scene({ durability: 'exit' });
    const run = cns.stimulate(order.createSignal('a'), { id: 'x' });
    while (done.length < 1) await quiet();
    away.befall = 'refused';
    const stored: string[] = [];
    void run.checkpoint().then(() => stored.push('checkpoint'));
    void run.signal(order.createSignal('b')).then(() => stored.push('signal'));
    await quiet();
    await clock.pass(10_000);
    expect(stored).toEqual([]);
    away.befall = null;
    await clock.pass(5000);
    expect(stored.sort()).toEqual(['checkpoint', 'signal']);
    expect(await run).toMatchObject({ status: 'completed' });
  });

  it('I5: a run that somebody took meanwhile stops as one that has lost its lease, and writes nothing', async () => {
    const { cns, away, clock, logger, aboutStore } = scene({ durability: 'async' });
    const run = cns.stimulate(order.createSignal('a'), { id: 'x' });
    await quiet();
    away.befall = 'refused';
    for (let i = 0; i < 10; i++) await quiet();
    await clock.pass(2 * LEASE);
    await away.inner.acquire('x', { owner: stranger(), ttl: LEASE, isDead: () => false });
    away.befall = null;
    const error = caught(run);
    await clock.pass(5000);
    expect(await error).toBeInstanceOf(StaleOwnerError);
    expect(away.checkpoints).toEqual(['1 running']);
    expect([aboutStore().length, logger.errors]).toEqual([1, []]); // it is not back for this run
  });

  it('I6: what is not an outage stops the run as ever; so does an outage where that was not asked for', async () => {
    const { away, clock } = scene();
    const broken = withOverrides(away.store, { save: () => Promise.reject(new RangeError('a bug')) });
    const options = { store: broken, clock, logger: recordingLogger() };
    const one = packing({ ...options, onSaveFailure: 'continue' }).cns.stimulate(order.createSignal('a'));
    expect(await caught(one)).toMatchObject({ code: 'SAVE_FAILED', cause: { message: 'a bug' } });
    const two = packing({ ...options, store: away.store }).cns.stimulate(order.createSignal('a'));
    await quiet();
    away.befall = 'refused';
    expect(await caught(two)).toMatchObject({ code: 'SAVE_FAILED', retryable: true });
  });

  it('an entry that cannot be stored is refused all the same: nothing of the run is there', async () => {
    const { away, clock } = scene();
    const create = () => Promise.reject(new StoreUnavailableError('memory', new RangeError('gone')));
    const store = withOverrides(away.store, { create });
    const { cns, done } = packing({ store, clock, logger: recordingLogger(), onSaveFailure: 'continue' });
    expect(await caught(cns.stimulate(order.createSignal('a')))).toBeInstanceOf(SaveFailedError);
    expect(done).toEqual([]);
  });
});

describe('cns.close()', () => {
  /** Let go in the middle of `send`: `label` has settled, which is no milestone. */
  async function letGo(durability: Durability, meanwhile: (run: Stimulation) => void = () => undefined) {
    const { store, checkpoints } = recorded();
    const first = packing({ store, durability }, (step) => (step === 'send' ? new Promise(() => undefined) : quiet()));
    const run = first.cns.stimulate(order.createSignal('a'), { id: 'x' });
    while (first.done.length < 3) await quiet();
    await quiet();
    meanwhile(run);
    await first.cns.close();
    expect(await caught(run)).toBeInstanceOf(RunSuspendedError);
    expect((await store.list({})).runs).toMatchObject([{ lease: null, index: { status: 'running' } }]);
    const second = packing({ store, durability });
    expect(await (await second.cns.rehydrate('x'))?.waitUntilComplete()).toMatchObject({ status: 'completed' });
    return { run, checkpoints, again: second.done };
  }

  it.each<[Durability, readonly string[]]>([
    ['async', ['1 running', '2 weigh running', '3 running', '4 send running', '5 completed']],
    ['exit', ['1 running', '2 weigh running', '3 completed']],
  ])('in %s mode stores the run as it stands: only what was in flight is done again', async (durability, expected) => {
    const { run, checkpoints, again } = await letGo(durability);
    expect(again).toEqual(['send a', 'bill a']);
    expect(checkpoints).toEqual(expected);
    await run.checkpoint(); // all that has happened is stored
  });

  it('in sync mode stores nothing more: the run goes on from its last milestone, and checkpoint() does not pretend', async () => {
    const { run, checkpoints, again } = await letGo('sync');
    expect(again).toEqual(['label a', 'send a', 'bill a']);
    expect(checkpoints).toEqual(['1 running', '2 weigh running', '3 send running', '4 completed']);
    expect(await caught(run.checkpoint())).toBeInstanceOf(RunSuspendedError);
  });

  it.each(modes)('in %s mode keeps what somebody waits for with checkpoint()', async (durability) => {
    let stored: Promise<void> | undefined;
    const { again } = await letGo(durability, (run) => {
      stored = run.checkpoint();
    });
    await stored;
    expect(again).toEqual(['send a', 'bill a']);
  });

  it('stores nothing of a run of which nothing is unstored', async () => {
    const { store, checkpoints } = recorded();
    const { cns } = packing({ store }, () => new Promise(() => undefined));
    cns.stimulate(order.createSignal('a'));
    await quiet();
    await cns.close();
    expect(checkpoints).toEqual(['1 running']);
  });

  it.each(['fail', 'continue'] as const)(
    "I6: rejects with what could not be stored ('%s'); the run is suspended, and goes on from before",
    async (onSaveFailure) => {
      const { cns, done, away } = scene({ durability: 'exit', onSaveFailure });
      const run = cns.stimulate(order.createSignal('a'), { id: 'x' });
      while (done.length < 2) await quiet();
      away.befall = 'refused';
      expect(await caught(cns.close())).toMatchObject({ code: 'SAVE_FAILED', id: 'x', retryable: true });
      expect(await caught(run)).toBeInstanceOf(RunSuspendedError);
      expect(away.checkpoints).toEqual(['1 running']);
    },
  );

  it('while a run waits for the store tries once more, and stores all there is if it is back', async () => {
    const { cns, done, away } = scene();
    const run = cns.stimulate(order.createSignal('a'), { id: 'x' });
    await quiet();
    away.befall = 'refused';
    while (done.length < 2) await quiet();
    for (let i = 0; i < 5; i++) await quiet();
    away.befall = null;
    await cns.close();
    expect(await caught(run)).toBeInstanceOf(RunSuspendedError);
    const second = packing({ store: away.inner });
    await (await second.cns.rehydrate('x'))?.waitUntilComplete();
    expect(second.done).toEqual(['label a', 'send a', 'bill a']);
  });

  it.each([
    ['completes it, if the store is back', null],
    ['rejects it with SaveFailedError, if not', 'refused'],
  ] as const)('while the end of a run waits for the store %s', async (_what, befall) => {
    const { cns, done, away } = scene({ durability: 'exit' });
    const run = cns.stimulate(order.createSignal('a'), { id: 'x' });
    await quiet();
    away.befall = 'refused';
    while (done.length < STEPS.length) await quiet();
    for (let i = 0; i < 5; i++) await quiet();
    away.befall = befall;
    await cns.close();
    if (befall === null) expect(await run).toMatchObject({ status: 'completed' });
    else expect(await caught(run)).toBeInstanceOf(SaveFailedError);
  });
});
