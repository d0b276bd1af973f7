/** What users give to workers and clients, checked. */
import { InvalidArgumentError } from '../errors/index.js';

/** What a worker does unless told; times in milliseconds. */
export const CONCURRENCY = 10;
export const LINGER = 1000;
export const PROGRESS_EVERY = 1000;
export const CLOSING_GRACE = 10_000;

/** @throws InvalidArgumentError */
export function checkQueueName(call: string, name: unknown): void {
  if (typeof name === 'string' && name !== '' && !name.includes(':')) return;
  throw new InvalidArgumentError(`${call}: queue must be a name without colons, and is ${JSON.stringify(name)}`, {
    hint: 'leave it out for the name of the flow',
  });
}

/** @throws InvalidArgumentError */
export function checkWhole(
  call: string,
  given: Readonly<Record<string, number>>,
  least: number,
  most = Infinity,
): void {
  for (const [name, value] of Object.entries(given)) {
    if (Number.isSafeInteger(value) && value >= least && value <= most) continue;
    throw new InvalidArgumentError(
      `${call}: ${name} must be a whole number from ${least}${most === Infinity ? '' : ` to ${most}`}, and is ${String(value)}`,
      {
        hint: 'leave it out for its default',
      },
    );
  }
}
