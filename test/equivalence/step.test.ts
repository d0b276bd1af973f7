/** I7, the pure forms: `step`, the working set, both machines explored without running them, and the oracle. */
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { sources } from './library.js';
import { SEED } from './seed.js';
import { walk, walkPlans } from './walk.js';

const CASES = Math.ceil(Number(process.env['ENGRAM_CASES'] ?? 2000) / 2);

describe('I7 the pure core', () => {
  it(
    `agrees with the working set, both explored machines and the oracle on ${CASES} walks, and changes nothing that it was given (ENGRAM_SEED=${SEED})`,
    () => {
      const seen: Record<string, number> = {};
      const property = fc.property(walkPlans, (plan) => {
        for (const { event, accepted, before } of walk(sources, plan)) {
          const kind = event.type.includes(':') ? event.type.split(':')[1] : event.type.replace(/^c\d$/, 'signal');
          const what = `${kind} ${accepted ? 'accepted' : 'refused'}${before.status === 'running' ? '' : ' after the end'}`;
          seen[what] = (seen[what] ?? 0) + 1;
        }
      });
      fc.assert(property, { numRuns: CASES, seed: SEED });
      const often = ['responded', 'failed', 'pending', 'checkpointed', 'signal', 'engram.resume', 'engram.abort'];
      const rare = often.filter((kind) => (seen[`${kind} accepted`] ?? 0) < CASES / 12);
      expect(rare, JSON.stringify(seen)).toEqual([]);
      expect(seen['responded refused'], JSON.stringify(seen)).toBeGreaterThan(CASES / 12);
      expect(seen['signal refused'], JSON.stringify(seen)).toBeGreaterThan(CASES / 20);
    },
    CASES * 60 + 30_000,
  );
});
