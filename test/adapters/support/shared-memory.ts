/** The memory store behind several doors, each opened and closed by itself: as many processes see one database. */
import { writeForEver, type Store, type StoreCapabilities, type Subject } from 'engram/adapters/conformance';
import { memoryStore } from 'engram/adapters/memory';
import type { Clock } from '../../../src/clock/clock.js';
import { StoreClosedError } from '../../../src/errors/index.js';
import { withOverrides } from '../../support/stores.js';

type Method = Exclude<keyof Store, 'name' | 'capabilities' | 'close'>;
const METHODS: readonly Method[] = [
  ...(['create', 'acquire', 'renew', 'release', 'save', 'load', 'history', 'events'] as const),
  ...(['post', 'inbox', 'list', 'prune', 'delete'] as const),
];
const READS = new Set<Method>(['load', 'history', 'events', 'inbox', 'list']);

/** What a spoiled store has to spoil with. */
export interface Base {
  readonly clock: Clock;
  /** What a spoiled store remembers, across its doors. */
  readonly notes: Map<string, unknown>;
}

/** What is changed of a store; it is given the store as it was. */
export type Spoil = (store: Store, base: Base) => Partial<Store>;

export const CAPABILITIES: StoreCapabilities = {
  ...{ survives: 'process', shared: true, history: true, events: true, inbox: true, sealsInbox: true, list: true },
};

/** @param torn how many of the last writes a torn write takes with it */
export function sharedMemory(clock: Clock, spoil: Spoil = () => ({}), torn = 1): Subject {
  const base: Base = { clock, notes: new Map() };
  const made = { store: memoryStore({ clock }) };
  const writes: [Method, unknown[]][] = [];
  const call = (method: Method, args: unknown[]): Promise<unknown> => {
    // a copy, since the memory store copies only when it is asked
    if (!READS.has(method)) writes.push([method, args.map(copyOf)]);
    return (made.store[method] as (...args: unknown[]) => Promise<unknown>)(...args);
  };
  const open = (): Store => {
    const store = doorTo(call);
    return withOverrides(store, spoil(store, base));
  };
  return {
    store: open(),
    again: open,
    kill: async (heard) => {
      const life = { isOver: false };
      const never = new Promise<never>(() => undefined);
      const mortal = doorTo((method, args) => (life.isOver ? never : call(method, args)));
      await new Promise<void>((resolve, reject) => {
        writeForEver(withOverrides(mortal, spoil(mortal, base)), (note) => {
          if (life.isOver || !heard(note)) return;
          life.isOver = true;
          resolve();
        }).catch(reject);
      });
    },
    tear: async () => {
      made.store = memoryStore({ clock });
      for (const [method, args] of writes.slice(0, writes.length - torn))
        await call(method, args).catch(() => undefined);
    },
  };
}

function doorTo(call: (method: Method, args: unknown[]) => Promise<unknown>): Store {
  const pending = new Set<Promise<unknown>>();
  let isClosed = false;
  const through =
    (method: Method) =>
    async (...args: unknown[]) => {
      if (isClosed) throw new StoreClosedError('the shared memory');
      const answer = call(method, args);
      pending.add(answer);
      try {
        return await answer;
      } finally {
        pending.delete(answer);
      }
    };
  const close = async (): Promise<void> => {
    isClosed = true;
    await Promise.allSettled([...pending]);
  };
  const methods = Object.fromEntries(METHODS.map((method) => [method, through(method)]));
  return { name: 'shared memory', capabilities: CAPABILITIES, ...methods, close } as Store;
}

const copyOf = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !('isDead' in value || 'claim' in value)
    ? structuredClone(value)
    : value;
