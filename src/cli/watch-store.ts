/**
 * A store that tells when something of a run has been stored. A decorator: every promise of the contract is that of the
 * store inside.
 */
import { type Envelope, openEnvelope } from '../durability/envelope.js';
import { parseEvents, type SettledEvent } from '../durability/events.js';
import type { Store } from '../durability/store.js';

/** Called when the store has acknowledged. */
export interface StoreWatcher {
  readonly onCreated: (head: Envelope) => void;
  /** A stored run was taken, and this is where it stands. */
  readonly onTaken: (head: Envelope) => void;
  readonly onSaved: (head: Envelope, settled: readonly SettledEvent[]) => void;
}

export function watchStore(store: Store, watcher: StoreWatcher): Store {
  const headOf = (text: string) => openEnvelope(text, `a checkpoint in ${store.name}`);
  /** Who has asked for it finds out what is wrong with it. */
  const readableHead = (text: string): Envelope | undefined => {
    try {
      return headOf(text);
    } catch {
      return undefined;
    }
  };
  const taken = new Set<string>();
  return {
    name: store.name,
    capabilities: store.capabilities,
    create: async (request) => {
      const lease = await store.create(request);
      if (lease !== undefined) watcher.onCreated(headOf(request.head));
      return lease;
    },
    acquire: async (id, claim) => {
      const lease = await store.acquire(id, claim);
      if (lease !== undefined) taken.add(id);
      return lease;
    },
    load: async (id, seq) => {
      const checkpoint = await store.load(id, seq);
      if (checkpoint !== undefined && taken.has(id)) {
        const head = readableHead(checkpoint.head);
        if (head !== undefined) {
          taken.delete(id);
          watcher.onTaken(head);
        }
      }
      return checkpoint;
    },
    save: async (request) => {
      await store.save(request);
      watcher.onSaved(headOf(request.head), parseEvents(request.events).settled);
    },
    renew: (id, lease, ttl) => store.renew(id, lease, ttl),
    release: (id, lease) => store.release(id, lease),
    history: (id) => store.history(id),
    events: (id) => store.events(id),
    post: (id, message) => store.post(id, message),
    inbox: (id) => store.inbox(id),
    list: (query) => store.list(query),
    prune: (id, keep) => store.prune(id, keep),
    delete: (id) => store.delete(id),
    close: () => store.close(),
  };
}
