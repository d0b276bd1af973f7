import { CNS, collateral, neuron, withCtx, withGlobal, type Collateral, type Neuron, type Signal } from 'engram';
import { describe, expectTypeOf, it } from 'vitest';

interface Order {
  readonly id: string;
  readonly items: readonly string[];
}

const order = collateral<Order>('order');
const paid = collateral<number>('paid');
const alike = collateral<number>('alike');
const tick = collateral('tick');
const maybe = collateral<string | undefined>('maybe');

describe('createSignal', () => {
  it('takes the payload of its collateral, and gives a signal of it', () => {
    expectTypeOf(order.createSignal({ id: '1', items: [] })).toExtend<Signal<Order>>();
    // @ts-expect-error -- a property is missing
    order.createSignal({ id: '1' });
    // @ts-expect-error -- a property is of another type
    order.createSignal({ id: 1, items: [] });
    // @ts-expect-error -- nothing is no order
    order.createSignal();
    // @ts-expect-error -- a text is no number
    paid.createSignal('1');
  });

  it('may go without a payload only where the payload may be undefined', () => {
    tick.createSignal();
    maybe.createSignal();
    maybe.createSignal('x');
    // @ts-expect-error -- there is no payload
    tick.createSignal('x');
    expectTypeOf(tick).toEqualTypeOf<Collateral>();
  });
});

describe('a response', () => {
  it('is given the payload of its collateral', () => {
    neuron('n', {}).dendrite({
      collateral: order,
      response: (payload) => void expectTypeOf(payload).toEqualTypeOf<Order>(),
    });
    neuron('n', {}).dendrite({
      collateral: tick,
      response: (payload) => void expectTypeOf(payload).toEqualTypeOf<undefined>(),
    });
  });

  it('of a list of collaterals is given the union of their payloads', () => {
    neuron('n', {}).dendrite({
      collateral: [order, paid, tick],
      response: (payload) => void expectTypeOf(payload).toEqualTypeOf<Order | number | undefined>(),
    });
  });

  it('that asks for another payload is refused', () => {
    // @ts-expect-error -- the payload is an order
    neuron('n', {}).dendrite({ collateral: order, response: (_payload: number) => undefined });
    // @ts-expect-error -- the payload may be an order too
    neuron('n', {}).dendrite({ collateral: [order, paid], response: (_payload: number) => undefined });
  });

  it('may return a signal of the axon, an array of these, nothing, or any of it later', () => {
    const n = neuron('n', { paid, tick });
    n.dendrite({ collateral: order, response: (_o, axon) => axon.paid.createSignal(1) });
    n.dendrite({ collateral: order, response: (_o, axon) => [axon.paid.createSignal(1), axon.tick.createSignal()] });
    n.dendrite({ collateral: order, response: () => undefined });
    n.dendrite({ collateral: order, response: () => null });
    n.dendrite({ collateral: order, response: () => [] });
    n.dendrite({ collateral: order, response: async (_o, axon) => axon.tick.createSignal() });
    n.dendrite({ collateral: order, response: async (_o, axon) => [axon.tick.createSignal()] });
    n.dendrite({ collateral: order, response: async () => undefined });
    n.dendrite({
      collateral: order,
      response: ({ items }, axon) => (items.length ? axon.paid.createSignal(1) : undefined),
    });
  });

  it('that returns a signal of a foreign collateral is refused, even where the payload is the same', () => {
    const n = neuron('n', { paid });
    // @ts-expect-error -- `alike` is not on the axon
    n.dendrite({ collateral: order, response: () => alike.createSignal(1) });
    // @ts-expect-error -- nor later
    n.dendrite({ collateral: order, response: async () => alike.createSignal(1) });
    // @ts-expect-error -- nor among others
    n.dendrite({ collateral: order, response: (_o, axon) => [axon.paid.createSignal(1), alike.createSignal(1)] });
    // @ts-expect-error -- nor is there such a key
    n.dendrite({ collateral: order, response: (_o, axon) => axon.alike.createSignal(1) });
  });

  it('that gives the axon a wrong payload is refused', () => {
    // @ts-expect-error -- paid takes a number
    neuron('n', { paid }).dendrite({ collateral: order, response: (_o, axon) => axon.paid.createSignal('1') });
  });

  it('of a neuron without an axon may return nothing only', () => {
    neuron('n', {}).dendrite({ collateral: order, response: () => undefined });
    neuron('n', {}).dendrite({ collateral: order, response: async () => {} });
    // @ts-expect-error -- it has no axon
    neuron('n', {}).dendrite({ collateral: order, response: () => paid.createSignal(1) });
    // @ts-expect-error -- a number is no signal
    neuron('n', { paid }).dendrite({ collateral: order, response: () => 5 });
  });
});

