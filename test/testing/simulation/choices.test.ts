/** What a schedule decides is recorded, done again, and made simpler. */
import { describe, expect, it } from 'vitest';
import { Choices } from '../../../src/testing/simulation/choices.js';
import { shrink } from '../../../src/testing/simulation/shrink.js';

const drawn = (choices: Choices, n: number): number[] => Array.from({ length: n }, () => choices.pick(5, 0.5));

describe('choices', () => {
  it('are the same for the same seed, and others for another one', () => {
    const first = drawn(Choices.fromSeed(7), 50);
    expect(drawn(Choices.fromSeed(7), 50)).toEqual(first);
    expect(drawn(Choices.fromSeed(8), 50)).not.toEqual(first);
    expect(new Set(first)).toEqual(new Set([0, 1, 2, 3, 4]));
  });

  it('are harmless as often as was asked for', () => {
    const choices = Choices.fromSeed(1);
    const made = Array.from({ length: 10_000 }, () => choices.pick(3, 0.1));
    const struck = made.filter((choice) => choice !== 0).length;
    expect(struck).toBeGreaterThan(850);
    expect(struck).toBeLessThan(1150);
  });

  it('are made again as recorded, within what there is to choose, and harmless ones after the end', () => {
    const again = Choices.replay([1, 9, 2]);
    expect([again.pick(3), again.pick(3), again.pick(3), again.pick(3)]).toEqual([1, 2, 2, 0]);
    expect(again.made).toEqual([1, 2, 2, 0]);
  });

  it('are recorded also where there is nothing to choose', () => {
    const choices = Choices.fromSeed(1);
    expect(choices.pick(1)).toBe(0);
    expect(choices.made).toEqual([0]);
  });
});

describe('shrinking', () => {
  const search = (fails: (choices: readonly number[]) => boolean) => {
    const tried: (readonly number[])[] = [];
    const attempt = async (choices: readonly number[]) => {
      tried.push(choices);
      return fails(choices) ? choices : undefined;
    };
    return { tried, attempt };
  };
  const noise = drawn(Choices.fromSeed(3), 200);

  it('leaves what it takes to fail, and nothing else', async () => {
    const { attempt } = search((choices) => choices.filter((choice) => choice >= 2).length >= 2);
    expect(await shrink(noise, { attempt, most: 10_000 })).toEqual([2, 2]);
  });

  it('keeps a decision at its place where the place matters', async () => {
    const { attempt } = search((choices) => (choices[17] ?? 0) >= 3);
    const first = noise.map((choice, i) => (i === 17 ? 4 : choice));
    const shortest = await shrink(first, { attempt, most: 10_000 });
    expect(shortest).toEqual([...Array.from({ length: 17 }, () => 0), 3]);
  });

  it('makes no more attempts than it may, and none twice', async () => {
    const { tried, attempt } = search((choices) => choices.includes(4));
    await shrink(noise, { attempt, most: 30 });
    expect(tried.length).toBeLessThanOrEqual(30);
    expect(new Set(tried.map(String)).size).toBe(tried.length);
  });

  it('leaves what cannot be made simpler as it is', async () => {
    const { attempt } = search(() => false);
    expect(await shrink([1, 2, 0, 0], { attempt, most: 100 })).toEqual([1, 2]);
  });
});
