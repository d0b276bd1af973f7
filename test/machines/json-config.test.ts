/** The statechart is its config: what JSON keeps of it is all there is. */
import { toImplementations, toMachine } from 'engram/machines';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createActor, createMachine } from 'xstate';
import { createStatechartConfig } from '../../machines/statechart-config.js';
import { createImplementations } from '../../machines/statechart.js';
import { casePlans, graphPlans } from '../equivalence/arbitrary-graph.js';
import { withoutDeadLetters } from '../equivalence/dead-letters.js';
import { graphOf } from '../equivalence/handlers.js';
import { type Library, sources } from '../equivalence/library.js';
import { runCase } from '../equivalence/run-case.js';
import { SEED } from '../equivalence/seed.js';
import { createOrders, input, names, settled } from './orders.js';

const throughJson = (config: unknown): never => JSON.parse(JSON.stringify(config)) as never;

describe('the config of the statechart', () => {
  it('loses nothing in JSON', () => {
    const property = fc.property(graphPlans, (plan) => {
      const config = createStatechartConfig(graphOf(sources, plan));
      expect(throughJson(config)).toStrictEqual(config);
    });
    fc.assert(property, { numRuns: 100, seed: SEED });
  });

  it('makes the same machine again after JSON, with the implementations of its CNS', async () => {
    const { cns, calls, shipping } = createOrders();
    const machine = createMachine(throughJson(toMachine(cns).config)).provide(toImplementations(cns) as never);
    const actor = createActor(machine, { input: { ...input, hold: false } }).start();
    expect(names(calls)).toEqual(['pay', 'ship', 'stock', 'mail']);
    shipping[0]?.();
    await settled();
    expect(actor.getSnapshot()).toMatchObject({ status: 'done', value: 'completed', context: { output: 'order 7' } });
  });

  it('runs random graphs as the logic and the oracle do after JSON (I7)', async () => {
    const library: Library = {
      ...sources,
      createStatechart: (flow) =>
        createMachine(throughJson(createStatechartConfig(flow.graph))).provide(createImplementations(flow) as never),
    };
    // the output of the actor is a function, attached outside of the config
    const plans = casePlans.map((plan) => ({ ...plan, entry: { ...plan.entry, output: null } }));
    const property = fc.asyncProperty(plans, (plan) => runCase(library, plan));
    await withoutDeadLetters(() => fc.assert(property, { numRuns: 60, seed: SEED }));
  });
});
