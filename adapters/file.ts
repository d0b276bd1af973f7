/**
 * The embedded store: a directory, and nothing else. Several processes may share it; people can read it.
 *
 *   logs/<process>-<n>.jsonl      what is stored: one log per process, one line per checkpoint (file/line.ts)
 *   runs/<xx>/<run>.<fence>       who may write a run: one small file per taker (file/claims.ts)
 *   owners/<owner>.json           until when the leases of a process last
 *   inbox/<xx>/<run>/<id>.json    messages that wait (file/inbox.ts)
 *
 * Rules:
 *  - the logs decide what is stored, the claims decide who may store (I5);
 *  - a save is acknowledged when its line is on the disk and nobody had claimed the next fence after that. Who takes a
 *    run over claims first and measures the logs then, so every acknowledged save is within what is measured;
 *  - a read makes nothing: a directory that is not there is an empty store.
 *
 * With `fsync: false` an acknowledged save survives the end of the process and not that of the machine.
 */
import { resolve } from 'node:path';
import { systemClock, type Clock } from '../src/clock/clock.js';
import { thisOwner } from '../src/durability/owner.js';
import {
  type Claim,
  type CreateRequest,
  hasEnded,
  type InboxMessage,
  type Lease,
  type ListQuery,
  type Owner,
  type RunPage,
  type SaveRequest,
  type Store,
  type StoreCapabilities,
  type StoredCheckpoint,
} from '../src/durability/store.js';
import {
  AlreadyOwnedError,
  CorruptCheckpointError,
  InvalidArgumentError,
  RunEndedError,
  StaleCheckpointError,
  StaleOwnerError,
  StoreClosedError,
  UnknownRunError,
} from '../src/errors/index.js';
import { CheckpointReader } from './file/checkpoint-reader.js';
import { Claims } from './file/claims.js';
import { syncPath } from './file/disk.js';
import { Inbox } from './file/inbox.js';
import { encodeLine, type Base, type Facts, type Texts } from './file/line.js';
import { logHead } from './file/log-reader.js';
import { LogWriter } from './file/log-writer.js';
import { Ownership, type Held } from './file/ownership.js';
import { RecordIndex } from './file/record-index.js';
import { RunLister } from './file/run-lister.js';
import type { RunRecords } from './file/run-records.js';

export interface FileStoreOptions {
  /** Where to keep everything. Made when something is first written. */
  readonly dir: string;
  /** Whether to wait until the disk has it; true unless told. False is faster and loses saves when the machine dies. */
  readonly fsync?: boolean;
  readonly clock?: Clock;
}

/** How long the store itself holds a run that it is deleting, and how often it looks for a run that is being created. */
const DELETE_TTL = 30_000;
const CREATE_LOOKS = 200;
const BEGINNING: Base = [0, 0];

/** Runs in a directory, with nothing to install or start. */
export function fileStore(options: FileStoreOptions): Store {
  if (options.dir === '') {
    throw new InvalidArgumentError('fileStore was given an empty dir', { hint: "name a folder, e.g. dir: '.engram'" });
  }
  return new FileStore(options);
}

