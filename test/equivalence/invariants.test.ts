/** Trace invariants: what must hold of every single event of any walk, whatever the oracle says. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PendingActivation } from '../../src/propagation/context.js';
import type { FailedEvent, RespondedEvent } from '../../src/propagation/events.js';
import { graphPlans, type GraphPlan, neuronName } from './arbitrary-graph.js';
import type { Move } from './features.js';
import { oracleNeuronsOf } from './handlers.js';
import { sources } from './library.js';
import { joinOf, neuronIn, type OracleGraph, subscribersOf } from './oracle-graph.js';
import { SEED } from './seed.js';
import { SideClock } from './side-clock.js';
import { hostOf } from './sides.js';
import { type WalkPlan, walk, walkPlans } from './walk.js';

const WALKS = 1000;

/** Each plan is walked once; all invariants look at the same walks. */
const walks = fc
  .sample(walkPlans, { numRuns: WALKS, seed: SEED })
  .map((plan) => ({ plan, moves: walk(sources, plan).filter(({ accepted }) => accepted) }));

/**
 * Calls `check` for every accepted event of the walks; `check` says whether it had anything to look at.
 * @param atLeast how many it must have looked at, so that no invariant holds because nothing happened
 */
function forEveryMove(check: (move: Move, plan: WalkPlan) => boolean, atLeast = WALKS / 10): void {
  try {
    const looked = walks.flatMap(({ plan, moves }) => moves.filter((move) => check(move, plan)));
    expect(looked.length).toBeGreaterThan(atLeast);
  } catch (error) {
    // once more, for the smallest walk that shows it
    const property = fc.property(walkPlans, (plan) => {
      for (const move of walk(sources, plan)) if (move.accepted) check(move, plan);
    });
    fc.assert(property, { numRuns: WALKS, seed: SEED });
    throw error;
  }
}

const ids = (list: readonly { readonly activation: string }[]): string[] => list.map(({ activation }) => activation);
const without = (list: readonly string[], others: readonly string[]): string[] =>
  list.filter((each) => !others.includes(each));
const inFlight = ({ state }: PendingActivation): boolean => state === 'starting' || state === 'running';
const placesOf = (list: readonly { readonly n: number }[]): number[] => list.map(({ n }) => n);
const ascending = (list: readonly number[]): number[] => [...list].sort((a, b) => a - b);
/** The place that nobody but the queue's head has. */
const isBeginning = ({ state }: PendingActivation): boolean => state === 'starting' || state === 'asking';

const graphs = new WeakMap<GraphPlan, OracleGraph>();
const graphOf = (plan: GraphPlan): OracleGraph => {
  const graph = graphs.get(plan) ?? { neurons: oracleNeuronsOf(plan), collaterals: [] };
  graphs.set(plan, graph);
  return graph;
};

const dendriteOf = ({ neuron, dendrite }: { readonly neuron: string; readonly dendrite: string }): string =>
  `${neuron}/${dendrite}`;
/** The dendrites that a signal reaches, in order. */
const reached = (plan: GraphPlan, collateral: string): string[] =>
  subscribersOf(graphOf(plan), collateral).map(({ neuron, key }) => `${neuron}/${key}`);

/** What a `responded` event asks for; null for another event, and for what says where it has arrived. */
function answerOf({ event, before }: Move, plan: GraphPlan) {
  if (!event.type.endsWith(':responded')) return null;
  const { activation, signals, expectations = [], writes, joined } = event as RespondedEvent;
  const settled = before.frontier.find((each) => each.activation === activation) as PendingActivation;
  const isArrival = joinOf(graphOf(plan), settled) !== undefined;
  if (isArrival && joined !== undefined) return null;
  const neuron = neuronIn(graphOf(plan), settled.neuron);
  const given = [...(signals ?? [])];
  const emitted = [...given, ...expectations.flatMap(({ otherwise }) => otherwise ?? [])];
  const isValid =
    emitted.every(({ collateral }) => neuron.emits.includes(collateral)) &&
    expectations.every(({ expects }) => neuron.expects.includes(expects)) &&
    !isArrival &&
    joined === undefined &&
    (settled.undoes === undefined || given.length + expectations.length === 0);
  /** What it makes, in order; what an early signal has met already makes what that signal reaches. */
  const early = [...before.early];
  const isHeld = before.hold && neuron.milestone && settled.undoes === undefined && before.ending === undefined;
  let met = 0;
  const made = Array.from({ length: given.length + expectations.length }, (_, index) => {
    const expectation = expectations.find((each) => each.index === index);
    if (expectation === undefined) return reached(plan, given.shift()?.collateral ?? '');
    const at = early.findIndex(({ collateral }) => collateral === expectation.expects);
    if (at < 0 || isHeld) return [dendriteOf(settled)];
    met++;
    return reached(plan, early.splice(at, 1)[0]?.collateral ?? '');
  }).flat();
  return { activation, signals: signals ?? [], writes, settled, neuron, isValid, made, met };
}

