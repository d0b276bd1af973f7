/** A flow module as text: behind a milestone that is always stored, it goes wrong as its payload says. */
export const ORDERS = `
import { CNS, collateral, expect, neuron } from 'engram';
import { z } from 'zod';

const order = z.object({
  kind: z.enum(['fine', 'throws', 'throws twice', 'foreign', 'no signal', 'undeclared', 'function', 'waits', 'hangs',
    'uncaught']),
});
type Order = z.infer<typeof order>;

const ordered = collateral<Order>('ordered', { schema: order });
const paid = collateral<Order>('paid');
const shipped = collateral<string>('shipped');
const elsewhere = collateral('elsewhere');

const pay = neuron('pay', { paid })
  .milestone()
  .dendrite({ collateral: ordered, response: async (given, axon) => axon.paid.createSignal(given) });

const refuse = (where: string): never => {
  throw new Error('no ship\\nin ' + where);
};
const ship = neuron('ship', { shipped }).dendrite({
  collateral: paid,
  response: ({ kind }, axon, ctx): any => {
    console.log('shipping');
    switch (kind) {
      case 'foreign':
        return elsewhere.createSignal();
      case 'no signal':
        return 5;
      case 'undeclared':
        return expect(elsewhere);
      case 'function':
        ctx.set((() => 1) as never);
        return undefined;
      case 'throws':
      case 'throws twice':
        return refuse('port');
      case 'waits':
        return new Promise((resolve) => setTimeout(resolve, 60_000));
      case 'hangs':
        return new Promise(() => undefined);
      case 'uncaught':
        setTimeout(() => refuse('nobody knows'), 1);
        return new Promise((resolve) => setTimeout(resolve, 60_000));
      default:
        return axon.shipped.createSignal('an order that is ' + kind);
    }
  },
});
const audit = neuron('audit', {}).dendrite({
  collateral: paid,
  response: ({ kind }) => (kind === 'throws twice' ? refuse('the books') : undefined),
});
const look = neuron('look', {}).dendrite({ collateral: shipped, response: () => undefined });

export const createCns = (host: object) => new CNS([pay, ship, audit, look], { name: 'orders', ...host });
export const entry = { start: ordered };
`;

export const payloadOf = (kind: string): string => JSON.stringify({ kind });
