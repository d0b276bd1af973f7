import { InvalidArgumentError } from 'engram';
import { describe, expect, it } from 'vitest';
import { parseDuration } from '../../src/graph/duration.js';
import { caught } from '../support/caught.js';

const TEN_YEARS = 3650 * 86_400_000;

describe('parseDuration', () => {
  it.each([
    [0, 0],
    [1, 1],
    [250, 250],
    [TEN_YEARS, TEN_YEARS],
    ['0ms', 0],
    ['250ms', 250],
    ['10s', 10_000],
    ['10 s', 10_000],
    ['10m', 600_000],
    ['2h', 7_200_000],
    ['1.5h', 5_400_000],
    ['7d', 604_800_000],
    ['1w', 604_800_000],
    ['3650d', TEN_YEARS],
  ])('reads %j as %d ms', (value, ms) => expect(parseDuration(value, 'x')).toBe(ms));

  it('rounds fractions up, so that nothing is over before its time and nothing above 0 becomes 0', () => {
    expect([0.2, 1.5, '0.2ms', '1.0004s'].map((value) => parseDuration(value, 'x'))).toEqual([1, 2, 1, 1001]);
  });

  it('does not round up what is only lost in the arithmetic', () => {
    expect(['1.1s', '4.35s', '0.07m', '8.2h'].map((value) => parseDuration(value, 'x'))).toEqual([
      1100, 4350, 4200, 29_520_000,
    ]);
  });

  it('never gives a negative zero', () => {
    expect([-0, '0s'].map((value) => parseDuration(value, 'x'))).toEqual([0, 0]);
  });

  it.each([
    ['is no duration: ""', ''],
    ['is no duration: "10"', '10'],
    ['is no duration: "ms"', 'ms'],
    ['is no duration: "10M"', '10M'],
    ['is no duration: "10min"', '10min'],
    ['is no duration: "10  s"', '10  s'],
    ['is no duration: " 10s"', ' 10s'],
    ['is no duration: "1h30m"', '1h30m'],
    ['is no duration: "1e3s"', '1e3s'],
    ['is no duration: ".5s"', '.5s'],
    ['is no duration: "-1s"', '-1s'],
    ['is no duration: "Infinitys"', 'Infinitys'],
    [`is no duration: "${'x'.repeat(40)}"`, 'x'.repeat(99)],
    ['is no duration: NaN', NaN],
    ['is no duration: undefined', undefined],
    ['is no duration: null', null],
    ['is no duration: true', true],
    ['is no duration: 10n', 10n],
    ['is no duration: an object', {}],
    ['is no duration: an array', [10]],
    ['is no duration: a symbol', Symbol('s')],
    ['is negative: -1', -1],
    ['is negative: -0.5', -0.5],
    ['is negative: -Infinity', -Infinity],
    ['is longer than ten years: Infinity', Infinity],
    [`is longer than ten years: ${TEN_YEARS + 1}`, TEN_YEARS + 1],
    ['is longer than ten years: "3651d"', '3651d'],
    [`is longer than ten years: "${'9'.repeat(40)}"`, `${'9'.repeat(400)}w`],
  ])('refuses what %s, naming the place', async (problem, value) => {
    const error = await caught(() => parseDuration(value, 'neuron "pay": setMaxDuration'));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect((error as InvalidArgumentError).message).toBe(`neuron "pay": setMaxDuration ${problem}`);
    expect((error as InvalidArgumentError).hint).toContain("'10m'");
  });
});
