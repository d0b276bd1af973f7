import { CNS, type CNSOptions, collateral, expect as expectSignal, neuron } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { heldStore, withOverrides } from '../support/stores.js';

const order = collateral<string>('order');
const approved = collateral<string>('approved');
const expired = collateral<string>('expired');
const noted = collateral<string>('noted');

/** An order waits ten seconds for its approval; `patient` ones wait for any time, `strict` ones fail. */
function flow(options: CNSOptions) {
  const trace: string[] = [];
  const ids: string[] = [];
  const clerk = neuron('clerk', { expired, noted })
    .dendrite({
      collateral: order,
      response: (what, axon) => {
        trace.push(`order ${what}`);
        if (what === 'patient') return expectSignal(approved);
        if (what === 'strict') return expectSignal(approved, { within: '10s' });
        return [
          expectSignal(approved, { within: '10s', otherwise: axon.expired.createSignal(what) }),
          axon.noted.createSignal(what),
        ];
      },
    })
    .expects(approved)
    .milestone();
  const shop = neuron('shop', {}).dendrite({
    collateral: [approved, expired, noted],
    response: (what, _axon, ctx) => {
      trace.push(`shop ${what}`);
      ids.push(ctx.activationId);
    },
  });
  return { cns: new CNS([clerk, shop], { logger: recordingLogger(), ...options }), trace, ids };
}

/** A store, and processes on it whose clocks start at the times that they are given (ms after the first). */
function world() {
  const store = memoryStore({ clock: new ManualClock() });
  const at = (ms: number, options: CNSOptions = {}) => {
    const clock = new ManualClock(1_700_000_000_000 + ms, `p${ms}`);
    return { clock, ...flow({ clock, store, lease: 60_000, ...options }) };
  };
  return { store, at };
}

/** Runs of these orders that wait, with nobody to hold them. */
async function leave(at: ReturnType<typeof world>['at'], ...orders: readonly string[]): Promise<string[]> {
  const { cns, ids } = at(0);
  for (const what of orders) cns.stimulate(order.createSignal(what), { id: what });
  await quiet();
  await cns.close();
  return ids;
}

describe('the deadline of a stored expectation', () => {
  it('is kept to the millisecond by whoever brings the run back before it', async () => {
    const { at } = world();
    await leave(at, 'book');
    const { cns, clock, trace } = at(9_000);
    const run = await cns.rehydrate('book');
    expect([run?.status, trace]).toEqual(['waiting', []]);
    await clock.pass(999);
    expect([run?.status, trace]).toEqual(['waiting', []]);
    await clock.pass(1);
    expect([run?.status, trace]).toEqual(['completed', ['shop book']]);
  });

  it('that has passed meanwhile counts at once, with the same ids as if nobody had been away', async () => {
    const untouched = world().at(0);
    const whole = untouched.cns.stimulate(order.createSignal('book'), { id: 'book' });
    await quiet();
    await untouched.clock.pass(10_000);
    await whole;
    const { at } = world();
    const before = await leave(at, 'book');
    const { cns, clock, trace, ids } = at(86_400_000);
    const run = await cns.rehydrate('book');
    await clock.pass(0);
    expect([run?.status, trace]).toEqual(['completed', ['shop book']]);
    expect([...before, ...ids]).toEqual(untouched.ids);
  });

  it('fails the run when it has passed and nothing is emitted instead', async () => {
    const { at } = world();
    await leave(at, 'strict');
    const { cns, clock } = at(10_000);
    const run = await cns.rehydrate('strict');
    const ended = caught(run!.waitUntilComplete());
    await clock.pass(0);
    expect(await ended).toMatchObject({ code: 'STIMULATION_FAILED', errors: [{ code: 'EXPECTATION_TIMEOUT' }] });
    expect(run?.getFailedTasks()).toMatchObject([
      {
        aborted: false,
        task: { neuron: 'clerk', dendrite: 'order#0', payload: 'strict', expects: 'approved', within: 10_000 },
      },
    ]);
  });

  it('counts before a signal that comes after it, and the signal is refused with the end of the run', async () => {
    const { at } = world();
    await leave(at, 'book');
    const { cns, clock, trace } = at(20_000);
    const run = await cns.rehydrate('book');
    await clock.pass(0);
    expect(trace).toEqual(['shop book']);
    expect(await caught(run!.signal(approved.createSignal('ann')))).toMatchObject({ code: 'UNDELIVERABLE_SIGNAL' });
  });
});

