/**
 * What has completed the sets of joins. An arrival leaves no event, but its cause can be computed like that of any other
 * activation, and the cause of the set follows from the causes of its arrivals (`joinCause`): so sets of arrivals are
 * tried until one has the cause. One of each slot is looked for from both ends; of a slot that collects many, what has
 * arrived first, and what comes from one fan-out. Whatever is found was checked against the cause; where nothing is, the
 * parents are those that emitted the names last (`isGuess`).
 */
import { type Caused, deriveCause, joinCause } from '../../propagation/cause.js';
import type { CauseIndex } from './cause-index.js';
import { collateralOf, type RunNode, type RunRoot, settledAt } from './run-tree.js';

/** A signal that somebody emitted. */
export interface Emission {
  readonly by: RunNode | RunRoot;
  readonly cause: Readonly<Caused>;
  readonly index: number;
  readonly collateral: string;
}

interface Arrival extends Caused, Sums {
  readonly by: RunNode | RunRoot;
  isTaken: boolean;
}

/** How often a neuron may listen to one collateral, for us to find the dendrite. */
const MOST_DENDRITES = 3;
/** How many sets are tried, over all joins. */
const MOST_TRIES = 3_000_000;
/** Of one of each slot, for one join of three and more. */
const MOST_PRODUCTS = 20_000;

export function attachJoins(nodes: readonly RunNode[], emissions: readonly Emission[], index: CauseIndex): void {
  const sets = nodes.filter((node) => isSet(node) && node.parent === undefined);
  if (sets.length === 0) return;
  const byCollateral = new Map<string, Emission[]>();
  for (const emission of emissions) {
    const known = byCollateral.get(emission.collateral);
    if (known === undefined) byCollateral.set(emission.collateral, [emission]);
    else known.push(emission);
  }
  const known = new Map<string, Arrival[][]>();
  const tries = { left: MOST_TRIES };
  for (const set of sets) {
    const name = `${set.neuron}/${set.dendrite}`;
    const variants = known.get(name) ?? variantsOf(set, byCollateral, index);
    known.set(name, variants);
    const slots = slotsOf(set);
    let found: readonly Arrival[] | undefined;
    for (let k = 0; k < MOST_DENDRITES && found === undefined; k++) {
      const arrivals = slots.map((_, slot) => variants[slot * MOST_DENDRITES + k] ?? []);
      found = find(set, arrivals, index, tries);
    }
    attachSet(
      set,
      found ??
        guess(
          set,
          slots.map((_, slot) => variants[slot * MOST_DENDRITES] ?? []),
        ),
      found === undefined,
    );
  }
}

/** The key of a join's set has the names of all its collaterals. */
export const isSet = (node: Pick<RunNode, 'dendrite'>): boolean => collateralOf(node).includes('+');

const slotsOf = (set: RunNode): string[] =>
  collateralOf(set)
    .split('+')
    .filter((name) => name !== '');

/** For each slot, and each dendrite that may be that of the slot, what may have arrived. */
function variantsOf(set: RunNode, emissions: ReadonlyMap<string, readonly Emission[]>, index: CauseIndex): Arrival[][] {
  return slotsOf(set).flatMap((collateral) =>
    Array.from({ length: MOST_DENDRITES }, (_, k) => {
      const hash = index.hashOf(set.neuron, `${collateral}#${k}`);
      return (emissions.get(collateral) ?? []).flatMap(({ by, cause, index: at }): Arrival[] => {
        const made: Caused = { cause1: 0, cause2: 0 };
        deriveCause(made, cause, at, hash);
        // one that is in an open set, or has failed, has completed none
        return index.find(made) === undefined ? [{ by, isTaken: false, ...made, ...sumsOf(made) }] : [];
      });
    }),
  );
}

interface Tries {
  left: number;
}

type Slots = readonly (readonly Arrival[])[];

/** What an arrival, or several of one slot, add to the cause of a set. */
interface Sums {
  readonly first: number;
  readonly second: number;
}

