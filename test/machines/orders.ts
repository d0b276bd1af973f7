/** A small flow for the tests of both machines: pay (a milestone), then ship and stock side by side, then mail. */
import { CNS, collateral, neuron } from 'engram';

export interface Orders {
  readonly cns: CNS;
  /** `<neuron> <activation id>`, in the order in which handlers were called. */
  readonly calls: string[];
  /** Answers what `ship` was asked, oldest first. */
  readonly shipping: (() => void)[];
}

export function createOrders(): Orders {
  const calls: string[] = [];
  const shipping: (() => void)[] = [];
  const order = collateral<number>('order');
  const paid = collateral<number>('paid');
  const shipped = collateral<number>('shipped');
  const reserved = collateral<number>('reserved');
  const mailed = collateral<string>('mailed');
  const pay = neuron('pay', { paid })
    .dendrite({
      collateral: order,
      response: (id, axon, { activationId }) => {
        calls.push(`pay ${activationId}`);
        return axon.paid.createSignal(id);
      },
    })
    .milestone();
  const ship = neuron('ship', { shipped }).dendrite({
    collateral: paid,
    response: (id, axon, { activationId }) => {
      calls.push(`ship ${activationId}`);
      return new Promise((resolve) => shipping.push(() => resolve(axon.shipped.createSignal(id))));
    },
  });
  const stock = neuron('stock', { reserved }).dendrite({
    collateral: paid,
    response: (id, axon, { activationId }) => {
      calls.push(`stock ${activationId}`);
      return axon.reserved.createSignal(id);
    },
  });
  const mail = neuron('mail', { mailed }).dendrite({
    collateral: [shipped, reserved],
    response: (id, axon, { activationId, update }) => {
      calls.push(`mail ${activationId}`);
      update((sent) => (typeof sent === 'number' ? sent : 0) + 1);
      return axon.mailed.createSignal(`order ${id}`);
    },
  });
  return { cns: new CNS([pay, ship, stock, mail], { name: 'orders' }), calls, shipping };
}

export const input = { id: 'run', signals: [{ collateral: 'order', payload: 7 }], output: 'mailed', hold: true };

/** The names of the neurons that were called. */
export const names = (calls: readonly string[]): string[] => calls.map((call) => call.split(' ')[0] ?? '');

/** What an event loop does between two things from outside. */
export const settled = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
