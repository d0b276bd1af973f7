import { collateral, expect as await_, InvalidArgumentError, neuron, neuronFactory, SealedNeuronError } from 'engram';
import { describe, expect, it, vi } from 'vitest';
import { isSignal } from '../../src/graph/collateral.js';
import { isExpectation } from '../../src/graph/expectation.js';
import { built, graphOf } from './graph-of.js';

const nothing = () => undefined;
const order = collateral<number>('order');
const paid = collateral<number>('paid');
const approved = collateral<string>('approved');

describe('a signal', () => {
  it('made without a delay, or with one of 0, has two own fields only: the hot path', () => {
    const made = [
      order.createSignal(1),
      order.createSignal(1, {}),
      order.createSignal(1, { delay: undefined }),
      order.createSignal(1, { delay: 0 }),
      order.createSignal(1, { delay: '0s' }),
    ];
    for (const signal of made) {
      expect(Object.keys(signal)).toEqual(['collateral', 'payload']);
      expect(signal.delay).toBeUndefined();
      expect('delay' in signal).toBe(false);
      expect(Object.getPrototypeOf(signal)).toBe(Object.getPrototypeOf(made[0]));
    }
  });

  it('made with a delay has it as a third, in milliseconds, and shows it as JSON', () => {
    const signal = order.createSignal(1, { delay: '10m' });
    expect(Object.keys(signal)).toEqual(['collateral', 'payload', 'delay']);
    expect(signal).toMatchObject({ collateral: order, payload: 1, delay: 600_000 });
    expect(JSON.parse(JSON.stringify(signal))).toEqual({ collateral: 'order', payload: 1, delay: 600_000 });
    expect(JSON.parse(JSON.stringify(order.createSignal(1)))).toEqual({ collateral: 'order', payload: 1 });
  });

  it('may leave its payload out and have a delay', () => {
    const signal = collateral('tick').createSignal(undefined, { delay: 5 });
    expect(signal).toMatchObject({ payload: undefined, delay: 5 });
  });

  it('is refused a delay that is none, naming the collateral', () => {
    expect(() => order.createSignal(1, { delay: -1 })).toThrow('createSignal of "order": delay is negative: -1');
    expect(() => order.createSignal(1, { delay: 'soon' as never })).toThrow(InvalidArgumentError);
    expect(() => collateral<number>().createSignal(1, { delay: NaN })).toThrow('createSignal of "(unnamed)"');
    for (const [index, shown] of [
      [5, '5'],
      ['10m', '"10m"'],
      [null, 'null'],
    ] as const) {
      expect(() => order.createSignal(1, index as never)).toThrow(`the options are ${shown}`);
    }
  });
});

describe('expect', () => {
  it('makes an expectation of a collateral, for any time', () => {
    const open = await_(approved);
    expect(isExpectation(open)).toBe(true);
    expect(open).toMatchObject({ collateral: approved, within: undefined, otherwise: undefined });
  });

  it('reads how long, and keeps what is sent otherwise', () => {
    const otherwise = paid.createSignal(0);
    expect(await_(approved, { within: '7d', otherwise })).toMatchObject({
      collateral: approved,
      within: 604_800_000,
      otherwise,
    });
    expect(JSON.parse(JSON.stringify(await_(approved, { within: 5, otherwise })))).toEqual({
      expects: 'approved',
      within: 5,
      otherwise: { collateral: 'paid', payload: 0 },
    });
  });

  it('is no signal, though it has a collateral', () => {
    expect([isSignal(await_(approved)), isSignal(approved.createSignal(''))]).toEqual([false, true]);
  });

  it('is known as one when another copy of the library made it; nothing else is', async () => {
    vi.resetModules();
    const other = await import('../../src/graph/expectation.js');
    expect(other.Expectation).not.toBe(await_(approved).constructor);
    expect([isExpectation(other.expect(approved)), other.isExpectation(await_(approved))]).toEqual([true, true]);
    for (const odd of [null, undefined, {}, 5, 'x', nothing, approved, approved.createSignal(''), [await_(approved)]]) {
      expect(isExpectation(odd)).toBe(false);
    }
  });

  it('is refused what is no collateral, no duration, no signal, and a signal with a delay', () => {
    for (const odd of [null, undefined, {}, 'approved', paid.createSignal(1)]) {
      expect(() => await_(odd as never)).toThrow('expect: what is expected is no collateral');
    }
    expect(() => await_(approved, { within: 'soon' as never })).toThrow(
      'expect(approved): within is no duration: "soon"',
    );
    for (const otherwise of [null, 5, paid, await_(paid)]) {
      expect(() => await_(approved, { otherwise: otherwise as never })).toThrow(
        'expect(approved): otherwise is no signal',
      );
    }
    expect(() => await_(approved, { within: 1, otherwise: paid.createSignal(1, { delay: 1 }) })).toThrow(
      'expect(approved): otherwise has a delay',
    );
  });
});

