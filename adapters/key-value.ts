/**
 * A store made of any object that can save, load and delete a text under a key: a bucket, a table, a cache, a `Map`.
 *
 * What three methods cannot give is declared in `capabilities` and refused with `NotSupportedError`: no list of runs (so
 * no `cns.recover()`), no inbox, no events, no checkpoint but the newest, and one process at a time. What is left is
 * kept as strictly as by any other store: order, fences and leases, one whole document per run and save.
 *
 * Rules:
 *  - one call for one run at a time, in the order of the calls; a save that waited behind a failed one fails with it;
 *  - the document of a run that is held here is kept in memory, so that a save writes and does not read. Renewals are
 *    kept there alone, and are stored with the next save;
 *  - fences start from the clock, so that those of a deleted run are not given out again by the next process either.
 */
import { createHash } from 'node:crypto';
import { systemClock, type Clock } from '../src/clock/clock.js';
import type {
  Claim,
  CreateRequest,
  InboxMessage,
  Lease,
  RunPage,
  SaveRequest,
  Store,
  StoreCapabilities,
  StoredCheckpoint,
} from '../src/durability/store.js';
import {
  AlreadyOwnedError,
  InvalidArgumentError,
  LostCheckpointError,
  NotSupportedError,
  StaleCheckpointError,
  StaleOwnerError,
  StoreClosedError,
  StoreUnavailableError,
  UnknownRunError,
} from '../src/errors/index.js';
import { readDocument, writeDocument, type RunDocument } from './key-value/document.js';

/** What is wrapped. Each method may answer at once or with a promise; it rejects when it could not do it. */
export interface KeyValue {
  readonly save: (key: string, json: string) => unknown;
  /** Undefined or null where there is nothing. */
  readonly load: (key: string) => string | null | undefined | PromiseLike<string | null | undefined>;
  readonly delete: (key: string) => unknown;
}

export interface KeyValueStoreOptions {
  /** For messages, e.g. `bucket:runs`. */
  readonly name: string;
  /** What the object promises once `save` has answered. `'nothing'` unless told. */
  readonly survives?: StoreCapabilities['survives'];
  /** Before every key; `engram:` unless told. */
  readonly prefix?: string;
  readonly clock?: Clock;
}

/** The turns of one run. `failure`: of the last write, by which every save that was called before it fails too. */
interface Turns {
  last: Promise<unknown>;
  waiting: number;
  failures: number;
  failure: unknown;
}

/** Runs in an object of three methods. */
export function keyValueStore(object: KeyValue, options: KeyValueStoreOptions): Store {
  for (const method of ['save', 'load', 'delete'] as const) {
    if (typeof object[method] === 'function') continue;
    throw new InvalidArgumentError(`keyValueStore was given an object without the method \`${method}\``, {
      hint: 'give it { save(key, json), load(key), delete(key) }',
    });
  }
  if (typeof options.name !== 'string' || options.name === '') {
    throw new InvalidArgumentError('keyValueStore was given no name', {
      hint: "for messages, e.g. name: 'bucket:runs'",
    });
  }
  return new KeyValueStore(object, options);
}

class KeyValueStore implements Store {
  readonly name: string;
  readonly capabilities: StoreCapabilities;
  readonly #object: KeyValue;
  readonly #prefix: string;
  readonly #clock: Clock;
  /** What is stored of the runs that are held here. */
  readonly #held = new Map<string, RunDocument>();
  readonly #turns = new Map<string, Turns>();
  #fence = 0;
  #closed = false;

  constructor(
    object: KeyValue,
    { name, survives = 'nothing', prefix = 'engram:', clock = systemClock }: KeyValueStoreOptions,
  ) {
    this.name = name;
    this.capabilities = { survives, shared: false, history: false, events: false, inbox: false, list: false };
    this.#object = object;
    this.#prefix = prefix;
    this.#clock = clock;
  }

  create(request: CreateRequest): Promise<Lease | undefined> {
    const { id, head, claim } = request;
    const parts = new Map(request.parts);
    const index = { ...request.index };
    return this.#inTurn(id, async () => {
      if (id === '') throw new InvalidArgumentError('the id of a run is empty', { hint: 'give it an id' });
      if ((await this.#find(id)) !== undefined) return undefined;
      const lease = this.#lease(claim, 0);
      await this.#write({ id, seq: 1, fence: lease.fence, lease, index, head, parts });
      return { ...lease };
    });
  }

