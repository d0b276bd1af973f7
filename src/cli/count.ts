/** Options that are numbers. */
import { UsageError } from './cli-errors.js';

/** A whole number, or undefined when the option is not there. @throws UsageError */
export function readCount(
  option: string,
  text: string | undefined,
  { least, most = 999_999_999 }: { readonly least: number; readonly most?: number },
): number | undefined {
  if (text === undefined) return undefined;
  const count = /^\d+$/.test(text) ? Number(text) : NaN;
  if (count >= least && count <= most) return count;
  const problem = Number.isNaN(count) ? 'is no whole number' : `is too ${count < least ? 'small' : 'large'}`;
  throw new UsageError(`${option} "${text}" ${problem}`, { hint: `give a whole number from ${least} to ${most}` });
}
