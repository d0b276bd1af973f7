/**
 * What becomes of the job of a run, by what has become of the run here. Job: decide. Not its job: move jobs (processor.ts).
 *
 * A job fails only when its run has failed, or can never go on. Whatever may be better in a while, or in another process,
 * puts the job back: attempts are for runs that fail.
 */
import {
  AlreadyOwnedError,
  CNSClosedError,
  CorruptCheckpointError,
  EngramError,
  GraphMismatchError,
  NoValidCheckpointError,
  RunSuspendedError,
  StaleOwnerError,
  StimulationAbortedError,
  StimulationFailedError,
  StoreClosedError,
  StoredHandlerError,
  UnknownRunError,
} from '../errors/index.js';
import type { Rest } from './rest.js';

export type Verdict =
  | { readonly kind: 'completed'; readonly output: unknown }
  /** @param isHopeless no further attempt is worth making */
  | { readonly kind: 'failed'; readonly error: unknown; readonly isHopeless: boolean }
  /** The run waits until then (milliseconds since the epoch). */
  | { readonly kind: 'waiting'; readonly at: number; readonly due: number | null }
  /** Somebody else may go on with it, or we then. */
  | { readonly kind: 'later'; readonly at: number; readonly error: unknown }
  /** Anybody may go on with it at once. */
  | { readonly kind: 'back' };

/** A run that waits for a signal alone is looked at once in so many milliseconds, should its wake-up be lost. */
const LONGEST_WAIT = 24 * 60 * 60 * 1000;
/** What cannot go on in this process is tried again after so many milliseconds, then twice as many, up to two seconds. */
const FIRST_PAUSE = 250;
const SHORT_PAUSE = 2000;
/** After so many tries no deploy is to blame any more. */
const MANY_TRIES = 20;
const LONG_PAUSE = 30_000;
/** The lease of another process may be renewed or given up a little after it was told. */
const MARGIN = 5;

/** @param tries how often it was put back before, since nobody could go on with it */
export function verdictOn(rest: Rest, now: number, tries: number): Verdict {
  switch (rest.kind) {
    case 'completed':
      return { kind: 'completed', output: rest.result.output };
    case 'waiting':
      return { kind: 'waiting', at: Math.min(rest.due ?? Infinity, now + LONGEST_WAIT), due: rest.due };
    case 'suspended':
      return { kind: 'back' };
    case 'failed':
      return verdictOnError(rest.error, now, tries, true);
  }
}

/**
 * The same of a run that could not be brought up, or did not come to its end.
 * @param wasLive it was brought up: what has gone wrong since is its own
 */
export function verdictOnError(error: unknown, now: number, tries: number, wasLive: boolean): Verdict {
  if (error instanceof RunSuspendedError) return { kind: 'back' };
  if (error instanceof AlreadyOwnedError) {
    return { kind: 'later', at: Math.max(error.until + MARGIN, now + FIRST_PAUSE), error };
  }
  const mayPass = mayPassElsewhere(error) || (!wasLive && !isFinal(error) && tries < MANY_TRIES);
  if (mayPass) return { kind: 'later', at: now + pauseAfter(tries), error };
  return { kind: 'failed', error, isHopeless: !isWorthAnother(error) };
}

/** A build that has not what the run needs, a process that closes, a store that is away: another one may be better off. */
const mayPassElsewhere = (error: unknown): boolean =>
  error instanceof GraphMismatchError ||
  error instanceof StaleOwnerError ||
  error instanceof CNSClosedError ||
  error instanceof StoreClosedError ||
  (error instanceof EngramError && error.retryable && !hasFailed(error));

/** Wherever it is tried, it is the same. */
const isFinal = (error: unknown): boolean =>
  error instanceof UnknownRunError ||
  error instanceof NoValidCheckpointError ||
  error instanceof CorruptCheckpointError;

/** A deploy is over soon; what is not better by then is not looked at all the time. */
const pauseAfter = (tries: number): number =>
  tries < MANY_TRIES ? Math.min(FIRST_PAUSE * 2 ** tries, SHORT_PAUSE) : LONG_PAUSE;

const hasFailed = (error: unknown): boolean => error instanceof StimulationFailedError;

/** Whether what has failed may succeed when it is done once more: not where it says of itself that it will not. */
function isWorthAnother(error: unknown): boolean {
  if (error instanceof StimulationAbortedError) return false;
  return error instanceof StimulationFailedError && !error.errors.some(isHopeless);
}

/** Also of an error that was stored meanwhile, and came back without its class. */
function isHopeless(error: unknown): boolean {
  if (error instanceof StoredHandlerError) return false;
  if (error instanceof EngramError) return !error.retryable;
  return error instanceof Error && error.name === 'NonRetryableError';
}