describe('a run that waits', () => {
  it('says so, tells its task with all that it waits for, and is stored so', async () => {
    const { store, at } = world();
    const { cns } = at(0);
    const run = cns.stimulate(order.createSignal('book'), { id: 'book' });
    expect(run.status).toBe('starting');
    await quiet();
    expect(run.status).toBe('waiting');
    expect(run.getOutstandingTasks()).toEqual([
      {
        id: expect.stringMatching(/^book\/[0-9a-f]{16}$/) as unknown,
        neuron: 'clerk',
        dendrite: 'order#0',
        collateral: 'order',
        payload: 'book',
        due: 1_700_000_010_000,
        expects: 'approved',
        within: 10_000,
        otherwise: { collateral: 'expired', payload: 'book' },
      },
    ]);
    expect((await store.list({ status: ['waiting'] })).runs).toMatchObject([
      { id: 'book', index: { status: 'waiting', due: 1_700_000_010_000 } },
    ]);
    await cns.close();
  });

  it('I4: that was given its signal early takes it when its milestone is stored, and not before', async () => {
    const held = heldStore();
    const { cns, trace } = flow({ clock: new ManualClock(), store: held.store });
    const run = cns.stimulate(order.createSignal('book'), { id: 'book' });
    const told = run.signal(approved.createSignal('ann'));
    await (await held.next()).acknowledge(); // the entry
    const milestone = await held.next();
    await quiet();
    expect(trace).toEqual(['order book']);
    expect(
      run.actor.getSnapshot().context.frontier.map(({ neuron, payload, state }) => [neuron, payload, state]),
    ).toEqual([
      ['clerk', 'book', 'held'],
      ['shop', 'book', 'held'],
    ]);
    held.open();
    await milestone.acknowledge();
    await told;
    expect((await run).unclaimed).toEqual([]);
    expect(trace).toEqual(['order book', 'shop ann', 'shop book']);
  });
});

describe('recover', () => {
  it('leaves dormant the runs that only wait, and takes no lease of theirs', async () => {
    const { store, at } = world();
    await leave(at, 'book', 'patient');
    const acquired: string[] = [];
    const watched = withOverrides(store, {
      acquire: (id, claim) => {
        acquired.push(id);
        return store.acquire(id, claim);
      },
    });
    const { cns, trace } = at(9_999, { store: watched });
    expect(await cns.recover()).toMatchObject({ resumed: [], waiting: ['book', 'patient'], owned: [], failed: [] });
    expect([trace, acquired]).toEqual([[], []]);
    const dormant = await store.list({ status: ['waiting'] });
    expect(dormant.runs.map(({ id, lease }) => [id, lease])).toEqual([
      ['book', null],
      ['patient', null],
    ]);
  });

  it('brings back a run whose deadline has come', async () => {
    const { at } = world();
    await leave(at, 'book', 'patient');
    const { cns, clock, trace } = at(10_000);
    expect(await cns.recover()).toMatchObject({ resumed: ['book'], waiting: ['patient'] });
    await clock.pass(0);
    expect(trace).toEqual(['shop book']);
    await cns.close();
  });

  it('brings back a run that has mail', async () => {
    const { at } = world();
    await leave(at, 'book', 'patient');
    const { cns, trace } = at(1);
    await cns.signal('patient', approved.createSignal('ann'));
    expect(await cns.recover()).toMatchObject({ resumed: ['patient'], waiting: ['book'] });
    await quiet();
    expect(trace).toEqual(['shop ann']);
    expect(await cns.recover()).toMatchObject({ resumed: [], waiting: ['book'] });
    await cns.close();
  });

  it('goes by the deadline alone where the store keeps no inbox', async () => {
    const { store, at } = world();
    await leave(at, 'book', 'patient');
    const inbox = () => Promise.reject(new TypeError('asked a store without an inbox'));
    const poor = withOverrides(store, { capabilities: { ...store.capabilities, inbox: false }, inbox });
    const { cns } = at(10_000, { store: poor });
    expect(await cns.recover()).toMatchObject({ resumed: ['book'], waiting: ['patient'], failed: [] });
    await cns.close();
  });

  it('brings back a run with mail that cannot be read, with a warning: it is looked at again', async () => {
    const { store, at } = world();
    await leave(at, 'book', 'patient');
    await at(0).cns.signal('patient', approved.createSignal('ann'));
    const logger = recordingLogger();
    const reads = withOverrides(store, {
      inbox: (id) => (id === 'patient' ? Promise.reject(new RangeError('unreadable')) : store.inbox(id)),
    });
    const { cns } = at(10_000, { store: reads, logger });
    expect(await cns.recover()).toMatchObject({ resumed: ['book', 'patient'], waiting: [], failed: [] });
    expect(logger.warnings).toEqual(['the inbox of run "patient" could not be read']);
    await cns.close();
  });

  it('asks the filter about runs that wait as well', async () => {
    const { at } = world();
    await leave(at, 'book', 'patient');
    const asked: unknown[] = [];
    const { cns } = at(0);
    const filter = (run: { readonly id: string; readonly status: string }) => asked.push(run) > 1;
    expect(await cns.recover({ filter })).toMatchObject({ resumed: [], waiting: ['patient'] });
    expect(asked).toEqual([
      { id: 'book', status: 'waiting' },
      { id: 'patient', status: 'waiting' },
    ]);
  });

  it('counts a run that another process holds as waiting while it waits, and as owned when it has something to do', async () => {
    const { at } = world();
    const gone = at(0); // never closed: it holds the run, and its clock stands still
    gone.cns.stimulate(order.createSignal('book'), { id: 'book' });
    await quiet();
    const { cns, clock, trace } = at(9_000);
    expect(await cns.recover()).toMatchObject({ resumed: [], waiting: ['book'], owned: [] });
    await clock.pass(1_000);
    expect(await cns.recover()).toMatchObject({ resumed: [], waiting: [], owned: [{ id: 'book' }] });
    expect(trace).toEqual([]);
    await cns.close();
    await gone.cns.close();
  });
});
