/**
 * I7, the differential property: the statechart, the logic per turn, the logic per event, a run whose actor is made late
 * and the naive oracle say the same of the same random run, after every step and of every moment in between.
 *
 * ENGRAM_CASES: how many cases (2,000 unless told). ENGRAM_SEED: fast-check's seed; the one used is printed.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { casePlans } from './arbitrary-graph.js';
import { sources } from './library.js';
import { runCase, type Statistics } from './run-case.js';

const CASES = Number(process.env['ENGRAM_CASES'] ?? 2000);
const SEED = Number(process.env['ENGRAM_SEED'] ?? Date.now() & 0x7fffffff);

/** How often each must have happened, per 1,000 cases: a generator that rots is found out. */
const FLOOR: Readonly<Record<string, number>> = {};

describe('I7 the forms of one run', () => {
  it(
    `agree on ${CASES} random graphs and programs (ENGRAM_SEED=${SEED})`,
    async () => {
      console.log(`equivalence: ENGRAM_CASES=${CASES} ENGRAM_SEED=${SEED}`);
      const statistics: Statistics = {};
      await fc.assert(
        fc.asyncProperty(casePlans, (plan) => runCase(sources, plan, statistics)),
        { numRuns: CASES, seed: SEED },
      );
      console.log(`equivalence: ${JSON.stringify(statistics)}`);
      const rare = Object.entries(FLOOR).filter(([what, floor]) => (statistics[what] ?? 0) < (floor * CASES) / 1000);
      expect(rare).toEqual([]);
    },
    CASES * 100 + 30_000,
  );
});
