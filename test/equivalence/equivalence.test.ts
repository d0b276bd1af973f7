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

const CASES = Number(process.env['ENGRAM_CASES'] ?? 800);

/** How often each must have happened, per 1,000 cases: a generator that rots is found out. */
const FLOOR: Readonly<Record<string, number>> = {
  'handler calls and reads': 10_000,
  answers: 1000,
  checkpoints: 120,
  signals: 300,
  'repeated deliveries': 8,
  'met expectations': 40,
  'early signals': 60,
  'times that were due': 120,
  parked: 10,
  rehydrations: 70,
  'rehydrations in the middle of a turn': 12,
  'rehydrations after the end': 6,
  'stale events': 200,
  'late answers': 12,
  'outcomes from elsewhere': 60,
  'events after the end': 80,
  'snapshots read late': 5000,
  'steps looked at': 1000,
  explorations: 200,
  'steps not looked at': 700,
  'late actors made between steps': 80,
  'late actors made in a handler': 100,
  'ended completed': 30,
  'ended failed': 60,
  'ended aborted': 12,
  'left running': 150,
  'left behind barriers': 60,
  'event: asked': 800,
  'event: engram.gated accepted': 300,
  'event: engram.granted accepted': 600,
  'event: engram.tick accepted': 120,
  'event: held back by the concurrency': 150,
  'event: answer with delays': 200,
  'event: answer with expectations': 200,
  'event: early signal met': 10,
  'event: expectation met': 50,
  'event: retry': 60,
  'event: second attempt settled': 30,
  'event: arrival': 800,
  'event: set of a join fired': 300,
  'event: undo queued': 50,
  'event: undo behind a barrier': 10,
  'event: abort with compensation': 10,
  'event: value dropped': 40,
  'event: held with a time': 25,
  'event: HOP_LIMIT': 100,
  'event: FRONTIER_LIMIT': 100,
  'event: INCOMPLETE_JOIN': 60,
  'event: EXPECTATION_TIMEOUT': 30,
  'event: UNDECLARED_EXPECTATION': 6,
  'event: UNWANTED_ANSWER': 3,
  'event: INVALID_ARGUMENT': 30,
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
