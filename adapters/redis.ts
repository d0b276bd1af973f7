/**
 * The store on a Redis server (6.2 or newer, or Valkey), for processes on many hosts. Needs the package `redis`.
 *
 * What to know:
 *  - every call is one script in the server (redis/scripts.ts), so it happens whole or not at all, and what many runs
 *    send at once travels together; calls of one run go out one after the other;
 *  - when the connection is lost, calls are held until it is back, and a call whose answer was lost is sent again: the
 *    script recognises what it has stored already. After `saveTimeout` a call fails with `StoreUnavailableError`;
 *  - the first connection must succeed at once: a wrong URL is told right away;
 *  - the clock of leases is the one of the server, unless one is given. Fences decide who may write in any case (I5);
 *  - what an acknowledged save survives is the server's matter: with `appendonly yes` and `appendfsync always` the end of
 *    the server's machine; with `everysec` it may lose the last second. Set `maxmemory-policy noeviction`;
 *  - what one checkpoint changes may be as long as one text of the server (`proto-max-bulk-len`, 512 MB unless told).
 */
import { systemClock, type Clock } from '../src/clock/clock.js';
import type {
  Claim,
  CreateRequest,
  InboxMessage,
  Lease,
  ListQuery,
  RunPage,
  SaveRequest,
  Store,
  StoreCapabilities,
  StoredCheckpoint,
  TakenRun,
} from '../src/durability/store.js';
import {
  AlreadyOwnedError,
  CorruptCheckpointError,
  InvalidArgumentError,
  RunEndedError,
  StoreClosedError,
  UnknownRunError,
} from '../src/errors/index.js';
import { encodeRecord, eventsOf, readCheckpoint, waitingIn } from './redis/checkpoints.js';
import { Connection } from './redis/connection.js';
import { Lister, readOwner } from './redis/lister.js';
import { decodeName, encodeIndex, encodeName, KeyNames, statusOf } from './redis/names.js';
import type { RedisClient } from './redis/open-client.js';
import { placeOf } from './redis/place.js';
import { type Answer, Caller, lostRun, refusalOf } from './redis/refusals.js';
import { SCRIPTS, type Script } from './redis/scripts.js';
import { Saver } from './redis/saver.js';
import type { Reply } from './redis/sender.js';
import { standingOf } from './redis/standing.js';
import { Turns } from './turns.js';

export type { RedisClient } from './redis/open-client.js';

interface CommonOptions {
  /** What all keys begin with; `engram:` unless told. Stores with the same one share their runs. */
  readonly prefix?: string;
  /** How many checkpoints of a run are kept at least, to fall back on when the newest is damaged; 16 unless told. */
  readonly history?: number;
  /** Milliseconds after which a run that has ended is forgotten; never unless told. */
  readonly finishedTtl?: number;
  /** Milliseconds that a call may take, while the connection is down too; 30,000 unless told. */
  readonly saveTimeout?: number;
  /** Where leases take their time from; the clock of the server unless told. */
  readonly clock?: Clock;
}

export type RedisStoreOptions = CommonOptions &
  (
    | {
        /** E.g. `redis://localhost:6379`, or `rediss://user:password@host:port/database`. */
        readonly url: string;
        readonly client?: undefined;
      }
    | {
        /** A connected client of the package `redis`: of a server, a cluster or a Sentinel. The store never closes it. */
        readonly client: RedisClient;
        readonly url?: undefined;
      }
  );

/** Runs on a Redis server. Nothing is connected before the first call. */
export function redisStore(options: RedisStoreOptions): Store {
  const { prefix = 'engram:', history = 16, finishedTtl = 0, saveTimeout = 30_000 } = options;
  const { url, client } = options as { readonly url?: unknown; readonly client?: Partial<RedisClient> };
  const isClient = typeof client?.evalSha === 'function' && typeof client.eval === 'function';
  if (client === undefined ? typeof url !== 'string' || url === '' : !isClient || url !== undefined) {
    const both =
      client !== undefined && url !== undefined ? 'a url and a client' : `a ${client === undefined ? 'url' : 'client'}`;
    const got = client === undefined ? (JSON.stringify(url) ?? 'undefined') : 'no client of the package redis';
    throw new InvalidArgumentError(`redisStore was given ${both}${both.includes('and') ? '' : ` that is ${got}`}`, {
      hint: "give one of them: redisStore({ url: 'redis://localhost:6379' }), or { client } with a connected client",
    });
  }
  if (/[{}]/.test(prefix)) {
    throw new InvalidArgumentError(`the prefix "${prefix}" holds a brace`, {
      hint: 'leave braces out: the store puts the shard of a run in braces, for Redis Cluster',
    });
  }
  for (const [name, value, least] of [
    ['history', history, 1],
    ['finishedTtl', finishedTtl, 0],
    ['saveTimeout', saveTimeout, 1],
  ] as const) {
    if (Number.isSafeInteger(value) && value >= least) continue;
    throw new InvalidArgumentError(`redisStore: ${name} is ${value}`, { hint: `give a whole number from ${least} on` });
  }
  return new RedisStore(options, { prefix, history, finishedTtl, saveTimeout });
}

