import assert from 'node:assert/strict';
import { systemClock, type Clock } from '../../src/clock/clock.js';
import type { Claim, CreateRequest, Lease, Owner, SaveRequest, Store } from '../../src/durability/store.js';

export interface ConformanceCase {
  /** The outcome, as a sentence. */
  readonly title: string;
  readonly run: (bench: Bench) => Promise<void>;
}

/** What a test brings: the store under test, and how to open it again. */
export interface Subject {
  /** Empty, and used by one case alone. */
  readonly store: Store;
  /** Another store on the same data, as another process would open it. Needed where `survives` is not `nothing`. */
  readonly again?: () => Store | Promise<Store>;
  /** After the case; all stores are closed by then. */
  readonly dispose?: () => void | Promise<void>;
}

/** Makes a store that takes its time from this clock. */
export type Fresh = (clock: Clock) => Subject | Promise<Subject>;

export const TTL = 10_000;

/** A fresh store, a clock that stands still until it is told to go on, and requests that need not be spelled out. */
export class Bench {
  readonly clock: HandClock;
  readonly #subject: Subject;
  readonly #opened: Store[] = [];

  private constructor(subject: Subject, clock: HandClock) {
    this.#subject = subject;
    this.clock = clock;
  }

  static async open(fresh: Fresh): Promise<Bench> {
    const clock = new HandClock();
    return new Bench(await fresh(clock), clock);
  }

  get store(): Store {
    return this.#subject.store;
  }

  /** Another store on the same data; the same one where nothing is shared or kept. */
  async again(): Promise<Store> {
    if (this.#subject.again === undefined) {
      assert.equal(
        this.store.capabilities.survives,
        'nothing',
        'a store that keeps data must be opened again: give `again`',
      );
      return this.store;
    }
    const store = await this.#subject.again();
    this.#opened.push(store);
    return store;
  }

  async dispose(): Promise<void> {
    for (const store of [this.store, ...this.#opened]) await store.close();
    await this.#subject.dispose?.();
  }

  /** Creates a run that must be new. */
  async create(id: string, request: Partial<CreateRequest> = {}): Promise<Lease> {
    const lease = await this.store.create(creation(id, request));
    assert.ok(lease, `creating run ${JSON.stringify(id)} gave no lease`);
    return lease;
  }

  async save(id: string, seq: number, lease: Lease, request: Partial<SaveRequest> = {}): Promise<void> {
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

export function creation(id: string, request: Partial<CreateRequest> = {}): CreateRequest {
  return {
    ...{ id, claim: claim('one'), head: '{"seq":1}', parts: { frontier: '["a"]' }, events: [] },
    index: { status: 'running', graph: 'flow', due: null },
    ...request,
  };
}

export function saving(id: string, seq: number, lease: Lease, request: Partial<SaveRequest> = {}): SaveRequest {
  return {
    ...{ id, seq, fence: lease.fence, head: `{"seq":${seq}}`, parts: {}, whole: false, events: [], ackInbox: [] },
    ...{ index: { status: 'running', graph: 'flow', due: null }, release: false },
    ...request,
  };
}

/** Asserts on the name, which holds across two copies of the package. */
export async function rejects(promise: Promise<unknown>, name: string): Promise<void> {
  await assert.rejects(promise, (error: unknown) => {
    assert.equal((error as Error).name, name, `expected ${name}, got ${String(error)}`);
    return true;
  });
}

export function entries(parts: ReadonlyMap<string, string> | undefined): Record<string, string> | undefined {
  return parts === undefined ? undefined : Object.fromEntries(parts);
}
