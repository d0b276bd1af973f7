import { CNS, collateral, neuron, type CNSOptions } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { statelyInspector } from 'engram/inspector';
import { toLogic, toMachine } from 'engram/machines';
import { SimulatedClock } from 'engram/testing';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createActor, toPromise } from 'xstate';
import { approved, createCns, placeOrder, shipped } from '../../machines/flows/order.js';
import { LedgerInMemory } from '../../machines/flows/order/ledger.js';
import { caught } from '../support/caught.js';
import { recordingLogger } from '../support/recording-logger.js';
import { Listener } from './listener.js';

let listener: Listener;
beforeEach(async () => void (listener = await Listener.open()));
afterEach(() => listener.close());

const request = { order: 'A-17', amount: 250, ledger: 'shop' };

function shop(host: CNSOptions = {}) {
  const inspect = statelyInspector({ url: listener.url });
  const cns = createCns({ ledger: new LedgerInMemory(), logger: recordingLogger(), inspect, ...host });
  const order = (more: object = {}, id = 'order-1') =>
    cns.stimulate(placeOrder.createSignal({ ...request, ...more }), { id, output: shipped });
  return { cns, inspect, order };
}

describe('an order, in the sequence view', () => {
  it('is the story of its signals, from neuron to neuron, after the definitions of all of them', async () => {
    const { order, inspect } = shop();
    await order();
    await inspect.close();
    expect(await listener.end('order-1')).toMatchObject({
      status: 'done',
      value: 'completed',
      output: { order: 'A-17' },
    });
    expect(listener.story).toEqual([
      'outside → accept: placeOrder',
      'accept → reserve: accepted',
      'reserve → approve: reserved',
      'approve → charge: cleared',
      'charge → ship: charged',
      'ship → run: shipped',
    ]);
    const neurons = ['accept', 'reserve', 'approve', 'expire', 'charge', 'ship'];
    expect(listener.messages.slice(0, 7)).toEqual(listener.actors);
    expect(listener.actors.map(({ name }) => name)).toEqual(['order order-1', ...neurons]);
    expect(listener.actors.map(({ sessionId }) => sessionId)).toEqual([
      'order-1',
      ...neurons.map((name) => `order-1/${name}`),
    ]);
    expect(listener.actors.map(({ parentId }) => parentId)).toEqual([undefined, ...neurons.map(() => 'order-1')]);
    expect(new Set(listener.messages.map(({ rootId }) => rootId))).toEqual(new Set(['order-1']));
    expect(listener.events[0]?.event['payload']).toEqual(request);
  });

  it('has the statechart that the machine has, whole, and each neuron its region', async () => {
    const { cns, order, inspect } = shop();
    await order();
    await inspect.close();
    await listener.end('order-1');
    const config = JSON.parse(JSON.stringify(toMachine(cns).config)) as { states: { running: { states: object } } };
    const [run, ...neurons] = listener.actors.map(({ definition }) => JSON.parse(String(definition)) as object);
    expect(run).toEqual(config);
    expect(neurons).toEqual(Object.entries(config.states.running.states).map(([id, region]) => ({ id, ...region })));
  });

  it('is the same of an actor that was made by hand, and other actors are not shown', async () => {
    const { cns, inspect } = shop();
    const signals = [{ collateral: 'placeOrder', payload: request }];
    const input = { id: 'by-hand', signals, output: 'shipped' };
    const other = createActor(toMachine(cns), { input: { ...input, id: 'other' }, inspect }).start();
    const actor = createActor(toLogic(cns), { input, inspect }).start();
    await Promise.all([toPromise(actor), toPromise(other)]);
    await inspect.close();
    expect(await listener.end('by-hand')).toMatchObject({ output: { order: 'A-17' } });
    expect(listener.story[0]).toBe('outside → accept: placeOrder');
    expect(listener.story).toHaveLength(6);
    expect(listener.actors).toHaveLength(7);
  });

  it('says what is stored, what is tried again and when, and what each neuron does meanwhile', async () => {
    const clock = new SimulatedClock();
    const { order } = shop({ store: memoryStore(), clock });
    const run = order({ declines: 1 });
    const ended = run.waitUntilComplete();
    await listener.until(() => listener.snapshotsOf('order-1/charge').some(({ value }) => value === 'waiting'));
    const failure = listener.events.find(({ event }) => event.type === 'charge:failed');
    expect(failure?.event).toMatchObject({
      error: { name: 'CardDeclinedError', message: 'the card of order A-17 was declined' },
      retryAt: new Date(clock.now() + 200).toISOString(),
    });
    expect(listener.snapshotsOf('order-1/charge').at(-1)).toMatchObject({ context: { pending: 1 }, tags: ['waiting'] });
    await clock.advance('200ms');
    await ended;
    await listener.end('order-1');
    expect(listener.story.slice(3)).toEqual([
      'run → reserve: reserve:checkpointed',
      'approve → charge: cleared',
      'charge → run: charge:failed',
      'run → charge: cleared',
      'charge → ship: charged',
      'run → charge: charge:checkpointed',
      'ship → run: shipped',
    ]);
    const again = listener.events[6]?.event;
    expect(again).toMatchObject({ attempt: 2, payload: { order: 'A-17' } });
    expect(listener.snapshotsOf('order-1/charge').at(-1)).toMatchObject({ status: 'done', value: 'idle' });
  });

  it('shows what it waits for and until when, and who then comes from outside', async () => {
    const clock = new SimulatedClock();
    const { order } = shop({ clock });
    const run = order({ amount: 5000 });
    const ended = run.waitUntilComplete();
    await listener.until(() => listener.snapshotsOf('order-1/approve').some(({ value }) => value === 'waiting'));
    expect(listener.events.at(-1)).toMatchObject({
      from: 'approve',
      to: 'run',
      event: { expectations: [{ expects: 'approved', due: new Date(clock.now() + 604_800_000).toISOString() }] },
    });
    await run.signal(approved.createSignal({ by: 'Ann' }));
    await ended;
    await listener.end('order-1');
    expect(listener.story.slice(3)).toEqual([
      'approve → run: approve:responded',
      'outside → approve: approved',
      'approve → charge: cleared',
      'charge → ship: charged',
      'ship → run: shipped',
    ]);
  });

  it('shows who was waited for in vain, the failure, and what is undone', async () => {
    const clock = new SimulatedClock();
    const { order } = shop({ clock });
    const failed = caught(order({ amount: 5000, within: '1h' }).waitUntilComplete());
    await listener.until(() => listener.story.length === 4);
    await clock.advance('1h');
    await failed;
    expect(await listener.end('order-1')).toMatchObject({
      value: 'failed',
      context: { failed: [{ neuron: 'expire' }] },
    });
    expect(listener.story.slice(4)).toEqual([
      'approve → expire: expired',
      'expire → run: expire:failed',
      'run → reserve: engram.undo',
      'reserve → run: reserve:responded',
    ]);
    expect(listener.events.at(5)?.event['error']).toMatchObject({ name: 'NonRetryableError' });
  });

  it('is aborted by the outside, and ends there', async () => {
    const { order } = shop();
    const run = order({ amount: 5000 });
    const aborted = caught(run.waitUntilComplete());
    run.abort('closed for today', { compensate: true });
    await aborted;
    expect(await listener.end('order-1')).toMatchObject({ value: 'aborted', context: { reason: 'closed for today' } });
    const at = listener.story.indexOf('outside → run: engram.abort');
    expect(listener.events[at]?.event).toEqual({ type: 'engram.abort', reason: 'closed for today' });
  });

  it('that is let go and brought back keeps its ids, and what is done again comes from the run', async () => {
    const store = memoryStore();
    const inspect = statelyInspector({ url: listener.url });
    const first = shop({ store, inspect });
    const run = first.order({ amount: 5000 });
    const suspended = caught(run.waitUntilComplete());
    await listener.until(() => listener.snapshotsOf('order-1/approve').some(({ value }) => value === 'waiting'));
    await first.cns.close();
    await suspended;
    expect(await listener.end('order-1')).toMatchObject({ status: 'stopped' });
    const second = shop({ store, inspect });
    const again = await second.cns.rehydrate('order-1');
    await again?.signal(approved.createSignal({ by: 'Ann' }));
    await again?.waitUntilComplete();
    await listener.until(() => listener.snapshotsOf('order-1').some(({ value }) => value === 'completed'));
    expect(new Set(listener.messages.map(({ rootId }) => rootId))).toEqual(new Set(['order-1']));
    expect(listener.actors).toHaveLength(7);
    expect(listener.story.slice(5)).toEqual([
      'outside → run: engram.resume',
      'outside → approve: approved',
      'approve → charge: cleared',
      'charge → ship: charged',
      'run → charge: charge:checkpointed',
      'ship → run: shipped',
    ]);
    await second.cns.close();
  });
});

