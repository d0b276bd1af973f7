import { toImplementations, toMachine } from 'engram/machines';
import { toStately } from 'engram/visualizations';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { type AnyStateMachine, createActor, createMachine } from 'xstate';
import { createImplementations } from '../../machines/statechart.js';
import { createStatechartConfig } from '../../machines/statechart-config.js';
import { sourceOf } from '../../visualizations/source.js';
import { casePlans } from '../equivalence/arbitrary-graph.js';
import { withoutDeadLetters } from '../equivalence/dead-letters.js';
import { type Library, sources } from '../equivalence/library.js';
import { runCase } from '../equivalence/run-case.js';
import { SEED } from '../equivalence/seed.js';
import { createOrders, input, names, settled } from '../machines/orders.js';
import { flowNames, flowOf } from './drawn-flows.js';
import { oddFlow } from './odd-flow.js';

const snapshots = new URL('../../visualizations/snapshots/', import.meta.url);

/** What the text makes when it is run as the module that it is. */
function machineOf(text: string): AnyStateMachine {
  const body = text.replace("import { createMachine } from 'xstate';", '').replace('export const machine =', 'return');
  // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the text under test is a program
  return (new Function('createMachine', body) as (create: typeof createMachine) => AnyStateMachine)(createMachine);
}

describe('the text for Stately Studio', () => {
  it.each(flowNames)('of %s is a module whose machine has the config of the statechart', async (name) => {
    const { cns } = await flowOf(name);
    const { machine } = (await import(new URL(`${name}.stately.js`, snapshots).href)) as {
      machine: AnyStateMachine;
    };
    expect(machine.config).toStrictEqual(toMachine(cns).config);
  });

  it('keeps every name', () => {
    const cns = oddFlow();
    expect(machineOf(toStately(cns)).config).toStrictEqual(toMachine(cns).config);
  });

  it('keeps any JSON', () => {
    const property = fc.property(fc.jsonValue({ stringUnit: 'binary' }), (value) => {
      // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the text under test is a program
      const read = (new Function(`return ${sourceOf(value)}`) as () => unknown)();
      expect(JSON.stringify(read)).toBe(JSON.stringify(value));
    });
    fc.assert(property, { numRuns: 500, seed: SEED, examples: [[JSON.parse('{"__proto__":{"a":1}}') as never]] });
  });

  it('makes a machine that runs as the statechart does, with the implementations of its CNS', async () => {
    const { cns, calls, shipping } = createOrders();
    const machine = machineOf(toStately(cns)).provide(toImplementations(cns) as never);
    const actor = createActor(machine, { input: { ...input, hold: false } }).start();
    expect(names(calls)).toEqual(['pay', 'ship', 'stock', 'mail']);
    shipping[0]?.();
    await settled();
    expect(actor.getSnapshot()).toMatchObject({ status: 'done', value: 'completed', context: { output: 'order 7' } });
  });

  it('makes machines that run random graphs as the logic and the oracle do (I7)', async () => {
    const library: Library = {
      ...sources,
      createStatechart: (flow) =>
        (
          createMachine(
            // eslint-disable-next-line @typescript-eslint/no-implied-eval -- the text under test is a program
            (new Function(`return ${sourceOf(createStatechartConfig(flow.graph))}`) as () => never)(),
          ) as unknown as AnyStateMachine
        ).provide(createImplementations(flow) as never) as never,
    };
    // the output of the actor is a function, attached outside of the config
    const plans = casePlans.map((plan) => ({ ...plan, entry: { ...plan.entry, output: null } }));
    const property = fc.asyncProperty(plans, (plan) => runCase(library, plan));
    await withoutDeadLetters(() => fc.assert(property, { numRuns: 15, seed: SEED }));
  });
});
