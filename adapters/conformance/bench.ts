/** What a case works with: a fresh store, a clock that stands still, and requests that need not be spelled out. */
import assert from 'node:assert/strict';
import { systemClock, type Clock } from '../../src/clock/clock.js';
import type { Claim, CreateRequest, Lease, Owner, SaveRequest, Store } from '../../src/durability/store.js';
import {
  AlreadyOwnedError,
  EngramError,
  InvalidArgumentError,
  LostCheckpointError,
  NotSupportedError,
  RunEndedError,
  StaleCheckpointError,
  StaleOwnerError,
  StoreClosedError,
  UnknownRunError,
  UnreadMessagesError,
} from '../../src/errors/index.js';

/** What a subject may offer beside its store, so that more of the suite can be run on it. */
export type Hook = 'kill' | 'tear';

/** What a case needs. `kept`: what is stored outlives the store object; the others are capabilities and hooks. */
export type Need = 'list' | 'inbox' | 'sealsInbox' | 'history' | 'events' | 'shared' | 'kept' | Hook;

export interface ConformanceCase {
  /** The outcome, as a sentence. */
  readonly title: string;
  /** A store that has not all of this is not held to the case. */
  readonly needs?: readonly Need[];
  readonly run: (bench: Bench) => Promise<void>;
}

/** What a writer tells of a save that was acknowledged. */
export interface WriterNote {
  readonly run: string;
  readonly seq: number;
}

/** What a test brings: the store under test, how to open it again, and what else can be done to it. */
export interface Subject {
  /** Empty, and used by one case alone. */
  readonly store: Store;
  /** Another store on the same data, as another process would open it. Needed where stored runs outlive a store. */
  readonly again?: () => Store | Promise<Store>;
  /**
   * Starts a process that opens the same data and calls `writeForEver(store, tell)` there; hands what it tells to
   * `heard`, kills the process with SIGKILL as soon as `heard` answers true, and resolves when it is gone.
   */
  readonly kill?: (heard: (note: WriterNote) => boolean) => Promise<void>;
  /** Cuts short what was written last, as a power failure in its middle would. All stores are closed by then. */
  readonly tear?: () => void | Promise<void>;
  /** After the case; all stores are closed by then. */
  readonly dispose?: () => void | Promise<void>;
}

/** Makes a store that takes its time from this clock. */
export type Fresh = (clock: Clock) => Subject | Promise<Subject>;

export const TTL = 10_000;

export class Bench {
  readonly clock: HandClock;
  readonly #subject: Subject;
  #store: Store;
  readonly #opened: Store[] = [];

  private constructor(subject: Subject, clock: HandClock) {
    this.#subject = subject;
    this.#store = subject.store;
    this.clock = clock;
  }

  static async open(fresh: Fresh): Promise<Bench> {
    const clock = new HandClock();
    return new Bench(await fresh(clock), clock);
  }

  get store(): Store {
    return this.#store;
  }

  get subject(): Subject {
    return this.#subject;
  }

