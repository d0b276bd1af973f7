/** Real stores with a hand on them: what stands underneath is always a whole store, never a pretence of one. */
import type { Owner, Store } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import type { CreateRequest, SaveRequest, StoredCheckpoint } from '../../src/durability/store.js';

/** The same store, with some methods of one's own. */
export const withOverrides = (inner: Store, overrides: Partial<Store>): Store => ({
  name: inner.name,
  capabilities: inner.capabilities,
  create: (request) => inner.create(request),
  acquire: (id, claim) => inner.acquire(id, claim),
  renew: (id, lease, ttl) => inner.renew(id, lease, ttl),
  release: (id, lease) => inner.release(id, lease),
  save: (request) => inner.save(request),
  load: (id, seq) => inner.load(id, seq),
  history: (id) => inner.history(id),
  events: (id) => inner.events(id),
  post: (id, message) => inner.post(id, message),
  inbox: (id) => inner.inbox(id),
  list: (query) => inner.list(query),
  prune: (id, keep) => inner.prune(id, keep),
  delete: (id) => inner.delete(id),
  close: () => inner.close(),
  ...overrides,
});

/** A write that has arrived and waits for a hand. */
export interface HeldWrite {
  readonly seq: number;
  readonly request: CreateRequest | SaveRequest;
  /** Writes it to the store underneath; the caller is not told yet. */
  write(): Promise<void>;
  /** Tells the caller that it is written; writes it first where that was not done. */
  acknowledge(): Promise<void>;
  /** Tells the caller that it failed; nothing is written. */
  refuse(error: unknown): void;
}

export interface HeldStore {
  readonly store: Store;
  /** The next write, when it arrives. */
  next(): Promise<HeldWrite>;
  /** How many writes have arrived and were not asked for with `next`. */
  readonly waiting: number;
  /** From now on every write goes through by itself. */
  open(): void;
}

/** Holds every `create` and `save` until a hand lets it go. */
export function heldStore(inner: Store = memoryStore()): HeldStore {
  const arrived: HeldWrite[] = [];
  const wanted: ((write: HeldWrite) => void)[] = [];
  let isOpen = false;
  const hold = <T>(seq: number, request: CreateRequest | SaveRequest, write: () => Promise<T>): Promise<T> => {
    if (isOpen) return write();
    return new Promise<T>((resolve, reject) => {
      let written: Promise<T> | undefined;
      const held: HeldWrite = {
        seq,
        request,
        write: async () => {
          await (written ??= write());
        },
        acknowledge: async () => resolve(await (written ??= write())),
        refuse: reject,
      };
      const want = wanted.shift();
      if (want === undefined) arrived.push(held);
      else want(held);
    });
  };
  return {
    store: withOverrides(inner, {
      create: (request) => hold(1, request, () => inner.create(request)),
      save: (request) => hold(request.seq, request, () => inner.save(request)),
    }),
    next() {
      const first = arrived.shift();
      return first === undefined ? new Promise((resolve) => wanted.push(resolve)) : Promise.resolve(first);
    },
    get waiting() {
      return arrived.length;
    },
    open() {
      isOpen = true;
      for (const write of arrived.splice(0)) void write.acknowledge();
    },
  };
}

/** Somebody who holds runs and is in no process that could be asked. */
export const stranger = (key = 'stranger'): Owner => ({
  key,
  label: `a test named ${key}`,
  boot: '',
  namespace: '',
  pid: 0,
  started: '',
});

/**
 * A store that holds the run as `from` held it at a checkpoint, and nothing after it: what a crash at that moment
 * leaves behind. Nobody holds the run.
 */
export async function storeAt(from: Store, id: string, seq: number, to: Store = memoryStore()): Promise<Store> {
  const newest = await from.load(id, seq);
  if (newest === undefined) throw new TypeError(`there is no checkpoint ${seq} of ${id}`);
  await plant(to, newest);
  return to;
}

/** Puts a checkpoint into a store as the newest of its run, whatever it says. */
export async function plant(to: Store, { id, seq, head, parts }: StoredCheckpoint, graph = 'flow'): Promise<void> {
  const index = { status: 'running', graph, due: null } as const;
  const claim = { owner: stranger(), ttl: 1000, isDead: () => true };
  const created = await to.create({ id, claim, head, parts, events: [], index });
  const lease = created ?? (await to.acquire(id, claim));
  if (lease === undefined) throw new TypeError(`the store did not take run ${id}`);
  if (seq > 1) {
    const { fence } = lease;
    const rest = { whole: true, events: [], ackInbox: [], index, release: true };
    await to.save({ id, seq, fence, parent: 1, head, parts, ...rest });
  } else await to.release(id, lease);
}
