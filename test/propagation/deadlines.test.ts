import { expect, it } from 'vitest';
import { type Activation, DELAYED, GONE, Special } from '../../src/propagation/activation.js';
import { Deadlines } from '../../src/propagation/deadlines.js';

const subscriber = {} as Activation['subscriber'];

it('takes what is due by time and then by age, whatever has left meanwhile, however much came and went', () => {
  let seed = 7;
  const random = (below: number): number => {
    seed = (seed * 48_271) % 2_147_483_647;
    return seed % below;
  };
  const deadlines = new Deadlines();
  const waiting: Special[] = [];
  const taken: Activation[] = [];
  for (let n = 1; n <= 3000; n++) {
    const activation = new Special(n, subscriber, undefined, DELAYED, { due: 1000 + random(500) });
    deadlines.add(activation);
    waiting.push(activation);
    // two of three leave before their time
    if (n % 3 !== 0) (waiting[random(waiting.length)] as Special).state = GONE;
    if (n % 500 === 0) {
      for (const due of deadlines.take(1000 + random(300))) {
        due.state = GONE;
        taken.push(due);
      }
    }
  }
  const left = waiting.filter(({ state }) => state === DELAYED);
  left.sort((a, b) => (a.details.due as number) - (b.details.due as number) || a.n - b.n);
  expect(left.length).toBeGreaterThan(300);
  expect(taken.length).toBeGreaterThan(100);
  expect(deadlines.soonest).toBe(left[0]?.details.due);
  expect(deadlines.take(2000)).toEqual(left);
  expect(deadlines.soonest).toBeNull();
});
