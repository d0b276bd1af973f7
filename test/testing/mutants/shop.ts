/**
 * A small flow that survives a crash anywhere, and the places where a fault can be planted in it:
 *
 *     order -> price -> reserve* -> charge* -> mail  -> close
 *                                          \-> count /
 */
import { CNS, type Collateral, collateral, neuron, NonRetryableError, withCtx } from 'engram';

export interface Order {
  readonly items: number;
  /** When it was placed. */
  readonly at: Date;
  /** Nobody carries parcels today: what was done is undone. */
  readonly strike?: boolean;
}

export interface Priced extends Order {
  readonly total: unknown;
}

/** What stands outside of the flow: a line for everything that was done, each key once. */
export class Books {
  readonly lines: { readonly key: string; readonly did: string }[] = [];

  /** Resolves when it is done, now or before. */
  async enter(key: string, did: string): Promise<void> {
    await Promise.resolve();
    if (!this.lines.some((line) => line.key === key && line.did === did)) this.lines.push({ key, did });
  }
}

/** What a handler of the shop is given, whichever it is. */
export interface Ctx {
  readonly activationId: string;
  readonly stimulation: { signal(signal: object): Promise<void> } | undefined;
  get(): unknown;
  set(value: unknown): void;
  update(change: (value: unknown) => unknown): void;
}

type Handler<P, R> = (payload: P, ctx: Ctx, books: Books) => R | Promise<R>;

/** What each neuron does. A fault replaces one of them, or takes something away. */
export interface Parts {
  readonly price: Handler<Order, unknown>;
  readonly reserve: Handler<Priced, Priced>;
  readonly release: Handler<Priced, void>;
  readonly charge: Handler<Priced, Priced>;
  readonly mail: Handler<Priced, void>;
  readonly count: Handler<Priced, unknown>;
  readonly chargeIsMilestone: boolean;
}

const SOUND: Parts = {
  price: ({ items }) => items * 7,
  reserve: async (priced, ctx, books) => {
    await books.enter(ctx.activationId, 'reserved');
    return priced;
  },
  release: (_priced, ctx, books) => books.enter(ctx.activationId, 'released'),
  charge: async (priced, ctx, books) => {
    await books.enter(ctx.activationId, 'charged');
    return priced;
  },
  mail: (_priced, ctx, books) => books.enter(ctx.activationId, 'mailed'),
  count: (_priced, ctx) => {
    ctx.update((n) => ((n as number | undefined) ?? 0) + 1);
    return 1;
  },
  chargeIsMilestone: true,
};

export const order: Collateral<Order> = collateral<Order>('order');
export const closed: Collateral<unknown> = collateral<unknown>('closed');
/** For one that is sent from outside of its handler. */
export const late: Collateral<number> = collateral<number>('late');

/** The flow with some parts replaced. */
export function shop(books: Books, faults: Partial<Parts> = {}): CNS {
  const parts = { ...SOUND, ...faults };
  const priced = collateral<Priced>('priced');
  const reserved = collateral<Priced>('reserved');
  const charged = collateral<Priced>('charged');
  const mailed = collateral<number>('mailed');
  const counted = collateral<unknown>('counted');

  const price = withCtx<unknown>()
    .neuron('price', { priced })
    .dendrite({
      collateral: order,
      response: async (placed, axon, ctx) =>
        axon.priced.createSignal({ ...placed, total: await parts.price(placed, ctx, books) }),
    });
  const reserve = neuron('reserve', { reserved })
    .dendrite({
      collateral: priced,
      response: async (one, axon, ctx) => axon.reserved.createSignal(await parts.reserve(one, ctx as Ctx, books)),
    })
    .compensate(async (one, _axon, ctx) => parts.release(one, ctx, books))
    .milestone();
  const charge = neuron('charge', { charged }).dendrite({
    collateral: reserved,
    response: async (one, axon, ctx) => axon.charged.createSignal(await parts.charge(one, ctx as Ctx, books)),
  });
  if (parts.chargeIsMilestone) charge.milestone();
  const mail = neuron('mail', { mailed }).dendrite({
    collateral: charged,
    response: async (one, axon, ctx) => {
      if (one.strike === true) throw new NonRetryableError('nobody carries it');
      await parts.mail(one, ctx, books);
      return axon.mailed.createSignal(one.items);
    },
  });
  const count = withCtx<unknown>()
    .neuron('count', { counted })
    .dendrite({
      collateral: charged,
      response: async (one, axon, ctx) => axon.counted.createSignal(await parts.count(one, ctx, books)),
    });
  const close = neuron('close', { closed })
    .join({ mailed, counted }, (both, axon) => axon.closed.createSignal(both))
    .dendrite({ collateral: late, response: () => undefined });
  return new CNS([price, reserve, charge, mail, count, close], { name: 'shop' });
}
