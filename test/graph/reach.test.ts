import { collateral, neuron, type Collateral } from 'engram';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { reachIndex } from '../../src/graph/reach.js';
import { graphOf } from './graph-of.js';

const nothing = () => undefined;

interface Edge {
  readonly from: number;
  readonly to: number;
  /** Along what is waited for, and not along what is emitted. */
  readonly awaited: boolean;
}

/** Neurons 0…n-1; each has a collateral that it emits and one that it waits for, each with its own listeners. */
function indexOf(size: number, edges: readonly Edge[]) {
  const emitted = Array.from({ length: size }, (_, i) => collateral(`emitted${i}`));
  const awaited = Array.from({ length: size }, (_, i) => collateral(`awaited${i}`));
  const neurons = emitted.map((out, i) => neuron(`n${i}`, { out }).expects(awaited[i] as Collateral));
  for (const edge of edges) {
    const heard = (edge.awaited ? awaited : emitted)[edge.from] as Collateral;
    neurons[edge.to]?.dendrite({ collateral: heard, response: nothing });
  }
  return reachIndex(graphOf(neurons));
}

/** The neurons that are reached from one, itself included, along the index. */
function reachedBy({ component, members, successors }: ReturnType<typeof reachIndex>, from: number): number[] {
  const seen = new Set([component[from] as number]);
  for (const at of seen) for (const next of successors[at] as readonly number[]) seen.add(next);
  return [...seen].flatMap((at) => members[at] as readonly number[]).sort((a, b) => a - b);
}

function reachedNaively(size: number, edges: readonly Edge[], start: number): number[] {
  const reached = new Set([start]);
  for (let round = 0; round < size; round++) for (const { from, to } of edges) if (reached.has(from)) reached.add(to);
  return [...reached].sort((a, b) => a - b);
}

describe('reachIndex', () => {
  const graphs = fc.integer({ min: 1, max: 8 }).chain((size) => {
    const node = fc.integer({ min: 0, max: size - 1 });
    const edges = fc.array(fc.record({ from: node, to: node, awaited: fc.boolean() }), { maxLength: 16 });
    return fc.tuple(fc.constant(size), edges);
  });

  it('reaches along what is emitted and what is waited for, just what a naive search reaches', () => {
    fc.assert(
      fc.property(graphs, ([size, edges]) => {
        const index = indexOf(size, edges);
        for (let from = 0; from < size; from++) {
          expect(reachedBy(index, from)).toEqual(reachedNaively(size, edges, from));
        }
      }),
      { numRuns: 300 },
    );
  });

  it('puts each neuron in one component, and leads from each to smaller ones only, each once', () => {
    fc.assert(
      fc.property(graphs, ([size, edges]) => {
        const { component, members, successors } = indexOf(size, edges);
        expect(members.flat().sort((a, b) => a - b)).toEqual(Array.from({ length: size }, (_, i) => i));
        members.forEach((of, at) => {
          expect(of.map((index) => component[index])).toEqual(of.map(() => at));
          const next = successors[at] as readonly number[];
          expect(next.filter((to) => to >= at)).toEqual([]);
          expect(new Set(next).size).toBe(next.length);
        });
      }),
      { numRuns: 300 },
    );
  });

  it('reaches through joins', () => {
    const [a, b] = [collateral('a'), collateral('b')];
    const index = reachIndex(
      graphOf([neuron('one', { a }), neuron('two', { b }), neuron('three', {}).join({ a, b }, nothing)]),
    );
    expect([0, 1, 2].map((from) => reachedBy(index, from))).toEqual([[0, 2], [1, 2], [2]]);
  });
});
