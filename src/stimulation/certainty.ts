/**
 * Whether a run is surely still ours, by our own clock (I5). A process that was paused longer than its lease finds answers
 * that came before the pause, and bodies that end now, while another process has long gone on with the run: before
 * anything of it starts, the store is asked. Only for stores that several processes share.
 */
import type { Clock } from '../clock/clock.js';
import type { Lease, Store } from '../durability/store.js';
import { type EngramError, StaleOwnerError, UnknownRunError } from '../errors/index.js';
import { rareOf } from '../propagation/rare.js';
import type { Run } from './run.js';

/** Who keeps the run. */
interface Holder {
  readonly run: Run;
  /** While it is held. */
  readonly lease: Lease | null;
  onRenewed(lease: Lease, askedAt: number): void;
  lose(error: EngramError): void;
}

export class Certainty {
  readonly #holder: Holder;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #ttl: number;
  /** By the monotonic clock. */
  #until = 0;
  #holdsBack = false;
  #isAsking = false;

  /** @param ttl how long a lease lasts, in milliseconds */
  constructor(holder: Holder, store: Store, clock: Clock, ttl: number) {
    this.#holder = holder;
    this.#store = store;
    this.#clock = clock;
    this.#ttl = ttl;
    rareOf(holder.run.work).guard = () => this.#isSure();
  }

  /** @param askedAt when the lease that we have now was asked for: it lasts no shorter than from then on */
  since(askedAt: number): void {
    this.#until = askedAt + this.#ttl;
    if (!this.#holdsBack) return;
    this.#holdsBack = false;
    const { run } = this.#holder;
    // it may have ended while the store was asked, and then its end is being stored
    if (run.work.status === 'running') run.wake();
  }

  #isSure(): boolean {
    if (this.#clock.monotonic() < this.#until) return true;
    const { lease } = this.#holder;
    if (lease === null) return true; // it ends, or is let go: nothing starts then anyway
    this.#holdsBack = true;
    if (!this.#isAsking) void this.#ask(lease);
    return false;
  }

  /** A store that does not answer is asked with the next renewal. */
  async #ask(lease: Lease): Promise<void> {
    const { run } = this.#holder;
    this.#isAsking = true;
    const askedAt = this.#clock.monotonic();
    const renewed = await this.#store.renew(run.work.id, lease, this.#ttl).catch((error: unknown) => {
      if (error instanceof StaleOwnerError || error instanceof UnknownRunError) this.#holder.lose(error);
    });
    this.#isAsking = false;
    if (renewed !== undefined) this.#holder.onRenewed(renewed.lease, askedAt);
  }
}
