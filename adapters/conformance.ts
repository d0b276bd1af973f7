/**
 * The suite that every store passes, published so that a store from elsewhere can pass it too, with any test runner.
 *
 * Job: hold a store to the contract of `src/durability/store.ts`, one outcome per case, each on a fresh store.
 * Rule: what a store cannot do is left out by the name of the case and with a reason, never silently; an exclusion
 * that matches no case fails.
 *
 *   import { describe, it } from 'node:test';
 *   storeConformance({ name: 'my store', runner: { describe, it }, fresh: (clock) => ({ store: myStore({ clock }) }) });
 */
import assert from 'node:assert/strict';
import { Bench, type ConformanceCase, type Fresh } from './conformance/bench.js';
import { checkpointCases } from './conformance/checkpoint-cases.js';
import { inboxCases } from './conformance/inbox-cases.js';
import { leaseCases } from './conformance/lease-cases.js';
import { listCases } from './conformance/list-cases.js';

export type { Fresh, Subject } from './conformance/bench.js';

export interface ConformanceRunner {
  readonly describe: (title: string, body: () => void) => unknown;
  readonly it: (title: string, body: () => Promise<void>) => unknown;
}

export interface ConformanceOptions {
  readonly name: string;
  readonly runner: ConformanceRunner;
  /** Makes a store that takes its time from this clock. */
  readonly fresh: Fresh;
  /** Title of a case to the reason why this store is excused from it. */
  readonly exclusions?: Readonly<Record<string, string>>;
}

const CASES: readonly ConformanceCase[] = [...checkpointCases, ...leaseCases, ...inboxCases, ...listCases];

/** The titles of all cases. */
export const conformanceCases: readonly string[] = CASES.map(({ title }) => title);

/** Registers the suite with the runner. */
export function storeConformance({ name, runner, fresh, exclusions = {} }: ConformanceOptions): void {
  const { describe, it } = runner;
  describe(`${name} keeps the store contract`, () => {
    for (const { title, run } of CASES) {
      const reason = Object.hasOwn(exclusions, title) ? exclusions[title] : undefined;
      if (reason === undefined) it(title, () => onBench(fresh, run));
      else it(`(left out: ${reason}) ${title}`, () => Promise.resolve());
    }
    it('every exclusion names a case and gives a reason', () => Promise.resolve(checkExclusions(exclusions)));
  });
}

async function onBench(fresh: Fresh, run: ConformanceCase['run']): Promise<void> {
  const bench = await Bench.open(fresh);
  try {
    await run(bench);
  } finally {
    await bench.dispose();
  }
}

function checkExclusions(exclusions: Readonly<Record<string, string>>): void {
  const unused = Object.keys(exclusions).filter((title) => !conformanceCases.includes(title));
  assert.deepEqual(unused, [], 'these exclusions match no case: take them out, or mend their names');
  const silent = Object.keys(exclusions).filter((title) => exclusions[title]?.trim() === '');
  assert.deepEqual(silent, [], 'these exclusions give no reason');
}
