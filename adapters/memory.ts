/**
 * The store that keeps runs in the memory of this process: for tests, and for flows that need not survive it.
 *
 * It holds texts and copies of them, never a reference that the caller could change. It is as strict about leases,
 * fences and order as the stores that outlive the process, so that what passes on it passes on them.
 */
import {
  type Claim,
  type CreateRequest,
  hasEnded,
  type InboxMessage,
  type Lease,
  type ListQuery,
  type PartChanges,
  type RunIndex,
  type RunPage,
  type RunSummary,
  type SaveRequest,
  type Store,
  type StoreCapabilities,
  type StoredCheckpoint,
} from '../src/durability/store.js';
import { systemClock, type Clock } from '../src/clock/clock.js';
import {
  AlreadyOwnedError,
  InvalidArgumentError,
  LostCheckpointError,
  RunEndedError,
  StaleCheckpointError,
  StaleOwnerError,
  StoreClosedError,
  UnknownRunError,
  UnreadMessagesError,
} from '../src/errors/index.js';

interface Checkpoint {
  readonly seq: number;
  readonly head: string;
  readonly parts: PartChanges;
  readonly whole: boolean;
}

interface Run {
  fence: number;
  lease: Lease | null;
  index: RunIndex;
  /** Oldest first; the first one is whole. */
  checkpoints: [Checkpoint, ...Checkpoint[]];
  readonly events: string[];
  readonly inbox: Map<string, string>;
  readonly acknowledged: Set<string>;
}

/** A store of this process alone. Two of them share nothing. */
export function memoryStore(options: { readonly clock?: Clock } = {}): Store {
  return new MemoryStore(options.clock ?? systemClock);
}

