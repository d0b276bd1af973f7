/** Graphs to look at, built without a CNS. */
import type { AnyNeuron } from 'engram';
import { buildGraph, type GraphOptions } from '../../src/graph/build-graph.js';
import type { Graph, GraphNeuron } from '../../src/graph/graph.js';

export const graphOf = (neurons: readonly AnyNeuron<never>[], options: Partial<GraphOptions> = {}): Graph =>
  buildGraph(neurons, { name: 'flow', version: '1', durable: false, ...options });

/** The only neuron of a graph of its own. */
export const built = (neuron: AnyNeuron<never>): GraphNeuron => graphOf([neuron]).neurons[0] as GraphNeuron;
