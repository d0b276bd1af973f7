/** Whether and when a failed attempt is made again. Asked by who runs handlers: it reads the clock and calls user code. */
import type { Clock } from '../clock/clock.js';
import { describeError, EngramError, NonRetryableError, StimulationFailedError } from '../errors/index.js';
import { parseDuration } from '../graph/duration.js';
import type { RetryPolicy } from '../graph/graph.js';
import { type Activation, attemptOf } from './activation.js';

/** What has become of a failed attempt. */
export interface Failure {
  readonly error: unknown;
  /** When it is tried again (milliseconds since the epoch); undefined when it is not. */
  readonly retryAt: number | undefined;
}

/** An attempt of this activation has failed with this error. */
export function failureOfAttempt(clock: Clock, activation: Activation, error: unknown): Failure {
  const { plain, arrival, neuron } = activation.subscriber;
  const { retry } = neuron.policy;
  if (plain || arrival !== null || retry === null) return { error, retryAt: undefined };
  const attempt = attemptOf(activation);
  try {
    const wait =
      attempt < retry.attempts && isWorthIt(retry, error, attempt) ? waitAfter(retry, attempt, error, clock) : null;
    return { error, retryAt: wait === null ? undefined : clock.now() + wait };
  } catch (thrown) {
    const message = `retryIf of neuron "${neuron.name}" threw: ${describeError(thrown)}; it was asked about: ${describeError(error)}`;
    return { error: new NonRetryableError(message, { cause: thrown }), retryAt: undefined };
  }
}

function isWorthIt({ retryIf }: RetryPolicy, error: unknown, attempt: number): boolean {
  if (isFinal(error)) return false;
  return retryIf === null || retryIf(error, attempt);
}

/** A child run that has failed is worth another attempt when one of its causes is. */
const isFinal = (error: unknown): boolean =>
  error instanceof StimulationFailedError
    ? error.errors.every(isFinal)
    : error instanceof EngramError && !error.retryable;

/** Milliseconds. The error's own `retryAfter` (milliseconds or a duration) counts before the policy. */
function waitAfter(policy: RetryPolicy, attempt: number, error: unknown, clock: Clock): number {
  const asked = retryAfterOf(error);
  if (asked !== undefined) return asked;
  const { backoff, initial, max, jitter } = policy;
  const factor = backoff === 'constant' ? 1 : backoff === 'linear' ? attempt : 2 ** (attempt - 1);
  const wait = initial === 0 ? 0 : Math.min(max, initial * factor); // in the end the factor is Infinity
  return jitter === 0 ? wait : Math.round(wait * (1 - jitter * clock.random()));
}

function retryAfterOf(error: unknown): number | undefined {
  const retryAfter =
    typeof error === 'object' && error !== null ? (error as { retryAfter?: unknown }).retryAfter : null;
  if (typeof retryAfter !== 'number' && typeof retryAfter !== 'string') return undefined;
  try {
    return parseDuration(retryAfter, 'retryAfter');
  } catch {
    return undefined; // whatever it means there, it is no duration here
  }
}
