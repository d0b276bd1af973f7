/** Random graphs, and random programs: what happens to a run from outside, step by step. */
import fc from 'fast-check';

export interface NeuronPlan {
  readonly milestone: boolean;
  /** Collaterals by index, each taken modulo their number; the same one twice in `listens` makes two dendrites. */
  readonly emits: readonly number[];
  readonly listens: readonly number[];
}

export interface GraphPlan {
  /** Decides what handlers do. */
  readonly seed: number;
  readonly collaterals: number;
  readonly neurons: readonly NeuronPlan[];
}

export interface EntryPlan {
  readonly signals: readonly { readonly collateral: number; readonly depth: number }[];
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

/** 2 to 7 neurons, 2 to 6 collaterals; self loops, several dendrites on one collateral, milestones. */
export const graphPlans: fc.Arbitrary<GraphPlan> = fc.record({
  seed: fc.nat({ max: 0x7fffffff }),
  collaterals: fc.integer({ min: 2, max: 6 }),
  neurons: fc.array(
    fc.record({
      milestone: fc.oneof({ weight: 2, arbitrary: fc.constant(false) }, { weight: 1, arbitrary: fc.constant(true) }),
      emits: fc.array(index, { maxLength: 3 }),
      listens: fc.array(index, { minLength: 1, maxLength: 3 }),
    }),
    { minLength: 2, maxLength: 7, size: 'max' },
  ),
});

export const entryPlans: fc.Arbitrary<EntryPlan> = fc.record({
  signals: fc.array(fc.record({ collateral: index, depth: fc.integer({ min: 1, max: 8 }) }), {
    minLength: 1,
    maxLength: 2,
  }),
  hold: fc.boolean(),
  output: fc.option(index),
});

const kinds: fc.Arbitrary<ActionKind> = fc.oneof(
  { weight: 24, arbitrary: fc.constant('release' as const) },
  { weight: 12, arbitrary: fc.constant('checkpoint' as const) },
  { weight: 4, arbitrary: fc.constant('signal' as const) },
  { weight: 4, arbitrary: fc.constant('deliver' as const) },
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

/** The collaterals that a neuron may emit, each once. */
export const emitsOf = (plan: GraphPlan, neuron: NeuronPlan): string[] => [
  ...new Set(neuron.emits.map((chosen) => collateralName(plan, chosen))),
];
export const listensOf = (plan: GraphPlan, neuron: NeuronPlan): string[] =>
  neuron.listens.map((chosen) => collateralName(plan, chosen));
