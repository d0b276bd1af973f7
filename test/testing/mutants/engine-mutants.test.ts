// Rule: the crash checker or the simulator finds every fault that is planted in a copy of the engine, and nothing in one
// without a fault.
import { afterAll, describe, expect, it } from 'vitest';
import type * as testingModule from 'engram/testing';
import { Copies, type Patch } from '../../support/copies.js';
import { ENGINE_MUTANTS } from './engine-mutants.js';
import { type Engram, Lines, richFlow } from './rich-flow.js';

const copies = new Copies();
const found: Record<string, unknown>[] = [];
afterAll(() => {
  copies.remove();
  console.table(found);
});

interface Finding {
  readonly by: string;
  readonly where: string;
  readonly what: string;
}

/** What is wrong with a copy of the engine, as the first of the tools says that finds anything. */
async function findingIn(patch: Patch | null): Promise<Finding | undefined> {
  const load = copies.importer(patch);
  const engram = (await load('src/index')) as Engram;
  const { checkCrashes, simulate } = (await load('src/testing/index')) as typeof testingModule;
  for (const strike of [false, true]) {
    const lines = new Lines();
    const { cns, begin, approved, closed } = richFlow(engram, lines);
    const report = await checkCrashes(cns, {
      signal: begin(strike),
      answers: [approved()],
      output: closed,
      ends: strike ? 'failed' : 'completed',
      reset: () => lines.lines.splice(0),
      effects: () => lines.lines,
      pairs: patch === null ? 50 : 0,
    });
    const [problem] = report.problems;
    if (problem !== undefined) {
      const where = problem.at.length === 0 ? 'undisturbed' : problem.at.join(', then ');
      return { by: 'crash checker', where, what: problem.message };
    }
  }
  for (const strike of [false, true]) {
    const { cns, begin, approved, nudge, closed } = richFlow(engram, new Lines());
    const { failure } = await simulate<Lines>(cns, {
      signals: [
        begin(strike),
        { signal: approved(), deliveryId: 'approval' },
        { signal: nudge(), deliveryId: 'nudge' },
      ],
      output: closed,
      global: () => new Lines(),
      schedules: 500,
      invariants: {
        'each thing is done once': ({ global: { lines } }) => {
          const all = lines.map(({ did }) => did);
          const twice = all.find((did, n) => all.indexOf(did) !== n);
          return twice === undefined ? undefined : `${twice} twice`;
        },
      },
    });
    if (failure !== undefined) {
      return { by: 'simulator', where: `seed ${failure.seed}`, what: `${failure.invariant}: ${failure.message}` };
    }
  }
  return undefined;
}

const MOST = 100;
const cut = (text = ''): string => (text.length > MOST ? `${text.slice(0, MOST)}…` : text);

describe('the crash checker and the simulator', () => {
  it('find nothing in a copy without a fault', async () => {
    expect(await findingIn(null)).toBeUndefined();
  });

  it.each(ENGINE_MUTANTS.map((patch) => [patch.name, patch] as const))('find the fault: %s', async (name, patch) => {
    expect(copies.matches(patch), 'what is looked for is there once').toBe(true);
    const finding = await findingIn(patch);
    found.push({ fault: name, by: finding?.by, where: finding?.where, what: cut(finding?.what) });
    expect(finding).toBeDefined();
  });
});
