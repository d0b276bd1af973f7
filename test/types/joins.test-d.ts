import { collateral, neuron, withCtx } from 'engram';
import { describe, expectTypeOf, it } from 'vitest';

interface Order {
  readonly id: string;
}
const order = collateral<Order>('order');
const paid = collateral<number>('paid');
const tick = collateral('tick');
const alike = collateral<number>('alike');

describe('join', () => {
  it('gives the response one payload of each slot, and what every response is given', () => {
    withCtx<string>()
      .neuron('n', { paid })
      .join({ order, amount: paid, tick }, (payload, axon, ctx) => {
        expectTypeOf(payload).toEqualTypeOf<{
          readonly order: Order;
          readonly amount: number;
          readonly tick: undefined;
        }>();
        expectTypeOf(ctx.get()).toEqualTypeOf<string | undefined>();
        return axon.paid.createSignal(payload.amount);
      });
  });

  it('takes a key of any payload of the join and the name of its slot', () => {
    neuron('n', {}).join({ order, amount: paid }, ({ amount }) => void expectTypeOf(amount).toEqualTypeOf<number>(), {
      key: (payload, slot) => {
        expectTypeOf(payload).toEqualTypeOf<Order | number>();
        expectTypeOf(slot).toEqualTypeOf<'order' | 'amount'>();
        return typeof payload === 'number' ? payload : payload.id;
      },
    });
  });

  it('gives arrays where it has a size', () => {
    neuron('n', {}).join(
      { order, amount: paid },
      (payload) => void expectTypeOf(payload).toEqualTypeOf<{ readonly order: Order[]; readonly amount: number[] }>(),
      {
        size: (payload, slot) => {
          expectTypeOf(payload).toEqualTypeOf<Order | number>();
          expectTypeOf(slot).toEqualTypeOf<'order' | 'amount'>();
          return 3;
        },
      },
    );
    neuron('n', {}).join({ all: paid }, ({ all }) => void expectTypeOf(all).toEqualTypeOf<number[]>(), {
      key: () => 'k',
      size: () => 3,
    });
  });

  it('refuses a response of other payloads, or of arrays without a size and the other way round', () => {
    const n = neuron('n', {});
    // @ts-expect-error -- a slot that there is not
    n.join({ order }, ({ other }) => void other);
    // @ts-expect-error -- another payload
    n.join({ order }, ({ order: one }: { order: number }) => void one);
    // @ts-expect-error -- arrays, without a size
    n.join({ order }, ({ order: all }: { order: Order[] }) => void all);
    // @ts-expect-error -- one, with a size
    n.join({ order }, ({ order: one }: { order: Order }) => void one, { size: () => 2 });
  });

  it('refuses what is no record of collaterals, a wrong key or size, and options that there are not', () => {
    const n = neuron('n', {});
    // @ts-expect-error -- one collateral is no record of them
    n.join(order, () => undefined);
    // @ts-expect-error -- a name is no collateral
    n.join({ order: 'order' }, () => undefined);
    // @ts-expect-error -- a key is a text or a number
    n.join({ order }, () => undefined, { key: () => true });
    // @ts-expect-error -- given at once
    n.join({ order }, () => undefined, { key: async () => 'k' });
    // @ts-expect-error -- a size is a number
    n.join({ order }, () => undefined, { size: () => '2' });
    // @ts-expect-error -- there is no such option
    n.join({ order }, () => undefined, { keys: () => 'k' });
  });

  it('refuses a foreign signal', () => {
    // @ts-expect-error -- `alike` is not on the axon
    neuron('n', { paid }).join({ order }, () => alike.createSignal(1));
    // @ts-expect-error -- nor with a size
    neuron('n', { paid }).join({ order }, () => alike.createSignal(1), { size: () => 1 });
  });
});

describe('compensate', () => {
  it('is given a payload of any dendrite that was declared before it', () => {
    neuron('n', {})
      .dendrite({ collateral: [order, tick], response: () => undefined })
      .bind({ paid }, { paid: () => undefined })
      .compensate((payload) => void expectTypeOf(payload).toEqualTypeOf<Order | number | undefined>());
    neuron('n', {})
      .join({ order, paid }, () => undefined)
      .compensate(
        (payload) => void expectTypeOf(payload).toEqualTypeOf<{ readonly order: Order; readonly paid: number }>(),
      );
    neuron('n', {})
      .join({ paid }, () => undefined, { size: () => 2 })
      .milestone()
      .setConcurrency(1)
      .compensate((payload) => void expectTypeOf(payload).toEqualTypeOf<{ readonly paid: number[] }>());
  });

  it('is given what is unknown where nothing was declared before it', () => {
    neuron('n', {}).compensate((payload) => void expectTypeOf(payload).toBeUnknown());
    const n = neuron('n', {});
    n.dendrite({ collateral: order, response: () => undefined });
    n.compensate((payload) => void expectTypeOf(payload).toBeUnknown());
  });

  it('is given the context, and returns nothing, at once or later', () => {
    const n = withCtx<number>().neuron('n', { paid });
    n.compensate((_payload, _axon, ctx) => {
      expectTypeOf(ctx.undoes).toEqualTypeOf<string | undefined>();
      expectTypeOf(ctx.get()).toEqualTypeOf<number | undefined>();
    });
    n.compensate(async () => {});
    // @ts-expect-error -- it emits nothing
    n.compensate((_payload, axon) => axon.paid.createSignal(1));
    // @ts-expect-error -- nor later
    n.compensate(async (_payload, axon) => axon.paid.createSignal(1));
    const ordered = neuron('n', {}).dendrite({ collateral: order, response: () => undefined });
    // @ts-expect-error -- the payload is an order
    ordered.compensate((_n: number) => undefined);
  });
});
