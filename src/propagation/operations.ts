/** Which event type asks the core for what. One table per graph; every lookup is constant in time. */
import type { Clock } from '../clock/clock.js';
import type { Channel, Graph, GraphNeuron } from '../graph/graph.js';
import { Gates } from './gates.js';

export type Operation =
  | {
      readonly kind: 'init' | 'abort' | 'resume' | 'tick' | 'granted' | 'gated' | 'parked' | 'unparked';
    }
  | { readonly kind: 'signal'; readonly channel: Channel }
  | { readonly kind: 'responded' | 'failed' | 'pending' | 'checkpointed'; readonly neuron: GraphNeuron };

/** What the runs of one CNS share beside the graph. The core itself reads none of it but ids. */
export interface Surroundings {
  readonly clock: Clock;
  /** What handlers see as `ctx.global`. */
  readonly global?: unknown;
  /** What handlers see as `ctx.cns`. */
  readonly cns?: unknown;
}

/** A graph made ready to run. */
export interface Flow extends Surroundings {
  readonly graph: Graph;
  readonly operations: ReadonlyMap<string, Operation>;
  readonly gates: Gates;
}

/** Where a CNS keeps its flow, for those who make machines of it. */
export const FLOW = Symbol.for('engram.flow');

export interface HasFlow {
  readonly [FLOW]: Flow;
}

export function createFlow(graph: Graph, surroundings: Surroundings): Flow {
  const operations = new Map<string, Operation>([
    ['xstate.init', { kind: 'init' }],
    ['engram.abort', { kind: 'abort' }],
    ['engram.resume', { kind: 'resume' }],
    ['engram.tick', { kind: 'tick' }],
    ['engram.granted', { kind: 'granted' }],
    ['engram.gated', { kind: 'gated' }],
    ['engram.parked', { kind: 'parked' }],
    ['engram.unparked', { kind: 'unparked' }],
  ]);
  for (const channel of graph.channels.values()) operations.set(channel.name, { kind: 'signal', channel });
  for (const neuron of graph.neurons) {
    operations.set(neuron.respondedType, { kind: 'responded', neuron });
    operations.set(neuron.failedType, { kind: 'failed', neuron });
    operations.set(neuron.pendingType, { kind: 'pending', neuron });
    operations.set(neuron.checkpointedType, { kind: 'checkpointed', neuron });
  }
  const { clock, global, cns } = surroundings;
  return { graph, operations, gates: new Gates(graph), clock, global, cns };
}