class MemoryStore implements Store {
  readonly name = 'memory';
  readonly capabilities: StoreCapabilities = {
    survives: 'nothing',
    shared: false,
    history: true,
    events: true,
    inbox: true,
    sealsInbox: true,
    list: true,
  };
  readonly #clock: Clock;
  readonly #runs = new Map<string, Run>();
  /** One counter for all runs, so that the fence of a deleted run is not given out again. */
  #fence = 0;
  #closed = false;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  async create(request: CreateRequest): Promise<Lease | undefined> {
    this.#open();
    if (request.id === '') throw new InvalidArgumentError('the id of a run is empty', { hint: 'give it an id' });
    if (this.#runs.has(request.id)) return undefined;
    const lease = this.#lease(request.claim);
    this.#runs.set(request.id, {
      fence: lease.fence,
      lease,
      index: { ...request.index },
      checkpoints: [{ seq: 1, head: request.head, parts: new Map(request.parts), whole: true }],
      events: [...request.events],
      inbox: new Map(),
      acknowledged: new Set(),
    });
    return lease;
  }

  async acquire(id: string, claim: Claim): Promise<Lease | undefined> {
    this.#open();
    const run = this.#runs.get(id);
    if (run === undefined) return undefined;
    const held = run.lease;
    if (
      held !== null &&
      held.owner.key !== claim.owner.key &&
      held.until > this.#clock.now() &&
      !claim.isDead(held.owner)
    ) {
      throw new AlreadyOwnedError(id, held.owner.label, held.until);
    }
    run.lease = this.#lease(claim);
    run.fence = run.lease.fence;
    return run.lease;
  }

  async renew(id: string, lease: Lease, ttl: number): Promise<{ readonly lease: Lease; readonly inbox: number }> {
    const run = this.#held(id, lease.fence);
    const renewed = { owner: { ...lease.owner }, fence: lease.fence, until: this.#clock.now() + ttl };
    run.lease = renewed;
    return { lease: renewed, inbox: run.inbox.size };
  }

  async release(id: string, lease: Lease): Promise<void> {
    this.#open();
    const run = this.#runs.get(id);
    if (run?.fence === lease.fence) run.lease = null;
  }

  async save(request: SaveRequest): Promise<void> {
    const run = this.#held(request.id, request.fence);
    const newest = newestOf(run).seq;
    if (request.seq <= newest) throw new StaleCheckpointError(request.id, request.seq, newest);
    const { seq, head, whole, parent, leaves } = request;
    if (parent > newest && !whole) throw new LostCheckpointError(request.id, parent, newest);
    if (leaves !== undefined && run.inbox.size > 0) {
      const read = new Set([...leaves, ...request.ackInbox]);
      const unread = [...run.inbox.keys()].filter((deliveryId) => !read.has(deliveryId)).length;
      if (unread > 0) throw new UnreadMessagesError(request.id, unread);
    }
    run.checkpoints.push({ seq, head, parts: new Map(request.parts), whole });
    run.events.push(...request.events);
    run.index = { ...request.index };
    for (const deliveryId of request.ackInbox) {
      run.inbox.delete(deliveryId);
      run.acknowledged.add(deliveryId);
    }
    if (request.release) run.lease = null;
  }

  async load(id: string, seq?: number): Promise<StoredCheckpoint | undefined> {
    this.#open();
    const run = this.#runs.get(id);
    const found = run?.checkpoints.findLastIndex((c) => seq === undefined || c.seq === seq) ?? -1;
    const checkpoint = run?.checkpoints[found];
    if (run === undefined || checkpoint === undefined) return undefined;
    return { id, seq: checkpoint.seq, head: checkpoint.head, parts: partsAt(run, found) };
  }

  async history(id: string): Promise<readonly number[]> {
    this.#open();
    return (this.#runs.get(id)?.checkpoints ?? []).map((c) => c.seq).reverse();
  }

  async events(id: string): Promise<readonly string[]> {
    this.#open();
    return [...(this.#runs.get(id)?.events ?? [])];
  }

  async post(id: string, message: InboxMessage): Promise<void> {
    const run = this.#known(id);
    if (run.inbox.has(message.deliveryId) || run.acknowledged.has(message.deliveryId)) return;
    if (hasEnded(run.index)) throw new RunEndedError(id, run.index.status);
    run.inbox.set(message.deliveryId, message.body);
  }

  async inbox(id: string): Promise<readonly InboxMessage[]> {
    this.#open();
    return [...(this.#runs.get(id)?.inbox ?? [])].map(([deliveryId, body]) => ({ deliveryId, body }));
  }

  async list(query: ListQuery = {}): Promise<RunPage> {
    this.#open();
    const { status = [], graph, dueBefore = Infinity, cursor, limit = 100 } = query;
    const ids = [...this.#runs].flatMap(([id, { index }]) => {
      if (cursor !== undefined && id <= cursor) return [];
      if (status.length > 0 && !status.includes(index.status)) return [];
      if (graph !== undefined && index.graph !== graph) return [];
      return dueBefore === Infinity || (index.due !== null && index.due <= dueBefore) ? [id] : [];
    });
    const page = ids.sort().slice(0, Math.max(1, limit));
    const last = page.at(-1);
    const runs = page.map((id) => this.#summary(id));
    return ids.length > page.length && last !== undefined ? { runs, cursor: last } : { runs };
  }

  async prune(id: string, keep: number): Promise<void> {
    this.#open();
    const run = this.#runs.get(id);
    const first = run === undefined ? 0 : run.checkpoints.length - Math.max(1, keep);
    const oldest = run?.checkpoints[first];
    if (run === undefined || first <= 0 || oldest === undefined) return;
    const parts = partsAt(run, first);
    run.checkpoints = [{ ...oldest, parts, whole: true }, ...run.checkpoints.slice(first + 1)];
  }

  async delete(id: string): Promise<boolean> {
    this.#open();
    return this.#runs.delete(id);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#runs.clear();
  }

  #open(): void {
    if (this.#closed) throw new StoreClosedError('the memory store');
  }

  #known(id: string): Run {
    this.#open();
    const run = this.#runs.get(id);
    if (run === undefined) throw new UnknownRunError(id, 'the memory store');
    return run;
  }

  #held(id: string, fence: number): Run {
    const run = this.#known(id);
    if (run.fence < fence) throw new LostCheckpointError(id, newestOf(run).seq, newestOf(run).seq);
    if (run.fence !== fence) throw new StaleOwnerError(id, fence, run.fence);
    if (run.lease === null) throw new StaleOwnerError(id, fence, fence + 1);
    return run;
  }

  #lease(claim: Claim): Lease {
    this.#fence += 1;
    return { owner: { ...claim.owner }, fence: this.#fence, until: this.#clock.now() + claim.ttl };
  }

  #summary(id: string): RunSummary {
    const run = this.#known(id);
    const { seq, head } = newestOf(run);
    const lease = run.lease === null ? null : { ...run.lease };
    return { id, seq, head, index: { ...run.index }, lease, inbox: run.inbox.size };
  }
}

function newestOf(run: Run): Checkpoint {
  return run.checkpoints.at(-1) ?? run.checkpoints[0];
}

function partsAt(run: Run, at: number): Map<string, string> {
  const start = run.checkpoints.findLastIndex((c, i) => i <= at && c.whole);
  const parts = new Map<string, string>();
  for (const checkpoint of run.checkpoints.slice(start, at + 1)) {
    for (const [name, text] of checkpoint.parts) {
      if (text === null) parts.delete(name);
      else parts.set(name, text);
    }
  }
  return parts;
}
