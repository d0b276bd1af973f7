// Rule: with a simulated clock days pass in no time, in order, and the same seed gives the same ids and numbers.
import { describe, expect, it } from 'vitest';
import { CNS, collateral, expect as expecting, InvalidArgumentError, neuron } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { SimulatedClock } from 'engram/testing';

const ask = collateral('ask');
const approved = collateral('approved');
const expired = collateral('expired');
const remind = collateral<string>('remind');

function flow(clock: SimulatedClock, store = memoryStore({ clock })) {
  const asks = neuron('asks', { remind, expired })
    .dendrite({
      collateral: ask,
      response: (_payload, axon) => [
        axon.remind.createSignal('soon', { delay: '1d' }),
        expecting(approved, { within: '7d', otherwise: axon.expired.createSignal() }),
      ],
    })
    .expects(approved)
    .dendrite({ collateral: approved, response: () => undefined });
  const told: [string, number][] = [];
  const tells = neuron('tells', {})
    .dendrite({ collateral: remind, response: () => void told.push(['reminded', clock.now()]) })
    .dendrite({ collateral: expired, response: () => void told.push(['expired', clock.now()]) });
  return { cns: new CNS([asks, tells], { clock, store, lease: 2_000_000_000 }), told };
}

describe('a simulated clock', () => {
  it('makes delays and deadlines of days pass in no time, each at its moment', async () => {
    const clock = new SimulatedClock();
    const began = clock.now();
    const { cns, told } = flow(clock);
    const run = cns.stimulate(ask.createSignal());
    await clock.advance('6d');
    expect(told).toEqual([['reminded', began + 86_400_000]]);
    expect(run.status).toBe('waiting');
    await clock.advance('1d');
    expect(told).toEqual([
      ['reminded', began + 86_400_000],
      ['expired', began + 7 * 86_400_000],
    ]);
    expect(run.status).toBe('completed');
    expect(clock.now()).toBe(began + 7 * 86_400_000);
  });

  it('makes the pauses between attempts pass', async () => {
    const clock = new SimulatedClock();
    const attempts: number[] = [];
    const began = clock.now();
    const tries = neuron('tries', {})
      .dendrite({
        collateral: ask,
        response: (_payload, _axon, ctx) => {
          attempts.push(clock.now() - began);
          if (ctx.attempt < 4) throw new Error('not yet');
        },
      })
      .retry({ attempts: 4, backoff: 'exponential', initial: '10s', jitter: 0 });
    const run = new CNS([tries], { clock }).stimulate(ask.createSignal());
    await clock.advance('1h');
    expect(attempts).toEqual([0, 10_000, 30_000, 70_000]);
    expect(run.status).toBe('completed');
  });

  it('fires timers in the order in which they are due, then in that of their making, and none that was cancelled', async () => {
    const clock = new SimulatedClock({ now: 1000 });
    const fired: [string, number][] = [];
    const set = (name: string, ms: number) => clock.after(ms, () => fired.push([name, clock.now()]));
    set('late', 20);
    set('first', 10);
    set('second', 10);
    set('never', 15).cancel();
    clock.after(5, () => fired.push(['renewal', clock.now()]), { background: true });
    expect([clock.timers, clock.next]).toEqual([3, 1005]);
    await clock.advance(19);
    expect(fired).toEqual([
      ['renewal', 1005],
      ['first', 1010],
      ['second', 1010],
    ]);
    expect([clock.timers, clock.next, clock.now()]).toEqual([1, 1020, 1019]);
  });

  it('lets a timer that a timer sets fire in the same advance', async () => {
    const clock = new SimulatedClock({ now: 0 });
    const fired: number[] = [];
    const again = (): void => {
      fired.push(clock.now());
      clock.after(10, again);
    };
    clock.after(10, again);
    await clock.advance(35);
    expect(fired).toEqual([10, 20, 30]);
  });

  it('gives the same ids and numbers for the same seed, and others for another one', () => {
    const drawn = (seed: number) => {
      const clock = new SimulatedClock({ seed });
      return [clock.id(), clock.id(), clock.random(), clock.random(), clock.random()];
    };
    expect(drawn(4711)).toEqual(drawn(4711));
    expect(drawn(4711)).not.toEqual(drawn(4712));
    const [first, second, ...numbers] = drawn(1);
    expect(first).not.toBe(second);
    for (const number of numbers) expect(number).toSatisfy((n: number) => n >= 0 && n < 1);
  });

  it('refuses what is no duration', async () => {
    const clock = new SimulatedClock();
    await expect(clock.advance('1 year' as '1d')).rejects.toThrow(InvalidArgumentError);
    await expect(clock.advance(-1)).rejects.toThrow('advance is negative: -1');
  });
});
