/**
 * I7, the differential property: the statechart, the logic per turn, the logic per event, a run whose actor is made late
 * and the naive oracle say the same of the same random run, after every step and of every moment in between.
 *
 * ENGRAM_CASES: how many cases (2,000 unless told). ENGRAM_SEED: fast-check's seed; the one used is printed.
 */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withoutDeadLetters } from './dead-letters.js';
import { casePlans } from './arbitrary-graph.js';
import { sources } from './library.js';
import { runCase, type Statistics } from './run-case.js';
import { SEED } from './seed.js';

const CASES = Number(process.env['ENGRAM_CASES'] ?? 2000);

/** How often each must have happened, per 1,000 cases: a generator that rots is found out. */
const FLOOR: Readonly<Record<string, number>> = {
  'handler calls and reads': 15_000,
  answers: 1000,
  checkpoints: 150,
  signals: 300,
  'repeated deliveries': 10,
  rehydrations: 80,
  'rehydrations in the middle of a turn': 15,
  'rehydrations after the end': 10,
  'stale events': 200,
  'late answers': 80,
  'outcomes from elsewhere': 60,
  'events after the end': 100,
  'snapshots read late': 5000,
  'steps looked at': 1000,
  explorations: 200,
  'steps not looked at': 700,
  'late actors made between steps': 100,
  'late actors made in a handler': 100,
  'ended completed': 60,
  'ended failed': 60,
  'ended aborted': 25,
  'left running': 150,
  'left behind barriers': 60,
};

describe('I7 the forms of one run', () => {
  it(
    `agree on ${CASES} random graphs and programs (ENGRAM_SEED=${SEED})`,
    async () => {
      console.log(`equivalence: ENGRAM_CASES=${CASES} ENGRAM_SEED=${SEED}`);
      const statistics: Statistics = {};
      const property = fc.asyncProperty(casePlans, (plan) => runCase(sources, plan, statistics));
      await withoutDeadLetters(() => fc.assert(property, { numRuns: CASES, seed: SEED }));
      console.log(`equivalence: ${JSON.stringify(statistics)}`);
      const rare = Object.entries(FLOOR).filter(([what, floor]) => (statistics[what] ?? 0) < (floor * CASES) / 1000);
      expect(rare).toEqual([]);
    },
    CASES * 100 + 30_000,
  );
});