describe('a parcel of many parts, in the sequence view', () => {
  const go = collateral<number>('go');
  const price = collateral<string>('price');
  const stock = collateral<string>('stock');
  const packed = collateral('packed');
  const note = collateral<number>('note');

  it('is joined from what was sent at once and what came later, and a fan-out without end is cut', async () => {
    const clock = new SimulatedClock();
    const ask = neuron('ask', { price, stock, note }).dendrite({
      collateral: go,
      response: (notes, axon) => [
        axon.price.createSignal('5 €'),
        axon.stock.createSignal('1 left', { delay: '10m' }),
        ...Array.from({ length: notes }, (_, n) => axon.note.createSignal(n)),
      ],
    });
    const pack = neuron('pack', { packed }).join({ price, stock }, (_parts, axon) => axon.packed.createSignal());
    const read = neuron('read', {}).dendrite({ collateral: note, response: () => undefined });
    const inspect = statelyInspector({ url: listener.url });
    const cns = new CNS([ask, pack, read], { clock, inspect });
    const run = cns.stimulate(go.createSignal(0), { id: 'small' });
    const ended = run.waitUntilComplete();
    await listener.until(() => listener.snapshotsOf('small/pack').some(({ value }) => value === 'waiting'));
    await clock.advance('10m');
    await ended;
    await listener.end('small');
    expect(listener.story).toEqual([
      'outside → ask: go',
      'ask → pack: price',
      'ask → run: stock',
      'run → pack: stock',
      'pack → run: packed',
    ]);
    expect(listener.events[2]?.event).toMatchObject({ payload: '1 left', due: new Date(clock.now()).toISOString() });

    const many = cns.stimulate(go.createSignal(5000), { id: 'large' }).waitUntilComplete();
    await clock.advance('10m');
    await many;
    await listener.end('large');
    const fan = listener.events.filter(({ from, event }) => from === 'ask' && event.type === 'note');
    expect(fan).toHaveLength(98);
    expect(fan.at(-1)?.event).toMatchObject({ payload: 97, '…': '4902 more' });
    await inspect.close();
  });
});