  /** Another store on the same data at the same time; the same one where only one may be open. */
  async again(): Promise<Store> {
    if (!this.#store.capabilities.shared) return this.#store;
    const store = await this.#open();
    this.#opened.push(store);
    return store;
  }

  /** Closes every store and opens the data anew, as the next process would. */
  async anew(): Promise<Store> {
    await this.close();
    this.#store = await this.#open();
    return this.#store;
  }

  async close(): Promise<void> {
    for (const store of [this.#store, ...this.#opened.splice(0)]) await store.close();
  }

  async dispose(): Promise<void> {
    await this.close();
    await this.#subject.dispose?.();
  }

  async #open(): Promise<Store> {
    assert.ok(this.#subject.again, 'a store whose runs outlive it must be opened again: give `again`');
    return this.#subject.again();
  }

  /** Creates a run that must be new. */
  async create(id: string, request: Told<CreateRequest> = {}): Promise<Lease> {
    const lease = await this.store.create(creation(id, request));
    assert.ok(lease, `creating run ${shown(id)} gave no lease`);
    return lease;
  }

  async save(id: string, seq: number, lease: Lease, request: Told<SaveRequest> = {}): Promise<void> {
    await this.store.save(saving(id, seq, lease, request));
  }
}

/** Time that goes on only by `pass`. Timers are those of the system, for stores that wait for a server. */
export class HandClock implements Clock {
  #now = 1_700_000_000_000;
  #ids = 0;
  now = (): number => this.#now;
  monotonic = (): number => this.#now;
  after = systemClock.after.bind(systemClock);
  random = (): number => 0.5;
  id = (): string => {
    this.#ids += 1;
    return `id-${this.#ids}`;
  };

  pass(ms: number): void {
    this.#now += ms;
  }
}

export function owner(key: string): Owner {
  return { key, label: `owner ${key}`, boot: 'boot', namespace: 'namespace', pid: 1, started: '1' };
}

export function claim(key: string, options: { readonly ttl?: number; readonly dead?: readonly string[] } = {}): Claim {
  return {
    owner: owner(key),
    ttl: options.ttl ?? TTL,
    isDead: ({ key: other }) => options.dead?.includes(other) ?? false,
  };
}

/** Of an owner that takes every other one for dead. */
export const ruthless = (key: string): Claim => ({ ...claim(key), isDead: () => true });

/** A request of which only what matters is told, and the parts as an object. */
export type Told<Request extends CreateRequest | SaveRequest> = Partial<Omit<Request, 'parts'>> & {
  readonly parts?: Readonly<Record<string, Request extends SaveRequest ? string | null : string>>;
};

export function creation(
  id: string,
  { parts = { frontier: '["a"]' }, ...request }: Told<CreateRequest> = {},
): CreateRequest {
  return {
    ...{ id, claim: claim('one'), head: '{"seq":1}', parts: new Map(Object.entries(parts)), events: [] },
    index: { status: 'running', graph: 'flow', due: null },
    ...request,
  };
}

export function saving(
  id: string,
  seq: number,
  lease: Lease,
  { parts = {}, ...request }: Told<SaveRequest> = {},
): SaveRequest {
  return {
    ...{ id, seq, fence: lease.fence, head: `{"seq":${seq}}`, parent: 1, whole: false, events: [] },
    parts: new Map(Object.entries(parts)),
    ...{ ackInbox: [], index: { status: 'running', graph: 'flow', due: null }, release: false },
    ...request,
  };
}

const REFUSALS = {
  AlreadyOwnedError,
  InvalidArgumentError,
  LostCheckpointError,
  NotSupportedError,
  RunEndedError,
  StaleCheckpointError,
  StaleOwnerError,
  StoreClosedError,
  UnknownRunError,
  UnreadMessagesError,
};

/** Asserts on the class as the library tells it, which holds across two copies of the package. */
export async function rejects(promise: Promise<unknown>, name: keyof typeof REFUSALS): Promise<void> {
  const check = (error: unknown): boolean => {
    assertIs(error, name);
    return true;
  };
  await assert.rejects(promise, check, `expected ${name}, but it was not refused`);
}

export function assertIs(error: unknown, name: keyof typeof REFUSALS): void {
  const hint = (error as Error).name === name ? ' that is not the one of the package "engram"' : '';
  const isOfClass = error instanceof EngramError && error instanceof REFUSALS[name];
  assert.ok(isOfClass, `expected ${name}, got ${String(error)}${hint}`);
  assert.ok(error.hint.trim() !== '', `${name} says nothing of what to do next`);
}

/** The parts as a plain object, compared whatever their names are. */
export function entries(parts: ReadonlyMap<string, string> | undefined): Record<string, string> | undefined {
  return parts === undefined ? undefined : Object.fromEntries(parts);
}

/** For messages: a name as JSON, cut where it is long. */
export function shown(text: string): string {
  const json = JSON.stringify(text);
  return json.length > 80 ? `${json.slice(0, 60)}… (${text.length} characters)` : json;
}

/** What is checked beside the point of a case, where the store has it at all. */
export async function assertEvents(store: Store, id: string, expected: readonly string[]): Promise<void> {
  if (store.capabilities.events) assert.deepEqual(await store.events(id), expected, 'events');
}

export async function assertHistory(store: Store, id: string, expected: readonly number[]): Promise<void> {
  if (store.capabilities.history) assert.deepEqual(await store.history(id), expected, 'history');
}

export async function assertInbox(store: Store, id: string, expected: readonly string[]): Promise<void> {
  if (!store.capabilities.inbox) return;
  assert.deepEqual(
    (await store.inbox(id)).map(({ deliveryId }) => deliveryId),
    expected,
    'inbox',
  );
}

export async function listed(page: ReturnType<Store['list']>): Promise<string[]> {
  return (await page).runs.map((run) => run.id);
}
