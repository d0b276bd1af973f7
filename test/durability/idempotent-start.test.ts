import { CNS, collateral, neuron, RunExistsError, withCtx, type CNSOptions, type ResponseInfo } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { heldStore, storeAt } from '../support/stores.js';

const order = collateral<{ readonly item: string; readonly at?: Date }>('order');
const packed = collateral<string>('packed');
const sent = collateral<string>('sent');

function shop(options: CNSOptions) {
  const effects: string[] = [];
  const pack = withCtx<number>()
    .neuron('pack', { packed })
    .milestone()
    .dendrite({
      collateral: order,
      response: async ({ item }, axon, ctx) => {
        effects.push(`pack ${item}`);
        ctx.update((count = 0) => count + 1);
        return axon.packed.createSignal(item);
      },
    });
  const send = neuron('send', { sent }).dendrite({
    collateral: packed,
    response: async (item, axon) => {
      effects.push(`send ${item}`);
      return axon.sent.createSignal(item);
    },
  });
  return { cns: new CNS([pack, send], { logger: recordingLogger(), ...options }), effects };
}

const tea = () => order.createSignal({ item: 'tea', at: new Date(0) });

describe('the same id with the same entry', () => {
  it('attaches to the run that is live here: the work is done once and both see its end', async () => {
    const { cns, effects } = shop({ store: memoryStore() });
    const first = cns.stimulate(tea(), { id: 'r', output: sent });
    const second = cns.stimulate(tea(), { id: 'r', output: sent });
    expect(await Promise.all([first, second])).toMatchObject([{ output: 'tea' }, { output: 'tea' }]);
    expect(effects).toEqual(['pack tea', 'send tea']);
  });

  it('attaches after a crash: the run goes on from its last checkpoint, and listeners hear of what is left', async () => {
    const inner = memoryStore();
    const held = heldStore(inner);
    const dead = shop({ store: held.store });
    dead.cns.stimulate(tea(), { id: 'r', output: sent });
    await (await held.next()).acknowledge();
    await (await held.next()).write(); // stored, and never told so
    await quiet();
    expect(dead.effects).toEqual(['pack tea']);

    const { cns, effects } = shop({ store: await storeAt(inner, 'r', 2) });
    const heard: ResponseInfo[] = [];
    const run = cns.stimulate(tea(), { id: 'r', output: sent, onResponse: (info) => heard.push({ ...info }) });
    expect(await run).toMatchObject({ status: 'completed', output: 'tea', context: { pack: 1 } });
    expect(effects).toEqual(['send tea']);
    expect(heard.map(({ neuron, queueLength }) => [neuron, queueLength])).toEqual([['send', 0]]);
    expect(run.getContext().get('pack')).toBe(1);
  });

  it('attaches after the end: nothing runs again, and the result is the stored one', async () => {
    const store = memoryStore();
    const first = await shop({ store }).cns.stimulate(tea(), { id: 'r', output: sent });
    const { cns, effects } = shop({ store });
    const again = cns.stimulate(tea(), { id: 'r', output: sent });
    expect(await again).toEqual(first);
    expect([again.status, effects]).toEqual(['completed', []]);
    expect(await store.history('r')).toEqual([3, 2, 1]);
  });

  it('starts the run anew when it has been deleted since its end', async () => {
    const store = memoryStore();
    const { cns, effects } = shop({ store });
    await cns.stimulate(tea(), { id: 'r' });
    await cns.stimulate(tea(), { id: 'r' });
    await store.delete('r');
    await cns.stimulate(tea(), { id: 'r' });
    expect(effects).toEqual(['pack tea', 'send tea', 'pack tea', 'send tea']);
  });

  it('I5: asked for at once by stimulate and rehydrate is one run under one lease', async () => {
    const first = memoryStore();
    await shop({ store: first }).cns.stimulate(tea(), { id: 'r', output: sent });
    const store = await storeAt(first, 'r', 2);
    const { cns, effects } = shop({ store });
    const coming = cns.rehydrate('r');
    const started = cns.stimulate(tea(), { id: 'r', output: sent });
    const [result, rehydrated] = await Promise.all([started, coming]);
    expect(result.output).toBe('tea');
    expect(await rehydrated?.waitUntilComplete()).toEqual(result);
    expect(effects).toEqual(['send tea']);
  });
});

describe('another entry', () => {
  it('is refused with RunExistsError while the run is live, after a crash and after its end', async () => {
    const store = memoryStore();
    const { cns } = shop({ store });
    const coffee = order.createSignal({ item: 'coffee' });
    const run = cns.stimulate(tea(), { id: 'r' });
    expect(() => cns.stimulate(coffee, { id: 'r' })).toThrow(RunExistsError);
    expect(() => cns.stimulate(tea(), { id: 'r', output: sent })).toThrow(RunExistsError);
    expect(() => cns.stimulate([tea(), tea()], { id: 'r' })).toThrow(RunExistsError);
    await run;
    expect(await caught(cns.stimulate(coffee, { id: 'r' }))).toBeInstanceOf(RunExistsError);
    expect(await caught(shop({ store }).cns.stimulate(coffee, { id: 'r' }))).toBeInstanceOf(RunExistsError);
  });
});
