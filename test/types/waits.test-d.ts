import { collateral, expect, neuron, type Duration, type Expectation, type Signal } from 'engram';
import { describe, expectTypeOf, it } from 'vitest';

const order = collateral<number>('order');
const approved = collateral<{ by: string }>('approved');
const paid = collateral<number>('paid');
const alike = collateral<number>('alike');
const tick = collateral('tick');

describe('a duration', () => {
  it('is a number, or an amount with one of the units', () => {
    const all: Duration[] = [0, 250, '250ms', '10s', '10m', '1.5h', '7d', '1w'];
    expectTypeOf(all).toExtend<(string | number)[]>();
    // @ts-expect-error -- there is no such unit
    '10min' satisfies Duration;
    // @ts-expect-error -- an amount without a unit
    '10' satisfies Duration;
    // @ts-expect-error -- a unit without an amount
    's' satisfies Duration;
    // @ts-expect-error -- neither
    true satisfies Duration;
  });
});

describe('createSignal', () => {
  it('takes a delay after the payload, and after undefined where the payload may be left out', () => {
    expectTypeOf(order.createSignal(1, { delay: '10m' })).toExtend<Signal<number>>();
    expectTypeOf(order.createSignal(1).delay).toEqualTypeOf<number | undefined>();
    tick.createSignal(undefined, { delay: 5 });
    // @ts-expect-error -- no duration
    order.createSignal(1, { delay: 'soon' });
    // @ts-expect-error -- there is no such option
    order.createSignal(1, { dealy: 5 });
    // @ts-expect-error -- the options are no payload
    order.createSignal({ delay: 5 });
    // @ts-expect-error -- a delay alone is no record
    order.createSignal(1, 5);
    // @ts-expect-error -- the payload is undefined
    tick.createSignal({ delay: 5 });
  });

  it('does so on the axon as well', () => {
    neuron('n', { paid, tick }).dendrite({
      collateral: order,
      response: (_o, axon) => [
        axon.paid.createSignal(1, { delay: '1h' }),
        axon.tick.createSignal(undefined, { delay: 1 }),
      ],
    });
    neuron('n', { paid }).dendrite({
      collateral: order,
      // @ts-expect-error -- no duration
      response: (_o, axon) => axon.paid.createSignal(1, { delay: '1 hour' }),
    });
  });
});

describe('expect', () => {
  it('takes a collateral, and how long', () => {
    expectTypeOf(expect(approved)).toExtend<Expectation<never>>();
    expectTypeOf(expect(approved, { within: '7d' }).within).toEqualTypeOf<number | undefined>();
    // @ts-expect-error -- a signal is no collateral
    expect(order.createSignal(1));
    // @ts-expect-error -- no duration
    expect(approved, { within: 'a week' });
    // @ts-expect-error -- there is no such option
    expect(approved, { timeout: 5 });
    // @ts-expect-error -- a collateral is no signal
    expect(approved, { otherwise: paid });
  });

  it('may be returned alone, among signals, and later; also by a neuron without an axon', () => {
    const n = neuron('n', { paid, tick }).expects(approved);
    n.dendrite({ collateral: order, response: () => expect(approved) });
    n.dendrite({ collateral: order, response: () => [expect(approved), expect(approved, { within: 1 })] });
    n.dendrite({ collateral: order, response: (_o, axon) => [axon.paid.createSignal(1), expect(approved)] });
    n.dendrite({ collateral: order, response: async () => expect(approved) });
    n.dendrite({ collateral: order, response: async (_o, axon) => [axon.tick.createSignal(), expect(approved)] });
    neuron('n', {})
      .expects(approved)
      .dendrite({ collateral: order, response: () => expect(approved) });
  });

  it('sends otherwise what was made through the axon, and nothing else', () => {
    const n = neuron('n', { paid, tick }).expects(approved);
    n.dendrite({
      collateral: order,
      response: (_o, axon) => expect(approved, { within: '7d', otherwise: axon.paid.createSignal(0) }),
    });
    n.dendrite({
      collateral: order,
      response: async (_o, axon) => [
        axon.tick.createSignal(),
        expect(approved, { within: '7d', otherwise: axon.tick.createSignal() }),
      ],
    });
    n.dendrite({
      collateral: order,
      // @ts-expect-error -- `alike` is not on the axon
      response: () => expect(approved, { within: '7d', otherwise: alike.createSignal(0) }),
    });
    n.dendrite({
      collateral: order,
      // @ts-expect-error -- nor is it among others
      response: (_o, axon) => [axon.tick.createSignal(), expect(approved, { otherwise: alike.createSignal(0) })],
    });
    neuron('n', {}).dendrite({
      collateral: order,
      // @ts-expect-error -- it has no axon
      response: () => expect(approved, { within: '7d', otherwise: paid.createSignal(0) }),
    });
  });

  it('is no signal: a run is not started with one', () => {
    // @ts-expect-error -- it has no payload
    expect(approved) satisfies Signal;
  });
});

describe('expects', () => {
  it('takes a collateral or several', () => {
    neuron('n', {}).expects(approved).expects([order, tick]);
    // @ts-expect-error -- a name is no collateral
    neuron('n', {}).expects('approved');
    // @ts-expect-error -- an expectation is none either
    neuron('n', {}).expects(expect(approved).within);
  });
});
