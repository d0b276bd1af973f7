/**
 * Runs that are stored before anybody begins them: a checkpoint that holds the entry and nothing else. So whoever starts
 * a run need not know the graph that will run it, signals for it may come before it has begun, and what is started is
 * there even when the queue that should tell of it is lost.
 */
import type { Clock } from '../clock/clock.js';
import type { Codec } from '../durability/codec.js';
import { type EnvelopeFields, sealEnvelope } from '../durability/envelope.js';
import { partOf } from '../durability/parts.js';
import { StoredParts, type StoringOptions } from '../durability/stored-parts.js';
import type { Owner, Store } from '../durability/store.js';

/** Nobody holds the run: the lease that a store gives with the first checkpoint is over when it is given. */
const NO_TIME = 1;

export interface UnbegunRun {
  readonly id: string;
  /** Encoded. */
  readonly entry: string;
  /** What the run is listed under, and which shape of the graph has checked its entry. */
  readonly graph: EnvelopeFields['graph'];
  /** From when on it is to be begun (milliseconds since the epoch). */
  readonly due: number;
}

export interface UnbegunOptions {
  readonly store: Store;
  readonly codec: Codec;
  readonly storing: StoringOptions;
  readonly owner: Owner;
  readonly clock: Clock;
  readonly warn: (message: string) => void;
}

/** @returns false when a run of this id is there already @throws CheckpointTooLargeError, StoreUnavailableError */
export async function storeUnbegun(
  { id, entry, graph, due }: UnbegunRun,
  { store, codec, storing, owner, clock, warn }: UnbegunOptions,
): Promise<boolean> {
  const stored = new StoredParts(storing, codec, (message) => warn(`run "${id}": ${message}`));
  const parts = stored.take(new Map([[partOf.entry(), entry]])) as ReadonlyMap<string, string>;
  const fields = {
    id,
    seq: 1,
    parentSeq: null,
    fence: 1,
    graph,
    status: 'waiting',
    milestone: null,
    attempt: 1,
    savedAt: clock.now(),
    digest: stored.digest,
  } as const;
  const lease = await store.create({
    id,
    claim: { owner, ttl: NO_TIME, isDead: () => false },
    head: sealEnvelope(fields, stored.compression),
    parts,
    events: [],
    index: { status: 'waiting', graph: graph.name, due },
  });
  return lease !== undefined;
}

/** Whether these are the parts of a run that nobody has begun. */
export const isUnbegun = (parts: ReadonlyMap<string, string>): boolean =>
  parts.has(partOf.entry()) && !parts.has(partOf.run());