describe('setConcurrency', () => {
  it('keeps a whole number from 1, the last one given', () => {
    expect(built(neuron('n', {})).policy.concurrency).toBeNull();
    expect(built(neuron('n', {}).setConcurrency(5).setConcurrency(2)).policy.concurrency).toBe(2);
  });

  it.each([0, -1, 1.5, NaN, Infinity, -Infinity, 2 ** 53, '2', null, undefined])('refuses %s at once', (limit) => {
    const one = neuron('pay', {});
    expect(() => one.setConcurrency(limit as number)).toThrow(InvalidArgumentError);
    expect(() => one.setConcurrency(limit as number)).toThrow(
      'neuron "pay": setConcurrency takes a whole number from 1',
    );
    expect(built(one).policy.concurrency).toBeNull();
  });
});

describe('setMaxDuration', () => {
  it('keeps a duration longer than 0, the last one given', () => {
    expect(built(neuron('n', {})).policy.maxDuration).toBeNull();
    expect(built(neuron('n', {}).setMaxDuration('1h').setMaxDuration('10s')).policy.maxDuration).toBe(10_000);
  });

  it('refuses none at all, and what is no duration', () => {
    expect(() => neuron('n', {}).setMaxDuration(0)).toThrow('neuron "n": setMaxDuration leaves no time at all');
    expect(() => neuron('n', {}).setMaxDuration(Infinity)).toThrow('neuron "n": setMaxDuration is longer than ten');
    expect(() => neuron({}).setMaxDuration('x' as never)).toThrow('a neuron without a name: setMaxDuration is no');
  });
});

describe('retry', () => {
  const policyOf = (options: object) => built(neuron('n', {}).retry(options as never)).policy.retry;

  it('needs attempts only: waits begin at a second, double, end at a minute, and leave nothing to chance', () => {
    expect(built(neuron('n', {})).policy.retry).toBeNull();
    expect(policyOf({ attempts: 3 })).toEqual({
      attempts: 3,
      backoff: 'exponential',
      initial: 1000,
      max: 60_000,
      jitter: 0,
      retryIf: null,
    });
  });

  it('keeps all that it is told, durations in milliseconds; the last call counts as a whole', () => {
    const retryIf = () => true;
    const all = { attempts: 9, backoff: 'linear', initial: '5s', max: '1h', jitter: 0.5, retryIf } as const;
    const kept = { ...all, initial: 5000, max: 3_600_000 };
    expect(policyOf(all)).toEqual(kept);
    expect(built(neuron('n', {}).retry({ attempts: 2, jitter: 1 }).retry(all)).policy.retry).toEqual(kept);
    expect(built(neuron('n', {}).retry(all).retry({ attempts: 2 })).policy.retry).toMatchObject({
      jitter: 0,
      max: 60_000,
    });
  });

  it('has no wait that is cut by a longest one that nobody gave', () => {
    expect(policyOf({ attempts: 2, initial: '5m' })).toMatchObject({ initial: 300_000, max: 300_000 });
  });

  it.each([
    [{}, 'attempts is no whole number from 1: undefined'],
    [{ attempts: 0 }, 'attempts is no whole number from 1: 0'],
    [{ attempts: 1.5 }, 'attempts is no whole number from 1: 1.5'],
    [{ attempts: Infinity }, 'attempts is no whole number from 1: Infinity'],
    [{ attempts: 2, backoff: 'cubic' }, 'backoff is none of constant, linear, exponential: "cubic"'],
    [{ attempts: 2, initial: -1 }, 'initial is negative: -1'],
    [{ attempts: 2, initial: NaN }, 'initial is no duration: NaN'],
    [{ attempts: 2, max: 'x' }, 'max is no duration: "x"'],
    [{ attempts: 2, initial: '2s', max: '1s' }, 'max is shorter than initial: 1000 and 2000 ms'],
    [{ attempts: 2, jitter: 1.1 }, 'jitter is not from 0 to 1: 1.1'],
    [{ attempts: 2, jitter: NaN }, 'jitter is not from 0 to 1: NaN'],
    [{ attempts: 2, jitter: '0' }, 'jitter is not from 0 to 1: "0"'],
    [{ attempts: 2, retryIf: true }, 'retryIf is no function'],
  ])('refuses %j at once', (options, problem) => {
    expect(() => neuron('pay', {}).retry(options as never)).toThrow(`neuron "pay": retry cannot be: ${problem}`);
  });

  it('names each wrong field, not only the first', () => {
    const wrong = { attempts: 0, backoff: 0, initial: '', max: '', jitter: 2, retryIf: 0 };
    expect(() => neuron('n', {}).retry(wrong as never)).toThrow(
      /attempts .*; backoff .*; initial .*; max .*; jitter .*; retryIf /,
    );
    for (const odd of [undefined, null, 3]) {
      expect(() => neuron('n', {}).retry(odd as never)).toThrow('attempts is no whole number from 1: undefined');
    }
  });
});