/** Whether everything that is emitted gets a place: nothing is refused, and nothing ends. */
const takesAll = ({ before: { options, ending } }: Move): boolean =>
  ending === undefined && options?.maxNeuronHops === undefined && options?.maxFrontier === undefined;

/** Whether with this move the undoing of an activation has begun: its checkpoint goes by the name of that. */
const isUndoing = ({ before, after }: Move, activation: string): boolean =>
  after.hold &&
  after.frontier.some(({ dendrite, after: barrier }) => dendrite === 'undo' && barrier === activation) &&
  !ids(before.barriers).includes(activation);

/** What is new in the frontier, save what the end of a run makes. */
const fresh = ({ before, after }: Move): PendingActivation[] =>
  after.frontier.filter(
    ({ n, activation, dendrite }) =>
      n >= before.next && dendrite !== 'undo' && !ids(before.frontier).includes(activation),
  );

describe('I1 atomic settlement', () => {
  it('an answer takes its activation, commits its writes and enqueues every subscriber of every signal, all in one step', () => {
    forEveryMove((move, { graph }) => {
      const answer = answerOf(move, graph);
      if (answer === null || !answer.isValid || !takesAll(move)) return false;
      const { before, after } = move;
      expect(without(ids(before.frontier), ids(after.frontier))).toEqual([answer.activation]);
      expect(fresh(move).map(dendriteOf).sort()).toEqual([...answer.made].sort());
      // what is left at joins fails when nothing else is left
      const failed = after.failed.slice(before.failed.length);
      expect(without(ids(failed), ids(before.joined))).toEqual([]);
      expect(after.settled).toBe(before.settled + 1 + answer.met + failed.length);
      if (after.options?.autoCleanup === true) return true;
      const { [answer.settled.neuron]: _old, ...others } = before.values;
      const { [answer.settled.neuron]: value, ...othersNow } = after.values;
      expect(othersNow).toEqual(others);
      expect(value).toEqual(answer.writes === undefined ? _old : answer.writes.value);
      return true;
    });
  });

  it('a failed attempt commits nothing: no writes, no signals, no output, and no barrier but of what could not be undone', () => {
    forEveryMove((move, { graph }) => {
      const answer = answerOf(move, graph);
      if (answer === null ? !move.event.type.endsWith(':failed') : answer.isValid) return false;
      const { before, after, event } = move;
      const { activation } = event as FailedEvent;
      const again = after.frontier.find((each) => each.activation === activation);
      const undone = after.owed.length < before.owed.length ? 1 : 0;
      const stored = before.hold ? undone : 0; // what undoes waits behind a checkpoint of its own
      expect(fresh(move)).toEqual([]);
      expect(after.next).toBe(before.next + undone + stored);
      if (after.options?.autoCleanup !== true) expect(after.values).toEqual(before.values);
      const undoing = stored === 1 ? ids(before.owed.slice(-1)) : [];
      expect(without(ids(after.barriers), ids(before.barriers))).toEqual(undoing);
      expect(without(ids(before.barriers), ids(after.barriers))).toEqual([]);
      expect(after.output).toEqual(before.output);
      expect(after.owed).toEqual(before.owed.slice(0, before.owed.length - undone));
      const failed = without(ids(after.failed.slice(before.failed.length)), ids(before.joined));
      expect(failed).toEqual(again === undefined ? [activation] : []);
      if (again !== undefined) expect(again.state).toBe('delayed');
      return true;
    });
  });
});

