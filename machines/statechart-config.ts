/**
 * The statechart of a graph as an XState machine config: plain JSON, named actions and guards with params only.
 *
 * Form: commit, then announce. Any accepted event is applied to the context by `propagate`, once, on the parallel state
 * `running`; it then raises what happened, marked `announced`, for the regions. A region per neuron follows what the
 * context says already; its guards only ask. Before the commit those guards are false, so that events from outside pass
 * the regions by.
 */
import type { Graph, GraphNeuron } from '../src/graph/graph.js';
import { emptyContext, type RunContext } from '../src/propagation/context.js';

export interface GuardRef {
  readonly type: 'accepts' | 'is' | 'ended';
  readonly params?: Readonly<Record<string, string>>;
}

export interface TransitionConfig {
  readonly target?: string;
  readonly guard: GuardRef;
  readonly actions?: { readonly type: 'propagate' };
}

export interface RegionStateConfig {
  readonly tags?: readonly string[];
  readonly description?: string;
  readonly on: Readonly<Record<string, readonly TransitionConfig[]>>;
}

export interface RegionConfig {
  readonly initial: 'idle';
  readonly description: string;
  readonly meta: {
    readonly neuron: string;
    readonly listens: readonly string[];
    readonly emits: readonly string[];
    readonly milestone: boolean;
    /** The collaterals that it may wait for. */
    readonly expects?: readonly string[];
    readonly compensates?: true;
  };
  readonly states: Readonly<Record<string, RegionStateConfig>>;
}

export interface StatechartConfig {
  readonly id: string;
  readonly version: string;
  readonly initial: 'running';
  readonly context: RunContext;
  readonly entry: { readonly type: 'propagate' };
  readonly states: {
    readonly running: {
      readonly type: 'parallel';
      readonly on: Readonly<Record<string, TransitionConfig>>;
      readonly states: Readonly<Record<string, RegionConfig>>;
    };
    readonly completed: { readonly type: 'final' };
    readonly failed: { readonly type: 'final' };
    readonly aborted: { readonly type: 'final' };
  };
}

/** Raised when a run has ended; its guard asks how. */
export const ENDED = 'engram.ended';

/** Raised when neurons may be in another state and no signal says so. */
export const MOVED = 'engram.moved';

const propagate = { type: 'propagate' } as const;

export function createStatechartConfig(graph: Graph): StatechartConfig {
  const end = (status: string) => ({ target: status, guard: { type: 'ended', params: { status } } }) as const;
  return {
    id: graph.name,
    version: graph.version,
    initial: 'running',
    context: emptyContext(),
    entry: propagate,
    states: {
      running: {
        type: 'parallel',
        on: {
          '*': { guard: { type: 'accepts' }, actions: propagate },
          [`${ENDED}.completed`]: end('completed'),
          [`${ENDED}.failed`]: end('failed'),
          [`${ENDED}.aborted`]: end('aborted'),
        },
        states: Object.fromEntries(graph.neurons.map((neuron) => [neuron.name, regionOf(neuron)])),
      },
      completed: { type: 'final' },
      failed: { type: 'final' },
      aborted: { type: 'final' },
    },
  };
}

function regionOf(neuron: GraphNeuron): RegionConfig {
  const { name, milestone, respondedType, failedType, checkpointedType } = neuron;
  const stores = milestone || neuron.compensation !== null;
  const to = (...states: readonly string[]) =>
    states.map((state) => ({ target: state, guard: { type: 'is', params: { neuron: name, state } } }) as const);
  const on = (types: readonly string[], ...states: readonly string[]) =>
    Object.fromEntries(types.map((type) => [type, to(...states)]));
  const emits = neuron.emits.map((channel) => channel.name);
  const expects = neuron.expects.map((channel) => channel.name);
  const storing = stores ? ['checkpointing'] : [];
  return {
    initial: 'idle',
    description: describe(neuron),
    meta: {
      neuron: name,
      listens: neuron.listens,
      emits,
      milestone,
      ...(expects.length === 0 ? {} : { expects }),
      ...(neuron.compensation === null ? {} : { compensates: true }),
    },
    states: {
      idle: { on: on([...neuron.listens, MOVED], ...storing, 'responding', 'waiting') },
      responding: {
        tags: ['busy'],
        on: on([respondedType, failedType, MOVED], ...storing, 'waiting', 'idle'),
      },
      waiting: {
        tags: ['waiting'],
        description: 'waits for a time, or for a signal from outside',
        on: on([...neuron.listens, respondedType, failedType, MOVED], 'responding', ...storing, 'idle'),
      },
      ...(stores
        ? {
            checkpointing: {
              tags: ['busy', 'milestone'],
              description: 'waits until its checkpoint is stored',
              on: on([checkpointedType, MOVED], 'idle', 'responding', 'waiting'),
            },
          }
        : {}),
    },
  };
}

function describe(neuron: GraphNeuron): string {
  const emits = neuron.emits.map((channel) => channel.name);
  const notes = [
    ...(neuron.milestone ? ['milestone'] : []),
    ...(neuron.expects.length > 0 ? [`waits for ${neuron.expects.map((channel) => channel.name).join(', ')}`] : []),
    ...(neuron.compensation === null ? [] : ['can be undone']),
  ];
  const text = `${listed(neuron.listens, 'nothing')} → ${neuron.name} → ${listed(emits, 'nothing')}`;
  return notes.length === 0 ? text : `${text} (${notes.join('; ')})`;
}

const listed = (names: readonly string[], none: string): string => (names.length === 0 ? none : names.join(', '));
