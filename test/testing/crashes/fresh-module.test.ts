// Rule: a function that makes the flow anew for each process is checked as what a crash leaves of its closures.
import { describe, expect, it } from 'vitest';
import { CNS, collateral, expect as expectSignal, neuron, withCtx } from 'engram';
import { checkCrashes, type CheckCrashesOptions } from 'engram/testing';

class Money {
  constructor(readonly cents: number) {}
}

/** What a fresh import of a module gives: collaterals, classes and closures of its own. */
function importAnew() {
  class OwnMoney extends Money {}
  const go = collateral<{ readonly n: number }>('go');
  const counted = collateral<number>('counted');
  const allowed = collateral<{ readonly by: string }>('allowed');
  const paid = collateral<Money>('paid');
  let calls = 0;
  const first = neuron('first', { counted })
    .milestone()
    .dendrite({ collateral: go, response: ({ n }, axon) => axon.counted.createSignal(n) });
  const pay = withCtx<number>()
    .neuron('pay', { paid })
    .expects(allowed)
    .dendrite({
      collateral: counted,
      response: (n, _axon, ctx) => {
        ctx.set(n);
        return expectSignal(allowed);
      },
    })
    .dendrite({
      collateral: allowed,
      response: (_by, axon, ctx) => axon.paid.createSignal(new OwnMoney(ctx.get() ?? 0)),
    });
  const count = neuron('pay', { paid })
    .expects(allowed)
    .dendrite({
      collateral: counted,
      response: (n) => {
        calls += n;
        return expectSignal(allowed);
      },
    })
    .dendrite({ collateral: allowed, response: (_by, axon) => axon.paid.createSignal(new OwnMoney(calls)) });
  const book = neuron('book', {}).dendrite({ collateral: paid, response: () => undefined });
  return { go, counted, allowed, paid, OwnMoney, counting: [first, count, book], plain: [first, pay, book] };
}

const made = importAnew();
const options: CheckCrashesOptions = {
  signal: made.go.createSignal({ n: 5 }),
  answers: [made.allowed.createSignal({ by: 'ann' })],
  output: made.paid,
  pairs: 10,
};

describe('each process has a fresh import of the flow', () => {
  it('and collaterals and classes of the options are known in it by their names', async () => {
    const fresh = () => {
      const { plain, OwnMoney } = importAnew();
      return new CNS(plain, { classes: { money: OwnMoney } });
    };
    const report = await checkCrashes(fresh, options);
    expect(report.problems).toEqual([]);
    expect(report.end).toEqual({ status: 'completed', errors: [], waitsFor: [] });
    expect(report.points).toContain('pay 2, after');
  });

  it('and what a closure counts is found out to be lost, with the neuron that counts', async () => {
    const fresh = () => {
      const { counting, OwnMoney } = importAnew();
      return new CNS(counting, { classes: { money: OwnMoney } });
    };
    const { problems } = await checkCrashes(fresh, options);
    expect(problems.map(({ kind, neuron: name }) => [kind, name])).toEqual([['not-repeatable', 'pay']]);
    expect(problems[0]?.message).toContain('payload is OwnMoney { cents: 0 } and not OwnMoney { cents: 5 }');
    expect(problems[0]?.at).toHaveLength(1);
  });

  it('and what it is made of is the store and the clock of its process', async () => {
    const times = new Set<number>();
    await checkCrashes(
      ({ store, clock }) => {
        times.add(clock.now());
        return new CNS(importAnew().plain, { store, clock, classes: { money: made.OwnMoney } });
      },
      { ...options, at: 'save 1, after' },
    ).catch(() => undefined);
    expect([...times]).toEqual([Date.UTC(2030, 0, 1)]);
  });
});

describe('what cannot be checked', () => {
  const cns = new CNS(made.plain, { classes: { money: made.OwnMoney } });
  it.each([
    [
      'a signal of a collateral that the flow has not',
      { signal: collateral('other').createSignal() },
      /no collateral "other"/,
    ],
    ['an answer that nobody waits for', { answers: [made.counted.createSignal(1)] }, /no neuron waits for "counted"/],
    ['a crash that never comes', { at: 'save 99, before' }, /the run never comes to "save 99, before"/],
    [
      'a second crash that never comes',
      { at: ['save 1, after', 'pay 9, after'] },
      /process 2 of the run never comes to/,
    ],
  ])('is refused: %s', async (_what, changed, told) => {
    await expect(checkCrashes(cns, { ...options, ...changed })).rejects.toThrow(told);
  });

  it('a crash that never comes is refused with the points that are nearest', async () => {
    await expect(checkCrashes(cns, { ...options, at: 'pay 9, after' })).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      hint: 'the nearest that it comes to: pay 2, after; pay 1, after',
    });
  });

  it('a run that waits for what nobody sends says for what', async () => {
    const { end, problems } = await checkCrashes(cns, { ...options, answers: [] });
    expect(end).toMatchObject({ status: 'waiting', waitsFor: ['allowed'] });
    expect(problems[0]?.message).toContain('waits for allowed, which nobody sends');
  });
});