describe('I2 nothing pending is lost', () => {
  it('every activation that was made is settled, failed, at a join or in the frontier, exactly once', () => {
    forEveryMove(({ event, before, after, effects }) => {
      const all = [...ids(after.frontier), ...ids(after.joined)];
      expect(new Set(all).size).toBe(all.length);
      const failed = after.failed.slice(before.failed.length);
      const known = [...before.frontier, ...before.joined];
      const left = known.filter(({ activation }) => !all.includes(activation));
      const cut = ids(failed.filter(({ aborted }) => aborted));
      const { activation, joined } = event as RespondedEvent;
      /** Part of a set that is complete. */
      const taken = left.filter(
        (each) =>
          !ids(failed).includes(each.activation) &&
          joined !== undefined &&
          (each.activation === activation || ids(before.joined).includes(each.activation)),
      );
      const lost = left.filter(
        (each) =>
          !ids(failed).includes(each.activation) &&
          !taken.includes(each) &&
          each.activation !== activation &&
          !('state' in each && (each.state === 'waiting' || each.expects !== undefined)),
      );
      expect(lost).toEqual([]);
      const ended = left.filter((each) => !taken.includes(each) && !cut.includes(each.activation));
      const refused = failed.filter((each) => !each.aborted && !ids(known).includes(each.activation));
      const closed = effects.filter((effect) => effect.type === 'closed').length;
      const metAtOnce = event.type.endsWith(':responded') ? closed : 0;
      expect(after.settled - before.settled).toBe(ended.length + refused.length + metAtOnce);
      return left.length > 0;
    });
  });

  it('the frontier is listed in restart order: in flight by age, the queue, what waits, then what is held', () => {
    forEveryMove(({ after: { frontier, joined, next } }) => {
      const parts = [frontier.filter(inFlight)];
      for (const states of [['asking', 'queued', 'granted'], ['gated', 'parked', 'delayed', 'waiting'], ['held']]) {
        parts.push(frontier.filter(({ state }) => states.includes(state)));
      }
      expect(ids(frontier)).toEqual(ids(parts.flat()));
      for (const part of [...parts, joined]) expect(placesOf(part)).toEqual(ascending(placesOf(part)));
      for (const place of placesOf([...frontier, ...joined])) expect(place).toBeLessThan(next);
      return frontier.length > 1;
    });
  });

  it('resuming re-runs exactly what had not settled, with the same ids, payloads, values and order', () => {
    forEveryMove(({ event, before, after }) => {
      if (event.type !== 'engram.resume' || before.ending?.status === 'aborted') return false;
      const byPlace = (a: PendingActivation, b: PendingActivation) => a.n - b.n;
      const waits = ({ state }: PendingActivation) => ['delayed', 'waiting', 'held'].includes(state);
      const same = ({ state: _state, ...rest }: PendingActivation) => rest;
      const [queue, queueNow] = [before.frontier, after.frontier].map((all) => all.filter((each) => !waits(each)));
      expect(queueNow?.map(same)).toEqual([...(queue ?? [])].sort(byPlace).map(same));
      expect(after.frontier.filter(waits)).toEqual(before.frontier.filter(waits));
      expect(after.joined).toEqual(before.joined);
      if (after.options?.autoCleanup !== true) expect(after.values).toEqual(before.values);
      const [first, ...others] = queueNow ?? [];
      expect(first === undefined || isBeginning(first)).toBe(true);
      expect(others.every(({ state }) => state === 'queued')).toBe(true);
      return (queue ?? []).length > 0;
    });
  });
});

describe('I4 the barrier', () => {
  it('everything that a milestone emits is held behind it until its own checkpoint', () => {
    forEveryMove((move, { graph }) => {
      const answer = answerOf(move, graph);
      if (answer === null || !answer.isValid) return false;
      const { before, after } = move;
      const isUndo = answer.settled.undoes !== undefined;
      const holds = after.hold && !isUndo && answer.neuron.milestone && before.ending === undefined;
      expect(ids(after.barriers).includes(answer.activation)).toBe(holds || isUndoing(move, answer.activation));
      for (const each of fresh(move)) {
        expect(each.state === 'held').toBe(holds);
        expect(each.after).toBe(holds ? answer.activation : undefined);
      }
      return holds;
    });
  });

  it('nothing that is held starts, settles or fails before the checkpoint, and then all of it is queued in order', () => {
    forEveryMove(({ event, before, after, effects }) => {
      const held = before.frontier.filter(({ state }) => state === 'held');
      const isCheckpoint = event.type.endsWith(':checkpointed');
      const { activation } = event as { activation?: string };
      const released = isCheckpoint ? held.filter((each) => each.after === activation) : [];
      if (event.type !== 'engram.abort') {
        const stillHeld = after.frontier.filter(({ state }) => state === 'held');
        const kept = without(ids(held), ids(released));
        expect(without(kept, ids(stillHeld))).toEqual([]);
        const started = effects.flatMap((effect) => (effect.type === 'start' ? [effect.activation] : []));
        expect(kept.filter((each) => started.includes(each))).toEqual([]);
      }
      if (before.early.length > 0 && released.some(({ expects }) => expects !== undefined)) return true; // may be met
      const now = released.map((each) => after.frontier.find(({ activation: id }) => id === each.activation));
      expect(now.map((each) => each?.n)).toEqual(released.map((_, i) => before.next + i));
      expect(now.map((each) => each?.due)).toEqual(released.map(({ due }) => due));
      return released.length > 0;
    }, WALKS / 50);
  });

  it('a run does not end while a checkpoint is missing', () => {
    forEveryMove(({ after }) => {
      if (after.status === 'running') {
        expect(after.barriers.length + after.frontier.length).toBeGreaterThan(0);
      } else {
        expect(after.barriers).toEqual([]);
        expect(after.frontier).toEqual([]);
      }
      return after.barriers.length > 0 && after.frontier.length === 0;
    }, WALKS / 200);
  });
});