function find(set: RunNode, slots: Slots, index: CauseIndex, tries: Tries): readonly Arrival[] | undefined {
  const free = slots.map((slot) => slot.filter(({ isTaken, by }) => !isTaken && isBefore(by, set)));
  if (tries.left <= 0 || free.some((slot) => slot.length === 0)) return undefined;
  const target = index.causeOf(set);
  const hash = index.hashOf(set.neuron, set.dendrite);
  const folded = causeBefore(target, free.length, hash);
  const made: Caused = { cause1: 0, cause2: 0 };
  for (const candidate of candidates(free, folded, tries)) {
    joinCause(made, candidate, hash);
    if (made.cause1 === target.cause1 && made.cause2 === target.cause2) return candidate.flat();
  }
  return undefined;
}

/** Sets that have the folded cause, the likely ones first. */
function* candidates(free: Slots, folded: Readonly<Caused>, tries: Tries): Generator<Slots> {
  const isIt = (sums: readonly Sums[]): boolean => {
    tries.left--;
    const { cause1, cause2 } = foldOf(sums);
    return cause1 === folded.cause1 && cause2 === folded.cause2;
  };
  // the first of each slot, the first two, and so on
  const most = Math.max(...free.map(({ length }) => length));
  let sums: Sums[] = free.map(() => NO_SUMS);
  for (let count = 1; count <= most; count++) {
    sums = sums.map((sum, slot) => plus(sum, free[slot]?.[count - 1]));
    if (isIt(sums)) yield free.map((slot) => slot.slice(0, count));
  }
  if (free.length === 2) yield* pairs(free, folded, tries);
  else yield* products(free, isIt);
  for (const group of groupsOf(free)) if (isIt(group.map((slot) => slot.reduce(plus, NO_SUMS)))) yield group;
}

/** One of each slot, in all ways there are. */
function* products(free: Slots, isIt: (sums: readonly Sums[]) => boolean): Generator<Slots> {
  const at = free.map(() => 0);
  for (let tried = 0; tried < MOST_PRODUCTS; tried++) {
    const chosen = free.map((slot, i) => slot[at[i] ?? 0] as Arrival);
    if (isIt(chosen)) yield chosen.map((arrival) => [arrival]);
    let i = 0;
    for (; i < free.length; i++) {
      const next = (at[i] ?? 0) + 1;
      at[i] = next < (free[i]?.length ?? 0) ? next : 0;
      if (at[i] !== 0) break;
    }
    if (i === free.length) return;
  }
}

/** Of a join of two: for each arrival in the one slot, what the other would have to be. */
function* pairs([left = [], right = []]: Slots, folded: Readonly<Caused>, tries: Tries): Generator<Slots> {
  tries.left -= left.length + right.length;
  const byFold = new Map<number, Arrival>();
  for (const arrival of left) byFold.set(foldOf([arrival]).cause1, arrival);
  for (const arrival of right) {
    const before = Math.imul(folded.cause1 ^ arrival.second, FOLD1_BACK) ^ arrival.first;
    const other = byFold.get(before);
    if (other !== undefined) yield [[other], [arrival]];
  }
}

const NO_SUMS: Sums = { first: 0, second: 0 };
const plus = (sum: Sums, more: Sums | undefined): Sums =>
  more === undefined ? sum : { first: (sum.first + more.first) | 0, second: (sum.second + more.second) | 0 };

/** With 1 for itself: a slot begins with how many there are. */
const sumsOf = ({ cause1, cause2 }: Readonly<Caused>): Sums => ({
  first: (Math.imul(cause1 ^ (cause2 >>> 15), 0x85ebca6b) + 1) | 0,
  second: (Math.imul(cause2 ^ (cause1 >>> 13), 0xc2b2ae35) + 1) | 0,
});

/** As `joinCause` folds the slots. */
function foldOf(sums: readonly Sums[]): Caused {
  const folded = { cause1: 0x6a09e667, cause2: 0x3c6ef372 };
  for (const { first, second } of sums) {
    folded.cause1 = Math.imul(folded.cause1 ^ first, FOLD1) ^ second;
    folded.cause2 = Math.imul(folded.cause2 ^ second, FOLD2) ^ first;
  }
  return folded;
}

