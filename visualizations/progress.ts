/**
 * How far a run is, neuron by neuron: what a picture of it is coloured by. Plain data. A checkpoint holds nothing that
 * has settled; that comes from the events beside it, where there are any.
 */
import type { SettledEvent } from '../src/durability/events.js';
import type { PendingActivation, RunContext } from '../src/propagation/context.js';

/** Counts of activations. */
export interface NeuronProgress {
  readonly settled: number;
  /** For good: not those that are tried again. */
  readonly failed: number;
  /** Settled ones that were undone. */
  readonly undone: number;
  /** Under way, or next. */
  readonly running: number;
  /** For a time, a signal from outside or the next attempt. */
  readonly waiting: number;
}

export interface RunProgress {
  readonly id: string;
  /** The name of the graph that it is a run of. */
  readonly graph: string;
  readonly status: 'queued' | 'running' | 'waiting' | 'completed' | 'failed' | 'aborted';
  /** By name; those that have not been reached are missing. */
  readonly neurons: Readonly<Record<string, NeuronProgress>>;
  /** How often each neuron has emitted each collateral. */
  readonly emitted: Readonly<Record<string, Readonly<Record<string, number>>>>;
}

/** What a neuron looks like: the most urgent thing that is true of it. */
export type NeuronState = 'failed' | 'running' | 'waiting' | 'undone' | 'settled';

/** @returns undefined for a neuron that the run has not reached */
export function stateOf(progress: NeuronProgress | undefined): NeuronState | undefined {
  if (progress === undefined) return undefined;
  const { failed, running, waiting, undone, settled } = progress;
  if (failed > 0) return 'failed';
  if (running > 0) return 'running';
  if (waiting > 0) return 'waiting';
  return undone > 0 && undone >= settled ? 'undone' : 'settled';
}

/** `3200 done, 1 running`: what it has to do with, in words; the state where that is all. */
export function countsOf({ settled, failed, undone, running, waiting }: NeuronProgress): string {
  const counts = Object.entries({ failed, running, waiting, undone, done: settled }).filter(([, count]) => count > 0);
  return counts.map(([word, count]) => (count === 1 && counts.length === 1 ? word : `${count} ${word}`)).join(', ');
}

type Counting = { -readonly [K in keyof NeuronProgress]: number };

/** @param events what has settled, as far as that is known */
export function progressOf(
  { id, frontier, failed }: Pick<RunContext, 'id' | 'frontier' | 'failed'>,
  { graph, status }: Pick<RunProgress, 'graph' | 'status'>,
  events: readonly SettledEvent[],
): RunProgress {
  const neurons = new Map<string, Counting>();
  const emitted = new Map<string, Map<string, number>>();
  const of = (neuron: string): Counting => {
    const known = neurons.get(neuron) ?? { settled: 0, failed: 0, undone: 0, running: 0, waiting: 0 };
    neurons.set(neuron, known);
    return known;
  };
  for (const { neuron, dendrite, outcome, emitted: names } of events) {
    if (outcome === 'failed') continue; // the failed of the context are those that failed for good
    if (dendrite === UNDO) of(neuron).undone++;
    else of(neuron).settled++;
    for (const name of names) {
      const counts = emitted.get(neuron) ?? new Map<string, number>();
      emitted.set(neuron, counts.set(name, (counts.get(name) ?? 0) + 1));
    }
  }
  for (const { neuron, aborted } of failed) if (!aborted) of(neuron).failed++;
  for (const pending of frontier) of(pending.neuron)[isWaiting(pending) ? 'waiting' : 'running']++;
  return {
    id,
    graph,
    status,
    neurons: Object.fromEntries(neurons),
    emitted: Object.fromEntries([...emitted].map(([neuron, counts]) => [neuron, Object.fromEntries(counts)])),
  };
}

/** The dendrite of what undoes. */
const UNDO = 'undo';

const isWaiting = ({ state }: PendingActivation): boolean => state === 'waiting' || state === 'delayed';
