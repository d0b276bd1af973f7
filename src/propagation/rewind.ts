/**
 * Old snapshots stay as they were, although their run goes on in the same working set: each turn leaves behind how
 * things were before it, and an old context is the newest one with those turns undone.
 * Source of the idea: H. Baker, Shallow binding in LISP 1.5 (1978), trees of differences; here without rerooting.
 */
import { BARRIER, GONE, HELD, JOINED } from './activation.js';
import type { Barrier, JoinedActivation, PendingActivation, PendingState, RunContext } from './context.js';
import { barrierImageOf, imageOf, joinedImageOf } from './image.js';
import { owedRecords } from './owed.js';
import { NO_OUTPUT, type Rare } from './rare.js';
import type { Ledger, Turn, Undo, Views, Work } from './work.js';

/** Begins a turn: from here on the working set writes down what it changes. */
export function beginTurn(work: Work, views: Views, mayDeliver: boolean): Turn {
  return (views.turn = {
    log: null,
    next: work.next,
    settled: work.settled,
    deliveries: mayDeliver ? [...(work.rare?.deliveries ?? [])] : null,
    ledger: work.rare === null ? null : ledgerOf(work.rare),
  });
}

const ledgerOf = ({ failed, output, ending, reason, owed, early }: Rare): Ledger => ({
  failed: failed.length,
  output: output === null ? NO_OUTPUT : output.payload,
  ending,
  reason,
  owed,
  early,
});

interface Entry {
  image: PendingActivation;
  rank: number;
}

const RANK: Readonly<Record<PendingState, number>> = {
  starting: 0,
  running: 0,
  asking: 1,
  queued: 1,
  granted: 1,
  gated: 2,
  parked: 2,
  delayed: 2,
  waiting: 2,
  held: 3,
};

/** A context that is being put back, by cause. */
interface Draft {
  readonly frontier: Map<string, Entry>;
  readonly barriers: Map<string, Barrier>;
  readonly joined: Map<string, JoinedActivation>;
  readonly values: Map<string, unknown>;
  readonly hops: Map<string, number>;
}

/** `newest` with these turns undone, latest first. */
export function rewind(newest: RunContext, turns: readonly Turn[]): RunContext {
  const draft: Draft = {
    frontier: new Map(newest.frontier.map((image) => [image.activation, entry(image)])),
    barriers: new Map(newest.barriers.map((barrier) => [barrier.activation, barrier])),
    joined: new Map(newest.joined.map((image) => [image.activation, image])),
    values: new Map(Object.entries(newest.values)),
    hops: new Map(Object.entries(newest.hops ?? {})),
  };
  let { next, settled, failed, deliveries } = newest;
  let output: unknown = 'output' in newest ? newest.output : NO_OUTPUT;
  let ledger: Ledger | null = null;
  for (const turn of turns) {
    for (const undo of [...(turn.log ?? [])].reverse()) applyUndo(undo, draft);
    ({ next, settled, ledger } = turn);
    failed = failed.slice(0, ledger === null ? 0 : ledger.failed);
    output = ledger === null ? NO_OUTPUT : ledger.output;
    deliveries = turn.deliveries ?? deliveries;
  }
  const known = [...draft.frontier.values()].filter(({ image }) => image.n < next);
  const joined = [...draft.joined.values()].filter(({ n }) => n < next).sort((a, b) => a.n - b.n);
  const { id, hold, outputFrom, options } = newest;
  return {
    id,
    status: 'running',
    hold,
    next,
    settled,
    frontier: known.sort((a, b) => a.rank - b.rank || a.image.n - b.image.n).map(({ image }) => image),
    barriers: [...draft.barriers.values()].filter(({ n }) => n < next).sort((a, b) => a.n - b.n),
    values: Object.fromEntries(draft.values),
    failed,
    deliveries,
    outputFrom,
    ...(output === NO_OUTPUT ? {} : { output }),
    ...(options === undefined ? {} : { options }),
    ...(draft.hops.size === 0 ? {} : { hops: Object.fromEntries(draft.hops) }),
    ...(ledger === null ? NOTHING : ledgerImage(ledger)),
    joined,
  };
}

const NOTHING = { owed: [], early: [] } as const;

function ledgerImage({
  ending,
  reason,
  owed,
  early,
}: Ledger): Pick<RunContext, 'reason' | 'ending' | 'owed' | 'early'> {
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(ending === null ? {} : { ending }),
    owed: owedRecords(owed),
    early,
  };
}

const entry = (image: PendingActivation): Entry => ({ image, rank: RANK[image.state] });

function applyUndo(undo: Undo, draft: Draft): void {
  if ('activation' in undo) undoActivation(undo, draft);
  else if ('hop' in undo) {
    if (undo.count === 0) draft.hops.delete(undo.hop);
    else draft.hops.set(undo.hop, undo.count);
  } else if (undo.had) draft.values.set(undo.key, undo.old);
  else draft.values.delete(undo.key);
}

function undoActivation(
  undo: Extract<Undo, { readonly activation: unknown }>,
  { frontier, barriers, joined }: Draft,
): void {
  const { activation, state, n, link } = undo;
  const { cause } = activation;
  frontier.delete(cause);
  barriers.delete(cause);
  joined.delete(cause);
  if (state === BARRIER) barriers.set(cause, { ...barrierImageOf(activation), n });
  else if (state === JOINED) joined.set(cause, joinedImageOf(activation));
  else if (state !== GONE) {
    frontier.set(cause, entry(imageOf(activation, state, n, state === HELD ? link : null)));
  }
}
