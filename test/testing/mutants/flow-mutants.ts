/** Faults that people plant in flows, and what the crash checker has to say of each. */
import { randomUUID } from 'node:crypto';
import type { CrashProblemKind } from 'engram/testing';
import { type Books, late, type Order, type Parts, type Priced } from './shop.js';

export interface FlowMutant {
  readonly name: string;
  readonly kind: CrashProblemKind;
  readonly neuron: string | undefined;
  /** Made anew for every process when it is a matter of what a process remembers. */
  readonly faults: () => Partial<Parts>;
  readonly order?: Partial<Order>;
  readonly contextValues?: Readonly<Record<string, unknown>>;
  readonly isMadeAnew?: true;
  /** It is correct, and dear: told as advice. */
  readonly isAdvice?: true;
}

class Money {
  constructor(readonly amount: number) {}
}

let sold = 0;
let invoices = 0;

/** Somewhere else that can do things a little later. */
const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

export const FLOW_MUTANTS: readonly FlowMutant[] = [
  {
    name: 'a counter is incremented outside the context',
    kind: 'not-repeatable',
    neuron: 'count',
    faults: () => ({ count: () => (sold += 1) }),
  },
  {
    name: 'an invoice takes its number from a variable of the process',
    kind: 'not-repeatable',
    neuron: 'price',
    faults: () => ({ price: ({ items }) => ({ total: items * 7, invoice: (invoices += 1) }) }),
  },
  {
    name: 'a neuron finds what another one has left in a variable of the process',
    kind: 'not-repeatable',
    neuron: 'charge',
    isMadeAnew: true,
    faults: () => {
      const prices = new Map<number, number>();
      return {
        reserve: async (priced, ctx, books) => {
          await books.enter(ctx.activationId, 'reserved');
          prices.set(priced.items, priced.items * 7);
          return priced;
        },
        charge: async (priced, ctx, books) => {
          await books.enter(ctx.activationId, 'charged');
          return { ...priced, total: prices.get(priced.items) };
        },
      };
    },
  },
  {
    name: 'a Date is turned into a string in place',
    kind: 'changed-in-place',
    neuron: 'reserve',
    faults: () => ({
      reserve: (priced) => {
        (priced as { at: unknown }).at = priced.at.toISOString();
        return priced;
      },
    }),
  },
  {
    name: 'a payload that two neurons have is changed by one of them',
    kind: 'changed-in-place',
    neuron: 'mail',
    faults: () => ({
      mail: async (priced: Priced, ctx, books: Books) => {
        (priced as { items: number }).items -= 1;
        await books.enter(ctx.activationId, 'mailed');
      },
    }),
  },
  {
    name: 'a context value is changed without telling',
    kind: 'changed-in-place',
    neuron: 'count',
    contextValues: { count: { orders: 0 } },
    faults: () => ({ count: (_priced, ctx) => ((ctx.get() as { orders: number }).orders += 1) }),
  },
  {
    name: 'a side effect has no idempotency key',
    kind: 'not-idempotent',
    neuron: 'charge',
    faults: () => ({
      charge: (priced, _ctx, books) => {
        books.lines.push({ key: '', did: 'charged' });
        return priced;
      },
    }),
  },
  {
    name: 'an idempotency key is drawn by chance',
    kind: 'not-idempotent',
    neuron: 'charge',
    faults: () => ({
      charge: async (priced, _ctx, books) => {
        await books.enter(randomUUID(), 'charged');
        return priced;
      },
    }),
  },
  {
    name: 'an idempotency key is the time',
    kind: 'not-idempotent',
    neuron: 'mail',
    faults: () => ({ mail: (_priced, _ctx, books) => books.enter(String(Date.now()), 'mailed') }),
  },
  {
    name: 'what undoes has no idempotency key',
    kind: 'not-idempotent',
    neuron: 'reserve',
    order: { strike: true },
    faults: () => ({
      release: (_priced, _ctx, books) => {
        books.lines.push({ key: '', did: 'released' });
      },
    }),
  },
  {
    name: 'a milestone is removed between two costly neurons',
    kind: 'missing-milestone',
    neuron: 'charge',
    isAdvice: true,
    faults: () => ({ chargeIsMilestone: false }),
  },
  {
    name: 'a handler uses Math.random()',
    kind: 'not-repeatable',
    neuron: 'price',
    faults: () => ({ price: ({ items }) => (Math.random() < 0.5 ? items * 7 : items * 6) }),
  },
  {
    name: 'a handler uses Date.now()',
    kind: 'not-repeatable',
    neuron: 'count',
    faults: () => ({ count: () => Date.now() }),
  },
  {
    name: 'a signal is emitted from a timer after the handler ended',
    kind: 'outlives-handler',
    neuron: 'count',
    faults: () => ({
      count: (_priced, ctx) => {
        setTimeout(() => void ctx.stimulation?.signal(late.createSignal(1)).catch(() => undefined), 1);
        return 1;
      },
    }),
  },
  {
    name: 'a handler answers before its own work is done',
    kind: 'outlives-handler',
    neuron: 'count',
    faults: () => ({
      count: (_priced, ctx) => {
        void soon().then(() => ctx.set('too late'));
        return 1;
      },
    }),
  },
  {
    name: 'a payload holds an instance of a class that is not registered',
    kind: 'not-storable',
    neuron: 'price',
    faults: () => ({ price: ({ items }) => new Money(items * 7) }),
  },
  {
    name: 'a context value holds a function',
    kind: 'not-storable',
    neuron: 'count',
    faults: () => ({
      count: (_priced, ctx) => {
        ctx.set(() => 1);
        return 1;
      },
    }),
  },
  {
    name: 'a handler refuses what it has done already',
    kind: 'not-repeatable',
    neuron: 'charge',
    faults: () => ({
      charge: async (priced, ctx, books) => {
        if (books.lines.some(({ key }) => key === ctx.activationId)) throw new Error('charged already');
        await books.enter(ctx.activationId, 'charged');
        return priced;
      },
    }),
  },
];