describe('expects', () => {
  it('makes channels that are expected, also of what nothing listens to and nothing emits', () => {
    const waits = neuron('waits', { paid }).expects(approved).expects([order, approved]);
    const { channels, neurons } = graphOf([
      waits,
      neuron('pays', {}).dendrite({ collateral: order, response: nothing }),
    ]);
    expect([...channels.values()].map(({ name, expected }) => [name, expected])).toEqual([
      ['paid', false],
      ['approved', true],
      ['order', true],
    ]);
    expect(neurons.map((one) => one.expects.map(({ name }) => name))).toEqual([['approved', 'order'], []]);
    expect(neurons[0]?.expects[1]).toBe(channels.get('order'));
  });

  it('is refused no collateral at all', () => {
    expect(() => neuron('n', {}).expects([])).toThrow('neuron "n": it expects no collateral');
  });
});

describe('compensate', () => {
  it('makes one subscriber more, that no signal comes to', () => {
    const undo = () => undefined;
    const { neurons, channels } = graphOf([
      neuron('pay', { paid }).dendrite({ collateral: order, response: nothing }).compensate(undo),
      neuron('other', {}).dendrite({ collateral: order, response: nothing }),
    ]);
    const [pay, other] = neurons;
    expect(pay?.compensation).toMatchObject({ key: 'undo', response: undo, plain: false, arrival: null, neuron: pay });
    expect(pay?.compensation?.channel).toMatchObject({ name: 'undo', expected: false });
    expect(pay?.dendrites.map(({ key }) => key)).toEqual(['order#0']);
    expect(channels.has('undo')).toBe(false);
    expect(other?.compensation).toBeNull();
  });

  it('goes beside a collateral that is called undo', () => {
    const { channels, neurons } = graphOf([
      neuron('n', {})
        .dendrite({ collateral: collateral('undo'), response: nothing })
        .compensate(nothing),
    ]);
    expect(neurons[0]?.compensation?.channel).not.toBe(channels.get('undo'));
    expect(neurons[0]?.dendrites.map(({ key }) => key)).toEqual(['undo#0']);
  });

  it('is refused a second time, and without a function', () => {
    expect(() => neuron('n', {}).compensate(nothing).compensate(nothing)).toThrow(
      'neuron "n": there is a compensation already',
    );
    expect(() => neuron('n', {}).compensate(undefined as never)).toThrow('neuron "n": the compensation is no function');
  });
});

describe('what a neuron leaves behind, and how its subscribers are called', () => {
  const listens = () => neuron('n', {}).dendrite({ collateral: order, response: nothing });

  it('nothing is left by a neuron that is no milestone and cannot be undone', () => {
    expect(built(listens().setConcurrency(1).retry({ attempts: 2 })).leavesNothing).toBe(true);
    expect(built(listens().milestone()).leavesNothing).toBe(false);
    expect(built(listens().compensate(nothing)).leavesNothing).toBe(false);
    expect(built(listens().compensate(nothing).milestone()).leavesNothing).toBe(false);
  });

  it('calling is plain where there is no gate, no time limit and no retry', () => {
    const plainOf = (one: Parameters<typeof built>[0]) => built(one).dendrites.map(({ plain }) => plain);
    expect(plainOf(listens().milestone().compensate(nothing).expects(approved))).toEqual([true]);
    expect(plainOf(listens().setConcurrency(1))).toEqual([false]);
    expect(plainOf(listens().setMaxDuration(1))).toEqual([false]);
    expect(plainOf(listens().retry({ attempts: 1 }))).toEqual([false]);
  });
});

describe('a neuron that belongs to a CNS', () => {
  it('refuses each way to change it', () => {
    const sealed = neuron('sealed', {});
    graphOf([sealed]);
    const changes = [
      () => sealed.setConcurrency(1),
      () => sealed.setMaxDuration(1),
      () => sealed.retry({ attempts: 1 }),
      () => sealed.expects(order),
      () => sealed.compensate(nothing),
      () => sealed.join({ order }, nothing),
      () => sealed.modalityDendrite({} as never),
      () => sealed.dendrite({ collateral: order, response: nothing }),
      () => sealed.bind({}, {}),
      () => sealed.milestone(),
    ];
    for (const change of changes) expect(change).toThrow(SealedNeuronError);
  });
});

describe('neuronFactory', () => {
  it('makes neurons with a name and an axon, or without a name', () => {
    const factory = neuronFactory<number, string>();
    const axon = { paid };
    expect(factory.neuron('n', axon)).toMatchObject({ name: 'n', axon });
    expect(factory.neuron(axon)).toMatchObject({ name: undefined, axon });
  });
});
