import { collateral, neuron, type InvalidGraphError } from 'engram';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { graphOf } from './graph-of.js';

const nothing = () => undefined;

const registryOf = (neurons: Record<string, object>, collaterals: Record<string, object> = {}) => {
  const named = (record: Record<string, object>) => new Map(Object.entries(record).map(([name, of]) => [of, name]));
  const [byNeuron, byCollateral] = [named(neurons), named(collaterals)];
  return {
    getNeuronName: (of: object) => byNeuron.get(of),
    getCollateralName: (of: object) => byCollateral.get(of),
  };
};

const problemsOf = async (of: () => unknown) => ((await caught(of)) as InvalidGraphError).problems;

describe('registered names', () => {
  const nameless = () => {
    const [asked, answered, approval] = [collateral(), collateral(), collateral()];
    const asks = neuron({ answered });
    asks.dendrite({ collateral: asked, response: nothing }).expects(approval);
    return { asked, answered, approval, asks };
  };

  it('become the names of the graph, for neurons and for collaterals on axons, dendrites and in expects', () => {
    const { asked, answered, approval, asks } = nameless();
    const registry = registryOf({ asks }, { asked, answered, approval });
    const graph = graphOf([asks], { registry, durable: true });
    expect([...graph.neuronByName.keys()]).toEqual(['asks']);
    expect(graph.nameByNeuron.get(asks)).toBe('asks');
    expect([...graph.channels.keys()]).toEqual(['answered', 'asked', 'approval']);
    expect(graph.neurons[0]?.dendrites.map(({ key }) => key)).toEqual(['asked#0']);
    expect(graph.channelByCollateral.get(approval)?.name).toBe('approval');
  });

  it('make durable what has no name of its own; what is not registered is still a problem', async () => {
    const { asked, approval, asks } = nameless();
    expect(await problemsOf(() => graphOf([asks], { durable: true, registry: registryOf({}, { asked }) }))).toEqual([
      'the neuron at index 0 has no name, and a stored run refers to neurons by name',
      'neuron "neuron-1", expects 0 is a collateral without a name, and a stored run refers to collaterals by name',
    ]);
    expect(graphOf([asks], { durable: true, registry: registryOf({ asks }, { asked, approval }) }).channels.size).toBe(
      3,
    );
  });

  it('let neurons share a collateral that has no name of its own', () => {
    const shared = collateral();
    const neurons = [neuron('a', { shared }), neuron('b', { shared })];
    const graph = graphOf(neurons, { durable: true, registry: registryOf({}, { shared }) });
    expect([...graph.channels.keys()]).toEqual(['shared']);
  });

  it('are left alone by names of their own that are equal', () => {
    const order = collateral('order');
    const pay = neuron('pay', { order });
    const graph = graphOf([pay], { registry: registryOf({ pay }, { order }) });
    expect([graph.neurons[0]?.name, ...graph.channels.keys()]).toEqual(['pay', 'order']);
  });

  it('that differ from a name of its own are a problem', async () => {
    const order = collateral('order');
    const pay = neuron('pay', { order });
    const registry = registryOf({ payment: pay }, { placed: order });
    expect(await problemsOf(() => graphOf([pay], { registry }))).toEqual([
      'neuron "pay" is registered under another name, "payment"',
      'collateral "order" (neuron "payment", axon key "order") is registered under another name, "placed"',
    ]);
  });

  it('are held to the same rules as other names', async () => {
    const [one, two] = [neuron({}), neuron('two', { x: collateral('x'), y: collateral() })];
    const registry = { getNeuronName: (of: object) => (of === one ? 'two' : undefined), getCollateralName: () => 'x' };
    expect(await problemsOf(() => graphOf([one, two], { registry }))).toEqual([
      'two neurons are named "two" (index 0 and 1)',
      'two collaterals are named "x" (the second: neuron "two", axon key "y")',
    ]);
    const odd = { getNeuronName: () => 'a b', getCollateralName: () => undefined };
    expect((await problemsOf(() => graphOf([neuron({})], { registry: odd })))[0]).toMatch(
      /^neuron "a b": a name begins/,
    );
  });

  it('never change the fingerprint: it is that of the same graph with names of its own', () => {
    const { asked, answered, approval, asks } = nameless();
    const registered = graphOf([asks], { registry: registryOf({ asks }, { asked, answered, approval }) });
    const own = { asked: collateral('asked'), answered: collateral('answered'), approval: collateral('approval') };
    const named = neuron('asks', { answered: own.answered });
    named.dendrite({ collateral: own.asked, response: nothing }).expects(own.approval);
    expect(registered.fingerprint).toBe(graphOf([named]).fingerprint);
  });
});
