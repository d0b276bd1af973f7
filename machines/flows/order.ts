/**
 * An order that a shop takes, and takes back when a later step of it fails:
 *
 *     placeOrder -> accept -> reserve -> approve -> charge -> ship
 *                                           |
 *                                           +-> expire
 *
 * Above a limit `approve` waits for a person: `engram signal order.ts <id> approved --payload '{"by":"…"}'`. What is done
 * stands in the ledger of the shop, once, however often the process died: the key of each line is the id of the
 * activation that did it.
 */
import {
  CNS,
  collateral,
  expect,
  neuron,
  NonRetryableError,
  withCtx,
  withGlobal,
  type Clock,
  type CNSOptions,
  type Store,
} from 'engram';
import { CardDeclinedError } from './order/card-declined.js';
import { enter, ledgerInFile, type Ledger } from './order/ledger.js';
import { approval, orderOf, orderRequest, type Order, type OrderRequest } from './order/request.js';

export const placeOrder = collateral<OrderRequest>('placeOrder', { schema: orderRequest });
export const approved = collateral('approved', { schema: approval });
export const shipped = collateral<{ readonly order: string }>('shipped');

const accepted = collateral<Order>('accepted');
const reserved = collateral<Order>('reserved');
const cleared = collateral<Order>('cleared');
const expired = collateral<Order>('expired');
const charged = collateral<Order>('charged');

const shop = withGlobal<Ledger>();

const accept = neuron('accept', { accepted }).dendrite({
  collateral: placeOrder,
  response: (request, axon) => axon.accepted.createSignal(orderOf(request)),
});

const reserve = shop
  .neuron('reserve', { reserved })
  .dendrite({
    collateral: accepted,
    response: async (order, axon, ctx) => {
      await enter(order, ctx, 'reserved');
      return axon.reserved.createSignal(order);
    },
  })
  .compensate((order, _axon, ctx) => enter(order, ctx, 'released'))
  .milestone();

const approve = withCtx<Order>()
  .neuron('approve', { cleared, expired })
  .dendrite({
    collateral: reserved,
    response: (order, axon, ctx) => {
      if (order.amount <= order.limit) return axon.cleared.createSignal(order);
      ctx.set(order);
      return expect(approved, { within: order.within, otherwise: axon.expired.createSignal(order) });
    },
  })
  .expects(approved)
  .dendrite({
    collateral: approved,
    response: ({ by }, axon, ctx) => axon.cleared.createSignal({ ...(ctx.get() as Order), approvedBy: by }),
  });

const expire = neuron('expire', {}).dendrite({
  collateral: expired,
  response: ({ order, within }) => {
    throw new NonRetryableError(`nobody has approved order ${order} within ${within}`);
  },
});

const charge = shop
  .neuron('charge', { charged })
  .dendrite({
    collateral: cleared,
    response: async (order, axon, ctx) => {
      if (ctx.attempt <= order.declines) throw new CardDeclinedError(order.order);
      await enter(order, ctx, 'charged');
      return axon.charged.createSignal(order);
    },
  })
  .retry({ attempts: 4, backoff: 'exponential', initial: '200ms' })
  .setMaxDuration('30s')
  .compensate((order, _axon, ctx) => enter(order, ctx, 'refunded'))
  .milestone();

const ship = shop.neuron('ship', { shipped }).dendrite({
  collateral: charged,
  response: async (order, axon, ctx) => {
    if (order.strike) throw new NonRetryableError(`nobody carries order ${order.order}`);
    await enter(order, ctx, 'shipped');
    return axon.shipped.createSignal({ order: order.order });
  },
});

/** Without a store an order lives in memory. What is done is entered into a file, unless told where else. */
export function createCns({ ledger = ledgerInFile, ...host }: Host = {}) {
  return new CNS([accept, reserve, approve, expire, charge, ship], { name: 'order', version: '1', ...host }, ledger);
}

interface Host {
  readonly store?: Store;
  readonly clock?: Clock;
  readonly ledger?: Ledger;
  readonly inspect?: NonNullable<CNSOptions['inspect']>;
}

export const entry = { placeOrder };
