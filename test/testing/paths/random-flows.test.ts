// Rule: whatever the wiring is, the engine does on every path what the statechart says. Seeds are printed.
import { CNS, type CNSOptions, collateral, neuron } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { followPath, getFlowPaths } from 'engram/testing';
import { expect, it } from 'vitest';
import { randomOf } from '../../support/random.js';

const nothing = () => undefined;
const go = collateral('c0');

/** Four to seven neurons on six collaterals, with whatever a neuron can have. */
function randomFlow(seed: number, options: CNSOptions): CNS {
  const random = randomOf(seed);
  const chance = (share: number) => random() < share;
  const collaterals = [go, ...Array.from({ length: 5 }, (_, i) => collateral(`c${i + 1}`))];
  const outside = [collateral('yes'), collateral('no')];
  const pick = <T>(list: readonly T[]) => list[Math.floor(random() * list.length)] as T;
  const some = <T>(list: readonly T[], share: number) => list.filter(() => chance(share));
  const neurons = Array.from({ length: 4 + Math.floor(random() * 4) }, (_, i) => {
    const axon = Object.fromEntries(some(collaterals, 0.3).map((each) => [each.name as string, each]));
    const made = neuron(`n${i}`, axon);
    if (i < 2 || chance(0.7)) made.dendrite({ collateral: i < 2 ? go : pick(collaterals), response: nothing });
    if (chance(0.4)) made.join({ a: collaterals[1] as typeof go, b: pick(collaterals.slice(2)) }, nothing);
    if (chance(0.3)) made.expects(pick(outside)).dendrite({ collateral: outside, response: nothing });
    if (chance(0.4)) made.milestone();
    if (chance(0.3)) made.compensate(nothing);
    if (chance(0.3)) made.setConcurrency(1);
    if (chance(0.3)) made.retry({ attempts: 2, initial: '1s' });
    return made;
  });
  return new CNS(neurons, options);
}

/** Narrowed at random: answers of several signals, delays, retries, aborts. */
function randomOutcomes(seed: number, { network }: CNS) {
  const random = randomOf(seed + 1);
  return Object.fromEntries(
    network.neurons.map((name) => {
      const emits = network.collaterals.filter((each) => network.ownersOf(each).includes(name));
      const list = [
        emits.join(' + '),
        ...emits,
        emits.map((each) => `${each} in 1m`).join(' + '),
        'aborts',
        'nothing',
        'fails',
      ];
      const outcomes = list.filter((text) => text !== '' && random() < 0.6);
      return [name, outcomes.length === 0 ? ['nothing'] : outcomes];
    }),
  );
}

it.each(Array.from({ length: 10 }, (_, i) => i + 1))('seed %i', async (seed) => {
  let played = 0;
  for (const host of [{}, { store: memoryStore() }]) {
    const cns = randomFlow(seed, host);
    for (const outcomes of [{}, randomOutcomes(seed, cns)]) {
      for (const strategy of ['shortest', 'transitions'] as const) {
        const found = getFlowPaths(cns, { entry: go, outcomes, strategy, maxStates: 150, maxVisits: 4 });
        for (const path of found.paths.slice(0, 10)) {
          const { status } = await followPath(cns, { entry: go, path });
          expect(status).toBe(path.status);
          played++;
        }
      }
    }
  }
  expect(played).toBeGreaterThan(3);
});
