/**
 * What has completed the sets of joins. An arrival leaves no event, but that of its set names the causes of those that
 * came last, and whose signals these were can be computed like the parent of any other activation. A set that has not
 * settled, or that was brought back by another process, has no such names: it stands below those that emitted its
 * collaterals last (`isGuess`).
 */
import { type Caused, causeText, deriveCause } from '../../propagation/cause.js';
import type { CauseIndex } from './cause-index.js';
import { groupBy } from './group-by.js';
import { collateralOf, type RunNode, type RunRoot, settledAt } from './run-tree.js';

/** A signal that somebody emitted. */
export interface Emission {
  readonly by: RunNode | RunRoot;
  readonly cause: Readonly<Caused>;
  readonly index: number;
  readonly collateral: string;
}

type Emitter = RunNode | RunRoot;

/** How often a neuron may listen to one collateral, for us to find the dendrite. */
const MOST_DENDRITES = 3;

export function attachJoins(nodes: readonly RunNode[], emissions: readonly Emission[], index: CauseIndex): void {
  const sets = nodes.filter((node) => isSet(node) && node.parent === undefined);
  if (sets.length === 0) return;
  const emitters = emittersOf(sets, emissions, index);
  const byCollateral = groupBy(emissions.filter(isKnown), ({ collateral }) => collateral);
  for (const set of sets) {
    const causes = set.event?.joined ?? [];
    const found = causes.flatMap((cause) => emitters.get(cause) ?? []);
    if (found.length > 0) attach(set, found);
    else {
      set.isGuess = true;
      attach(set, lastOf(set, byCollateral));
    }
  }
}

/** The key of a join's set has the names of all its collaterals. */
export const isSet = (node: Pick<RunNode, 'dendrite'>): boolean => collateralOf(node).includes('+');

const slotsOf = (set: RunNode): string[] =>
  collateralOf(set)
    .split('+')
    .filter((name) => name !== '');

/** Who has emitted what arrived, by the cause of the arrival. */
function emittersOf(sets: readonly RunNode[], emissions: readonly Emission[], index: CauseIndex): Map<string, Emitter> {
  const wanted = new Set(sets.flatMap(({ event }) => event?.joined ?? []));
  const listeners = new Map<string, Set<string>>();
  for (const set of sets) {
    for (const slot of slotsOf(set)) listeners.set(slot, (listeners.get(slot) ?? new Set()).add(set.neuron));
  }
  const found = new Map<string, Emitter>();
  const made: Caused = { cause1: 0, cause2: 0 };
  for (const { by, cause, index: at, collateral } of emissions) {
    for (const neuron of listeners.get(collateral) ?? []) {
      for (let k = 0; k < MOST_DENDRITES; k++) {
        deriveCause(made, cause, at, index.hashOf(neuron, `${collateral}#${k}`));
        const text = causeText(made);
        if (wanted.has(text)) found.set(text, by);
      }
    }
  }
  return found;
}

/** Whether it was emitted for sure: signals from outside are tried with every collateral that there is. */
const isKnown = ({ by }: Emission): boolean => by.kind === 'node' || by.from === 'entry';

/** By name: of each slot what was emitted last before the set was complete. */
function lastOf(set: RunNode, emissions: ReadonlyMap<string, readonly Emission[]>): Emitter[] {
  const end = settledAt(set) ?? Infinity;
  const isBefore = ({ by }: Emission): boolean => by.kind === 'root' || (settledAt(by) ?? Infinity) <= end;
  return slotsOf(set).flatMap((slot) => emissions.get(slot)?.findLast(isBefore)?.by ?? []);
}

/** It stands below what came last. */
function attach(set: RunNode, emitters: readonly Emitter[]): void {
  const parents = [...new Set(emitters)].sort((a, b) => placeOf(a) - placeOf(b));
  const last = parents.pop();
  if (last === undefined) return;
  set.parent = last;
  set.joinedWith = parents.filter((parent): parent is RunNode => parent.kind === 'node');
  last.children.push(set);
}

const placeOf = (by: Emitter): number => (by.kind === 'root' ? -1 : by.place);
