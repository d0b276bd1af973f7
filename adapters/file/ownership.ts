/**
 * Which runs this process may write, and what it knows of them without asking the disk.
 */
import type { Clock } from '../../src/clock/clock.js';
import type { Claim, Lease, Owner } from '../../src/durability/store.js';
import { LostCheckpointError, StaleOwnerError, UnknownRunError } from '../../src/errors/index.js';
import type { Claims } from './claims.js';
import type { Base } from './line.js';
import type { RecordIndex } from './record-index.js';
import type { RunRecords } from './run-records.js';

/** A run of which this process holds the lease. */
export interface Held {
  readonly owner: Owner;
  readonly stem: string;
  readonly fence: number;
  readonly base: Base;
  /** The newest seq in the log, and the newest on its way there. */
  stored: number;
  queued: number;
  /** When the claim was last known to be there. */
  seen: number;
}

/** After a longer while without a look the process may have been away for days. */
const LOOK_AGAIN = 60_000;

export class Ownership {
  readonly #name: string;
  readonly #clock: Clock;
  readonly #claims: Claims;
  readonly #index: RecordIndex;
  readonly #held = new Map<string, Held>();

  constructor(name: string, clock: Clock, claims: Claims, index: RecordIndex) {
    this.#name = name;
    this.#clock = clock;
    this.#claims = claims;
    this.#index = index;
  }

  lease(claim: Claim, fence: number): Lease {
    return this.#claims.leaseFor(claim, fence, this.#clock.now());
  }

  /** The lease that stands in the way of this claim. */
  holder(run: RunRecords | undefined, stem: string, fence: number, claim: Claim): Lease | undefined {
    if (fence === 0 || run?.isReleased(fence) === true || run?.isDeleted(fence) === true) return undefined;
    const lease = this.#claims.readable(stem, fence);
    if (lease === undefined || lease.owner.key === claim.owner.key) return undefined;
    return lease.until <= this.#clock.now() || claim.isDead(lease.owner) ? undefined : lease;
  }

  /** What is held under this fence, without a look at the disk. */
  holding(id: string, fence: number): Held | undefined {
    const held = this.#held.get(id);
    return held?.fence === fence ? held : undefined;
  }

  /** Whether this process holds it, under whatever fence. */
  holds(id: string): boolean {
    return this.#held.has(id);
  }

  hold(id: string, held: Held): void {
    if ((this.#held.get(id)?.fence ?? 0) < held.fence) this.#held.set(id, held);
  }

  letGo(id: string, fence: number): void {
    if (this.#held.get(id)?.fence === fence) this.#held.delete(id);
  }

  /** After a deletion, and at the end. */
  drop(id?: string): void {
    if (id === undefined) this.#held.clear();
    else this.#held.delete(id);
  }

  /** What was on its way has failed. */
  forgetQueued(): void {
    for (const held of this.#held.values()) held.queued = held.stored;
  }

  isOvertaken(held: Held): boolean {
    return this.#claims.isTaken(held.stem, held.fence + 1) || this.isForgotten(held);
  }

  /** Whether the run was deleted, and the last traces of it removed, while this process was away. */
  isForgotten(held: Held): boolean {
    const now = this.#clock.now();
    if (now - held.seen < LOOK_AGAIN) return false;
    if (!this.#claims.isTaken(held.stem, held.fence)) return true;
    held.seen = now;
    return false;
  }

  held({ owner, fence }: Lease, stem: string, base: Base, seq: number): Held {
    return { owner, stem, fence, base, stored: seq, queued: seq, seen: this.#clock.now() };
  }

  /** A lease that was taken through another store of this directory, or the reason why it does not hold. */
  async adopt(id: string, fence: number): Promise<Held> {
    const run = await this.#index.find(id);
    if (run === undefined) throw new UnknownRunError(id, this.#name);
    const stem = this.#claims.stem(id);
    const newest = this.#claims.newestFence(stem, run.topFence);
    const stored = run.newest()?.seq ?? 0;
    if (newest < fence) throw new LostCheckpointError(id, stored, stored);
    if (newest !== fence) throw new StaleOwnerError(id, fence, newest);
    const lease = this.#claims.readable(stem, fence);
    // Given up is no better than taken: the next one to hold it has the next fence.
    if (run.isReleased(fence) || lease === undefined) throw new StaleOwnerError(id, fence, fence + 1);
    this.hold(id, this.held(lease, stem, run.baseOf(fence), stored));
    const held = this.holding(id, fence);
    if (held === undefined) throw new StaleOwnerError(id, fence, fence + 1);
    return held;
  }

  /** What to tell a writer who was overtaken. */
  async overtaken(id: string, fence: number): Promise<UnknownRunError | StaleOwnerError> {
    this.letGo(id, fence);
    const run = await this.#index.find(id);
    if (run === undefined) return new UnknownRunError(id, this.#name);
    return new StaleOwnerError(id, fence, this.#claims.newestFence(this.#claims.stem(id), fence + 1));
  }
}
