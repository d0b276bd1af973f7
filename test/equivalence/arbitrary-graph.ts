/** Random graphs, and random programs: what happens to a run from outside, step by step. */
import fc from 'fast-check';
import type { OracleJoin } from './oracle-graph.js';

export interface JoinPlan {
  /** Collaterals by index, one slot each; the same one counts once. */
  readonly slots: readonly number[];
  /** Whether each payload says how many of its slot make a set. */
  readonly sized: boolean;
  /** How many of the neuron's dendrites are declared before it. */
  readonly after: number;
}

export interface NeuronPlan {
  readonly milestone: boolean;
  /** Collaterals by index, each taken modulo their number; the same one twice in `listens` makes two dendrites. */
  readonly emits: readonly number[];
  readonly listens: readonly number[];
  readonly joins: readonly JoinPlan[];
  readonly expects: readonly number[];
  readonly compensates: boolean;
  /** How many bodies of it may run at once, or null. */
  readonly gate: number | null;
  /** In all, with a constant wait between them; or null. */
  readonly attempts: number | null;
}

export interface GraphPlan {
  /** Decides what handlers do. */
  readonly seed: number;
  readonly collaterals: number;
  readonly neurons: readonly NeuronPlan[];
}

/** What a run is begun with beside signals; all is taken modulo what there is to choose from. */
export interface TaskPlan {
  readonly neuron: number;
  readonly dendrite: number;
  readonly kind: (typeof TASK_KINDS)[number];
  /** Which of few causes it has, or null for none. */
  readonly activation: number | null;
  readonly due: number | null;
  readonly attempt: number | null;
}

export const TASK_KINDS = ['plain', 'plain', 'expects', 'undoes', 'unknown'] as const;

export interface OptionsPlan {
  readonly concurrency: number | null;
  readonly maxNeuronHops: number | null;
  readonly maxFrontier: number | null;
  readonly autoCleanup: boolean;
  readonly stimulationContext: boolean;
}

export interface EntryPlan {
  readonly signals: readonly { readonly collateral: number; readonly depth: number; readonly due: number | null }[];
  readonly tasks: readonly TaskPlan[];
  readonly options: OptionsPlan | null;
  /** The neurons that have a value to begin with. */
  readonly values: readonly number[];
  /** Milestones hold what follows them. */
  readonly hold: boolean;
  /** The collateral of the output, or null. */
  readonly output: number | null;
}

export const ACTION_KINDS = [
  'release',
  'checkpoint',
  'signal',
  'deliver',
  'meet',
  'pass',
  'park',
  'unpark',
  'rehydrate',
  'stale',
  'outcome',
  'abort',
] as const;
export type ActionKind = (typeof ACTION_KINDS)[number];

/** What `a` and `b` mean depends on the kind; they are taken modulo what there is to choose from. */
export interface ActionPlan {
  readonly kind: ActionKind;
  readonly a: number;
  readonly b: number;
}

/** What happens in one turn of the event loop, and what is looked at after it. */
export interface StepPlan {
  readonly actions: readonly ActionPlan[];
  /** Whether the snapshots of the logic are read now; what is not read now is read after `age` steps. */
  readonly look: boolean;
  readonly age: number;
}

/** When the run that began without an actor gets one: before a step, or inside a call of a handler. */
export interface LatePlan {
  readonly in: 'step' | 'handler';
  readonly at: number;
}

export interface CasePlan {
  readonly graph: GraphPlan;
  readonly entry: EntryPlan;
  readonly steps: readonly StepPlan[];
  readonly late: LatePlan;
}

const index = fc.nat({ max: 5 });
const choice = fc.nat({ max: 999 });

/** True in one case of `n`. */
const oneIn = (n: number): fc.Arbitrary<boolean> =>
  fc.oneof({ weight: n - 1, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) });
/** Something in one case of `n`, null otherwise. */
const rarely = <T>(n: number, arbitrary: fc.Arbitrary<T>): fc.Arbitrary<T | null> =>
  fc.oneof({ weight: n - 1, arbitrary: fc.constant(null) }, { weight: 1, arbitrary });
/** A list that is mostly empty. */
const someIn = <T>(n: number, list: fc.Arbitrary<T[]>): fc.Arbitrary<T[]> =>
  fc.oneof({ weight: n - 1, arbitrary: fc.constant<T[]>([]) }, { weight: 1, arbitrary: list });

const joinPlans: fc.Arbitrary<JoinPlan> = fc.record({
  slots: fc.array(index, { minLength: 1, maxLength: 3 }),
  sized: fc.boolean(),
  after: fc.nat({ max: 3 }),
});

/**
 * 2 to 6 neurons, 2 to 6 collaterals; self loops, several dendrites on one collateral, milestones, joins, gates, retries,
 * compensations, collaterals that are waited for.
 */
export const graphPlans: fc.Arbitrary<GraphPlan> = fc.record({
  seed: fc.nat({ max: 0x7fffffff }),
  collaterals: fc.integer({ min: 2, max: 6 }),
  neurons: fc.array(
    fc.record({
      milestone: oneIn(3),
      emits: fc.array(index, { maxLength: 3 }),
      listens: fc.array(index, { minLength: 1, maxLength: 3 }),
      joins: someIn(5, fc.array(joinPlans, { minLength: 1, maxLength: 2 })),
      expects: someIn(5, fc.array(index, { minLength: 1, maxLength: 2 })),
      compensates: oneIn(4),
      gate: rarely(4, fc.integer({ min: 1, max: 2 })),
      attempts: rarely(4, fc.integer({ min: 1, max: 3 })),
    }),
    { minLength: 2, maxLength: 6, size: 'max' },
  ),
});

