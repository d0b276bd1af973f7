/** What becomes of a stored run before it goes on: it is taken as it is, migrated, or started again from its entry. */
import type { Clock } from '../clock/clock.js';
import type { Codec } from '../durability/codec.js';
import { partOf } from '../durability/parts.js';
import type { Lease } from '../durability/store.js';
import { describeError, GraphMismatchError, NoValidCheckpointError, UnknownCollateralError } from '../errors/index.js';
import type { RunContext } from '../propagation/context.js';
import { thaw } from '../propagation/image.js';
import type { Flow } from '../propagation/operations.js';
import { start } from '../propagation/transition.js';
import { Work } from '../propagation/work.js';
import { decodeEntry, startInputOf } from './entry.js';
import type { StoredState } from './drafts.js';
import { checkGraph, type LoadedRun, strangerOf, type UnreadableRun } from './load.js';
import type { Logger, Migrate } from './options.js';
import type { DamagedRun } from './results.js';

/** A stored run, ready to go on. */
export interface ReadyRun {
  readonly work: Work;
  readonly stored: StoredState;
  /** No checkpoint holds the working set as it is: it is stored before anything of it starts (I4). */
  readonly isNew: boolean;
  /** Of its working set nothing is stored, and nothing need be: its entry is, and says the same each time it is begun. */
  readonly begins?: boolean;
  /** When its lease was asked for, by the monotonic clock. */
  readonly askedAt?: number;
  /** Its inbox was empty when the lease was taken. */
  readonly hasNoMail?: boolean;
  /** Null for a run that has ended. */
  readonly lease: Lease | null;
  /** The encoded entry. */
  readonly entry: string | null;
  /** What could not be read; null where all could. */
  readonly damaged: DamagedRun | null;
}

export interface ReadyOptions {
  readonly flow: Flow;
  readonly logger: Logger;
  readonly codec: Codec;
  readonly clock: Clock;
  readonly migrate: Migrate | undefined;
}

/**
 * A run as its newest valid checkpoint has it, in the shape of this graph.
 * @throws GraphMismatchError for one that is to go on and cannot
 */
export function readBack(loaded: LoadedRun, lease: Lease | null, options: ReadyOptions): ReadyRun {
  if (!loaded.hasBegun && lease !== null) return begin(loaded, lease, options);
  const { flow, logger, migrate } = options;
  const { graph } = flow;
  const { envelope, newestSeq, parts, stored, damage, lost } = loaded;
  const { id } = loaded.context;
  for (const what of damage) logger.warn(`run "${id}" goes on from checkpoint ${envelope.seq}: ${what}`);
  const migrated = envelope.graph.fingerprint === graph.fingerprint ? undefined : migrate?.(storedOf(loaded));
  const context = migrated === undefined ? loaded.context : { ...migrated, id };
  if (lease !== null && checkGraph(graph, { ...loaded, context })) {
    logger.warn(
      migrated === undefined
        ? `run "${id}" was stored by another shape of "${graph.name}", which has all it needs`
        : `run "${id}" was stored by another shape of "${graph.name}", and was migrated`,
    );
  }
  const isNew = migrated !== undefined && lease !== null;
  const entry = parts.get(partOf.entry()) ?? null;
  const kept = isNew ? entryAlone(entry) : stored;
  return {
    work: thaw(flow, context),
    stored: {
      seq: envelope.seq,
      newestSeq,
      attempt: envelope.attempt,
      milestone: envelope.milestone,
      parts: kept,
      isWhole: isNew,
    },
    isNew,
    lease,
    entry,
    damaged: damage.length === 0 ? null : { id, used: envelope.seq, lost, problems: damage },
  };
}

const storedOf = ({
  context,
  envelope,
}: LoadedRun): { context: RunContext; graph: LoadedRun['envelope']['graph'] } => ({
  context,
  graph: envelope.graph,
});

const entryAlone = (entry: string | null): Map<string, string> =>
  new Map(entry === null ? [] : [[partOf.entry(), entry]]);

/** A run that was stored with its entry alone. Begun twice, since a process died before its first milestone, it is the same. */
function begin(
  { context: { id }, envelope, newestSeq, parts, damage, lost }: LoadedRun,
  lease: Lease,
  { flow, codec, clock }: ReadyOptions,
): ReadyRun {
  const stranger = strangerOf(flow.graph.name, envelope);
  if (stranger !== undefined) throw new GraphMismatchError(id, [stranger]);
  const entry = parts.get(partOf.entry()) as string;
  const work = new Work(flow);
  try {
    start(work, startInputOf(decodeEntry(flow.graph, entry, codec), id, true, clock));
  } catch (error) {
    if (!(error instanceof UnknownCollateralError)) throw error;
    throw new GraphMismatchError(id, [`the collateral "${error.collateral}", which it begins with, is not there`]);
  }
  return {
    work,
    stored: { seq: envelope.seq, newestSeq, attempt: 0, milestone: null, parts: entryAlone(entry) },
    isNew: false,
    begins: true,
    lease,
    entry,
    damaged: damage.length === 0 ? null : { id, used: envelope.seq, lost, problems: damage },
  };
}

/**
 * A run of which no checkpoint can be read, as it was when it was started: all that it had done since is given up, and is
 * done again under the ids that it had.
 * @throws NoValidCheckpointError where its entry cannot be read either
 */
export function startAgain(
  id: string,
  { newestSeq, damage, lost, entries }: UnreadableRun,
  lease: Lease,
  { flow, logger, codec, clock }: ReadyOptions,
): ReadyRun {
  const [entry] = entries;
  if (entry === undefined || entries.length > 1 || newestSeq === 0) {
    const what = entries.length > 1 ? 'its checkpoints tell of different entries' : 'its entry cannot be read either';
    throw new NoValidCheckpointError(id, [...damage, what], false);
  }
  const work = new Work(flow);
  try {
    start(work, startInputOf(decodeEntry(flow.graph, entry, codec), id, true, clock));
  } catch (error) {
    const what = `its entry is not what it should be: ${describeError(error)}`;
    throw new NoValidCheckpointError(id, [...damage, what], false);
  }
  logger.warn(
    `run "${id}" is started again from its entry: what checkpoints ${lost.join(', ')} held is given up, and everything is done once more (${damage.join('; ')})`,
  );
  return {
    work,
    stored: { seq: 0, newestSeq, attempt: 0, milestone: null, parts: entryAlone(entry), isWhole: true },
    isNew: true,
    lease,
    entry,
    damaged: { id, used: 'entry', lost, problems: damage },
  };
}