class RedisStore implements Store {
  readonly name: string;
  readonly capabilities: StoreCapabilities = {
    survives: 'machine',
    shared: true,
    history: true,
    events: true,
    inbox: true,
    sealsInbox: true,
    list: true,
  };
  readonly #clock: Clock;
  readonly #usesServerTime: boolean;
  readonly #settings: Required<Omit<CommonOptions, 'clock'>>;
  readonly #keys: KeyNames;
  readonly #connection: Connection;
  readonly #caller: Caller;
  readonly #lister: Lister;
  readonly #saver: Saver;
  readonly #turns = new Turns();
  #marks = 0;
  #mark: string | undefined;
  #closing: Promise<void> | undefined;

  constructor(
    { url, client, clock = systemClock }: RedisStoreOptions,
    settings: Required<Omit<CommonOptions, 'clock'>>,
  ) {
    this.name = placeOf(url, client);
    this.#clock = clock;
    this.#usesServerTime = clock === systemClock;
    this.#settings = settings;
    this.#keys = new KeyNames(settings.prefix);
    this.#connection = new Connection({ name: this.name, url, client, timeout: settings.saveTimeout, clock });
    this.#caller = new Caller(this.#connection, this.name);
    this.#lister = new Lister(this.#caller, this.#keys);
    const { finishedTtl } = settings;
    this.#saver = new Saver({ name: this.name, caller: this.#caller, keys: this.#keys, finishedTtl });
  }

  async create({ id, claim, head, parts, events, index }: CreateRequest): Promise<Lease | undefined> {
    this.#open();
    if (id === '') throw new InvalidArgumentError('the id of a run is empty', { hint: 'give it an id' });
    const keys = this.#keys.of(id);
    const owner = { ...claim.owner };
    const listed = encodeIndex(index);
    const args = [
      ...[keys.name, this.#nextMark(), owner.key, JSON.stringify(owner), String(claim.ttl), this.#now()],
      ...[listed, encodeRecord({ fence: 0, whole: true, parts, head, events })],
    ];
    const reply = await this.#turns.take(id, () => this.#call(SCRIPTS.create, [...keys.whole(), keys.fence], args));
    const [word, ...rest] = reply as Answer;
    if (word === 'exists') return undefined;
    if (word === 'lost') throw lostRun(this.name, id);
    const fence = Number(rest[0]);
    this.#saver.holds(id, { seq: 1, fence, count: 1, index: listed });
    return { owner, fence, until: Number(rest[1]) };
  }

  async acquire(id: string, claim: Claim): Promise<Lease | undefined> {
    return (await this.#acquire(id, claim, ''))?.lease;
  }

  async take(id: string, claim: Claim): Promise<TakenRun | undefined> {
    const taken = await this.#acquire(id, claim, 'all');
    if (taken === undefined) return undefined;
    const { lease, fields, parts } = taken;
    const checkpoint = (): StoredCheckpoint =>
      readCheckpoint(id, this.name, fields, parts, undefined) as StoredCheckpoint;
    return { lease, inbox: waitingIn(fields), checkpoint };
  }

  /** @param more `all` for what the run's keys hold */
  async #acquire(id: string, claim: Claim, more: '' | 'all') {
    this.#open();
    const keys = this.#keys.of(id);
    const owner = { ...claim.owner };
    const args = [keys.name, owner.key, JSON.stringify(owner), String(claim.ttl), this.#now(), more];
    return this.#turns.take(id, async () => {
      for (let dead = ''; ;) {
        const reply = await this.#call(SCRIPTS.acquire, [...keys.whole(), keys.fence], [...args, dead]);
        // where it stands, or who holds it
        const [word, fence = '', until = '', other = ''] = reply as Answer;
        if (word === 'unknown') return undefined;
        if (word === 'lost') throw lostRun(this.name, id);
        if (word !== 'held') {
          const [fields = [], parts = []] = (reply as readonly unknown[]).slice(4) as (readonly string[])[];
          this.#saver.holds(id, standingOf(other));
          return { lease: { owner, fence: Number(fence), until: Number(until) }, fields, parts };
        }
        const holder = readOwner(other);
        if (holder === undefined)
          throw new CorruptCheckpointError(`run "${id}" in ${this.name}`, 'its owner cannot be read');
        if (!claim.isDead(holder)) throw new AlreadyOwnedError(id, holder.label, Number(until));
        dead = fence;
      }
    });
  }

  async renew(id: string, lease: Lease, ttl: number): Promise<{ readonly lease: Lease; readonly inbox: number }> {
    this.#open();
    const { owner, fence } = lease;
    const args = [String(fence), String(ttl), this.#now()];
    const [word, first = '', second = ''] = (await this.#turns.take(id, () =>
      this.#call(SCRIPTS.renew, [this.#keys.of(id).run], args),
    )) as Answer;
    if (word !== 'renewed') {
      this.#saver.letGo(id);
      throw refusalOf(this.name, { id, fence }, [word, first, second]);
    }
    return { lease: { owner: { ...owner }, fence, until: Number(first) }, inbox: Number(second) };
  }

