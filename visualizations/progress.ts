/**
 * How far a run is, neuron by neuron: what a picture of it is coloured by. Plain data. A checkpoint holds nothing that
 * has settled; that comes from the events beside it, where there are any.
 */
import type { SettledEvent } from '../src/durability/events.js';
import type { RunContext } from '../src/propagation/context.js';

/** Counts of activations. */
export interface NeuronProgress {
  /** Those that were undone since are among them. */
  readonly settled: number;
  /** For good: not those that are tried again. */
  readonly failed: number;
  readonly undone: number;
  /** Cut short, because the run was aborted. */
  readonly aborted: number;
  /** Under way, or next. */
  readonly running: number;
  /** For a time, a signal from outside, the next attempt, or what completes a join. */
  readonly waiting: number;
}

export interface RunProgress {
  readonly id: string;
  /** The graph that it is a run of. */
  readonly graph: { readonly name: string; readonly version: string };
  readonly status: 'queued' | 'running' | 'waiting' | 'completed' | 'failed' | 'aborted';
  /** By name; those that have not been reached are missing. */
  readonly neurons: Readonly<Record<string, NeuronProgress>>;
  /** How often each neuron has emitted each collateral: by the name of the neuron, then of the collateral. */
  readonly emitted: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** The collaterals of which a signal has come to each neuron, by the name of the neuron. */
  readonly received: Readonly<Record<string, readonly string[]>>;
  /** How many settled activations are not in it: they were too many to keep. */
  readonly omitted: number;
  /** What is damaged in the store, and was passed over. */
  readonly damage: readonly string[];
}

/** What a neuron looks like: the most urgent thing that is true of it. */
export type NeuronState = 'failed' | 'running' | 'waiting' | 'aborted' | 'undone' | 'settled';

/** @returns undefined for a neuron that the run has not reached */
export function stateOf(progress: NeuronProgress | undefined): NeuronState | undefined {
  if (progress === undefined) return undefined;
  const { failed, running, waiting, aborted, undone, settled } = progress;
  if (failed > 0) return 'failed';
  if (running > 0) return 'running';
  if (waiting > 0) return 'waiting';
  if (aborted > 0) return 'aborted';
  return undone > 0 && undone >= settled ? 'undone' : 'settled';
}

/** `1 running, 3200 done`: the most urgent first; `done` where there is one and nothing else. */
export function countsOf({ settled, failed, undone, aborted, running, waiting }: NeuronProgress): string {
  const all = { failed, running, waiting, aborted, undone, done: settled - undone };
  const counts = Object.entries(all).filter(([, count]) => count > 0);
  return counts.map(([word, count]) => (count === 1 && counts.length === 1 ? word : `${count} ${word}`)).join(', ');
}

/** Of a record whose keys are names: some names are those of what every object has. */
export const named = <T>(record: Readonly<Record<string, T>> | undefined, name: string): T | undefined =>
  record !== undefined && Object.hasOwn(record, name) ? record[name] : undefined;

/** What of a progress the checkpoint and the events say; the rest stands in the envelope. */
type Seen = Pick<RunProgress, 'neurons' | 'emitted' | 'received'>;

/** @param settled as far as it is known */
export function progressOf(
  { frontier, joined, failed }: Pick<RunContext, 'frontier' | 'joined' | 'failed'>,
  settled: readonly SettledEvent[],
): Seen {
  const counts = new Counts();
  const emitted = new Map<string, Map<string, number>>();
  const received = new Map<string, Set<string>>();
  const receives = (neuron: string, names: readonly string[]): void => {
    const known = received.get(neuron) ?? new Set();
    for (const name of names) received.set(neuron, known.add(name));
  };
  for (const { neuron, dendrite, outcome, emitted: names, waited } of settled) {
    // those that failed for good stand in the context, and a wait is no work of its own
    if (outcome === 'responded' && waited === undefined) counts.of(neuron)[dendrite === UNDO ? 'undone' : 'settled']++;
    receives(neuron, collateralsOf(dendrite));
    const by = emitted.get(neuron) ?? new Map<string, number>();
    for (const name of names) emitted.set(neuron, by.set(name, (by.get(name) ?? 0) + 1));
  }
  for (const { neuron, dendrite, aborted } of failed) {
    counts.of(neuron)[aborted ? 'aborted' : 'failed']++;
    receives(neuron, collateralsOf(dendrite));
  }
  for (const { neuron, dendrite } of joined) {
    counts.of(neuron).waiting++;
    receives(neuron, collateralsOf(dendrite));
  }
  for (const { neuron, dendrite, state } of frontier) {
    counts.of(neuron)[state === 'waiting' || state === 'delayed' ? 'waiting' : 'running']++;
    receives(neuron, collateralsOf(dendrite));
  }
  return {
    neurons: counts.all,
    emitted: Object.fromEntries([...emitted].map(([neuron, by]) => [neuron, Object.fromEntries(by)])),
    received: Object.fromEntries([...received].map(([neuron, names]) => [neuron, [...names]])),
  };
}

/** The dendrite of what undoes. */
const UNDO = 'undo';

/** `order#0`; of the complete set of a join `price+stock#0`, and `parcel+#0` where it has one slot; none of what undoes. */
function collateralsOf(dendrite: string): string[] {
  if (dendrite === UNDO) return [];
  const names = dendrite.slice(0, dendrite.lastIndexOf('#')).split('+');
  return names.filter((name) => name !== '');
}

type Counting = { -readonly [K in keyof NeuronProgress]: number };

class Counts {
  readonly #counts = new Map<string, Counting>();

  of(neuron: string): Counting {
    const known = this.#counts.get(neuron) ?? { settled: 0, failed: 0, undone: 0, aborted: 0, running: 0, waiting: 0 };
    this.#counts.set(neuron, known);
    return known;
  }

  get all(): RunProgress['neurons'] {
    return Object.fromEntries(this.#counts);
  }
}
