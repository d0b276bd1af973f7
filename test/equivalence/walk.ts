/**
 * Random walks of the pure forms: events are sent one by one to `step`, to the oracle, and to both machines through
 * XState's pure functions. No handler is ever called; outcomes come in any order, for activations in any state.
 */
import fc from 'fast-check';
import { type AnyActorLogic, initialTransition, transition } from 'xstate';
import type { RunContext } from '../../src/propagation/context.js';
import type { RunEvent } from '../../src/propagation/events.js';
import { type EntryPlan, entryPlans, type GraphPlan, graphPlans } from './arbitrary-graph.js';
import { inputOf } from './entry.js';
import { Environment, graphOf, oracleGraphOf } from './handlers.js';
import type { Library } from './library.js';
import { OracleSide } from './oracle-side.js';
import { assertSame, Divergence } from './same.js';
import { SideClock } from './side-clock.js';
import { flowOf, type Shown } from './sides.js';
import type { Move } from './features.js';
import { eventOf, type MovePlan, MOVES } from './walk-moves.js';

export interface WalkPlan {
  readonly graph: GraphPlan;
  readonly entry: EntryPlan;
  readonly moves: readonly MovePlan[];
}

const choice = fc.nat({ max: 999 });
export const walkPlans: fc.Arbitrary<WalkPlan> = fc.record({
  graph: graphPlans,
  entry: entryPlans,
  moves: fc.array(fc.record({ kind: fc.constantFrom(...MOVES), a: choice, b: choice }), { maxLength: 30, size: 'max' }),
});

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

/** Moves that are still made when the run has ended. */
const AFTER_END = 2;

/** @throws Divergence as soon as two forms differ */
export function walk(library: Library, plan: WalkPlan): Move[] {
  const graph = graphOf(library, plan.graph);
  const environment = new Environment();
  const flow = flowOf(library, graph, new SideClock(), environment);
  const oracleGraph = oracleGraphOf(plan.graph, graph);
  const { oracle, entering } = new OracleSide(plan.graph, oracleGraph);
  const logic: AnyActorLogic = library.createLogic(flow);
  const statechart: AnyActorLogic = library.createStatechart(flow);
  const input = deepFreeze(inputOf(plan.entry, oracleGraph));
  const moves: Move[] = [];
  const shown: { logic: Shown; context: RunContext }[] = [];

  const begun = (machine: AnyActorLogic): Shown => initialTransition(machine, input)[0] as Shown;
  const moved = (machine: AnyActorLogic, from: Shown, event: RunEvent): Shown =>
    transition(machine, from as never, event as never)[0] as Shown;

  let context = deepFreeze(library.step(flow, emptyOf(library, flow), { type: 'xstate.init', input })[0]);
  entering(() => oracle.send({ type: 'xstate.init', input }));
  let byLogic = begun(logic);
  let byStatechart = begun(statechart);

  const compare = (): void => {
    assertSame('step', context, oracle.context);
    assertSame('thawed and frozen', library.freeze(library.thaw(flow, context)), context);
    assertSame('value', library.valueOf(flow, context), oracle.valueOf());
    assertSame('explored statechart', byStatechart.context, context);
    assertSame('value of the explored statechart', byStatechart.value, library.valueOf(flow, context));
    assertSame('explored logic', byLogic.context, context);
    shown.push({ logic: byLogic, context });
  };
  compare();
  let afterEnd = 0;
  for (const move of plan.moves) {
    if (context.status !== 'running' && ++afterEnd > AFTER_END) break;
    const event = deepFreeze(eventOf(move, oracle.context, oracleGraph));
    const expected = oracle.accepts(oracle.context, event);
    assertSame(`accepts ${event.type}`, library.accepts(flow, context, event), expected);
    const [after, effects] = library.step(flow, context, event);
    assertSame(`step accepts ${event.type}`, after !== context, expected);
    assertSame('effects', effects, oracle.send(event));
    moves.push({ event, before: context, after, effects, accepted: expected });
    const from = shown[move.a % shown.length];
    if (from !== undefined && move.b % 4 === 0) {
      // from an older snapshot, to which its own future must do nothing
      const branched = library.step(flow, from.context, event)[0];
      assertSame('a branch of the logic', moved(logic, from.logic, event).context, branched);
    }
    context = deepFreeze(after);
    byLogic = moved(logic, byLogic, event);
    byStatechart = moved(statechart, byStatechart, event);
    compare();
  }
  for (const [at, each] of shown.entries())
    assertSame(`explored snapshot ${at}, read late`, each.logic.context, each.context);
  if (environment.calls > 0) throw new Divergence('exploring', `called ${environment.calls} handlers`);
  return moves;
}

const emptyOf = (library: Library, flow: ConstructorParameters<Library['Work']>[0]): RunContext =>
  deepFreeze(library.freeze(new library.Work(flow)));
