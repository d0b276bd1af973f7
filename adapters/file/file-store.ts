/** The store itself: the calls of the contract, made of what the files beside this one do. The rules are in `../file.ts`. */
import { resolve } from 'node:path';
import { systemClock, type Clock } from '../../src/clock/clock.js';
import { thisOwner } from '../../src/durability/owner.js';
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
} from '../../src/durability/store.js';
import {
  CorruptCheckpointError,
  InvalidArgumentError,
  LostCheckpointError,
  RunEndedError,
  StaleCheckpointError,
  StaleOwnerError,
  StoreClosedError,
  UnknownRunError,
} from '../../src/errors/index.js';
import { CheckpointReader } from './checkpoint-reader.js';
import { Claims } from './claims.js';
import { Compactor, type Compaction } from './compactor.js';
import { LogGoneError, logHead } from './log-reader.js';
import { Inbox } from './inbox.js';
import { encodeLine, type Facts, type Texts } from './line.js';
import { LogSync } from './log-sync.js';
import { LogWriter } from './log-writer.js';
import { Ownership, type Held } from './ownership.js';
import { RecordIndex } from './record-index.js';
import { RunLister } from './run-lister.js';
import type { RunRecords } from './run-records.js';
import { BEGINNING, Taking } from './taking.js';

/** How long the store itself holds a run that it is deleting. */
const DELETE_TTL = 30_000;
/** A log of this many bytes is closed, and another one begun. */
const LONGEST_LOG = 8 << 20;
/** How often something is looked for again that another process has moved. */
const READS = 100;

export interface FileStoreSettings {
  readonly dir: string;
  readonly fsync?: boolean;
  readonly clock?: Clock;
  readonly history: number;
  readonly longestLog?: number;
}

export class FileStore implements Store {
  readonly name: string;
  readonly capabilities: StoreCapabilities;
  readonly #clock: Clock;
  readonly #writer: LogWriter;
  readonly #index: RecordIndex;
  readonly #reader: CheckpointReader;
  readonly #lister: RunLister;
  readonly #claims: Claims;
  readonly #inbox: Inbox;
  readonly #self: Owner;
  readonly #owned: Ownership;
  readonly #taking: Taking;
  readonly #compactor: Compactor;
  #tidying: Promise<unknown> | undefined;
  #active = 0;
  #onIdle: (() => void) | undefined;
  #closing: Promise<void> | undefined;

  constructor({ dir, fsync = true, clock = systemClock, history, longestLog = LONGEST_LOG }: FileStoreSettings) {
    const root = resolve(dir);
    const folder = resolve(root, 'logs');
    this.name = `file:${dir}`;
    const survives = fsync ? 'machine' : 'process';
    this.capabilities = { survives, shared: true, history: true, events: true, inbox: true, list: true };
    this.#clock = clock;
    const self = (this.#self = thisOwner(clock));
    const base = self.key.replace(/[^\w-]+/g, '-').slice(0, 80);
    const writer = (this.#writer = new LogWriter({
      ...{ folder, base, fsync, longest: longestLog },
      head: (name) => logHead(name, self),
      onFailure: () => this.#owned.forgetQueued(),
      onGone: () => this.#owned.drop(),
      onBegun: () => this.#tidyUp(),
    }));
    const index = (this.#index = new RecordIndex(folder, (log) => writer.storedSize(log)));
    const reader = (this.#reader = new CheckpointReader(index));
    const claims = (this.#claims = new Claims(root));
    const inbox = (this.#inbox = new Inbox(root, fsync));
    this.#lister = new RunLister(index, reader, claims, () => this.#counter());
    const owned = (this.#owned = new Ownership(this.name, clock, claims, index));
    const logSync = new LogSync(index, (log) => fsync && writer.storedSize(log) === undefined);
    const append = this.#append.bind(this);
    this.#taking = new Taking({ clock, claims, index, owned, logSync, append });
    this.#compactor = new Compactor({
      ...{ folder, base, self, clock, history, index, reader, writer, claims, owned, inbox },
      isStopped: () => this.#closing !== undefined,
    });
  }

  create(given: CreateRequest): Promise<Lease | undefined> {
    return this.#run(async () => {
      const request = copyOf(given);
      if (request.id === '') throw new InvalidArgumentError('the id of a run is empty', { hint: 'give it an id' });
      return this.#taking.create(request);
    });
  }

  acquire(id: string, claim: Claim): Promise<Lease | undefined> {
    return this.#run(() => this.#taking.acquire(id, claim));
  }

