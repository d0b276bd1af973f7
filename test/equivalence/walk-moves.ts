/** What may happen next in a walk: an event that mostly fits, chosen by two numbers. */
import type { PendingActivation, RunContext } from '../../src/propagation/context.js';
import type { ExpectationData, RunEvent, SignalData } from '../../src/propagation/events.js';
import { neuronName, pick } from './arbitrary-graph.js';
import { FOREIGN } from './behaviour.js';
import { NOW } from './entry.js';
import { joinOf, type OracleGraph, type OracleNeuron } from './oracle-graph.js';

export const MOVES = [
  'respond',
  'respond',
  'respond',
  'respond',
  'respond',
  'pending',
  'pending',
  'fail',
  'fail',
  'ask',
  'ask',
  'ask',
  'grant',
  'park',
  'unpark',
  'tick',
  'tick',
  'checkpoint',
  'checkpoint',
  'signal',
  'meet',
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

const ACTIVATION_EVENTS = ['engram.granted', 'engram.gated', 'engram.parked', 'engram.unparked'];
/** A delay or a wait in a walk: few times, so that several things are due at once. */
const timeOf = (b: number): number => NOW + (b % 4) * 10;

export function eventOf({ kind, a, b }: MovePlan, context: RunContext, graph: OracleGraph): RunEvent {
  const { frontier, barriers, failed, joined } = context;
  const collateral = pick(graph.collaterals, a) as string;
  const signal = { type: collateral, payload: b };
  if (kind === 'signal') return signal;
  if (kind === 'deliver') return { ...signal, deliveryId: `delivery-${b % 3}` };
  if (kind === 'meet') return meeting(context, graph, a, b);
  if (kind === 'resume') return { type: 'engram.resume' };
  if (kind === 'tick') return { type: 'engram.tick', now: nowFor(frontier, a, b) };
  if (kind === 'abort') return abortFor(context, b);
  const inState = (...states: string[]) => frontier.filter(({ state }) => states.includes(state));
  // what arrives at a join may do so in any order
  const arrivals = b % 5 === 0 ? frontier.filter((each) => joinOf(graph, each) !== undefined) : [];
  const aims = {
    respond: [...arrivals, ...inState('starting', 'running')],
    pending: inState('starting'),
    fail: inState('starting', 'running'),
    ask: inState('asking'),
    grant: inState('gated'),
    park: inState('queued', 'granted', 'starting'),
    unpark: inState('parked'),
    checkpoint: barriers,
    misfit: [],
  };
  // mostly what fits, sometimes anything; what nobody can be meant by gives way to what may happen
  const isLost = b % 9 === 0;
  if (!isLost && kind !== 'misfit' && aims[kind].length === 0) {
    const next = (['ask', 'respond', 'checkpoint', 'grant', 'unpark'] as const).find((each) => aims[each].length > 0);
    if (next !== undefined) return eventOf({ kind: next, a, b }, context, graph);
    if (frontier.some(({ due }) => due !== undefined)) return eventOf({ kind: 'tick', a, b }, context, graph);
  }
  const aimed = isLost ? undefined : pick<{ activation: string; neuron: string }>(aims[kind], a);
  const target = aimed ?? pick([...frontier, ...frontier, ...barriers, ...joined, ...failed], b);
  const { activation, neuron } = target ?? { activation: 'none', neuron: neuronName(0) };
  const { attempt: current = 1 } = frontier.find((each) => each.activation === activation) ?? {};
  const told = b % 17 === 0 ? current + 1 : b % 19 === 0 ? current - 1 : current;
  const attempt = told === 1 && b % 2 === 0 ? {} : { attempt: told };
  if (kind === 'ask') return { type: `engram.${b % 3 === 0 ? 'gated' : 'granted'}`, activation };
  if (kind === 'grant') return { type: 'engram.granted', activation };
  if (kind === 'park') return { type: 'engram.parked', activation };
  if (kind === 'unpark') return { type: 'engram.unparked', activation };
  if (kind === 'misfit') {
    const outcome = pick(
      [...ACTIVATION_EVENTS, 'responded', 'failed', 'pending', 'checkpointed', 'unknown'],
      b,
    ) as string;
    if (outcome.startsWith('engram')) return { type: outcome, activation };
    return { type: `${neuronName(a % graph.neurons.length)}:${outcome}`, activation };
  }
  if (kind === 'checkpoint') return { type: `${neuron}:checkpointed`, activation };
  if (kind === 'pending') return { type: `${neuron}:pending`, activation, ...attempt };
  if (kind === 'fail') {
    const retry = b % 2 === 0 ? {} : { retryAt: timeOf(a) };
    return { type: `${neuron}:failed`, activation, error: `error ${b}`, ...attempt, ...retry };
  }
  const answer = answerOf(
    frontier.find((each) => each.activation === activation),
    graph,
    a,
    b,
  );
  return { type: `${neuron}:responded`, activation, ...attempt, ...answer };
}

/** A signal that somebody waits for, or will. */
function meeting({ frontier }: RunContext, { neurons, collaterals }: OracleGraph, a: number, b: number): RunEvent {
  const waits = frontier.flatMap(({ expects }) => (expects === undefined ? [] : [expects]));
  const declared = neurons.flatMap(({ expects }) => expects);
  const type = pick(waits, a) ?? pick(declared, a) ?? pick(collaterals, a) ?? '';
  return { type, payload: b, ...(b % 2 === 0 ? {} : { deliveryId: `delivery-${b % 5}` }) };
}

function nowFor(frontier: readonly PendingActivation[], a: number, b: number): number {
  const due = pick(
    frontier.flatMap((each) => each.due ?? []),
    a,
  );
  return due === undefined || b % 4 === 0 ? timeOf(b) - (b % 3) : due + (b % 2);
}

/** Aborts are rare, and come sooner when something would be undone. */
function abortFor({ owed }: RunContext, b: number): RunEvent {
  if (b % 5 > (owed === undefined ? 0 : 1)) return { type: 'engram.unknown' };
  const compensate = b % 3 === 0 ? {} : { compensate: b % 3 === 1 };
  return { type: 'engram.abort', ...(b % 2 === 0 ? { reason: b } : {}), ...compensate };
}

/** What a handler might have answered; mostly what the neuron may. */
function answerOf(entry: PendingActivation | undefined, graph: OracleGraph, a: number, b: number): object {
  const neuron = graph.neurons.find(({ name }) => name === entry?.neuron);
  if (entry === undefined || neuron === undefined) return {};
  const join = joinOf(graph, entry);
  if (join !== undefined && b % 13 !== 0) {
    return { joined: { key: a % 3 === 0 ? 'k' : '', ...(join.sized && b % 5 !== 0 ? { size: 1 + (b % 3) } : {}) } };
  }
  if (join === undefined && b % 23 === 0) return { joined: { key: '' } };
  const writes = b % 3 === 0 ? { writes: { value: b } } : b % 7 === 0 ? { writes: {} } : {};
  if (join !== undefined || (entry.undoes !== undefined && b % 4 !== 0)) return join === undefined ? writes : {};
  const signals: SignalData[] = [];
  for (let i = 0; i < b % 4 && neuron.emits.length > 0; i++) {
    const due = (a + b + i) % 4 === 0 ? { due: timeOf(a + i) } : {};
    signals.push({ collateral: pick(neuron.emits, a + i) as string, payload: { b, i }, ...due });
  }
  if (b % 11 === 0) signals.push({ collateral: FOREIGN, payload: b });
  const expectations = expectationsOf(neuron, graph, a, b, signals.length);
  const given = signals.length === 0 && a % 2 === 0 ? {} : { signals: b % 13 === 0 ? null : signals };
  const awaited = b % 13 === 0 || expectations.length === 0 ? {} : { expectations };
  return { ...given, ...awaited, ...writes };
}

/** Places in the answer are among those of its signals: in front, between, behind. */
function expectationsOf(
  { expects, emits }: OracleNeuron,
  { collaterals }: OracleGraph,
  a: number,
  b: number,
  signals: number,
): ExpectationData[] {
  const count = expects.length === 0 ? (b % 29 === 0 ? 1 : 0) : a % 3;
  const length = signals + count;
  return Array.from({ length: count }, (_, i): ExpectationData => {
    const wrong = b % 29 === 0 ? pick(collaterals, a) : undefined;
    const other = b % 31 === 0 ? FOREIGN : pick(emits, b + i);
    const isTimed = (a + i) % 3 !== 0;
    return {
      index: (a + i) % length,
      expects: wrong ?? (pick(expects, b + i) as string),
      ...(isTimed ? { within: 10 + i, due: timeOf(b + i) } : {}),
      ...((a + b) % 2 === 0 && other !== undefined ? { otherwise: { collateral: other, payload: { b, i } } } : {}),
    };
  });
}