describe('bind', () => {
  const source = neuron('source', { order, paid });

  it('takes a response for every collateral, each with the payload of its own', () => {
    neuron('n', {}).bind(source.axon, {
      order: (payload) => void expectTypeOf(payload).toEqualTypeOf<Order>(),
      paid: { response: (payload) => void expectTypeOf(payload).toEqualTypeOf<number>() },
    });
  });

  it('refuses a binding that is forgotten, one too many, and one of another payload', () => {
    // @ts-expect-error -- `paid` is forgotten
    neuron('n', {}).bind(source.axon, { order: () => undefined });
    // @ts-expect-error -- there is no `tick`
    neuron('n', {}).bind(source.axon, { order: () => undefined, paid: () => undefined, tick: () => undefined });
    // @ts-expect-error -- paid is a number
    neuron('n', {}).bind(source.axon, { order: () => undefined, paid: (_n: string) => undefined });
  });
});

describe('withCtx', () => {
  it('types what the context holds', () => {
    withCtx<{ count: number }>()
      .neuron('n', {})
      .dendrite({
        collateral: order,
        response: (_o, _axon, ctx) => {
          expectTypeOf(ctx.get()).toEqualTypeOf<{ count: number } | undefined>();
          ctx.set({ count: 1 });
          ctx.update((value) => {
            expectTypeOf(value).toEqualTypeOf<{ count: number } | undefined>();
            return { count: (value?.count ?? 0) + 1 };
          });
          expectTypeOf(ctx.activationId).toBeString();
          // @ts-expect-error -- a count is a number
          ctx.set({ count: '1' });
          // @ts-expect-error -- so is an updated one
          ctx.update(() => ({ count: '1' }));
        },
      });
  });

  it('types what getContext gives for the neuron, and nothing for its name', () => {
    const counts = withCtx<number>().neuron('counts', {});
    const values = new CNS([counts]).stimulate([]).getContext();
    expectTypeOf(values.get(counts)).toEqualTypeOf<number | undefined>();
    expectTypeOf(values.get('counts')).toBeUnknown();
    expectTypeOf(values.getAll()).toEqualTypeOf<Record<string, unknown>>();
  });
});

describe('withGlobal', () => {
  interface Services {
    readonly db: string;
  }
  const uses = withGlobal<Services>()
    .withCtx<number>()
    .neuron('uses', {})
    .dendrite({
      collateral: order,
      response: (_o, _axon, { global }) => void expectTypeOf(global).toEqualTypeOf<Services>(),
    });
  const plain = neuron('plain', {});

  it('makes a CNS ask for a global that fits', () => {
    new CNS([uses, plain], {}, { db: 'x' });
    // @ts-expect-error -- it is forgotten
    new CNS([uses, plain], {});
    // @ts-expect-error -- it does not fit
    new CNS([uses, plain], {}, { db: 1 });
  });

  it('is not asked for where no neuron needs it', () => {
    new CNS([plain]);
    new CNS([plain], {});
  });

  it('goes with withCtx in either order', () => {
    const other = withCtx<number>().withGlobal<Services>().neuron('other', { paid });
    expectTypeOf(other).toEqualTypeOf<Neuron<{ paid: typeof paid }, number, Services, never>>();
  });
});
