/**
 * The graph as everything after it reads it: names resolved, subscribers in order, nothing left to look up by search.
 * Immutable once built. Not its job: running anything.
 */
import type { ZodType } from 'zod';
import type { AnyCollateral } from './collateral.js';
import type { AnyResponse, Axon } from './types.js';

/** A collateral in a graph. */
export interface Channel {
  readonly name: string;
  readonly collateral: AnyCollateral;
  /** In the order of neurons, then of their dendrites. */
  readonly subscribers: readonly Subscriber[];
}

/** A dendrite in a graph. */
export interface Subscriber {
  readonly neuron: GraphNeuron;
  readonly channel: Channel;
  /** `<collateral>#<k>`: the k-th dendrite of the neuron on that collateral. */
  readonly key: string;
  readonly response: AnyResponse;
  /** Two halves of a 64-bit hash of `<neuron>/<key>`; part of what makes an activation's id. */
  readonly hash1: number;
  readonly hash2: number;
}

/** A neuron in a graph. */
export class GraphNeuron {
  readonly dendrites: readonly Subscriber[] = [];
  /** The names of the collaterals it listens to, each once. */
  readonly listens: readonly string[] = [];
  readonly respondedType: string;
  readonly failedType: string;
  readonly pendingType: string;
  readonly checkpointedType: string;
  /** The collaterals of its axon, beside `emits`. */
  readonly collaterals: readonly AnyCollateral[];

  constructor(
    readonly name: string,
    readonly index: number,
    readonly milestone: boolean,
    readonly axon: Axon,
    readonly contextSchema: ZodType | undefined,
    /** The channels of the axon, in the order of its keys. */
    readonly emits: readonly Channel[],
  ) {
    this.respondedType = `${name}:responded`;
    this.failedType = `${name}:failed`;
    this.pendingType = `${name}:pending`;
    this.checkpointedType = `${name}:checkpointed`;
    this.collaterals = emits.map((channel) => channel.collateral);
  }

  /** The channel of a collateral of its axon, given as itself or by name; undefined for a foreign one. */
  channelOf(collateral: unknown): Channel | undefined {
    const { collaterals } = this;
    for (let i = 0; i < collaterals.length; i++) if (collaterals[i] === collateral) return this.emits[i];
    return typeof collateral === 'string' ? this.emits.find((channel) => channel.name === collateral) : undefined;
  }
}

export interface Graph {
  readonly name: string;
  readonly version: string;
  /** A hash of the graph's shape: equal for graphs whose runs can be swapped. */
  readonly fingerprint: string;
  readonly neurons: readonly GraphNeuron[];
  readonly neuronByName: ReadonlyMap<string, GraphNeuron>;
  /** The names of the neurons that the graph was built from. */
  readonly nameByNeuron: ReadonlyMap<object, string>;
  readonly channels: ReadonlyMap<string, Channel>;
  readonly channelByCollateral: ReadonlyMap<AnyCollateral, Channel>;
}
