import {
  CNS,
  type CNSOptions,
  collateral,
  expect as expectSignal,
  InvalidArgumentError,
  InvalidPayloadError,
  neuron,
  StoreRequiredError,
  UndeliverableSignalError,
  UnknownCollateralError,
  UnknownRunError,
  UnserializableError,
} from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { caught } from '../support/caught.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { heldStore, withOverrides } from '../support/stores.js';

const order = collateral<string>('order');
const approved = collateral<{ by: string; what?: unknown }>('approved', {
  schema: z.object({ by: z.string(), what: z.unknown().optional() }),
});
const note = collateral<string>('note');
const unheard = collateral<string>('unheard');
const foreign = collateral<string>('foreign');
const LEASE = 3000;

/** An order waits for its approval; a note is taken at any time. */
function flow(options: CNSOptions) {
  const trace: string[] = [];
  const clerk = neuron('clerk', { unheard })
    .dendrite({
      collateral: order,
      response: (what) => {
        trace.push(`order ${what}`);
        return expectSignal(approved);
      },
    })
    .dendrite({ collateral: approved, response: ({ by }, _axon, ctx) => void (trace.push(`by ${by}`), ctx.set(by)) })
    .expects(approved);
  const diary = neuron('diary', {}).dendrite({
    collateral: note,
    response: (text, _axon, ctx) => {
      trace.push(`note ${text}`);
      ctx.update((all = '') => `${all as string}${text};`);
    },
  });
  return { cns: new CNS([clerk, diary], { lease: LEASE, ...options }), trace };
}

function world() {
  const clock = new ManualClock();
  const logger = recordingLogger();
  const store = memoryStore({ clock });
  const here = (options: CNSOptions = {}) => flow({ clock, logger, store, ...options });
  return { clock, logger, store, here };
}

const approval = approved.createSignal({ by: 'ann' });

describe('stimulation.signal', () => {
  it('starts who listens before it returns, whether or not somebody waits for another collateral', async () => {
    const { cns, trace } = flow({ clock: new ManualClock(), logger: recordingLogger() });
    const run = cns.stimulate(order.createSignal('book'));
    expect(run.status).toBe('waiting');
    const noted = run.signal(note.createSignal('hello'));
    expect(trace).toEqual(['order book', 'note hello']);
    await noted;
    await run.signal(approval);
    expect(trace).toEqual(['order book', 'note hello', 'by ann']);
    expect(await run).toMatchObject({ context: { clerk: 'ann', diary: 'hello;' }, unclaimed: [] });
  });

  it('resolves when the signal is stored, and not before', async () => {
    const held = heldStore();
    const { cns, trace } = flow({ clock: new ManualClock(), logger: recordingLogger(), store: held.store });
    const run = cns.stimulate(order.createSignal('book'), { id: 'r' });
    for (let seq = 1; seq <= 2; seq++) await (await held.next()).acknowledge(); // the entry, and that it waits
    await quiet();
    let stored = false;
    const noted = run.signal(note.createSignal('hello')).then(() => (stored = true));
    const write = await held.next();
    await quiet();
    expect([trace, stored]).toEqual([['order book', 'note hello'], false]);
    held.open();
    await write.acknowledge();
    await noted;
    await run.signal(approval);
    await run;
  });

  it('to a run that is not stored yet is taken when it is', async () => {
    const held = heldStore();
    const { cns, trace } = flow({ clock: new ManualClock(), logger: recordingLogger(), store: held.store });
    const run = cns.stimulate(order.createSignal('book'), { id: 'r' });
    const told = Promise.all([run.signal(approval), run.signal(note.createSignal('hello'))]);
    await quiet();
    expect([run.status, trace]).toEqual(['starting', []]);
    held.open();
    await told;
    expect(trace).toEqual(['order book', 'note hello', 'by ann']);
    expect((await run).unclaimed).toEqual([]);
  });

  it('with the same delivery id is one signal, also for one that came early', async () => {
    const { here } = world();
    const { cns, trace } = here();
    const run = cns.stimulate(order.createSignal('book'), { id: 'r' });
    for (let i = 0; i < 3; i++) await run.signal(note.createSignal('hello'), { deliveryId: 'n1' });
    await run.signal(note.createSignal('bye'), { deliveryId: 'n2' });
    for (let i = 0; i < 3; i++) await run.signal(approval, { deliveryId: 'a1' }).catch(() => undefined);
    expect(trace).toEqual(['order book', 'note hello', 'note bye', 'by ann']);
    expect((await run).context).toEqual({ clerk: 'ann', diary: 'hello;bye;' });
  });

  it('with the same delivery id is one signal across a rehydration', async () => {
    const { here } = world();
    const first = here();
    const run = first.cns.stimulate(order.createSignal('book'), { id: 'r' });
    await run.signal(note.createSignal('hello'), { deliveryId: 'n1' });
    await first.cns.close();
    const second = here();
    const again = await second.cns.rehydrate('r');
    await again?.signal(note.createSignal('hello'), { deliveryId: 'n1' });
    await second.cns.signal('r', note.createSignal('hello'), { deliveryId: 'n1' });
    await again?.signal(approval, { deliveryId: 'a1' });
    expect([first.trace, second.trace]).toEqual([['order book', 'note hello'], ['by ann']]);
    expect((await again?.waitUntilComplete())?.context).toEqual({ clerk: 'ann', diary: 'hello;' });
  });

  it('that nobody waited for stands in the result as unclaimed, oldest first, also after a rehydration', async () => {
    const { here, clock } = world();
    const first = here();
    const run = first.cns.stimulate(order.createSignal('book', { delay: 10 }), { id: 'r' });
    for (const by of ['ann', 'bob', 'cid']) await run.signal(approved.createSignal({ by, what: new Date(0) }));
    await first.cns.close();
    const second = here();
    const again = await second.cns.rehydrate('r');
    await clock.pass(10);
    expect([first.trace, second.trace]).toEqual([[], ['order book', 'by ann']]);
    expect(again?.status).toBe('completed');
    const left = [
      { collateral: 'approved', payload: { by: 'bob', what: new Date(0) } },
      { collateral: 'approved', payload: { by: 'cid', what: new Date(0) } },
    ];
    expect((await again?.waitUntilComplete())?.unclaimed).toEqual(left);
    const third = await here().cns.rehydrate('r');
    expect((await third?.waitUntilComplete())?.unclaimed).toEqual(left);
  });
});

