/**
 * The graph as everything after it reads it: names resolved, subscribers in order, nothing left to look up by search.
 * Immutable once built. Not its job: running anything.
 */
import type { ZodType } from 'zod';
import type { AnyCollateral } from './collateral.js';
import type { Modality } from './modality.js';
import type { AnyResponse, Axon } from './types.js';

/** A collateral in a graph. */
export interface Channel {
  readonly name: string;
  readonly collateral: AnyCollateral;
  /** In the order of neurons, then of their dendrites. */
  readonly subscribers: readonly Subscriber[];
  /** Whether some neuron may wait for it: then a signal of it from outside goes to who waits, and is kept until somebody does. */
  readonly expected: boolean;
}

/** A dendrite in a graph; also what a complete set of a join starts, and what undoes an activation. */
export interface Subscriber {
  readonly neuron: GraphNeuron;
  readonly channel: Channel;
  /** `<collateral>#<k>`: the k-th dendrite of the neuron on that collateral. `<c1>+<c2>#<j>` for a join's sets (`<c1>+#<j>` with one slot), `undo`. */
  readonly key: string;
  readonly response: AnyResponse;
  /** Two halves of a 64-bit hash of `<neuron>/<key>`; part of what makes an activation's id. */
  readonly hash1: number;
  readonly hash2: number;
  /** Whether calling it takes nothing but calling it: no gate, time limit, retries or join. */
  readonly plain: boolean;
  /** Set for the dendrites that a join consists of: what arrives there is kept until a set is complete. */
  readonly arrival: Arrival | null;
}

/** One dendrite of a join. */
export interface Arrival {
  readonly join: GraphJoin;
  /** The key of the dendrite in the join. */
  readonly slot: string;
}

/** A join in a graph. */
export interface GraphJoin {
  /** The keys, in the order in which they were declared. */
  readonly slots: readonly string[];
  /** Whether each slot collects as many payloads as its payloads say. */
  readonly sized: boolean;
  /** Started by a complete set; its payload is a record by slot, of payloads or, where sized, of arrays of them. */
  readonly subscriber: Subscriber;
}

/** How a neuron is run, beyond what it answers. */
export interface NeuronPolicy {
  /** How many bodies of it may run at once, over all runs of a CNS; null for any number. */
  readonly concurrency: number | null;
  /** How long one attempt may take, in milliseconds; null for any time. */
  readonly maxDuration: number | null;
  readonly retry: RetryPolicy | null;
}

/** Durations in milliseconds. */
export interface RetryPolicy {
  /** How often it is tried in all; 1 is no retry. */
  readonly attempts: number;
  readonly backoff: 'constant' | 'linear' | 'exponential';
  /** The wait before the second attempt. */
  readonly initial: number;
  /** The longest wait. */
  readonly max: number;
  /** The share of a wait that is left to chance, 0 to 1: a wait w becomes one from w * (1 - jitter) to w. */
  readonly jitter: number;
  readonly retryIf: ((error: unknown, attempt: number) => boolean) | null;
}

/** A neuron in a graph. */
export class GraphNeuron {
  /** In the order of declaration, those of joins included. */
  readonly dendrites: readonly Subscriber[] = [];
  readonly joins: readonly GraphJoin[] = [];
  /** What undoes a settled activation when the run fails; null when nothing does. */
  readonly compensation: Subscriber | null = null;
  /** The channels that it may wait for. */
  readonly expects: readonly Channel[] = [];
  /** Whether its settlements leave nothing behind but signals: no barrier, nothing to be undone. */
  readonly leavesNothing: boolean;
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
    readonly policy: NeuronPolicy,
  ) {
    this.respondedType = `${name}:responded`;
    this.failedType = `${name}:failed`;
    this.pendingType = `${name}:pending`;
    this.checkpointedType = `${name}:checkpointed`;
    this.collaterals = emits.map((channel) => channel.collateral);
    this.leavesNothing = !milestone;
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
  /** Every modality that a dendrite chooses by, by name. */
  readonly modalities: ReadonlyMap<string, Modality>;
  readonly modalityNames: ReadonlyMap<Modality, string>;
}
