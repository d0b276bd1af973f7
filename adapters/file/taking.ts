/**
 * How a process comes to hold a run: by beginning it, or by taking it over. In both cases it claims first, and looks at
 * the logs then, so that whatever was acknowledged before its claim is in what it sees. Callers of this process take
 * turns, one run at a time: they would only overtake each other.
 */
import type { Clock } from '../../src/clock/clock.js';
import type { Claim, CreateRequest, Lease } from '../../src/durability/store.js';
import { AlreadyOwnedError } from '../../src/errors/index.js';
import { Turns } from '../turns.js';
import type { Claims } from './claims.js';
import type { Base, Facts, Texts } from './line.js';
import type { LogSync } from './log-sync.js';
import type { Held, Ownership } from './ownership.js';
import type { RecordIndex } from './record-index.js';

export const BEGINNING: Base = [0, 0];
/** How long it is waited for a run that another process is creating; the first pause, and the longest. In milliseconds. */
const CREATE_PATIENCE = 5_000;
const FIRST_PAUSE = 1;
const LONGEST_PAUSE = 50;
/** And how often it is looked for it, however short that takes. */
const MOST_LOOKS = 1000;

export interface TakingOptions {
  readonly clock: Clock;
  readonly claims: Claims;
  readonly index: RecordIndex;
  readonly owned: Ownership;
  readonly logSync: LogSync;
  readonly append: (facts: Facts, texts?: Texts, held?: Held) => Promise<void>;
}

export class Taking {
  readonly #options: TakingOptions;
  readonly #turns = new Turns();

  constructor(options: TakingOptions) {
    this.#options = options;
  }

  create(request: CreateRequest): Promise<Lease | undefined> {
    return this.#turns.take(request.id, () => this.#create(request));
  }

  acquire(id: string, claim: Claim): Promise<Lease | undefined> {
    return this.#turns.take(id, () => this.#acquire(id, claim));
  }

  async #acquire(id: string, claim: Claim): Promise<Lease | undefined> {
    const { claims, index, owned } = this.#options;
    const stem = claims.stem(id);
    for (;;) {
      const run = await index.find(id);
      if (run === undefined) return undefined;
      const newest = claims.newestFence(stem, run.topFence);
      const holder = owned.holder(run, stem, newest, claim);
      if (holder !== undefined) throw new AlreadyOwnedError(id, holder.owner.label, holder.until);
      const lease = owned.lease(claim, newest + 1);
      if (!claims.take(stem, lease)) continue;
      const taken = await this.#takeOver(id, stem, lease);
      if (!claims.isTaken(stem, lease.fence + 1)) return taken;
    }
  }

  async #create(request: CreateRequest): Promise<Lease | undefined> {
    const { claims, index, owned, append, clock } = this.#options;
    const { id, claim } = request;
    await index.ready();
    const stem = claims.stem(id);
    const first = owned.lease(claim, 1);
    const known = index.run(id)?.topFence ?? 0;
    if (known === 0 && claims.take(stem, first)) return this.#begin(request, stem, first);
    let holder: Lease | undefined;
    for (let look = 0, waited = 0, pause = FIRST_PAUSE; waited < CREATE_PATIENCE && look < MOST_LOOKS; look += 1) {
      const run = await index.find(id);
      if (run !== undefined) return undefined;
      const records = index.run(id);
      const newest = claims.newestFence(stem, records?.topFence ?? 0);
      holder = owned.holder(records, stem, newest, claim);
      const lease = owned.lease(claim, newest + 1);
      if (holder !== undefined) {
        await this.#pause(pause);
        waited += pause;
        pause = Math.min(2 * pause, LONGEST_PAUSE);
        continue;
      }
      if (!claims.take(stem, lease)) continue;
      // Its creator may have stored it between the look and the claim: then it is there, and has an owner no more.
      if ((await index.find(id)) === undefined) {
        // The last of a deleted run was removed between the look and the claim.
        if (index.run(id) === undefined && claims.takeBack(stem, lease.fence)) continue;
        return this.#begin(request, stem, lease);
      }
      await this.#takeOver(id, stem, lease);
      await append({ run: id, seq: 0, fence: lease.fence, release: true });
      owned.drop(id);
      return undefined;
    }
    // Somebody is creating it and has not stored it yet. To say that it is there would be a lie.
    throw new AlreadyOwnedError(id, holder?.owner.label ?? 'another process', holder?.until ?? clock.now());
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => this.#options.clock.after(ms, resolve));
  }

  async #begin(request: CreateRequest, stem: string, lease: Lease): Promise<Lease> {
    const { claims, owned, append } = this.#options;
    const { id, index } = request;
    const held = owned.held(lease, stem, BEGINNING, 0);
    held.queued = 1;
    owned.hold(id, held);
    try {
      const facts = { run: id, seq: 1, fence: lease.fence, base: BEGINNING, prev: 0, whole: true, index } as const;
      await append(facts, request, held);
    } catch (error) {
      owned.letGo(id, held.fence);
      throw error;
    }
    if (claims.isTaken(stem, lease.fence + 1)) throw await owned.overtaken(id, lease.fence);
    return lease;
  }

  /** The claim is made; now to measure how far the run has come, and to record it. */
  async #takeOver(id: string, stem: string, lease: Lease): Promise<Lease | undefined> {
    const { index, owned, logSync, append } = this.#options;
    const run = await index.find(id);
    const newest = run?.newest();
    if (run === undefined || newest === undefined) return undefined;
    const base: Base = [run.topFence, newest.seq];
    await logSync.persist(newest);
    await append({ run: id, seq: 0, fence: lease.fence, base });
    owned.hold(id, owned.held(lease, stem, base, newest.seq));
    return lease;
  }
}
