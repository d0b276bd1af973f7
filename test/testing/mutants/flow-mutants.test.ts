// Rule: the crash checker finds every fault that is planted in a flow, names the neuron, and says nothing of a sound one.
import { afterAll, describe, expect, it } from 'vitest';
import { checkCrashes, type CrashReport } from 'engram/testing';
import { FLOW_MUTANTS, type FlowMutant } from './flow-mutants.js';
import { Books, closed, order, shop } from './shop.js';

const found: Record<string, unknown>[] = [];
afterAll(() => console.table(found));

async function check(mutant: Pick<FlowMutant, 'faults' | 'order' | 'contextValues' | 'isMadeAnew'>) {
  const { faults, order: given, contextValues, isMadeAnew } = mutant;
  const books = new Books();
  const cns = shop(books, faults());
  return checkCrashes(isMadeAnew === true ? () => shop(books, faults()) : cns, {
    signal: order.createSignal({ items: 3, at: new Date(0), ...given }),
    output: closed,
    ends: mutant.order?.strike === true ? 'failed' : 'completed',
    ...(contextValues === undefined ? {} : { contextValues: structuredClone(contextValues) }),
    reset: () => books.lines.splice(0),
    effects: () => books.lines,
  });
}

const saidBy = (report: CrashReport): string[] =>
  [...report.problems, ...report.advice].map(({ kind, neuron }) => `${kind} ${String(neuron)}`);

describe('the crash checker', () => {
  it.each([{}, { strike: true }])('says nothing of a sound flow (%j)', async (given) => {
    expect(saidBy(await check({ faults: () => ({}), order: given }))).toEqual([]);
  });

  it.each(FLOW_MUTANTS.map((mutant) => [mutant.name, mutant] as const))('finds the fault: %s', async (name, mutant) => {
    const report = await check(mutant);
    const list = mutant.isAdvice === true ? report.advice : report.problems;
    const problem = list.find(({ kind, neuron }) => kind === mutant.kind && neuron === mutant.neuron);
    found.push({
      fault: name,
      found: problem?.kind,
      neuron: problem?.neuron,
      'killed at': problem?.at.join(', then '),
    });
    expect(problem, String(report)).toBeDefined();
    expect(report.ok).toBe(mutant.isAdvice === true);
  });
});
