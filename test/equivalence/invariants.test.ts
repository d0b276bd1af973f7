/** Trace invariants: what must hold of every single event of any walk, whatever the oracle says. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { PendingActivation } from '../../src/propagation/context.js';
import type { RespondedEvent, SignalData } from '../../src/propagation/events.js';
import { emitsOf, graphPlans, type GraphPlan, listensOf, neuronName } from './arbitrary-graph.js';
import { sources } from './library.js';
import { SEED } from './seed.js';
import { type Move, type WalkPlan, walk, walkPlans } from './walk.js';

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

/** The dendrites that an answer reaches, in order. */
const reached = (plan: GraphPlan, signals: readonly SignalData[]): string[] =>
  signals.flatMap(({ collateral }) =>
    plan.neurons.flatMap((neuron, at) => {
      const listening = listensOf(plan, neuron).filter((each) => each === collateral);
      return listening.map((_, k) => `${neuronName(at)}/${collateral}#${k}`);
    }),
  );

const dendriteOf = ({ neuron, dendrite }: PendingActivation): string => `${neuron}/${dendrite}`;

/** What a `responded` event asks for, or null for another event. */
function answerOf({ event, before }: Move, plan: GraphPlan) {
  if (!event.type.endsWith(':responded')) return null;
  const { activation, signals, writes } = event as RespondedEvent;
  const settled = before.frontier.find((each) => each.activation === activation) as PendingActivation;
  const neuron = plan.neurons[Number(settled.neuron.slice(1))];
  if (neuron === undefined) throw new Error(`no plan of ${settled.neuron}`);
  const emits = emitsOf(plan, neuron);
  const isValid = (signals ?? []).every(({ collateral }) => emits.includes(collateral));
  return { activation, signals: signals ?? [], writes, settled, neuron, isValid };
}

const fresh = ({ before, after }: Move): PendingActivation[] =>
  after.frontier.filter(({ n, activation }) => n >= before.next && !ids(before.frontier).includes(activation));

describe('I1 atomic settlement', () => {
  it('an answer takes its activation, commits its writes and enqueues every subscriber of every signal, all in one step', () => {
    forEveryMove((move, { graph }) => {
      const answer = answerOf(move, graph);
      if (answer === null || !answer.isValid) return false;
      const { before, after } = move;
      expect(without(ids(before.frontier), ids(after.frontier))).toEqual([answer.activation]);
      expect(fresh(move).map(dendriteOf).sort()).toEqual(reached(graph, answer.signals).sort());
      expect(after.settled).toBe(before.settled + 1);
      expect(after.failed).toEqual(before.failed);
      const { [answer.settled.neuron]: _old, ...others } = before.values;
      const { [answer.settled.neuron]: value, ...othersNow } = after.values;
      expect(othersNow).toEqual(others);
      expect(value).toEqual(answer.writes === undefined ? _old : answer.writes.value);
      return true;
    });
  });

  it('a failed attempt commits nothing: no writes, no signals, no barrier, no output', () => {
    forEveryMove((move, { graph }) => {
      const answer = answerOf(move, graph);
      if (answer === null ? !move.event.type.endsWith(':failed') : answer.isValid) return false;
      const { before, after } = move;
      expect(fresh(move)).toEqual([]);
      expect(after.next).toBe(before.next);
      expect(after.values).toEqual(before.values);
      expect(after.barriers).toEqual(before.barriers);
      expect(after.output).toEqual(before.output);
      expect(after.failed).toHaveLength(before.failed.length + 1);
      expect(without(ids(before.frontier), ids(after.frontier))).toEqual([ids(after.failed).at(-1)]);
      return true;
    });
  });
});

describe('I2 nothing pending is lost', () => {
  it('every activation that was made is settled, failed or in the frontier, exactly once', () => {
    forEveryMove((move) => {
      const { before, after } = move;
      const all = ids(after.frontier);
      expect(new Set(all).size).toBe(all.length);
      const made = fresh(move).length;
      const cut = after.failed.filter(({ aborted }) => aborted).length;
      const ended = after.settled - before.settled + cut;
      expect(after.frontier.length).toBe(before.frontier.length + made - ended);
      return made > 0 && ended > 0;
    });
  });

  it('the frontier is listed in restart order: in flight by age, then the queue, then what is held', () => {
    forEveryMove(({ after: { frontier, next } }) => {
      const parts = [frontier.filter(inFlight)];
      for (const state of ['queued', 'held']) parts.push(frontier.filter((each) => each.state === state));
      expect(ids(frontier)).toEqual(ids(parts.flat()));
      for (const part of parts) expect(placesOf(part)).toEqual(ascending(placesOf(part)));
      for (const place of placesOf(frontier)) expect(place).toBeLessThan(next);
      return frontier.length > 1;
    });
  });

  it('resuming re-runs exactly what had not settled, with the same ids, payloads, values and order', () => {
    forEveryMove(({ event, before, after }) => {
      if (event.type !== 'engram.resume') return false;
      const same = ({ state: _state, ...rest }: PendingActivation) => rest;
      expect(after.frontier.map(same)).toEqual(before.frontier.map(same));
      expect(after.values).toEqual(before.values);
      const [first, ...others] = after.frontier.filter(({ state }) => state !== 'held');
      expect(first?.state ?? 'starting').toBe('starting');
      expect(others.every(({ state }) => state === 'queued')).toBe(true);
      return before.frontier.length > 0;
    });
  });
});

