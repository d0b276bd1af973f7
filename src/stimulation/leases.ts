/**
 * Renews the leases of the runs that this CNS holds, three times within a lease, and releases those that were given up
 * while the store was away: where a process is known to live by one sign of life, they would last as long as it does.
 * Keeps no process alive by itself.
 */
import type { Clock, Timer } from '../clock/clock.js';
import { Crowd } from '../collections/crowd.js';
import type { Lease, Store } from '../durability/store.js';
import { StaleOwnerError, UnknownRunError } from '../errors/index.js';
import type { Keeper } from './keeper.js';
import type { Logger } from './options.js';
import { isAway } from './outage.js';

export class Leases {
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ttl: number;
  readonly #logger: Logger;
  readonly #keepers = new Crowd<Keeper>();
  readonly #renewing = new Set<Keeper>();
  /** By run: what is still to be released. */
  readonly #owed = new Map<string, Lease>();
  #timer: Timer | null = null;

  constructor(store: Store, clock: Clock, ttl: number, logger: Logger) {
    this.#store = store;
    this.#clock = clock;
    this.#ttl = ttl;
    this.#logger = logger;
  }

  get keepers(): readonly Keeper[] {
    return this.#keepers.list();
  }

  add(keeper: Keeper): void {
    this.#keepers.add(keeper);
    this.#arm();
  }

  /** @returns false when it was not among them */
  remove(keeper: Keeper): boolean {
    const wasHeld = this.#keepers.delete(keeper);
    if (wasHeld && keeper.unreleased !== null) this.#owed.set(keeper.run.work.id, keeper.unreleased);
    if (this.#isIdle) this.stop();
    return wasHeld;
  }

  /** What is still to be released ends by itself. */
  stop(): void {
    this.#owed.clear();
    this.#timer?.cancel();
    this.#timer = null;
  }

  get #isIdle(): boolean {
    return this.#keepers.size + this.#owed.size === 0;
  }

  #arm(): void {
    this.#timer ??= this.#clock.after(
      Math.ceil(this.#ttl / 3),
      () => {
        this.#timer = null;
        this.#renewAll();
      },
      { background: true },
    );
  }

  /** One that does not answer holds up no other, and is not asked again meanwhile. */
  #renewAll(): void {
    for (const [id, lease] of this.#owed) void this.#release(id, lease);
    if (!this.#isIdle) this.#arm();
    for (const keeper of this.#keepers.list()) {
      if (this.#renewing.has(keeper)) continue;
      this.#renewing.add(keeper);
      void this.#renew(keeper).finally(() => this.#renewing.delete(keeper));
    }
  }

  /** Once more with the next renewals, where the store is still away. */
  async #release(id: string, lease: Lease): Promise<void> {
    try {
      await this.#store.release(id, lease);
      if (this.#owed.get(id) === lease) this.#owed.delete(id);
    } catch (error) {
      if (!isAway(error)) this.#owed.delete(id);
    }
  }

  async #renew(keeper: Keeper): Promise<void> {
    const { lease } = keeper;
    if (lease === null) return;
    const { id } = keeper.run.work;
    try {
      const askedAt = this.#clock.monotonic();
      const renewed = await this.#store.renew(id, lease, this.#ttl);
      keeper.onRenewed(renewed.lease, askedAt);
      if (renewed.inbox > 0) await keeper.readInbox();
    } catch (error) {
      // a store that is away for a while costs no run: every save asks again whether the lease is still ours
      if (error instanceof StaleOwnerError || error instanceof UnknownRunError) keeper.lose(error);
      else if (keeper.lease !== null) this.#logger.warn(`the lease of run "${id}" could not be renewed`, error);
    }
  }
}
