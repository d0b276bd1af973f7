/**
 * A store that tells when something of a run has been stored. A decorator: every promise of the contract is that of the
 * store inside.
 */
import { type Envelope, openEnvelope } from '../durability/envelope.js';
import type { OmittedEvents, SettledEvent } from '../durability/events.js';
import type { Store } from '../durability/store.js';
import { CorruptCheckpointError } from '../errors/index.js';

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
      watcher.onSaved(headOf(request.head), settledOf(request.events));
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

/** Without those that were too many to keep. */
const settledOf = (events: readonly string[]): SettledEvent[] => parseEvents(events).settled;

export interface ParsedEvents {
  /** Oldest first. */
  readonly settled: SettledEvent[];
  /** How many were too many to keep. */
  readonly omitted: number;
}

export function parseEvents(texts: readonly string[]): ParsedEvents {
  const settled: SettledEvent[] = [];
  let omitted = 0;
  for (const text of texts) {
    const event = JSON.parse(text) as SettledEvent | OmittedEvents;
    if ('neuron' in event) settled.push(event);
    else omitted += event.omitted;
  }
  return { settled, omitted };
}

/** What has settled and is stored, oldest first; nothing but the damage where it cannot be read. */
export async function readSettled(
  store: Store,
  id: string,
): Promise<ParsedEvents & { readonly damage: readonly string[] }> {
  try {
    return { ...parseEvents(await store.events(id)), damage: [] };
  } catch (error) {
    if (error instanceof CorruptCheckpointError) return { settled: [], omitted: 0, damage: [error.message] };
    throw error;
  }
}
