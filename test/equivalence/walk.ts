/**
 * Random walks of the pure forms: events are sent one by one to `step`, to the oracle, and to both machines through
 * XState's pure functions. No handler is ever called; outcomes come in any order, for activations in any state.
 */
import fc from 'fast-check';
import { type AnyActorLogic, initialTransition, transition } from 'xstate';
import type { RunContext } from '../../src/propagation/context.js';
import type { Effect, RunEvent, SignalData } from '../../src/propagation/events.js';
import { type EntryPlan, entryPlans, type GraphPlan, graphPlans, neuronName, pick } from './arbitrary-graph.js';
import { FOREIGN } from './behaviour.js';
import { Environment, graphOf, oracleGraphOf } from './handlers.js';
import type { Library } from './library.js';
import { OracleSide } from './oracle-side.js';
import { inputOf } from './run-case.js';
import { assertSame, Divergence } from './same.js';
import { flowOf, type Shown } from './sides.js';

export const MOVES = [
  'respond',
  'respond',
  'respond',
  'pending',
  'pending',
  'fail',
  'checkpoint',
  'checkpoint',
  'signal',
  'deliver',
  'misfit',
  'resume',
  'abort',
] as const;

export interface MovePlan {
  readonly kind: (typeof MOVES)[number];
  readonly a: number;
  readonly b: number;
}

export interface WalkPlan {
  readonly graph: GraphPlan;
  readonly entry: EntryPlan;
  readonly moves: readonly MovePlan[];
}

const choice = fc.nat({ max: 999 });
export const walkPlans: fc.Arbitrary<WalkPlan> = fc.record({
  graph: graphPlans,
  entry: entryPlans,
  moves: fc.array(fc.record({ kind: fc.constantFrom(...MOVES), a: choice, b: choice }), { maxLength: 25, size: 'max' }),
});

/** One event of a walk. */
export interface Move {
  readonly event: RunEvent;
  readonly before: RunContext;
  readonly after: RunContext;
  readonly effects: readonly Effect[];
  readonly accepted: boolean;
}

export function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}

/** @throws Divergence as soon as two forms differ */
export function walk(library: Library, plan: WalkPlan): Move[] {
  const graph = graphOf(library, plan.graph);
  const environment = new Environment();
  const flow = flowOf(library, graph, environment);
  const channels = [...graph.channels.keys()];
  const oracleGraph = oracleGraphOf(plan.graph, graph);
  const { oracle, entering } = new OracleSide(plan.graph, oracleGraph);
  const logic: AnyActorLogic = library.createLogic(flow);
  const statechart: AnyActorLogic = library.createStatechart(flow);
  const input = deepFreeze(inputOf(plan.entry, channels));
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
    assertSame('step', context, oracle.context, 'loose');
    assertSame('thawed and frozen', library.freeze(library.thaw(flow, context)), context);
    assertSame('value', library.valueOf(flow, context), oracle.valueOf());
    assertSame('explored statechart', byStatechart.context, context);
    assertSame('value of the explored statechart', byStatechart.value, library.valueOf(flow, context));
    assertSame('explored logic', byLogic.context, context);
    shown.push({ logic: byLogic, context });
  };
  compare();
  for (const move of plan.moves) {
    const event = deepFreeze(eventOf(move, oracle.context, oracleGraph, channels));
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

function eventOf(
  { kind, a, b }: MovePlan,
  { frontier, barriers, failed }: RunContext,
  { neurons }: { readonly neurons: readonly { readonly name: string; readonly emits: readonly string[] }[] },
  channels: readonly string[],
): RunEvent {
  const collateral = pick(channels, a) as string;
  if (kind === 'signal') return { type: collateral, payload: b };
  if (kind === 'deliver') return { type: collateral, payload: b, deliveryId: `delivery-${b % 3}` };
  if (kind === 'resume') return { type: 'engram.resume' };
  if (kind === 'abort') return b % 5 === 0 ? { type: 'engram.abort', reason: b } : { type: 'engram.unknown' };
  const target = pick(kind === 'checkpoint' ? barriers : frontier, a) ?? pick([...frontier, ...barriers, ...failed], b);
  const { activation, neuron } = target ?? { activation: 'none', neuron: neuronName(0) };
  if (kind === 'misfit') {
    const outcome = pick(['responded', 'failed', 'pending', 'checkpointed', 'unknown'], b) as string;
    return { type: `${neuronName(a % neurons.length)}:${outcome}`, activation };
  }
  if (kind === 'checkpoint') return { type: `${neuron}:checkpointed`, activation };
  if (kind === 'pending') return { type: `${neuron}:pending`, activation };
  if (kind === 'fail') return { type: `${neuron}:failed`, activation, error: `error ${b}` };
  const emits = neurons.find(({ name }) => name === neuron)?.emits ?? [];
  const signals: SignalData[] = [];
  for (let i = 0; i < b % 4 && emits.length > 0; i++) {
    signals.push({ collateral: pick(emits, a + i) as string, payload: { b, i } });
  }
  if (b % 11 === 0) signals.push({ collateral: FOREIGN, payload: b });
  const writes = b % 3 === 0 ? { writes: { value: b } } : b % 7 === 0 ? { writes: {} } : {};
  const given = signals.length === 0 && a % 2 === 0 ? {} : { signals: b % 13 === 0 ? null : signals };
  return { type: `${neuron}:responded`, activation, ...given, ...writes };
}
