/** Planted faults: what the differential property is worth. Each must be found; a copy without one must pass. */
import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import { casePlans } from '../arbitrary-graph.js';
import { Copies } from '../../support/copies.js';
import { withoutDeadLetters } from '../dead-letters.js';
import { type Library, loadLibrary } from '../library.js';
import { runCase } from '../run-case.js';
import { Divergence } from '../same.js';
import { SEED } from '../seed.js';
import { walk, walkPlans } from '../walk.js';
import { PATCHES } from './patches.js';

const copies = new Copies();
const found: Record<string, unknown>[] = [];

afterAll(() => {
  copies.remove();
  console.log(`planted faults, ENGRAM_SEED=${SEED}`);
  console.table(found);
});

/** What is tried, in this order, until one shows a difference. */
const ATTEMPTS = [
  { property: 'runs', cases: 100 },
  { property: 'walks', cases: 100 },
  { property: 'runs', cases: 600 },
  { property: 'walks', cases: 600 },
] as const;

interface Found {
  readonly property: string;
  readonly case: number;
  readonly check: string;
}

async function firstDifference(
  library: Library,
  attempts: typeof ATTEMPTS | readonly [(typeof ATTEMPTS)[0]],
): Promise<Found | null> {
  const runs = fc.asyncProperty(casePlans, (plan) => runCase(library, plan));
  const walks = fc.property(walkPlans, (plan) => void walk(library, plan));
  for (const [at, { property, cases }] of attempts.entries()) {
    const parameters = { numRuns: cases, seed: SEED + at, endOnFailure: true };
    const result = await withoutDeadLetters(async () =>
      property === 'runs' ? fc.check(runs, parameters) : fc.check(walks, parameters),
    );
    if (!result.failed) continue;
    const error = result.errorInstance;
    return {
      property,
      case: result.numRuns,
      check: error instanceof Divergence ? error.check : `threw ${String(error)}`,
    };
  }
  return null;
}

describe('I7 the differential properties', () => {
  it('finds nothing in a copy without a fault', async () => {
    expect(await firstDifference(await loadLibrary(copies.importer(null)), [ATTEMPTS[0]])).toBeNull();
  });

  it.each(PATCHES.map((patch) => [patch.name, patch] as const))('finds the fault: %s', async (name, patch) => {
    expect(copies.matches(patch), 'what is looked for is there once').toBe(true);
    const difference = await firstDifference(await loadLibrary(copies.importer(patch)), ATTEMPTS);
    found.push({
      fault: name,
      in: patch.file,
      by: difference?.property,
      case: difference?.case,
      check: difference?.check,
    });
    expect(difference).not.toBeNull();
  });
});
