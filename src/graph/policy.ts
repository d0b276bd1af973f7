/** How a neuron is run, as its setters take it: checked at once, in full, before anything is kept. */
import { InvalidArgumentError } from '../errors/index.js';
import { type Duration, durationProblem, parseDuration } from './duration.js';
import type { RetryPolicy } from './graph.js';
import { shown } from './shown.js';

/** What `.retry` takes. */
export interface RetryOptions {
  /** How often it is tried in all, whole and at least 1; 1 is no retry. */
  readonly attempts: number;
  /** How the waits grow: not, by `initial` each time, or twofold each time. */
  readonly backoff?: RetryPolicy['backoff'] | undefined;
  /** The wait before the second attempt; a second when it is left out. */
  readonly initial?: Duration | undefined;
  /** The longest wait, at least `initial`; a minute when it is left out, or `initial` where that is longer. */
  readonly max?: Duration | undefined;
  /** The share of a wait that is left to chance, 0 to 1: a wait w becomes one from w * (1 - jitter) to w. */
  readonly jitter?: number | undefined;
  /** Whether an error is worth another attempt; asked after attempt 1, 2, … Every error is, when it is left out. */
  readonly retryIf?: ((error: unknown, attempt: number) => boolean) | undefined;
}

const BACKOFFS: readonly unknown[] = ['constant', 'linear', 'exponential'];
const SECOND = 1000;
const MINUTE = 60_000;

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) >= 1;

/** @throws InvalidArgumentError unless it is a whole number from 1 */
export function checkedConcurrency(value: unknown, label: string): number {
  if (isCount(value)) return value;
  throw new InvalidArgumentError(`${label}: setConcurrency takes a whole number from 1, and not ${shown(value)}`, {
    hint: 'leave it out for any number at once',
  });
}

/** Milliseconds. @throws InvalidArgumentError unless it is a duration longer than 0 */
export function checkedMaxDuration(value: unknown, label: string): number {
  const ms = parseDuration(value, `${label}: setMaxDuration`);
  if (ms > 0) return ms;
  throw new InvalidArgumentError(`${label}: setMaxDuration leaves no time at all`, {
    hint: 'give a duration longer than 0, or leave it out for any time',
  });
}

/** With all defaults in. @throws InvalidArgumentError naming each wrong field */
export function checkedRetry(options: RetryOptions, label: string): RetryPolicy {
  const given: Partial<Record<keyof RetryOptions, unknown>> =
    typeof options === 'object' && (options as unknown) !== null ? { ...options } : {};
  const { attempts, backoff = 'exponential', initial = SECOND, jitter = 0, retryIf } = given;
  const wrong: string[] = [];
  const expectThat = (holds: boolean, problem: string) => {
    if (!holds) wrong.push(problem);
  };
  const duration = (name: string, value: unknown): number => {
    const problem = durationProblem(value);
    if (problem === undefined) return parseDuration(value, name);
    wrong.push(`${name} ${problem}`);
    return NaN;
  };
  expectThat(isCount(attempts), `attempts is no whole number from 1: ${shown(attempts)}`);
  expectThat(BACKOFFS.includes(backoff), `backoff is none of ${BACKOFFS.join(', ')}: ${shown(backoff)}`);
  const first = duration('initial', initial);
  const longest = given.max === undefined ? Math.max(MINUTE, first) : duration('max', given.max);
  expectThat(!(longest < first), `max is shorter than initial: ${longest} and ${first} ms`);
  expectThat(typeof jitter === 'number' && jitter >= 0 && jitter <= 1, `jitter is not from 0 to 1: ${shown(jitter)}`);
  expectThat(retryIf === undefined || typeof retryIf === 'function', `retryIf is no function`);
  if (wrong.length > 0) {
    throw new InvalidArgumentError(`${label}: retry cannot be: ${wrong.join('; ')}`, {
      hint: "e.g. retry({ attempts: 5, backoff: 'exponential', initial: '1s', max: '1m', jitter: 0.5 })",
    });
  }
  return {
    attempts: attempts as number,
    backoff: backoff as RetryPolicy['backoff'],
    initial: first,
    max: longest,
    jitter: jitter as number,
    retryIf: (retryIf as RetryPolicy['retryIf'] | undefined) ?? null,
  };
}