class FileStore implements Store {
  readonly name: string;
  readonly capabilities: StoreCapabilities;
  readonly #clock: Clock;
  readonly #fsync: boolean;
  readonly #writer: LogWriter;
  readonly #index: RecordIndex;
  readonly #reader: CheckpointReader;
  readonly #lister: RunLister;
  readonly #claims: Claims;
  readonly #inbox: Inbox;
  readonly #self: Owner;
  readonly #owned: Ownership;
  readonly #creating = new Map<string, Promise<unknown>>();
  #active = 0;
  #onIdle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor({ dir, fsync = true, clock = systemClock }: FileStoreOptions) {
    const root = resolve(dir);
    this.name = `file:${dir}`;
    this.capabilities = {
      survives: fsync ? 'machine' : 'process',
      shared: true,
      history: true,
      events: true,
      inbox: true,
      list: true,
    };
    this.#clock = clock;
    this.#fsync = fsync;
    this.#self = thisOwner(clock);
    this.#writer = new LogWriter({
      folder: resolve(root, 'logs'),
      base: this.#self.key.replace(/[^\w-]+/g, '-').slice(0, 80),
      fsync,
      head: (name) => logHead(name, this.#self),
      onFailure: () => this.#owned.forgetQueued(),
    });
    this.#index = new RecordIndex(resolve(root, 'logs'), (log) => this.#writer.storedSize(log));
    this.#reader = new CheckpointReader(this.#index);
    this.#claims = new Claims(root);
    this.#lister = new RunLister(this.#index, this.#reader, this.#claims, (run) => this.#waiting(run).length);
    this.#owned = new Ownership(this.name, clock, this.#claims, this.#index);
    this.#inbox = new Inbox(root, fsync);
  }

  create(given: CreateRequest): Promise<Lease | undefined> {
    return this.#run(async () => {
      const request = copyOf(given);
      if (request.id === '') throw new InvalidArgumentError('the id of a run is empty', { hint: 'give it an id' });
      const before = this.#creating.get(request.id);
      const mine = (before ?? this.#index.ready()).then(() => this.#create(request));
      const settled = mine.catch(() => undefined);
      this.#creating.set(request.id, settled);
      try {
        return await mine;
      } finally {
        if (this.#creating.get(request.id) === settled) this.#creating.delete(request.id);
      }
    });
  }

  acquire(id: string, claim: Claim): Promise<Lease | undefined> {
    return this.#run(async () => {
      const stem = this.#claims.stem(id);
      for (;;) {
        const run = await this.#index.find(id);
        if (run === undefined) return undefined;
        const newest = this.#claims.newestFence(stem, run.topFence);
        const holder = this.#owned.holder(run, stem, newest, claim);
        if (holder !== undefined) throw new AlreadyOwnedError(id, holder.owner.label, holder.until);
        const lease = this.#owned.lease(claim, newest + 1);
        if (!this.#claims.take(stem, id, lease)) continue;
        const taken = await this.#takeOver(id, stem, lease);
        if (!this.#claims.isTaken(stem, lease.fence + 1)) return taken;
      }
    });
  }

  renew(id: string, lease: Lease, ttl: number): Promise<{ readonly lease: Lease; readonly inbox: number }> {
    return this.#run(async () => {
      const held = this.#owned.holding(id, lease.fence) ?? (await this.#owned.adopt(id, lease.fence));
      const until = this.#clock.now() + ttl;
      this.#claims.extend(held.owner, until);
      if (this.#owned.isOvertaken(held)) throw await this.#owned.overtaken(id, held.fence);
      const inbox = this.#waiting(this.#index.run(id)).length;
      return { lease: { owner: { ...held.owner }, fence: held.fence, until }, inbox };
    });
  }

  release(id: string, lease: Lease): Promise<void> {
    return this.#run(async () => {
      const held =
        this.#owned.holding(id, lease.fence) ?? (await this.#owned.adopt(id, lease.fence).catch(unlessStale));
      if (held === undefined || this.#owned.isOvertaken(held)) return;
      await this.#append({ run: id, seq: 0, fence: held.fence, base: held.base, release: true });
      this.#owned.letGo(id, held.fence);
    });
  }

  save(given: SaveRequest): Promise<void> {
    return this.#run(async () => {
      const held = this.#owned.holding(given.id, given.fence);
      if (held !== undefined) return this.#save(given, held);
      const request = copyOf(given);
      return this.#save(request, await this.#owned.adopt(request.id, request.fence));
    });
  }

  load(id: string, seq?: number): Promise<StoredCheckpoint | undefined> {
    return this.#run(async () => {
      const look = async (): Promise<StoredCheckpoint | undefined> => {
        const run = await this.#index.find(id);
        const ref = seq === undefined ? run?.newest() : run?.offered().find((r) => r.seq === seq);
        return run === undefined || ref === undefined ? undefined : this.#reader.checkpoint(run, ref);
      };
      // Logs are read one after the other: what an older one lacked may have been written while a newer one was read.
      return look().catch((error: unknown) => {
        if (error instanceof CorruptCheckpointError) return look();
        throw error;
      });
    });
  }

  history(id: string): Promise<readonly number[]> {
    return this.#run(async () => ((await this.#index.find(id))?.offered() ?? []).map((ref) => ref.seq).reverse());
  }

  events(id: string): Promise<readonly string[]> {
    return this.#run(async () => {
      const run = await this.#index.find(id);
      return run === undefined ? [] : this.#reader.events(run);
    });
  }

  post(id: string, message: InboxMessage): Promise<void> {
    return this.#run(async () => {
      const run = await this.#index.find(id);
      if (run === undefined) throw new UnknownRunError(id, this.name);
      if (acknowledged(run).has(message.deliveryId)) return;
      const index = run.newestIndex();
      if (index !== undefined && hasEnded(index) && !this.#inbox.has(id, message.deliveryId)) {
        throw new RunEndedError(id, index.status);
      }
      const at = { fence: run.topFence, born: run.born, now: this.#clock.now() };
      await this.#inbox.put(id, message, at);
    });
  }

  inbox(id: string): Promise<readonly InboxMessage[]> {
    return this.#run(async () => this.#waiting(await this.#index.find(id)));
  }

  list(query: ListQuery = {}): Promise<RunPage> {
    return this.#run(async () => {
      await this.#index.refresh();
      return this.#lister.page(query);
    });
  }

  prune(id: string, keep: number): Promise<void> {
    return this.#run(async () => {
      const run = await this.#index.find(id);
      const offered = run?.offered() ?? [];
      const oldest = offered[offered.length - Math.max(1, keep)];
      if (run === undefined || oldest === undefined || oldest === offered[0]) return;
      await this.#append({ run: id, seq: 0, fence: run.born, floor: oldest.seq });
    });
  }

  delete(id: string): Promise<boolean> {
    return this.#run(async () => {
      const run = await this.#index.find(id);
      if (run === undefined) return false;
      const stem = this.#claims.stem(id);
      const until = this.#clock.now() + DELETE_TTL;
      for (;;) {
        const fence = this.#claims.newestFence(stem, run.topFence) + 1;
        if (!this.#claims.take(stem, id, { owner: this.#self, fence, until })) continue;
        await this.#append({ run: id, seq: 0, fence, base: BEGINNING, deleted: true });
        // Too slow: the run was taken in the meantime, which makes nothing of this deletion.
        if (this.#claims.isTaken(stem, fence + 1) && (await this.#index.find(id)) !== undefined) continue;
        this.#owned.drop(id);
        this.#inbox.removeAll(id);
        return true;
      }
    });
  }

  close(): Promise<void> {
    return (this.#closing ??= (async () => {
      if (this.#active > 0) await new Promise<void>((resolve) => (this.#onIdle = resolve));
      await this.#writer.close();
      this.#owned.drop();
    })());
  }

  async #create(request: CreateRequest): Promise<Lease | undefined> {
    const { id, claim } = request;
    const stem = this.#claims.stem(id);
    const first = this.#owned.lease(claim, 1);
    const known = this.#index.run(id)?.topFence ?? 0;
    if (known === 0 && this.#claims.take(stem, id, first)) return this.#begin(request, stem, first);
    let holder: Lease | undefined;
    for (let look = 0; look < CREATE_LOOKS; look += 1) {
      const run = await this.#index.find(id);
      if (run !== undefined) return undefined;
      const records = this.#index.run(id);
      const newest = this.#claims.newestFence(stem, records?.topFence ?? 0);
      holder = this.#owned.holder(records, stem, newest, claim);
      const lease = this.#owned.lease(claim, newest + 1);
      if (holder !== undefined || !this.#claims.take(stem, id, lease)) continue;
      // Its creator may have stored it between the look and the claim: then it is there, and has an owner no more.
      if ((await this.#index.find(id)) === undefined) return this.#begin(request, stem, lease);
      await this.#takeOver(id, stem, lease);
      await this.#append({ run: id, seq: 0, fence: lease.fence, release: true });
      this.#owned.drop(id);
      return undefined;
    }
    // Somebody is creating it and has not stored it yet. To say that it is there would be a lie.
    throw new AlreadyOwnedError(id, holder?.owner.label ?? 'another process', holder?.until ?? this.#clock.now());
  }

  async #begin(request: CreateRequest, stem: string, lease: Lease): Promise<Lease> {
    const { id, index } = request;
    const held = { owner: lease.owner, stem, fence: lease.fence, base: BEGINNING, stored: 0, queued: 1 };
    this.#owned.hold(id, held);
    try {
      const facts = { run: id, seq: 1, fence: lease.fence, base: BEGINNING, prev: 0, whole: true, index } as const;
      await this.#append(facts, request, held);
    } catch (error) {
      this.#owned.letGo(id, held.fence);
      throw error;
    }
    if (this.#claims.isTaken(stem, lease.fence + 1)) throw await this.#owned.overtaken(id, lease.fence);
    return lease;
  }

  async #save(request: SaveRequest, held: Held): Promise<void> {
    const { id, seq, fence, whole, release, ackInbox, index } = request;
    if (seq <= held.queued) throw new StaleCheckpointError(id, seq, held.queued);
    const prev = held.queued;
    held.queued = seq;
    const facts: Facts = {
      ...{ run: id, seq, fence, base: held.base, prev, index },
      whole: whole || undefined,
      release: release || undefined,
      ack: ackInbox.length > 0 ? [...ackInbox] : undefined,
    };
    await this.#append(facts, request, held);
    if (this.#owned.isOvertaken(held)) throw await this.#owned.overtaken(id, fence);
    if (ackInbox.length > 0) await this.#inbox.remove(id, ackInbox);
    if (release) this.#owned.letGo(id, held.fence);
  }

  /** The claim is made; now to measure how far the run has come, and to record it. */
  async #takeOver(id: string, stem: string, lease: Lease): Promise<Lease | undefined> {
    const run = await this.#index.find(id);
    const newest = run?.newest();
    if (run === undefined || newest === undefined) return undefined;
    const isOwn = this.#writer.storedSize(newest.log) !== undefined;
    if (this.#fsync && !isOwn) await syncPath(this.#index.pathOf(newest.log));
    const base: Base = [run.topFence, newest.seq];
    await this.#append({ run: id, seq: 0, fence: lease.fence, base });
    this.#owned.hold(id, {
      owner: lease.owner,
      stem,
      fence: lease.fence,
      base,
      stored: newest.seq,
      queued: newest.seq,
    });
    return lease;
  }

  #waiting(run: RunRecords | undefined): InboxMessage[] {
    if (run === undefined || this.#inbox.isEmpty(run.id)) return [];
    return this.#inbox.waiting(run.id, run.born, acknowledged(run));
  }

  #append(bare: Omit<Facts, 'sizes'>, texts?: Texts, held?: Held): Promise<void> {
    const { facts, bytes } = encodeLine(bare, texts);
    return this.#writer.append(bytes, (position) => {
      if (held !== undefined) held.stored = facts.seq;
      this.#index.add(facts, position);
    });
  }

  async #run<T>(work: () => Promise<T>): Promise<T> {
    if (this.#closing !== undefined) throw new StoreClosedError(this.name);
    this.#active += 1;
    try {
      return await work();
    } finally {
      this.#active -= 1;
      if (this.#active === 0) this.#onIdle?.();
    }
  }
}

function acknowledged(run: RunRecords): Set<string> {
  return new Set(run.valid().flatMap((ref) => ref.ack));
}

/** What is encoded only after a wait must not change meanwhile. */
function copyOf<T extends CreateRequest | SaveRequest>(request: T): T {
  return { ...request, parts: { ...request.parts }, events: [...request.events], index: { ...request.index } };
}

function unlessStale(error: unknown): undefined {
  if (error instanceof StaleOwnerError || error instanceof UnknownRunError) return undefined;
  throw error;
}
