/**
 * The order flow, whatever goes wrong: orders that nobody is asked about. With the other half (order-patient.test.ts) 100,000
 * schedules in CI. ENGRAM_SCHEDULES: how many in both. ENGRAM_SEED: of the first one.
 */
import { describe, expect, it } from 'vitest';
import { SEED } from '../../equivalence/seed.js';
import { PROMPT, schedulesOf, simulateOrder } from './order-world.js';

describe('an order', () => {
  it.each(Object.entries(PROMPT))(
    `%s breaks no invariant (ENGRAM_SEED=${SEED})`,
    async (name, scenario) => {
      const begun = performance.now();
      const result = await simulateOrder(scenario, { seed: SEED, schedules: schedulesOf(scenario) });
      const rate = Math.round((result.schedules / (performance.now() - begun)) * 1000);
      console.log(`an order ${name}: ${result} (${rate} schedules per second)`);
      expect(result.failure?.trace ?? '').toBe('');
      expect(result.ok).toBe(true);
    },
    600_000,
  );
});
