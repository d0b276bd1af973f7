/** Durations: numbers of milliseconds, or short texts for people. */
import { InvalidArgumentError } from '../errors/index.js';
import { shown } from './shown.js';

const UNITS = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, w: 604_800_000 } as const;

/** Milliseconds, or an amount with its unit: `'250ms'`, `'10s'`, `'10m'`, `'2h'`, `'7d'`, `'1w'`. At most ten years. */
export type Duration = number | `${number}${keyof typeof UNITS}`;

const TEXT = /^(\d+(?:\.\d+)?) ?(ms|s|m|h|d|w)$/;
const LONGEST = 3650 * UNITS.d;

/**
 * The whole milliseconds of a duration; fractions are rounded up.
 * @param what how a message names the place, e.g. `neuron "pay": setMaxDuration`
 * @throws InvalidArgumentError for what is no duration, is negative, or is longer than ten years
 */
export function parseDuration(value: unknown, what: string): number {
  const problem = durationProblem(value);
  if (problem === undefined) return millisecondsOf(value);
  throw new InvalidArgumentError(`${what} ${problem}`, {
    hint: `give milliseconds, or a text like '250ms', '10s', '10m', '2h', '7d' or '1w', of at most ten years`,
  });
}

/** What is wrong with a duration, as the end of a sentence that begins with its place; undefined when nothing is. */
export function durationProblem(value: unknown): string | undefined {
  const amount = millisecondsOf(value);
  if (Number.isNaN(amount)) return `is no duration: ${shown(value)}`;
  if (typeof value === 'number' && value < 0) return `is negative: ${shown(value)}`;
  return amount > LONGEST ? `is longer than ten years: ${shown(value)}` : undefined;
}

/** NaN for what is no duration. */
function millisecondsOf(value: unknown): number {
  if (typeof value === 'number') return Math.ceil(value) + 0;
  const [, amount, unit] = (typeof value === 'string' && TEXT.exec(value)) || [];
  if (amount === undefined) return NaN;
  // what is lost in the multiplication (1.1 s is 1100.0000000000002 ms) is not a millisecond more
  return Math.ceil(Number((Number(amount) * UNITS[unit as keyof typeof UNITS]).toFixed(6)));
}

/** `30s`, `2h`: whole in the largest unit that it is whole in. What `parseDuration` reads. */
export function formatDuration(milliseconds: number): string {
  const [unit, size] = Object.entries(UNITS).findLast(
    ([, size]) => milliseconds >= size && milliseconds % size === 0,
  ) ?? ['ms', 1];
  return `${milliseconds / size}${unit}`;
}