  acquire(id: string, claim: Claim): Promise<Lease | undefined> {
    return this.#inTurn(id, async () => {
      const run = await this.#find(id);
      if (run === undefined) return undefined;
      const { lease: held } = run;
      const isOthers = held !== null && held.owner.key !== claim.owner.key && held.until > this.#clock.now();
      if (isOthers && !claim.isDead(held.owner)) throw new AlreadyOwnedError(id, held.owner.label, held.until);
      const lease = this.#lease(claim, run.fence);
      await this.#write({ ...run, fence: lease.fence, lease });
      return { ...lease };
    });
  }

  renew(id: string, { fence }: Lease, ttl: number): Promise<{ readonly lease: Lease; readonly inbox: number }> {
    return this.#inTurn(id, async () => {
      const run = await this.#owned(id, fence);
      const lease = { ...run.lease, until: this.#clock.now() + ttl };
      this.#held.set(id, { ...run, lease });
      return { lease, inbox: 0 };
    });
  }

  release(id: string, { fence }: Lease): Promise<void> {
    return this.#inTurn(id, async () => {
      const run = await this.#find(id);
      if (run?.fence === fence && run.lease !== null) await this.#write({ ...run, lease: null });
    });
  }

  save(request: SaveRequest): Promise<void> {
    const { id, seq, fence, head, whole, release, parent } = request;
    const changes = [...request.parts];
    const index = { ...request.index };
    const before = this.#turns.get(id)?.failures ?? 0;
    return this.#inTurn(id, async (turns) => {
      if (turns.failures > before) throw turns.failure;
      const run = await this.#owned(id, fence);
      if (seq <= run.seq) throw new StaleCheckpointError(id, seq, run.seq);
      if (parent > run.seq && !whole) throw new LostCheckpointError(id, parent, run.seq);
      const parts = new Map(whole ? [] : run.parts);
      for (const [name, text] of changes) {
        if (text === null) parts.delete(name);
        else parts.set(name, text);
      }
      try {
        await this.#write({ ...run, seq, head, parts, index, lease: release ? null : run.lease });
      } catch (error) {
        turns.failures += 1;
        turns.failure = error;
        throw error;
      }
    });
  }

  load(id: string, seq?: number): Promise<StoredCheckpoint | undefined> {
    return this.#inTurn(id, async () => {
      const run = await this.#find(id);
      if (run === undefined || (seq !== undefined && seq > run.seq)) return undefined;
      if (seq !== undefined && seq < run.seq) this.#refuse('load a checkpoint before the newest');
      return { id, seq: run.seq, head: run.head, parts: new Map(run.parts) };
    });
  }

  async history(): Promise<readonly number[]> {
    return this.#refuse('tell the checkpoints before the newest');
  }

  async events(): Promise<readonly string[]> {
    return this.#refuse('keep events');
  }

  async post(): Promise<void> {
    this.#refuse('keep messages for a run');
  }

  async inbox(): Promise<readonly InboxMessage[]> {
    return this.#refuse('keep messages for a run');
  }

  async list(): Promise<RunPage> {
    return this.#refuse('list runs');
  }

  /** There is nothing before the newest. */
  async prune(): Promise<void> {
    this.#open();
  }

  delete(id: string): Promise<boolean> {
    return this.#inTurn(id, async () => {
      const run = await this.#find(id);
      if (run === undefined) return false;
      await this.#ask('delete', () => this.#object.delete(this.#keyOf(id)));
      this.#fence = Math.max(this.#fence, run.fence);
      this.#held.delete(id);
      return true;
    });
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#turns.values()].map(({ last }) => last));
    this.#held.clear();
  }

  #open(): void {
    if (this.#closed) throw new StoreClosedError(this.name);
  }

  #refuse(what: string): never {
    this.#open();
    throw new NotSupportedError(this.name, what);
  }

  async #inTurn<T>(id: string, work: (turns: Turns) => Promise<T>): Promise<T> {
    this.#open();
    let turns = this.#turns.get(id);
    if (turns === undefined) {
      turns = { last: Promise.resolve(), waiting: 0, failures: 0, failure: undefined };
      this.#turns.set(id, turns);
    }
    const mine = turns;
    mine.waiting += 1;
    const done = mine.last.then(() => work(mine));
    mine.last = done.catch(() => undefined);
    try {
      return await done;
    } finally {
      mine.waiting -= 1;
      if (mine.waiting === 0) this.#turns.delete(id);
    }
  }

  /** The document as it is stored; of a run that is held here as it was written last. */
  async #find(id: string): Promise<RunDocument | undefined> {
    const held = this.#held.get(id);
    if (held !== undefined) return held;
    const text = await this.#ask('load', () => this.#object.load(this.#keyOf(id)));
    return text === undefined || text === null ? undefined : readDocument(text, id, this.name);
  }

  async #owned(id: string, fence: number): Promise<RunDocument & { readonly lease: Lease }> {
    const run = await this.#find(id);
    if (run === undefined) throw new UnknownRunError(id, this.name);
    if (run.fence < fence) throw new LostCheckpointError(id, run.seq, run.seq);
    if (run.fence !== fence) throw new StaleOwnerError(id, fence, run.fence);
    if (run.lease === null) throw new StaleOwnerError(id, fence, fence + 1);
    return { ...run, lease: run.lease };
  }

  async #write(run: RunDocument): Promise<void> {
    await this.#ask('save', () => this.#object.save(this.#keyOf(run.id), writeDocument(run)));
    if (run.lease === null) this.#held.delete(run.id);
    else this.#held.set(run.id, run);
  }

  async #ask<T>(method: string, call: () => T): Promise<Awaited<T>> {
    try {
      return await call();
    } catch (error) {
      throw new StoreUnavailableError(`${this.name} could not ${method}`, error);
    }
  }

  #lease({ owner, ttl }: Claim, before: number): Lease {
    const now = this.#clock.now();
    this.#fence = Math.max(this.#fence, before, now) + 1;
    return { owner: { ...owner }, fence: this.#fence, until: now + ttl };
  }

  /** Short, of harmless characters, and told apart without upper and lower case. The document says whose it is. */
  #keyOf(id: string): string {
    const isPlain = /^[a-z0-9_-]{1,100}$/.test(id);
    // JSON keeps lone surrogates apart, which UTF-8 would all turn into the same character
    const name = isPlain ? id : `~${createHash('sha256').update(JSON.stringify(id)).digest('hex')}`;
    return this.#prefix + name;
  }
}
