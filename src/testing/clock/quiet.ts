/** Waiting for everything that waits for nothing. */

/**
 * Resolves when all promises that can go on by themselves have done so. What waits for a disk or a network may take
 * longer than that.
 */
export async function quiet(turns = 3): Promise<void> {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve));
}
