// Rule: BullMQ takes the job of every id that a run may have, and two runs never share one.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { jobIdOf } from '../../src/worker/job-id.js';

const OWN_KEYS = [
  'wait',
  'active',
  'events',
  'meta',
  'id',
  'delayed',
  'completed',
  'failed',
  'stalled',
  'marker',
  'pc',
];
const ids = fc.oneof(
  fc.string({ unit: 'binary', minLength: 1 }),
  fc.string({ unit: fc.constantFrom(':', '%', '0', '3', '9', 'a', '\ud800', '\udc00'), minLength: 1 }),
  fc.constantFrom(...OWN_KEYS, '%00003', '0', '-1', '%', ':'),
  fc.integer().map(String),
);

describe('the id of a job', () => {
  it('has no colon, is no whole number, no key of BullMQ, and is the same after UTF-8', () => {
    fc.assert(
      fc.property(ids, (id) => {
        const job = jobIdOf(id);
        expect(job).not.toMatch(/:|^-?\d+$/);
        expect(OWN_KEYS).not.toContain(job);
        expect(Buffer.from(job).toString()).toBe(job);
      }),
      { numRuns: 2000 },
    );
  });

  it('is of one run alone', () => {
    fc.assert(
      fc.property(ids, ids, (one, other) => {
        expect(jobIdOf(one) === jobIdOf(other)).toBe(one === other);
      }),
      { numRuns: 5000 },
    );
  });

  it('is the id of the run where BullMQ takes that', () => {
    expect(['order-1', 'import 2025/11', 'ä😀'].map(jobIdOf)).toEqual(['order-1', 'import 2025/11', 'ä😀']);
  });
});
