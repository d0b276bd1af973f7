/** When a durable run is stored: what users choose, checked, and whether a checkpoint is due. */
import { LONGEST_TIMER } from '../clock/long-timer.js';
import type { Changes } from '../durability/changes.js';
import { InvalidArgumentError, StoreRequiredError } from '../errors/index.js';
import type { Activation } from '../propagation/activation.js';
import { hasBarrier, isWaiting } from '../propagation/lists.js';
import type { Work } from '../propagation/work.js';
import type { CheckpointMoment, CNSOptions, Durability } from './options.js';

export interface CheckpointPolicy {
  readonly durability: Durability;
  /** What has changed is stored after this many milliseconds at the latest; null: no time makes a checkpoint due. */
  readonly everyMs: number | null;
  readonly onSaveFailure: 'fail' | 'continue';
}

const DURABILITIES: readonly Durability[] = ['sync', 'async', 'exit'];
const MOMENTS: readonly CheckpointMoment[] = ['milestone', 'response', 'error'];
const SAVE_FAILURES = ['fail', 'continue'] as const;

/**
 * What the options of a CNS say.
 * @throws InvalidArgumentError; StoreRequiredError for what means nothing without a store
 */
export function policyOf({ store, durability, checkpoint, onSaveFailure }: CNSOptions): CheckpointPolicy {
  const everyMs = checkpoint?.everyMs;
  const given = { durability, checkpoint, onSaveFailure };
  const names = Object.entries(given).flatMap(([name, value]) => (value === undefined ? [] : [name]));
  if (store === undefined && names.length > 0) throw new StoreRequiredError(`new CNS with ${names.join(', ')}`);
  if (everyMs !== undefined && !(everyMs >= 1 && everyMs <= LONGEST_TIMER)) {
    throw new InvalidArgumentError(`checkpoint.everyMs must be a number of milliseconds from 1 to ${LONGEST_TIMER}`, {
      hint: 'leave it out, and no time makes a checkpoint due',
    });
  }
  return {
    durability: chosen('durability', DURABILITIES, durability) ?? 'sync',
    everyMs: everyMs ?? null,
    onSaveFailure: chosen('onSaveFailure', SAVE_FAILURES, onSaveFailure) ?? 'fail',
  };
}

/** Which neurons of the graph are milestones: decided when it is built, so that a hop pays nothing for the choice. */
export function milestonesOf({ checkpoint }: CNSOptions): 'declared' | 'all' | 'none' {
  const { on = 'milestone' } = checkpoint ?? {};
  const moments = (typeof on === 'string' ? [on] : on).map((moment) => chosen('checkpoint.on', MOMENTS, moment));
  if (moments.includes('response')) return 'all';
  return moments.includes('milestone') ? 'declared' : 'none';
}

/** What one run was told. @throws InvalidArgumentError, StoreRequiredError */
export function durabilityOf(call: string, given: Durability | undefined, hasStore: boolean): Durability | undefined {
  if (given !== undefined && !hasStore) throw new StoreRequiredError(`${call} with durability`);
  return chosen(`${call}: durability`, DURABILITIES, given);
}

function chosen<T extends string>(what: string, known: readonly T[], given: T | undefined): T | undefined {
  if (given === undefined || known.includes(given)) return given;
  throw new InvalidArgumentError(`${what} is ${JSON.stringify(given)}, which is none of ${known.join(', ')}`, {
    hint: 'leave it out for the default',
  });
}

/**
 * Whether a checkpoint is due by what has happened. Of every run: its end, failures, waits, and what holds something
 * back. Of one that is not only stored when it exits: milestones, failed attempts, and what came by its inbox.
 */
export function isDue({ durability }: CheckpointPolicy, work: Work, changes: Changes, hasNews: boolean): boolean {
  if (work.status !== 'running' || hasBarrier(work) || changes.hasNewFailure(work)) return true;
  if (isWaiting(work) && changes.isBehind(work)) return true;
  if (durability === 'exit') return false;
  if (durability === 'async' && changes.newMilestone !== null) return true;
  return hasNews || changes.hasNewAttempt;
}

/** A barrier of a run that has nothing else left: the end's save takes its settlement with it. */
export const lastBarrierOf = (work: Work): Activation | null => {
  const { status, pending, active, rare } = work;
  if (status !== 'running' || pending + active > 0 || rare === null) return null;
  const undoes = rare.owed !== null && (rare.ending !== null || rare.failed.length > 0 || (rare.joins?.size ?? 0) > 0);
  return undoes ? null : rare.barrierHead;
};
