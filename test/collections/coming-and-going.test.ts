import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { Crowd, type Placed } from '../../src/collections/crowd.js';
import { Roster } from '../../src/collections/roster.js';
import { UnderWay } from '../../src/collections/under-way.js';

const steps = fc.array(fc.tuple(fc.boolean(), fc.nat(5)), { maxLength: 60 });

describe('a crowd', () => {
  it('holds what a set would, whatever comes and goes', () => {
    fc.assert(
      fc.property(steps, (comings) => {
        const members: Placed[] = Array.from({ length: 6 }, () => ({ place: -1 }));
        const crowd = new Crowd<Placed>();
        const set = new Set<Placed>();
        for (const [comes, i] of comings) {
          const member = members[i] as Placed;
          if (comes) {
            crowd.add(member);
            set.add(member);
          } else expect(crowd.delete(member)).toBe(set.delete(member));
          expect(crowd.size).toBe(set.size);
          expect(new Set(crowd.list())).toEqual(set);
        }
      }),
    );
  });
});

describe('a roster', () => {
  it('holds what a map would, whatever comes and goes', () => {
    fc.assert(
      fc.property(steps, (comings) => {
        const roster = new Roster<{ readonly i: number }>();
        const map = new Map<string, { readonly i: number }>();
        comings.forEach(([comes, n], i) => {
          const name = `run-${n}`;
          if (comes) {
            roster.set(name, { i });
            map.set(name, { i });
          } else {
            roster.delete(name);
            map.delete(name);
          }
          expect(roster.size).toBe(map.size);
          expect(roster.get(name)).toEqual(map.get(name));
          expect(roster.has(name)).toBe(map.has(name));
          expect(roster.list()).toHaveLength(map.size);
        });
      }),
    );
  });

  it('forgets names that are gone, and keeps those that are not, however many have come and gone', () => {
    const roster = new Roster<object>();
    const kept = {};
    roster.set('kept', kept);
    for (let i = 0; i < 5_000; i++) {
      roster.set(`run-${i}`, {});
      roster.delete(`run-${i}`);
    }
    expect(roster.size).toBe(1);
    expect(roster.list()).toEqual([kept]);
    expect(roster.get('kept')).toBe(kept);
    expect(roster.remembered).toBeLessThan(300);
  });
});

describe('what is under way', () => {
  it('is over when the last of it is, however that ends', async () => {
    const underWay = new UnderWay();
    await underWay.over();
    const ends: (() => void)[] = [];
    underWay.add(new Promise<void>((resolve) => ends.push(resolve)));
    underWay.add(new Promise<void>((_, reject) => ends.push(() => reject(new Error('failed')))));
    let isOver = false;
    const over = underWay.over().then(() => (isOver = true));
    ends[1]?.();
    await new Promise(setImmediate);
    expect(isOver).toBe(false);
    ends[0]?.();
    await over;
    expect(isOver).toBe(true);
  });
});
