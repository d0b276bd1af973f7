/**
 * Old snapshots stay as they were, although their run goes on in the same working set: each turn leaves behind how
 * things were before it, and an old context is the newest one with those turns undone.
 * Source of the idea: H. Baker, Shallow binding in LISP 1.5 (1978), trees of differences; here without rerooting.
 */
import type { Barrier, PendingActivation, RunContext } from './context.js';
import { barrierImageOf, imageOf } from './image.js';
import { BARRIER, failedOf, GONE, HELD, NO_OUTPUT, type Turn, type Undo, type Views, type Work } from './work.js';

/** Begins a turn: from here on the working set writes down what it changes. */
export function beginTurn(work: Work, views: Views, mayDeliver: boolean): Turn {
  return (views.turn = {
    log: null,
    next: work.next,
    settled: work.settled,
    failed: failedOf(work).length,
    output: work.rare === null || work.rare.output === null ? NO_OUTPUT : work.rare.output.payload,
    deliveries: mayDeliver ? [...(work.rare?.deliveries ?? [])] : null,
  });
}

interface Entry {
  image: PendingActivation;
  rank: number;
}

const RANK = { starting: 0, running: 0, queued: 1, held: 2 } as const;

/** `newest` with these turns undone, latest first. */
export function rewind(newest: RunContext, turns: readonly Turn[]): RunContext {
  const frontier = new Map<string, Entry>(newest.frontier.map((image) => [image.activation, entry(image)]));
  const barriers = new Map<string, Barrier>(newest.barriers.map((barrier) => [barrier.activation, barrier]));
  const values = new Map(Object.entries(newest.values));
  let { next, settled, failed, deliveries } = newest;
  let output: unknown = 'output' in newest ? newest.output : NO_OUTPUT;
  for (const turn of turns) {
    for (const undo of [...(turn.log ?? [])].reverse()) {
      if ('activation' in undo) undoActivation(undo, frontier, barriers);
      else if (undo.had) values.set(undo.key, undo.old);
      else values.delete(undo.key);
    }
    ({ next, settled, output } = turn);
    failed = failed.slice(0, turn.failed);
    deliveries = turn.deliveries ?? deliveries;
  }
  const known = [...frontier.values()].filter(({ image }) => image.n < next);
  const { output: _output, reason: _reason, ...rest } = newest;
  return {
    ...rest,
    status: 'running',
    next,
    settled,
    frontier: known.sort((a, b) => a.rank - b.rank || a.image.n - b.image.n).map(({ image }) => image),
    barriers: [...barriers.values()].filter(({ n }) => n < next).sort((a, b) => a.n - b.n),
    values: Object.fromEntries(values),
    failed,
    deliveries,
    ...(output === NO_OUTPUT ? {} : { output }),
  };
}

const entry = (image: PendingActivation): Entry => ({ image, rank: RANK[image.state] });

function undoActivation(
  undo: Extract<Undo, { readonly activation: unknown }>,
  frontier: Map<string, Entry>,
  barriers: Map<string, Barrier>,
): void {
  const { activation, state, n, link } = undo;
  const { cause } = activation;
  frontier.delete(cause);
  barriers.delete(cause);
  if (state === BARRIER) barriers.set(cause, { ...barrierImageOf(activation), n });
  else if (state !== GONE) {
    frontier.set(cause, entry(imageOf(activation, state, n, state === HELD ? link : null)));
  }
}
