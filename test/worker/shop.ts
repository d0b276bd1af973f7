/** A flow for the tests of workers: an order that is checked, approved by a person, and paid. Each test has a queue of its own. */
import { CNS, collateral, expect, neuron, withCtx, type CNSOptions, type Store } from 'engram';
import { createClient, createWorker, type FlowClient, type FlowWorker, type WorkerOptions } from 'engram/worker';
import { redisStore } from 'engram/adapters/redis';
import { inject } from 'vitest';
import { z } from 'zod';

export interface Order {
  readonly order: string;
  readonly amount: number;
}

const order = z.object({ order: z.string(), amount: z.number() });
export const placed = collateral<Order>('placed', { schema: order });
export const approved = collateral('approved', { schema: z.object({ by: z.string() }) });
export const paid = collateral<{ readonly order: string; readonly by: string }>('paid');
const checked = collateral<Order>('checked');

/** What handlers do, and how long people may take: a test decides. */
export interface Shop {
  check?: (order: Order, ctx: { readonly abortSignal: AbortSignal; readonly attempt: number }) => unknown;
  pay?: (order: Order, by: string) => unknown;
  within?: number;
}

/** A flow with a store of its own, as `createWorker` asks for it. */
export const shopOf =
  (name: string, { check, pay, within }: Shop = {}, options: CNSOptions = {}) =>
  ({ store }: { readonly store: Store }): CNS => {
    const checks = neuron('checks', { checked })
      .dendrite({
        collateral: placed,
        response: async (given, axon, ctx) => {
          await check?.(given, ctx);
          return axon.checked.createSignal(given);
        },
      })
      .milestone();
    const approves = withCtx<Order>()
      .neuron('approves', { paid })
      .dendrite({
        collateral: checked,
        response: async (given, axon, ctx) => {
          if (given.amount > 100) {
            ctx.set(given);
            return expect(approved, within === undefined ? {} : { within });
          }
          await pay?.(given, 'nobody');
          return axon.paid.createSignal({ order: given.order, by: 'nobody' });
        },
      })
      .expects(approved)
      .dendrite({
        collateral: approved,
        response: async ({ by }, axon, ctx) => {
          const given = ctx.get() as Order;
          await pay?.(given, by);
          return axon.paid.createSignal({ order: given.order, by });
        },
      });
    return new CNS([checks, approves], { name, store, logger: SILENT, ...options });
  };

export const SILENT = { warn: () => undefined, error: () => undefined };

let queues = 0;

/** A queue that nobody else uses, on the server that all tests share; all of it ends with `close`. */
export class Bench {
  readonly url = inject('redisUrl');
  readonly name = `shop-${process.pid}-${Date.now()}-${(queues += 1)}`;
  readonly connection = { url: this.url };
  /** Runs are known by their ids to all who share a store. */
  readonly store = redisStore({ url: this.url, prefix: `${this.name}:` });
  readonly #open: { close(): Promise<unknown> }[] = [];

  client(): FlowClient {
    const { name, connection, store } = this;
    const collaterals = [placed, approved, paid];
    return this.keep(createClient({ name, collaterals, connection, store, logger: SILENT }));
  }

  /** Resolves when it takes runs. */
  async worker(shop: Shop = {}, options: Partial<WorkerOptions> = {}, flow: CNSOptions = {}): Promise<FlowWorker> {
    const cns = shopOf(this.name, shop, flow);
    const { connection, store } = this;
    const worker = this.keep(createWorker({ cns, connection, store, logger: SILENT, ...options }));
    await worker.waitUntilReady();
    return worker;
  }

  keep<T extends { close(): Promise<unknown> }>(one: T): T {
    this.#open.push(one);
    return one;
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.splice(0).map((one) => one.close()));
    await this.store.close();
  }
}

/** The next time that a worker tells of this, of any run or of one. */
export const told = <K extends 'taken' | 'completed' | 'failed' | 'waiting' | 'refused' | 'progress'>(
  worker: FlowWorker,
  event: K,
  id?: string,
): Promise<{ readonly id: string }> =>
  new Promise((resolve) => {
    const listen = (run: { readonly id: string }): void => {
      if (id !== undefined && run.id !== id) return;
      worker.off(event, listen as never);
      resolve(run);
    };
    worker.on(event, listen as never);
  });