describe('I11 one order', () => {
  it('activations start one at a time, and always the one that was ready first', () => {
    forEveryMove(({ before, after, effects }) => {
      const starts = effects.flatMap((each) => (each.type === 'start' || each.type === 'acquire' ? [each] : []));
      expect(starts.length).toBeLessThanOrEqual(1);
      expect(after.frontier.filter(isBeginning).length).toBeLessThanOrEqual(1);
      const [started] = starts;
      if (started === undefined) return false;
      const found = after.frontier.find(({ activation }) => activation === started.activation);
      expect(found?.state).toBe(started.type === 'start' ? 'starting' : 'asking');
      const queue = after.frontier.filter(({ state }) => state === 'queued' || state === 'granted');
      for (const waiting of placesOf(queue)) expect(waiting).toBeGreaterThan(found?.n ?? 0);
      return queue.length > 0 && before.frontier.length > 0;
    });
  });

  it('whenever something is queued, something is starting, or as much is active as may be', () => {
    forEveryMove(({ after: { frontier, options } }) => {
      const hasQueue = frontier.some(({ state }) => state === 'queued' || state === 'granted');
      const isFull = frontier.filter(inFlight).length >= (options?.concurrency ?? Infinity);
      if (hasQueue && !isFull) expect(frontier.filter(isBeginning)).toHaveLength(1);
      return hasQueue;
    });
  });

  it('the signals of an array are all enqueued, in their order, before any subscriber runs', () => {
    forEveryMove((move, { graph }) => {
      const answer = answerOf(move, graph);
      if (answer === null || !answer.isValid || !takesAll(move)) return false;
      const made = [...fresh(move)].sort((a, b) => a.n - b.n);
      expect(made.map(dendriteOf)).toEqual(answer.made);
      // an expectation that was met at once had a place, too
      if (answer.met === 0) expect(placesOf(made)).toEqual(made.map((_, i) => move.before.next + i));
      return answer.signals.length > 1 && made.length > 1;
    });
  });

  it('gives the signals of an array the same order of starts, whether the response was sync or async', async () => {
    const property = fc.asyncProperty(
      graphPlans,
      fc.array(fc.nat({ max: 5 }), { minLength: 2, maxLength: 4 }),
      async (graph, chosen) => {
        const [sync, async] = [await startsOf(graph, chosen, false), await startsOf(graph, chosen, true)];
        expect(async).toEqual(sync);
        const plain = { ...graph, neurons: graph.neurons.map((each) => ({ ...each, joins: [] })) };
        expect(sync).toEqual(chosen.flatMap((at) => reached(plain, `c${at % graph.collaterals}`)));
      },
    );
    await fc.assert(property, { numRuns: 100, seed: SEED });
  });
});

/** The dendrites called when one neuron answers with an array, in order. */
async function startsOf(plan: GraphPlan, chosen: readonly number[], isAsync: boolean): Promise<string[]> {
  const calls: string[] = [];
  const { collateral, neuron, buildGraph, createFlow, Work, start, Run } = sources;
  const entry = collateral<number>('entry');
  const all = Array.from({ length: plan.collaterals }, (_, i) => collateral<number>(`c${i}`));
  const at = (i: number) => all[i % all.length] as (typeof all)[number];
  const source = neuron('source', Object.fromEntries(all.map((each, i) => [`c${i}`, each]))).dendrite({
    collateral: entry,
    response: () => {
      const signals = chosen.map((i) => at(i).createSignal(i)) as never[];
      return isAsync ? Promise.resolve(signals) : signals;
    },
  });
  const listening = plan.neurons.map((each, i) => {
    const made = neuron(neuronName(i), {});
    const seen: Record<number, number> = {};
    for (const listens of each.listens) {
      const channel = listens % plan.collaterals;
      const k = seen[channel] ?? 0;
      seen[channel] = k + 1;
      made.dendrite({ collateral: at(channel), response: () => void calls.push(`${neuronName(i)}/c${channel}#${k}`) });
    }
    return made;
  });
  const graph = buildGraph([source, ...listening], { name: 'array', version: '1', durable: true });
  const flow = createFlow(graph, { clock: new SideClock() });
  const work = new Work(flow);
  start(work, { id: 'run', signals: [{ collateral: 'entry', payload: 1 }] });
  const run = new Run(work, hostOf(sources, flow));
  run.go();
  await run.waitUntilComplete();
  return calls;
}
