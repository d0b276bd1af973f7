/**
 * How far a run is, neuron by neuron: what a picture of it is coloured by. Plain data. A checkpoint holds nothing that
 * has settled; that comes from the events beside it, where there are any.
 */
import type { SettledEvent } from '../src/durability/events.js';
import type { Graph } from '../src/graph/graph.js';
import type { RunContext } from '../src/propagation/context.js';

/** Counts of activations. */
export interface NeuronProgress {
  readonly settled: number;
  /** For good: not those that are tried again. */
  readonly failed: number;
  /** Settled ones that were undone. */
  readonly undone: number;
  /** Under way, or next. */
  readonly running: number;
  /** For a time, a signal from outside, the next attempt, or what completes a join. */
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
  readonly emitted: CountsByNeuron;
  /** How often each neuron has heard each collateral. */
  readonly heard: CountsByNeuron;
}

/** By name of the neuron, then of the collateral. */
export type CountsByNeuron = Readonly<Record<string, Readonly<Record<string, number>>>>;

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

/** `1 running, 3200 done`: the most urgent first; `done` where there is one and nothing else. */
export function countsOf({ settled, failed, undone, running, waiting }: NeuronProgress): string {
  const counts = Object.entries({ failed, running, waiting, undone, done: settled }).filter(([, count]) => count > 0);
  return counts.map(([word, count]) => (count === 1 && counts.length === 1 ? word : `${count} ${word}`)).join(', ');
}

/** @param events what has settled, as far as that is known */
export function progressOf(
  graph: Graph,
  { id, frontier, joined, failed }: Pick<RunContext, 'id' | 'frontier' | 'joined' | 'failed'>,
  status: RunProgress['status'],
  events: readonly SettledEvent[],
): RunProgress {
  const counts = new Counts();
  const [emitted, heard] = [new Tally(), new Tally()];
  const hears = ({ neuron, dendrite }: { readonly neuron: string; readonly dendrite: string }): void => {
    for (const name of collateralsOf(dendrite)) heard.add(neuron, name);
  };
  for (const event of events) {
    const { neuron, dendrite, outcome } = event;
    if (dendrite !== UNDO) hears(event);
    // those that failed for good stand in the context; and what arrives at a join is no work of the neuron's
    if (outcome === 'failed' || isArrival(graph, event)) continue;
    counts.of(neuron)[dendrite === UNDO ? 'undone' : 'settled']++;
    for (const name of event.emitted) emitted.add(neuron, name);
  }
  for (const one of failed) if (!one.aborted) counts.of(one.neuron).failed++;
  for (const { neuron } of joined) counts.of(neuron).waiting++;
  for (const pending of frontier) {
    const { neuron, state } = pending;
    const of = counts.of(neuron);
    hears(pending);
    if (state === 'waiting' && of.settled > 0) of.settled--; // it has answered that it waits
    of[state === 'waiting' || state === 'delayed' ? 'waiting' : 'running']++;
  }
  return { id, graph: graph.name, status, neurons: counts.all, emitted: emitted.all, heard: heard.all };
}

/** The dendrite of what undoes. */
const UNDO = 'undo';

/** `order#0`; of the complete set of a join `price+stock#0`, and `parcel+#0` where it has one slot. */
const collateralsOf = (dendrite: string): string[] =>
  dendrite
    .slice(0, dendrite.lastIndexOf('#'))
    .split('+')
    .filter((name) => name !== '');

function isArrival(graph: Graph, { neuron, dendrite }: SettledEvent): boolean {
  const dendrites = graph.neuronByName.get(neuron)?.dendrites ?? [];
  return dendrites.some(({ key, arrival }) => arrival !== null && key === dendrite);
}

type Counting = { -readonly [K in keyof NeuronProgress]: number };

class Counts {
  readonly #counts = new Map<string, Counting>();

  of(neuron: string): Counting {
    const known = this.#counts.get(neuron) ?? { settled: 0, failed: 0, undone: 0, running: 0, waiting: 0 };
    this.#counts.set(neuron, known);
    return known;
  }

  get all(): RunProgress['neurons'] {
    return Object.fromEntries(this.#counts);
  }
}

class Tally {
  readonly #counts = new Map<string, Map<string, number>>();

  add(neuron: string, collateral: string): void {
    const counts = this.#counts.get(neuron) ?? new Map<string, number>();
    this.#counts.set(neuron, counts.set(collateral, (counts.get(collateral) ?? 0) + 1));
  }

  get all(): CountsByNeuron {
    return Object.fromEntries([...this.#counts].map(([neuron, counts]) => [neuron, Object.fromEntries(counts)]));
  }
}
