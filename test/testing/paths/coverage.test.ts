// Rule: coverage says what no path takes, and why.
import { CNS, collateral, neuron } from 'engram';
import { getCoverage, getFlowPaths } from 'engram/testing';
import { describe, expect, it } from 'vitest';

const nothing = () => undefined;
const [go, other] = [collateral('go'), collateral('other')];
const [one, two, lost, round, never, far] = [
  collateral('one'),
  collateral('two'),
  collateral('lost'),
  collateral('round'),
  collateral('never'),
  collateral('far'),
];

const first = neuron('first', { one, two }).dendrite({ collateral: [go, other], response: nothing });
const second = neuron('second', { lost }).dendrite({ collateral: one, response: nothing });
const spin = neuron('spin', { round }).dendrite({ collateral: [two, round], response: nothing });
const dead = neuron('dead', { far }).dendrite({ collateral: never, response: nothing });
const deader = neuron('deader', {}).dendrite({ collateral: far, response: nothing });
const half = neuron('half', {}).join({ one, never }, nothing);
const cns = new CNS([first, second, spin, dead, deader, half], { name: 'odd' });

describe('coverage', () => {
  const coverage = getCoverage(cns, getFlowPaths(cns, { entry: go, strategy: 'transitions' }));

  it('counts neurons, dendrites, collaterals and transitions, and says why each is missing', () => {
    expect(coverage.neurons).toEqual({
      covered: ['first', 'second', 'spin'],
      missed: [
        { name: 'dead', why: 'nobody emits "never" or waits for it, and no run begins with it' },
        { name: 'deader', why: 'only "dead" emits "far", and is not reached itself' },
        { name: 'half', why: 'nobody emits "never" or waits for it, and no run begins with it' },
      ],
      total: 6,
      percent: 50,
    });
    expect(coverage.dendrites.missed).toContainEqual({ name: 'first on other', why: 'no path comes here' });
    expect(coverage.collaterals.missed).toEqual([
      { name: 'far', why: 'only dead neurons emit it: dead' },
      { name: 'other', why: 'no path begins with it' },
      { name: 'never', why: 'no path begins with it' },
    ]);
    expect(coverage.transitions.covered).toContain('spin on round: fails');
    expect(coverage.transitions.missed).toContainEqual({ name: 'deader on far: nothing', why: '"deader" is dead' });
    expect(coverage.transitions.missed).toContainEqual({ name: 'first on other: one', why: 'no path takes it' });
  });

  it('finds dead neurons, collaterals nobody hears, and cycles without an exit', () => {
    expect(coverage.findings).toEqual([
      { kind: 'dead neuron', names: ['dead'], why: expect.any(String) },
      { kind: 'dead neuron', names: ['deader'], why: expect.any(String) },
      { kind: 'dead neuron', names: ['half'], why: expect.any(String) },
      { kind: 'unheard collateral', names: ['lost'], why: '"second" emits it, and nobody listens to it' },
      { kind: 'cycle without an exit', names: ['spin'], why: expect.stringContaining('answers nothing, or fails') },
    ]);
  });

  it('adds up over several entries', () => {
    const both = [go, other].map((entry) => getFlowPaths(cns, { entry, strategy: 'transitions' }));
    const sum = getCoverage(cns, both);
    expect(sum.dendrites.covered).toContain('first on other');
    expect(sum.transitions.percent).toBeGreaterThan(coverage.transitions.percent);
    const fewer = getCoverage(cns, getFlowPaths(cns, { entry: go, outcomes: { first: ['one'] } }));
    expect(fewer.neurons.missed).toContainEqual({ name: 'spin', why: 'no path comes here' });
  });

  it('says when there may be more paths than were looked at', () => {
    const cut = getCoverage(cns, getFlowPaths(cns, { entry: go, maxStates: 1 }));
    expect(cut.truncated).toHaveLength(1);
    expect(cut.neurons.missed).toContainEqual({ name: 'second', why: 'no path that was looked at comes here' });
    expect(String(cut)).toContain('truncated: 1 states were looked at');
  });

  it('is a short text', () => {
    const small = new CNS([first, second], { name: 'small' });
    const outcomes = { first: ['one', 'fails'], second: ['lost'] };
    expect(String(getCoverage(small, getFlowPaths(small, { entry: go, outcomes })))).toBe(
      [
        'neurons      100 %  2 of 2',
        'dendrites     66 %  2 of 3',
        'collaterals   60 %  3 of 5',
        'transitions   60 %  3 of 5',
        'dendrites not covered:',
        '  first on other: no path comes here',
        'collaterals not covered:',
        '  two: no path comes here',
        '  other: no path begins with it',
        'transitions not covered:',
        '  first on other: one: no path takes it',
        '  first on other: fails: no path takes it',
        'unheard collateral: two: "first" emits it, and nobody listens to it',
        'unheard collateral: lost: "second" emits it, and nobody listens to it',
      ].join('\n'),
    );
  });

  it('of a flow in which all is taken is whole', () => {
    const whole = new CNS([neuron('n', {}).dendrite({ collateral: go, response: nothing })]);
    const { neurons, dendrites, collaterals, transitions, findings } = getCoverage(
      whole,
      getFlowPaths(whole, { entry: go }),
    );
    expect([neurons, dendrites, collaterals, transitions].map(({ percent }) => percent)).toEqual([100, 100, 100, 100]);
    expect(findings).toEqual([]);
  });
});