const taskPlans: fc.Arbitrary<TaskPlan> = fc.record({
  neuron: fc.nat({ max: 6 }),
  dendrite: fc.nat({ max: 9 }),
  kind: fc.constantFrom(...TASK_KINDS),
  activation: fc.option(fc.nat({ max: 2 })),
  due: rarely(3, fc.nat({ max: 9 })),
  attempt: rarely(4, fc.integer({ min: 2, max: 4 })),
});

const optionsPlans: fc.Arbitrary<OptionsPlan> = fc.record({
  concurrency: rarely(3, fc.integer({ min: 1, max: 3 })),
  maxNeuronHops: rarely(5, fc.integer({ min: 1, max: 5 })),
  maxFrontier: rarely(6, fc.integer({ min: 1, max: 8 })),
  autoCleanup: oneIn(3),
  stimulationContext: oneIn(4),
});

export const entryPlans: fc.Arbitrary<EntryPlan> = fc.record({
  signals: fc.array(
    fc.record({ collateral: index, depth: fc.integer({ min: 1, max: 7 }), due: rarely(8, fc.nat({ max: 3 })) }),
    { minLength: 1, maxLength: 2 },
  ),
  tasks: someIn(4, fc.array(taskPlans, { minLength: 1, maxLength: 4 })),
  options: fc.option(optionsPlans),
  values: someIn(3, fc.array(fc.nat({ max: 6 }), { minLength: 1, maxLength: 3 })),
  hold: fc.boolean(),
  output: fc.option(index),
});

const kinds: fc.Arbitrary<ActionKind> = fc.oneof(
  { weight: 24, arbitrary: fc.constant('release' as const) },
  { weight: 12, arbitrary: fc.constant('checkpoint' as const) },
  { weight: 4, arbitrary: fc.constant('signal' as const) },
  { weight: 4, arbitrary: fc.constant('deliver' as const) },
  { weight: 5, arbitrary: fc.constant('meet' as const) },
  { weight: 12, arbitrary: fc.constant('pass' as const) },
  { weight: 2, arbitrary: fc.constant('park' as const) },
  { weight: 2, arbitrary: fc.constant('unpark' as const) },
  { weight: 4, arbitrary: fc.constant('rehydrate' as const) },
  { weight: 4, arbitrary: fc.constant('stale' as const) },
  { weight: 2, arbitrary: fc.constant('outcome' as const) },
  { weight: 1, arbitrary: fc.constant('abort' as const) },
);

export const stepPlans: fc.Arbitrary<StepPlan> = fc.record({
  actions: fc.array(fc.record({ kind: kinds, a: choice, b: choice }), { minLength: 1, maxLength: 3, size: 'max' }),
  look: fc.boolean(),
  age: fc.integer({ min: 1, max: 5 }),
});

export const casePlans: fc.Arbitrary<CasePlan> = fc.record({
  graph: graphPlans,
  entry: entryPlans,
  steps: fc.array(stepPlans, { minLength: 1, maxLength: 9, size: 'max' }),
  late: fc.record({ in: fc.constantFrom('step', 'handler'), at: fc.nat({ max: 8 }) }),
});

/** The element that a number chooses; undefined when there is none. */
export const pick = <T>(list: readonly T[], number: number): T | undefined => list[number % list.length];

export const collateralName = (plan: GraphPlan, chosen: number): string => `c${chosen % plan.collaterals}`;
export const neuronName = (at: number): string => `n${at}`;

const namesOf = (plan: GraphPlan, chosen: readonly number[]): string[] => [
  ...new Set(chosen.map((each) => collateralName(plan, each))),
];

/** The collaterals that a neuron may emit, each once. */
export const emitsOf = (plan: GraphPlan, neuron: NeuronPlan): string[] => namesOf(plan, neuron.emits);
export const expectsOf = (plan: GraphPlan, neuron: NeuronPlan): string[] => namesOf(plan, neuron.expects);

/** The names of slots, in order. */
const SLOTS = ['l', 'm', 'r'];

/** What a neuron listens to, in order of declaration: the collateral of a dendrite, or a join. */
export function dendritePlansOf(plan: GraphPlan, neuron: NeuronPlan): (string | OracleJoin)[] {
  const joins = neuron.joins.map(({ slots, sized, after }) => {
    const entries = namesOf(plan, slots).map((name, at) => [SLOTS[at] as string, name] as const);
    return { after, join: { slots: Object.fromEntries(entries), sized } };
  });
  const declaredBy = (count: number, isLast: boolean): OracleJoin[] =>
    joins.flatMap(({ after, join }) => (after === count || (isLast && after > count) ? [join] : []));
  const { length } = neuron.listens;
  return [
    ...neuron.listens.flatMap((chosen, at) => [...declaredBy(at, false), collateralName(plan, chosen)]),
    ...declaredBy(length, true),
  ];
}
