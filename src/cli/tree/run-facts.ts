/** From what a store holds of a run to what can be drawn of it. */
import type { Codec } from '../../durability/codec.js';
import { isProvablyDead } from '../../durability/owner.js';
import { partOf } from '../../durability/parts.js';
import type { Lease } from '../../durability/store.js';
import type { SettledEvent } from '../../durability/events.js';
import type { LoadedRun } from '../../stimulation/load.js';
import { attemptAfter, type Past } from './attempts.js';
import type { RunEntry, RunFacts } from './nodes.js';

export interface Settled {
  /** Oldest first. */
  readonly settled: readonly SettledEvent[];
  /** How many were too many to be kept. */
  readonly omitted: number;
}

export const factsOf = (run: LoadedRun, { settled, omitted }: Settled, codec: Codec): RunFacts => ({
  context: run.context,
  events: settled,
  omitted,
  entry: entryOf(run, codec),
});

const NO_ENTRY: RunEntry = { signals: [], tasks: [] };

/** As far as it can be read: what it says is not asked for here. */
function entryOf({ parts }: LoadedRun, codec: Codec): RunEntry {
  const text = parts.get(partOf.entry());
  if (text === undefined) return NO_ENTRY;
  try {
    const { signals = [], tasks = [] } = codec.decode(text, 'entry') as StoredEntry;
    return {
      signals: signals.map(({ collateral }) => collateral),
      tasks: tasks.flatMap(({ activation }) => (activation === undefined ? [] : [activation])),
    };
  } catch {
    return NO_ENTRY;
  }
}

interface StoredEntry {
  readonly signals?: readonly { readonly collateral: string }[];
  readonly tasks?: readonly { readonly activation?: string }[];
}

/** When a run began: its first checkpoint where that is still there, else the first that is known to have been done. */
export function startOf(start: number | undefined, events: readonly SettledEvent[], savedAt: number): number {
  let least = start ?? Infinity;
  for (const event of events) least = Math.min(least, event.startedAt ?? event.settledAt);
  return least === Infinity ? savedAt : least;
}

/** Who holds a run that has not ended, if anybody does. */
export type Holding = 'held' | 'free' | 'dead' | 'expired';

export function holdingOf(lease: Lease | null, now: number): Holding {
  if (lease === null) return 'free';
  if (isProvablyDead(lease.owner)) return 'dead';
  return lease.until > now ? 'held' : 'expired';
}

/** The same with what only the newest checkpoint and the lease say: milestones, and an attempt that has stored nothing yet. */
export function pastOfRun(past: Past, { envelope, context }: LoadedRun, lease: Lease | null): Past {
  const milestones = new Set([...past.milestones, ...context.barriers.map(({ neuron }) => neuron)]);
  const isBegun = lease !== null && lease.fence > envelope.fence;
  return { ...past, milestones, attempts: isBegun ? [...past.attempts, attemptAfter(envelope)] : past.attempts };
}