describe('a signal that is refused', () => {
  const cases = [
    ['that nothing in the graph listens to', unheard.createSignal('x'), {}, UndeliverableSignalError],
    ['of a collateral that the graph does not have', foreign.createSignal('x'), {}, UnknownCollateralError],
    ['whose payload does not fit its schema', approved.createSignal({ by: 7 } as never), {}, InvalidPayloadError],
    ['whose payload cannot be stored', approved.createSignal({ by: 'ann', what: () => 1 }), {}, UnserializableError],
    ['that is no signal', { payload: 1 } as never, {}, InvalidArgumentError],
    ['with a delay', note.createSignal('x', { delay: 1 }), {}, InvalidArgumentError],
    ['with an empty delivery id', note.createSignal('x'), { deliveryId: '' }, InvalidArgumentError],
    ['with a delivery id that is no text', note.createSignal('x'), { deliveryId: 7 as never }, InvalidArgumentError],
  ] as const;

  it.each(cases)(
    '%s harms neither a run that is live here, nor one elsewhere, nor its inbox',
    async (_what, signal, options, error) => {
      const { here, store } = world();
      const [one, two] = [here(), here()];
      const run = one.cns.stimulate(order.createSignal('book'), { id: 'r' });
      await run.checkpoint();
      expect(await caught(run.signal(signal, options))).toBeInstanceOf(error);
      expect(await caught(one.cns.signal('r', signal, options))).toBeInstanceOf(error);
      expect(await caught(two.cns.signal('r', signal, options))).toBeInstanceOf(error);
      expect(await store.inbox('r')).toEqual([]);
      expect(run.actor.getSnapshot().context).toMatchObject({
        early: [],
        deliveries: [],
        frontier: [{ state: 'waiting' }],
      });
      await run.signal(approval);
      expect(await run).toMatchObject({ context: { clerk: 'ann' }, unclaimed: [] });
    },
  );

  it('because its run has ended says how, here, elsewhere and in the store alone', async () => {
    const { here } = world();
    const [one, two] = [here(), here()];
    const run = one.cns.stimulate(note.createSignal('only'), { id: 'r' });
    await run;
    for (const refused of [run.signal(approval), one.cns.signal('r', approval), two.cns.signal('r', approval)]) {
      const error = (await caught(refused)) as UndeliverableSignalError;
      expect(error).toBeInstanceOf(UndeliverableSignalError);
      expect(error.message).toBe('a signal of "approved" cannot be delivered to run "r": it has ended (completed)');
    }
  });

  it('because its run is being aborted says so', async () => {
    const { here } = world();
    const { cns } = here();
    const run = cns.stimulate(order.createSignal('book'), { id: 'r' });
    await run.checkpoint();
    const ended = caught(run);
    run.abort('enough');
    expect(await caught(run.signal(approval))).toBeInstanceOf(UndeliverableSignalError);
    await ended;
  });

  it('because nobody knows its run, or nothing is stored', async () => {
    const { here, clock, logger } = world();
    expect(await caught(here().cns.signal('nobody', approval))).toBeInstanceOf(UnknownRunError);
    expect(await caught(flow({ clock, logger }).cns.signal('nobody', approval))).toBeInstanceOf(StoreRequiredError);
  });

  it('because the store keeps no inbox is told to whoever sends it; a run that lives here takes it all the same', async () => {
    const { here, store } = world();
    const capabilities = { ...store.capabilities, inbox: false };
    const post = () => Promise.reject(new TypeError('posted to a store without an inbox'));
    const poor = withOverrides(store, { capabilities, post });
    const [one, two] = [here({ store: poor }), here({ store: poor })];
    const run = one.cns.stimulate(order.createSignal('book'), { id: 'r' });
    await run.checkpoint();
    const error = (await caught(two.cns.signal('r', approval))) as UndeliverableSignalError;
    expect(error).toBeInstanceOf(UndeliverableSignalError);
    expect(error.message).toMatch(/memory.* keeps no inbox/);
    await one.cns.signal('r', approval);
    expect(await run).toMatchObject({ context: { clerk: 'ann' } });
  });
});