const FOLD1 = 0x9e3779b1;
const FOLD2 = 0x85ebca77;
const FOLD1_BACK = inverse(FOLD1);
const MIX1_BACK = inverse(0x85ebca6b);
const MIX2_BACK = inverse(0xc2b2ae35);

interface Hash {
  readonly hash1: number;
  readonly hash2: number;
}

/** `deriveCause` the other way round: it loses nothing. */
function causeBefore({ cause1, cause2 }: Readonly<Caused>, index: number, { hash1, hash2 }: Hash): Caused {
  let a = unshift(cause1, 15);
  let b = unshift(cause2, 15);
  b = unshift(Math.imul(b ^ Math.imul(a ^ (a >>> 13), 0xc2b2ae35), MIX1_BACK), 16);
  a = unshift(Math.imul(a ^ Math.imul(b ^ (b >>> 13), 0xc2b2ae35), MIX1_BACK), 16);
  return {
    cause1: Math.imul(a ^ hash1, MIX1_BACK) ^ Math.imul(index + 1, FOLD1),
    cause2: Math.imul(b ^ hash2, MIX2_BACK) ^ Math.imul(index + 1, FOLD2),
  };
}

/** Of `x ^ (x >>> bits)`, for 15 and 16 bits. */
const unshift = (value: number, bits: 15 | 16): number => value ^ (value >>> bits) ^ (bits === 15 ? value >>> 30 : 0);

/** Modulo 2^32, of an odd number. */
function inverse(odd: number): number {
  let x = odd;
  for (let i = 0; i < 5; i++) x = Math.imul(x, 2 - Math.imul(odd, x));
  return x;
}

/** What comes from one fan-out: below the same ancestor, for each of the ancestors. */
function* groupsOf(free: Slots): Generator<Slots> {
  for (let level = 1; level <= 6; level++) {
    const groups = new Map<RunNode | RunRoot, Arrival[][]>();
    free.forEach((slot, i) => {
      for (const arrival of slot) {
        const above = ancestorOf(arrival.by, level);
        if (above === undefined) continue;
        const group = groups.get(above) ?? free.map((): Arrival[] => []);
        groups.set(above, group);
        group[i]?.push(arrival);
      }
    });
    for (const group of groups.values()) if (group.every(({ length }) => length > 0)) yield group;
  }
}

function ancestorOf(by: RunNode | RunRoot, level: number): RunNode | RunRoot | undefined {
  let at: RunNode | RunRoot | undefined = by;
  for (let i = 0; i < level && at !== undefined; i++) at = at.kind === 'node' ? at.parent : undefined;
  return at;
}

const isBefore = (by: RunNode | RunRoot, set: RunNode): boolean =>
  by.kind === 'root' || (settledAt(by) ?? Infinity) <= (settledAt(set) ?? Infinity);

/** By name: of each slot what was emitted last before the set was complete. */
function guess(set: RunNode, slots: Slots): readonly Arrival[] {
  return slots.flatMap((slot) => slot.filter(({ isTaken, by }) => !isTaken && isBefore(by, set)).slice(-1));
}

/** It stands below what came last. */
function attachSet(set: RunNode, arrivals: readonly Arrival[], isGuess: boolean): void {
  if (!isGuess) for (const arrival of arrivals) arrival.isTaken = true;
  const parents = [...new Set(arrivals.map(({ by }) => by))].sort((a, b) => placeOf(a) - placeOf(b));
  const last = parents.pop();
  if (last === undefined) return;
  set.parent = last;
  set.isGuess = isGuess;
  set.joinedWith = parents.filter((parent): parent is RunNode => parent.kind === 'node');
  last.children.push(set);
}

const placeOf = (by: RunNode | RunRoot): number => (by.kind === 'root' ? -1 : by.place);