  async release(id: string, { fence }: Lease): Promise<void> {
    this.#open();
    const keys = this.#keys.of(id);
    const args = [keys.name, String(fence), String(this.#settings.finishedTtl)];
    await this.#turns.take(id, () => {
      this.#saver.letGo(id);
      return this.#call(SCRIPTS.release, [...keys.whole(), keys.expiry], args);
    });
  }

  async save(request: SaveRequest): Promise<void> {
    this.#open();
    const { id, release } = request;
    const { history } = this.#settings;
    const count = await this.#turns.takeAfterSuccess(id, () => this.#saver.save(request));
    // Half as many again are let pile up, so that forgetting costs little. What fails is tried when they are twice as many.
    if (isTooMany(count, history) && !release) this.prune(id, history).catch(() => undefined);
  }

  async load(id: string, seq?: number): Promise<StoredCheckpoint | undefined> {
    this.#open();
    const { name, run, base, index } = this.#keys.of(id);
    const reply = await this.#call(SCRIPTS.load, [run, base, index], [name]);
    const [word, fields = [], parts = []] = reply as readonly [string, (readonly string[])?, (readonly string[])?];
    if (word === 'unknown') return undefined;
    if (word === 'lost') throw lostRun(this.name, id);
    return readCheckpoint(id, this.name, fields, parts, seq);
  }

  async history(id: string): Promise<readonly number[]> {
    this.#open();
    const seqs = (await this.#call(SCRIPTS.history, [this.#keys.of(id).run], [])) as readonly string[];
    return [...new Set(seqs.map(Number))].filter(Number.isSafeInteger).sort((a, b) => b - a);
  }

  async events(id: string): Promise<readonly string[]> {
    this.#open();
    const { run, events } = this.#keys.of(id);
    const reply = await this.#call(SCRIPTS.events, [run, events], []);
    return eventsOf(...(reply as readonly [string[], string[]]));
  }

  async post(id: string, { deliveryId, body }: InboxMessage): Promise<void> {
    this.#open();
    const { run, inbox, acknowledged } = this.#keys.of(id);
    const reply = await this.#call(SCRIPTS.post, [run, inbox, acknowledged], [encodeName(deliveryId), body]);
    const [word, letter = ''] = reply as Answer;
    if (word === 'unknown') throw new UnknownRunError(id, this.name);
    if (word === 'ended') throw new RunEndedError(id, statusOf(letter) ?? 'ended');
  }

  async inbox(id: string): Promise<readonly InboxMessage[]> {
    this.#open();
    const flat = (await this.#call(SCRIPTS.inbox, [this.#keys.of(id).inbox], [])) as readonly string[];
    const waiting: { number: number; message: InboxMessage }[] = [];
    for (let at = 0; at + 1 < flat.length; at += 2) {
      const text = flat[at + 1] ?? '';
      const blank = text.indexOf(' ');
      const message = { deliveryId: decodeName(flat[at] ?? ''), body: text.slice(blank + 1) };
      waiting.push({ number: Number(text.slice(0, blank)), message });
    }
    return waiting.sort((a, b) => a.number - b.number).map(({ message }) => message);
  }

  async list(query: ListQuery = {}): Promise<RunPage> {
    this.#open();
    return this.#lister.page(query);
  }

  async prune(id: string, keep: number): Promise<void> {
    this.#open();
    const { run, events, base } = this.#keys.of(id);
    await this.#call(SCRIPTS.prune, [run, events, base], [String(Math.max(1, Math.floor(keep)))]);
  }

  async delete(id: string): Promise<boolean> {
    this.#open();
    const keys = this.#keys.of(id);
    return this.#turns.take(id, async () => {
      // By its mark, so that a call which is sent twice cannot delete a run that has taken the id in between.
      const mark = await this.#call(SCRIPTS.mark, [keys.run, keys.index], [keys.name]);
      if (typeof mark !== 'string') return false;
      this.#saver.letGo(id);
      await this.#call(SCRIPTS.remove, [...keys.whole(), keys.expiry], [keys.name, mark]);
      return true;
    });
  }

  close(): Promise<void> {
    return (this.#closing ??= this.#turns.idle().then(() => this.#connection.close()));
  }

  #open(): void {
    if (this.#closing !== undefined) throw new StoreClosedError(this.name);
  }

  #call(script: Script, keys: string[], args: readonly string[]): Promise<Reply> {
    return this.#caller.call(script, keys, args);
  }

  /** Empty for the time of the server. */
  #now(): string {
    return this.#usesServerTime ? '' : String(this.#clock.now());
  }

  #nextMark(): string {
    this.#mark ??= this.#clock.id();
    this.#marks += 1;
    return `${this.#mark}-${this.#marks}`;
  }
}

/** Whether so many checkpoints are one and a half times, three times, six times … as many as are kept. */
function isTooMany(count: number, history: number): boolean {
  let most = Math.ceil(history * 1.5);
  while (most < count) most *= 2;
  return most === count;
}
