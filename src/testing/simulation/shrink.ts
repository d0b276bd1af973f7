/**
 * Makes a sequence of choices that leads to a failure as simple as can be: fewer decisions that are not harmless, then
 * fewer decisions, then lower ones. Stretches are made harmless or taken out, from long ones to single ones; then single
 * values are lowered.
 */
import { trimmed } from './choices.js';

export interface Shrinking {
  /** @returns the choices that were made, where the same failure came about; else undefined */
  readonly attempt: (choices: readonly number[]) => Promise<readonly number[] | undefined>;
  /** At most so many attempts. */
  readonly most: number;
}

/** @param first leads to the failure */
export async function shrink(first: readonly number[], { attempt, most }: Shrinking): Promise<readonly number[]> {
  let best = trimmed(first);
  let attempts = 0;
  const tried = new Set<string>();
  /** Whether it fails as well, and is simpler. */
  const isBetter = async (candidate: readonly number[]): Promise<boolean> => {
    const given = trimmed(candidate);
    const key = given.join();
    if (attempts >= most || tried.has(key) || !isSimpler(given, best)) return false;
    tried.add(key);
    attempts++;
    const made = await attempt(given);
    const simpler = made === undefined ? undefined : trimmed(made);
    if (simpler === undefined || !isSimpler(simpler, best)) return false;
    best = simpler;
    return true;
  };
  for (let before: readonly number[] | undefined; before !== best && attempts < most;) {
    before = best;
    for (let size = best.length; size >= 1; size = Math.floor(size / 2)) {
      for (let start = best.length - size; start >= 0; start -= size) {
        const left = best.slice(0, start);
        const right = best.slice(start + size);
        const stretch = best.slice(start, start + size);
        if (stretch.some((choice) => choice !== 0)) await isBetter([...left, ...stretch.map(() => 0), ...right]);
        await isBetter([...left, ...right]);
      }
    }
    for (let at = 0; at < best.length; at++) {
      for (const lower of [1, Math.floor((best[at] ?? 0) / 2), (best[at] ?? 0) - 1]) {
        if (lower > 0 && lower < (best[at] ?? 0)) await isBetter(best.map((choice, i) => (i === at ? lower : choice)));
      }
    }
  }
  return best;
}

/** Both trimmed. */
function isSimpler(one: readonly number[], other: readonly number[]): boolean {
  const difference = weightOf(one) - weightOf(other) || one.length - other.length;
  if (difference !== 0) return difference < 0;
  const at = one.findIndex((choice, i) => choice !== other[i]);
  return at >= 0 && (one[at] ?? 0) < (other[at] ?? 0);
}

const weightOf = (choices: readonly number[]): number => choices.filter((choice) => choice !== 0).length;
