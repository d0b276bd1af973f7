import { CNS, collateral, InvalidArgumentError, neuron, withCtx, withGlobal } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { CNSPersistOptionsRegistry, createPersistRegistry } from '../../src/stimulation/registry.js';

const anonymous = () => neuron({});

function refusalOf(call: () => unknown): InvalidArgumentError {
  try {
    call();
  } catch (error) {
    if (error instanceof InvalidArgumentError) return error;
    throw error;
  }
  return expect.unreachable('nothing was refused');
}

describe('a registry of neurons and collaterals', () => {
  it('finds what was registered by name and by object, neurons and collaterals apart', () => {
    const charge = anonymous();
    const order = collateral<number>();
    const registry = new CNSPersistOptionsRegistry();
    expect(registry.register('order', charge).registerCollateral('order', order)).toBe(registry);
    expect(registry.getNeuron('order')).toBe(charge);
    expect(registry.getCollateral('order')).toBe(order);
    expect(registry.getNeuronName(charge)).toBe('order');
    expect(registry.getCollateralName(order)).toBe('order');
  });

  it('takes neurons of any context and global', () => {
    const counting = withCtx<number>().neuron({});
    const global = withGlobal<{ readonly db: string }>().neuron({});
    const registry = createPersistRegistry({ counting, global });
    expect([registry.getNeuron('counting'), registry.getNeuron('global')]).toEqual([counting, global]);
  });

  it('names what has no name in a graph, so that its runs can be stored', async () => {
    const order = collateral<number>();
    const paid = collateral<number>();
    const charge = neuron({ paid }).dendrite({
      collateral: order,
      response: (n, axon) => axon.paid.createSignal(n),
    });
    const registry = createPersistRegistry({ charge }, { collaterals: { order, paid } });
    const cns = new CNS([charge], { registry, store: memoryStore() });
    expect([cns.network.neurons, cns.network.collaterals]).toEqual([['charge'], ['paid', 'order']]);
    expect(await cns.stimulate(order.createSignal(3), { output: paid })).toMatchObject({ output: 3 });
  });

  it('returns undefined for names and objects never registered', () => {
    const registry = createPersistRegistry({ charge: anonymous() });
    expect(registry.getNeuron('ship')).toBeUndefined();
    expect(registry.getCollateral('charge')).toBeUndefined();
    expect(registry.getNeuronName(anonymous())).toBeUndefined();
    expect(registry.getCollateralName(collateral())).toBeUndefined();
    expect(registry.getNeuron('toString')).toBeUndefined();
  });

  it('says only what was registered: the own name of a neuron does not count', () => {
    expect(new CNSPersistOptionsRegistry().getNeuronName(neuron('charge', {}))).toBeUndefined();
  });

  it('changes nothing when the same pair is registered again', () => {
    const charge = anonymous();
    const order = collateral<number>();
    const registry = createPersistRegistry({ charge }, { collaterals: { order } });
    registry.register('charge', charge).registerCollateral('order', order);
    expect([registry.getNeuronName(charge), registry.getCollateralName(order)]).toEqual(['charge', 'order']);
  });

  it('I6: refuses a name that another object has, and keeps the first', () => {
    const first = anonymous();
    const order = collateral();
    const registry = createPersistRegistry({ charge: first }, { collaterals: { order } });
    const error = refusalOf(() => registry.register('charge', anonymous()));
    expect(error.message).toBe('register("charge", neuron): the name is taken by another neuron');
    expect(error.hint).toMatch(/under a name of its own/);
    expect(refusalOf(() => registry.registerCollateral('order', collateral())).message).toBe(
      'registerCollateral("order", collateral): the name is taken by another collateral',
    );
    expect(registry.getNeuron('charge')).toBe(first);
    expect(registry.getCollateral('order')).toBe(order);
  });

  it('I6: refuses a second name for an object, names the first, and leaves the second free', () => {
    const charge = anonymous();
    const order = collateral();
    const registry = createPersistRegistry({ charge }, { collaterals: { order } });
    expect(refusalOf(() => registry.register('pay', charge)).message).toMatch(/registered already, as "charge"$/);
    expect(refusalOf(() => registry.registerCollateral('bill', order)).message).toMatch(/already, as "order"$/);
    expect([registry.getNeuron('pay'), registry.getCollateral('bill')]).toEqual([undefined, undefined]);
    expect(registry.getNeuronName(charge)).toBe('charge');
  });

  it.each(['', 'a.b', '1st', 'a b', 'a:b', 'constructor'])('I6: refuses the name %j for a neuron', (name) => {
    expect(refusalOf(() => new CNSPersistOptionsRegistry().register(name, anonymous())).message).toMatch(/^register\(/);
  });

  it.each(['', 'xstate.done', 'engram.tick', '1st', 'a@b', '__proto__'])(
    'I6: refuses the name %j for a collateral',
    (name) => {
      const registry = new CNSPersistOptionsRegistry();
      expect(refusalOf(() => registry.registerCollateral(name, collateral())).message).toMatch(/^registerCollateral\(/);
    },
  );

  it('I6: refuses what is no neuron, no collateral or no name', () => {
    const registry = new CNSPersistOptionsRegistry();
    for (const wrong of [undefined, null, {}, 'charge', collateral()] as never[]) {
      expect(refusalOf(() => registry.register('a', wrong)).message).toMatch(/is no neuron$/);
    }
    for (const wrong of [undefined, null, {}, 'order', anonymous()] as never[]) {
      expect(refusalOf(() => registry.registerCollateral('a', wrong)).message).toMatch(/is no collateral$/);
    }
    expect(refusalOf(() => registry.register(undefined as never, anonymous())).message).toMatch(/a name is a text$/);
    expect(registry.getNeuron('a')).toBeUndefined();
  });

  it('is refused as a whole when one entry of the record is wrong', () => {
    const twice = anonymous();
    expect(refusalOf(() => createPersistRegistry({ a: twice, b: twice })).message).toMatch(/already, as "a"$/);
    expect(refusalOf(() => createPersistRegistry({}, { collaterals: { 'a b': collateral() } })).message).toMatch(
      /"a b"/,
    );
  });
});

describe('a registry of stimulations', () => {
  const go = collateral('go');
  const cns = new CNS([neuron('n', {}).dendrite({ collateral: go, response: () => undefined })]);
  const run = (id: string) => cns.stimulate(go.createSignal(), { id });

  it('finds a stimulation by the id it was added under, or by its own', () => {
    const [a, b] = [run('a'), run('b')];
    const registry = new CNSPersistOptionsRegistry().addStimulation(a, { stimulationId: 'mine' }).addStimulation(b);
    expect(registry.getStimulation('mine')).toBe(a);
    expect(registry.getStimulation('b')).toBe(b);
    expect(registry.getStimulation('a')).toBeUndefined();
  });

  it.each(['itself', 'its id'])('takes it out, given by %s; then its id is free, and so is it', (given) => {
    const [a, b] = [run('a'), run('b')];
    const registry = new CNSPersistOptionsRegistry().addStimulation(a, { stimulationId: 'mine' });
    const key = given === 'itself' ? a : 'mine';
    expect([registry.removeStimulation(key), registry.removeStimulation(key)]).toEqual([true, false]);
    expect(registry.getStimulation('mine')).toBeUndefined();
    registry.addStimulation(b, { stimulationId: 'mine' }).addStimulation(a, { stimulationId: 'other' });
    expect([registry.getStimulation('mine'), registry.getStimulation('other')]).toEqual([b, a]);
  });

  it('takes out nothing for a stimulation that was never added, whatever its own id is', () => {
    const [a, b] = [run('a'), run('b')];
    const registry = new CNSPersistOptionsRegistry().addStimulation(a, { stimulationId: 'b' });
    expect([registry.removeStimulation(b), registry.removeStimulation('a')]).toEqual([false, false]);
    expect(registry.getStimulation('b')).toBe(a);
  });

  it('I6: refuses an id that another has, a second id, an empty id and what is no stimulation', () => {
    const [a, b] = [run('a'), run('b')];
    const registry = new CNSPersistOptionsRegistry().addStimulation(a).addStimulation(a);
    expect(refusalOf(() => registry.addStimulation(b, { stimulationId: 'a' })).message).toBe(
      'addStimulation(stimulation, { stimulationId: "a" }): the id is taken by another stimulation',
    );
    const second = refusalOf(() => registry.addStimulation(a, { stimulationId: 'c' }));
    expect(second.message).toMatch(/registered already, as "a"$/);
    expect(second.hint).toMatch(/removeStimulation/);
    expect(refusalOf(() => registry.addStimulation(b, { stimulationId: '' })).message).toMatch(/not empty/);
    for (const wrong of [undefined, null, 'a', {}] as never[]) {
      expect(refusalOf(() => registry.addStimulation(wrong)).message).toMatch(/is no stimulation$/);
    }
  });
});

/** Milliseconds for all of `count` names and objects: both ways, and out again. */
function timeOf(count: number): number {
  const neurons = Array.from({ length: count }, anonymous);
  const collaterals = Array.from({ length: count }, () => collateral());
  const registry = new CNSPersistOptionsRegistry();
  const begin = performance.now();
  neurons.forEach((one, i) => registry.register(`n${i}`, one));
  collaterals.forEach((one, i) => registry.registerCollateral(`c${i}`, one));
  for (let i = 0; i < count; i++) {
    if (registry.getNeuronName(registry.getNeuron(`n${i}`) as object) !== `n${i}`) return Number.NaN;
    if (registry.getCollateralName(registry.getCollateral(`c${i}`) as object) !== `c${i}`) return Number.NaN;
  }
  return performance.now() - begin;
}

it('takes about as long for each of 80,000 names as for each of 4,000', () => {
  const fastest = (count: number) => Math.min(...[1, 2, 3, 4, 5].map(() => timeOf(count)));
  timeOf(2_000); // the first calls are slower for other reasons
  const small = fastest(2_000);
  // twenty times as many take about twenty times as long; a walk for each lookup would take four hundred times as long
  expect(fastest(40_000) / small).toBeLessThan(150);
});
