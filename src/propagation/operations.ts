/** Which event type asks the core for what. One table per graph; every lookup is constant in time. */
import type { Channel, Graph, GraphNeuron } from '../graph/graph.js';

export type Operation =
  | { readonly kind: 'init' | 'abort' | 'resume' }
  | { readonly kind: 'signal'; readonly channel: Channel }
  | { readonly kind: 'responded' | 'failed' | 'pending' | 'checkpointed'; readonly neuron: GraphNeuron };

/** A graph made ready to run. */
export interface Flow {
  readonly graph: Graph;
  readonly operations: ReadonlyMap<string, Operation>;
  /** What handlers see as `ctx.global`. */
  readonly global: unknown;
  /** Names a run that was given no id, when somebody asks for it. */
  readonly newId: () => string;
}

/** Where a CNS keeps its flow, for those who make machines of it. */
export const FLOW = Symbol.for('engram.flow');

export interface HasFlow {
  readonly [FLOW]: Flow;
}

export function createFlow(graph: Graph, newId: () => string, global?: unknown): Flow {
  const operations = new Map<string, Operation>([
    ['xstate.init', { kind: 'init' }],
    ['engram.abort', { kind: 'abort' }],
    ['engram.resume', { kind: 'resume' }],
  ]);
  for (const channel of graph.channels.values()) operations.set(channel.name, { kind: 'signal', channel });
  for (const neuron of graph.neurons) {
    operations.set(neuron.respondedType, { kind: 'responded', neuron });
    operations.set(neuron.failedType, { kind: 'failed', neuron });
    operations.set(neuron.pendingType, { kind: 'pending', neuron });
    operations.set(neuron.checkpointedType, { kind: 'checkpointed', neuron });
  }
  return { graph, operations, global, newId };
}
