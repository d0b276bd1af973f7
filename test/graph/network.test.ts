import { CNS, collateral, neuron, type Collateral } from 'engram';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

const nothing = () => undefined;

/** Neurons 0…n-1 with these edges; each neuron has a collateral of its own that its successors listen to. */
function networkOf(size: number, edges: readonly (readonly [number, number])[]) {
  const outs = Array.from({ length: size }, (_, i) => collateral(`out${i}`));
  const into = new Map<number, Collateral[]>();
  for (const [from, to] of edges) into.set(to, [...(into.get(to) ?? []), outs[from] as Collateral]);
  const neurons = outs.map((out, i) => {
    const one = neuron(`n${i}`, { out });
    const sources = into.get(i) ?? [];
    return sources.length === 0 ? one : one.dendrite({ collateral: sources, response: nothing });
  });
  return new CNS(neurons).network;
}

/** The naive algorithm: two neurons are together when each is reachable from the other. */
function componentsByReach(size: number, edges: readonly (readonly [number, number])[]): string[] {
  const reach = Array.from({ length: size }, (_, i) => new Set([i]));
  for (let round = 0; round < size; round++) {
    for (const [from, to] of edges) for (const seen of reach) if (seen.has(from)) seen.add(to);
  }
  const together = (i: number) =>
    Array.from({ length: size }, (_, j) => j).filter((j) => reach[i]?.has(j) === true && reach[j]?.has(i) === true);
  return [
    ...new Set(
      Array.from({ length: size }, (_, i) =>
        together(i)
          .map((j) => `n${j}`)
          .join(),
      ),
    ),
  ].sort();
}

const normal = (components: readonly (readonly string[])[]): string[] =>
  components.map((names) => [...names].sort((a, b) => Number(a.slice(1)) - Number(b.slice(1))).join()).sort();

describe('network', () => {
  const order = collateral<number>('order');
  const paid = collateral<number>('paid');
  const pay = neuron('pay', { paid }).dendrite({ collateral: order, response: nothing });
  const refund = neuron('refund', { paid, again: paid, order }).dendrite({
    collateral: [paid, paid],
    response: nothing,
  });
  const log = neuron('log', {}).dendrite({ collateral: [order, paid], response: nothing });
  const { network } = new CNS([pay, refund, log]);

  it('knows who listens to a collateral and who may emit it, each once, in the order of the graph', () => {
    expect(network.subscribersOf('paid')).toEqual(['refund', 'log']);
    expect(network.subscribersOf('order')).toEqual(['pay', 'log']);
    expect(network.ownersOf('paid')).toEqual(['pay', 'refund']);
    expect(network.ownersOf('order')).toEqual(['refund']);
  });

  it('knows nothing of a collateral that the graph does not have', () => {
    expect([network.subscribersOf('x'), network.ownersOf('x')]).toEqual([[], []]);
  });

  it('lists all names, and as entries the collaterals that only come from outside', () => {
    expect(network.neurons).toEqual(['pay', 'refund', 'log']);
    expect(network.collaterals).toEqual(['paid', 'order']);
    expect(network.entries).toEqual([]);
    expect(new CNS([pay, log]).network.entries).toEqual(['order']);
  });

  it('lists as an entry nothing that is waited for: what comes of it goes to who waits', () => {
    const approved = collateral('approved');
    const waits = neuron('waits', {}).dendrite({ collateral: order, response: nothing }).expects(approved);
    const goesOn = neuron('goesOn', {}).dendrite({ collateral: approved, response: nothing });
    expect(new CNS([waits, goesOn]).network.entries).toEqual(['order']);
  });

  it('counts a join among who listens', () => {
    const joins = neuron('joins', {}).join({ order, paid }, nothing);
    const joined = new CNS([pay, joins]).network;
    expect([joined.subscribersOf('order'), joined.subscribersOf('paid')]).toEqual([['pay', 'joins'], ['joins']]);
    expect(joined.entries).toEqual(['order']);
  });

  it('finds loops that close by what is waited for', () => {
    const approved = collateral('approved');
    const waits = neuron('waits', {}).dendrite({ collateral: order, response: nothing }).expects(approved);
    const again = neuron('again', { order }).dendrite({ collateral: approved, response: nothing });
    expect(new CNS([waits, again]).network.components).toEqual([['waits', 'again']]);
  });

  it('finds the loops: sinks first, and a neuron in no loop by itself', () => {
    expect(network.components).toEqual([['log'], ['pay', 'refund']]);
    expect(normal(networkOf(1, [[0, 0]]).components)).toEqual(['n0']);
  });

  it('finds the same components as a naive algorithm, on random graphs', () => {
    const graphs = fc.integer({ min: 1, max: 9 }).chain((size) => {
      const node = fc.integer({ min: 0, max: size - 1 });
      return fc.tuple(fc.constant(size), fc.array(fc.tuple(node, node), { maxLength: 20 }));
    });
    fc.assert(
      fc.property(graphs, ([size, edges]) => {
        const { components } = networkOf(size, edges);
        expect(normal(components)).toEqual(componentsByReach(size, edges));
        const place = new Map(components.flatMap((names, at) => names.map((name) => [name, at] as const)));
        for (const [from, to] of edges) {
          expect(place.get(`n${to}`)).toBeLessThanOrEqual(place.get(`n${from}`) as number); // sinks first
        }
      }),
      { numRuns: 300 },
    );
  });

  it('does not overflow on a chain or a ring of 50,000 neurons', () => {
    const size = 50_000;
    const edges = Array.from({ length: size - 1 }, (_, i) => [i, i + 1] as const);
    expect(networkOf(size, edges).components).toHaveLength(size);
    const ring = networkOf(size, [...edges, [size - 1, 0]]).components;
    expect([ring.length, ring[0]?.length]).toEqual([1, size]);
  });
});