  renew(id: string, lease: Lease, ttl: number): Promise<{ readonly lease: Lease; readonly inbox: number }> {
    return this.#run(async () => {
      const held = this.#owned.holding(id, lease.fence) ?? (await this.#owned.adopt(id, lease.fence));
      const until = this.#clock.now() + ttl;
      this.#claims.extend(held.owner, until);
      if (this.#owned.isOvertaken(held)) throw await this.#owned.overtaken(id, held.fence);
      const inbox = this.#messages(this.#index.run(id));
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
    return this.#read(async () => {
      const run = await this.#index.find(id);
      const ref = seq === undefined ? run?.newest() : run?.offered().find((r) => r.seq === seq);
      return run === undefined || ref === undefined ? undefined : this.#reader.checkpoint(run, ref);
    });
  }

  history(id: string): Promise<readonly number[]> {
    return this.#run(async () => ((await this.#index.find(id))?.offered() ?? []).map((ref) => ref.seq).reverse());
  }

  events(id: string): Promise<readonly string[]> {
    return this.#read(async () => {
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
    return this.#run(async () => (this.#inbox.mayHave(id) ? this.#waiting(await this.#index.find(id)) : []));
  }

  list(query: ListQuery = {}): Promise<RunPage> {
    return this.#read(async () => {
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
        if (!this.#claims.take(stem, { owner: this.#self, fence, until })) continue;
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
      await this.#tidying;
      await this.#writer.close();
      this.#owned.drop();
      this.#claims.close();
    })());
  }

  compact(): Promise<Compaction> {
    return this.#run(async () => {
      await this.#tidying;
      await this.#writer.startAfresh();
      return this.#compactor.compact();
    });
  }

  async #save(request: SaveRequest, held: Held): Promise<void> {
    const { id, seq, fence, whole, release, ackInbox, index, parent } = request;
    if (seq <= held.queued) throw new StaleCheckpointError(id, seq, held.queued);
    if (parent > held.queued && !whole) throw new LostCheckpointError(id, parent, held.queued);
    if (this.#owned.isForgotten(held)) throw await this.#owned.overtaken(id, fence);
    const prev = held.queued;
    held.queued = seq;
    const facts: Facts = {
      run: id,
      seq,
      fence,
      base: held.base,
      prev,
      index: { status: index.status, graph: index.graph, due: index.due },
      whole: whole || undefined,
      release: release || undefined,
      ack: ackInbox.length > 0 ? [...ackInbox] : undefined,
    };
    await this.#append(facts, request, held);
    if (this.#owned.isOvertaken(held)) throw await this.#owned.overtaken(id, fence);
    if (ackInbox.length > 0) this.#inbox.remove(id, ackInbox);
    if (release) this.#owned.letGo(id, held.fence);
  }

  #waiting(run: RunRecords | undefined): InboxMessage[] {
    return run === undefined ? [] : this.#inbox.waiting(run.id, run.born, () => acknowledged(run));
  }

  #messages(run: RunRecords | undefined): number {
    return run === undefined ? 0 : this.#inbox.count(run.id, run.born, () => acknowledged(run));
  }

  #counter(): (run: RunRecords) => number {
    const mayHaveMessages = this.#inbox.look();
    return (run) => (mayHaveMessages(run.id) ? this.#messages(run) : 0);
  }

  /** Beside all else, and when it fails nothing is lost: it is tried again with the next log. */
  #tidyUp(): void {
    this.#tidying ??= Promise.resolve()
      .then(() => this.#compactor.compactIfWorthIt())
      .catch(() => undefined)
      .finally(() => (this.#tidying = undefined));
  }

  #append(facts: Facts, texts?: Texts, held?: Held): Promise<void> {
    const bytes = encodeLine(facts, texts);
    const hasEvents = (texts?.events.length ?? 0) > 0;
    const isOvertaken = (): boolean => held !== undefined && this.#owned.isOvertaken(held);
    return this.#writer.append(bytes, isOvertaken, (position) => {
      if (held !== undefined) held.stored = facts.seq;
      this.#index.add({ facts, position, hasEvents });
    });
  }

  /** Logs are read one after the other, and may be replaced meanwhile: what was not found is looked for once more. */
  #read<T>(look: () => Promise<T>): Promise<T> {
    return this.#run(async () => {
      for (let time = 1; ; time += 1) {
        try {
          return await look();
        } catch (error) {
          const isMoved = error instanceof LogGoneError && time < READS;
          if (!isMoved && !(error instanceof CorruptCheckpointError && time === 1)) throw error;
        }
      }
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
  return { ...request, parts: new Map(request.parts), events: [...request.events], index: { ...request.index } };
}

function unlessStale(error: unknown): undefined {
  if (error instanceof StaleOwnerError || error instanceof UnknownRunError) return undefined;
  throw error;
}