describe('I4 the barrier', () => {
  it('everything that a milestone emits is held behind it until its own checkpoint', () => {
    forEveryMove((move, { graph }) => {
      const answer = answerOf(move, graph);
      if (answer === null || !answer.isValid) return false;
      const holds = answer.neuron.milestone && move.after.hold;
      expect(ids(move.after.barriers).includes(answer.activation)).toBe(holds);
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
      const places = released.map((each) => after.frontier.find((now) => now.activation === each.activation)?.n);
      expect(places).toEqual(released.map((_, i) => before.next + i));
      return released.length > 0;
    }, WALKS / 50);
  });

  it('a run does not end while a checkpoint is missing', () => {
    forEveryMove(({ after }) => {
      if (after.status === 'completed' || after.status === 'failed') {
        expect(after.barriers).toEqual([]);
        expect(after.frontier).toEqual([]);
      } else if (after.status === 'running') {
        expect(after.barriers.length + after.frontier.length).toBeGreaterThan(0);
      }
      return after.barriers.length > 0 && after.frontier.length === 0;
    }, WALKS / 200);
  });
});

describe('I11 one order', () => {
  it('activations start one at a time, and always the one that was ready first', () => {
    forEveryMove(({ before, after, effects }) => {
      const starts = effects.flatMap((effect) => (effect.type === 'start' ? [effect.activation] : []));
      expect(starts.length).toBeLessThanOrEqual(1);
      expect(after.frontier.filter(({ state }) => state === 'starting').length).toBeLessThanOrEqual(1);
      const [started] = starts;
      if (started === undefined) return false;
      const place = after.frontier.find(({ activation }) => activation === started)?.n ?? 0;
      const queued = after.frontier.filter(({ state }) => state === 'queued');
      for (const waiting of placesOf(queued)) expect(waiting).toBeGreaterThan(place);
      return queued.length > 0 && before.frontier.length > 0;
    });
  });

  it('whenever something is queued, something is starting', () => {
    forEveryMove(({ after: { frontier } }) => {
      const hasQueue = frontier.some(({ state }) => state === 'queued');
      if (hasQueue) expect(frontier.filter(({ state }) => state === 'starting')).toHaveLength(1);
      return hasQueue;
    });
  });

  it('the signals of an array are all enqueued, in their order, before any subscriber runs', () => {
    forEveryMove((move, { graph }) => {
      const answer = answerOf(move, graph);
      if (answer === null || !answer.isValid) return false;
      const made = [...fresh(move)].sort((a, b) => a.n - b.n);
      expect(made.map(dendriteOf)).toEqual(reached(graph, answer.signals));
      expect(placesOf(made)).toEqual(made.map((_, i) => move.before.next + i));
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
        expect(sync).toEqual(
          chosen.flatMap((at, k) => reached(graph, [{ collateral: `c${at % graph.collaterals}`, payload: k }])),
        );
      },
    );
    await fc.assert(property, { numRuns: 100, seed: SEED });
  });
});

/** The dendrites called when one neuron answers with an array, in order. */
async function startsOf(plan: GraphPlan, chosen: readonly number[], isAsync: boolean): Promise<string[]> {
  const calls: string[] = [];
  const { collateral, neuron, buildGraph, createFlow, Work, start, Run, createLogic } = sources;
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
  const flow = createFlow(graph, () => 'id');
  const work = new Work(flow);
  start(work, { id: 'run', signals: [{ collateral: 'entry', payload: 1 }] });
  const host = { logic: createLogic(flow), inspect: undefined, onEnded: () => undefined, onFailure: () => undefined };
  const run = new Run(work, host);
  run.start();
  await run.waitUntilComplete();
  return calls;
}
