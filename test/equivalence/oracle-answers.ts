/** What the oracle makes of the outcome of one activation. */
import type { PendingActivation } from '../../src/propagation/context.js';
import type { ExpectationData, FailedEvent, RespondedEvent, SignalData } from '../../src/propagation/events.js';
import { joinOf, neuronIn, type OracleGraph } from './oracle-graph.js';
import { detailsOf, type Turn } from './oracle-placing.js';

/** Where no answer is wanted, or another kind of one. */
const UNWANTED = 'UNWANTED_ANSWER';

/** One settlement: all of it, or, with a wrong answer, a failure and nothing else. */
export function respond(turn: Turn, entry: PendingActivation, event: RespondedEvent): void {
  const { run } = turn;
  const { activation, n, neuron: name, dendrite, collateral, payload, origin, undoes } = entry;
  const neuron = neuronIn(turn.graph, name);
  const signals = event.signals ?? [];
  const expectations = event.expectations ?? [];
  const problem = problemOf(turn.graph, entry, event, signals, expectations);
  if (problem !== null) {
    turn.remove(entry);
    turn.settleBadly(entry, { code: problem });
    return;
  }
  if (event.joined !== undefined) {
    turn.arrive(entry, event.joined.key, event.joined.size);
    return;
  }
  turn.leave(entry);
  if (event.writes !== undefined) {
    const others = Object.entries(run.values).filter(([each]) => each !== name);
    const { value } = event.writes;
    run.values = Object.fromEntries(value === undefined ? others : [...others, [name, value]]);
  }
  if (neuron.compensates && undoes === undefined) {
    run.owed = [...run.owed, { activation, neuron: name, dendrite, collateral, payload, ...detailsOf({ origin }) }];
  }
  const isBarrier = run.hold && neuron.milestone && undoes === undefined && run.ending === undefined;
  if (isBarrier) run.barriers = [...run.barriers, { activation, n, neuron: name }];
  const heldBy = isBarrier ? activation : undefined;
  const left = [...signals];
  for (let index = 0; index < signals.length + expectations.length; index += 1) {
    const expectation = expectations.find((each) => each.index === index);
    if (expectation !== undefined) turn.expect(entry, expectation, heldBy);
    else turn.emit(left.shift() as SignalData, { parent: activation, index, heldBy });
  }
}

/** What is wrong with an answer, or null. */
function problemOf(
  graph: OracleGraph,
  { neuron, dendrite, undoes }: PendingActivation,
  { joined }: RespondedEvent,
  signals: readonly SignalData[],
  expectations: readonly ExpectationData[],
): string | null {
  const { emits, expects } = neuronIn(graph, neuron);
  if (undoes !== undefined && signals.length + expectations.length > 0) return UNWANTED;
  const isArrival = joinOf(graph, { neuron, dendrite }) !== undefined;
  if (isArrival !== (joined !== undefined)) return UNWANTED;
  if (signals.some((each) => !emits.includes(each.collateral))) return 'FOREIGN_COLLATERAL';
  for (const { expects: expected, otherwise } of expectations) {
    if (!expects.includes(expected)) return 'UNDECLARED_EXPECTATION';
    if (otherwise !== undefined && !emits.includes(otherwise.collateral)) return 'FOREIGN_COLLATERAL';
  }
  return null;
}

/** It is tried again later, or it has failed. */
export function fail(turn: Turn, entry: PendingActivation, { error, retryAt }: FailedEvent): void {
  const { ending } = turn.run;
  const mayRetry = ending === undefined || (ending.compensate && entry.undoes !== undefined);
  if (retryAt !== undefined && mayRetry) {
    turn.move(entry, 'delayed', { attempt: (entry.attempt ?? 1) + 1, due: retryAt });
  } else {
    turn.remove(entry);
    turn.settleBadly(entry, error);
  }
}
