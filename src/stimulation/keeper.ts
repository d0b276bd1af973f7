/**
 * Keeps one durable run in a store: when a checkpoint is due, what it holds, and what it lets go on.
 *
 * I3: one save at a time, each `seq` greater than the last. I4: what a milestone holds is let go when the save that
 * holds the milestone's settlement is acknowledged. I5: a save that is refused because somebody took the run over stops
 * the run and touches nothing. Texts are made at once, in the turn that made the checkpoint due.
 */
import type { Clock } from '../clock/clock.js';
import type { Changes } from '../durability/changes.js';
import { StateDigest } from '../durability/digest.js';
import { sealEnvelope } from '../durability/envelope.js';
import type { Claim, Lease, RunIndex, Store } from '../durability/store.js';
import type { Codec } from '../durability/codec.js';
import { type EngramError, RunSuspendedError, SaveFailedError, StaleOwnerError } from '../errors/index.js';
import type { Activation } from '../propagation/activation.js';
import { barriersOf, dueOf, hasBarrier, isWaiting, isWaitingStored } from '../propagation/lists.js';
import type { Work } from '../propagation/work.js';
import { Inbox } from './inbox.js';
import type { Logger } from './options.js';
import type { Run } from './run.js';
import type { EndGate } from './run-more.js';

export interface KeeperOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly changes: Changes;
  readonly codec: Codec;
  readonly logger: Logger;
}

/** Somebody waits until all that has happened so far is stored. */
interface Wanted {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

interface Draft {
  readonly head: string;
  readonly index: RunIndex;
  readonly parts: Record<string, string | null>;
  readonly events: readonly string[];
}

export class Keeper implements EndGate {
  readonly run: Run;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #changes: Changes;
  readonly #digest = new StateDigest();
  #lease: Lease | null = null;
  #seq = 0;
  #parentSeq: number | null = null;
  #attempt = 1;
  #saving = false;
  /** The save that is on its way gives the lease up: whatever is said of the lease meanwhile, that save decides. */
  #ending = false;
  #inFlight: Promise<void> = Promise.resolve();
  /** Made, not stored yet: a save that failed is part of the next one. */
  #unsaved: { parts: Record<string, string | null>; events: readonly string[] } = { parts: {}, events: [] };
  #whole = false;
  #wanted: Wanted[] = [];
  readonly #inbox: Inbox;

  constructor(run: Run, options: KeeperOptions) {
    this.run = run;
    this.#store = options.store;
    this.#clock = options.clock;
    this.#changes = options.changes;
    this.#inbox = new Inbox(run, options);
  }

  /** What is to be renewed; null when nothing is. */
  get lease(): Lease | null {
    return this.#ending ? null : this.#lease;
  }

  /** Stores a new run and takes its lease, in one save. @returns false when a run of this id is there already */
  async create(claim: Claim, entry: string): Promise<boolean> {
    const { work } = this.run;
    const { head, index, parts, events } = this.#draft(1, 1, { entry });
    const present = Object.entries(parts).filter((part): part is [string, string] => part[1] !== null);
    const lease = await this.#store.create({
      id: work.id,
      claim,
      head,
      parts: Object.fromEntries(present),
      events,
      index,
    });
    if (lease === undefined) return false;
    this.#lease = lease;
    this.#seq = 1;
    this.#parentSeq = 1;
    this.#unsaved = { parts: {}, events: [] };
    return true;
  }

  /** Goes on with a stored run under a lease that was taken for it. */
  resume(lease: Lease, stored: StoredState): void {
    this.#lease = lease;
    this.#seq = stored.newestSeq;
    this.#parentSeq = stored.seq;
    this.#attempt = stored.attempt + 1;
    for (const [name, text] of stored.parts) this.#digest.set(name, text);
    if (stored.seq === stored.newestSeq) return;
    // what lies between the checkpoint used and the newest is not to be built upon
    this.#whole = true;
    this.#unsaved = { parts: Object.fromEntries(stored.parts), events: [] };
  }

  onRenewed(lease: Lease): void {
    if (this.#lease !== null && lease.fence === this.#lease.fence) this.#lease = lease;
  }

  onTurn(): void {
    if (this.#saving || this.#lease === null) return;
    const { work } = this.run;
    const last = lastBarrierOf(work);
    if (last !== null) {
      // the actor takes it after this turn, and the turn that it makes leads back to here
      this.#release(last);
      return;
    }
    if (this.#isDue(work)) this.#inFlight = this.#save();
  }

  /** Milestones, failures, failed attempts, waits and the end are stored, and what somebody asks for. */
  #isDue(work: Work): boolean {
    if (work.status !== 'running' || hasBarrier(work) || this.#changes.hasNewFailure(work)) return true;
    if (this.#wanted.length > 0 || this.#inbox.hasNews || this.#changes.hasNewAttempt) return true;
    return this.#changes.isDirty && isWaiting(work);
  }

  /** Resolves when all that has happened so far is stored. */
  checkpoint(): Promise<void> {
    if (this.run.hasEnded) return Promise.resolve();
    return new Promise((resolve, reject) => {
      this.#wanted.push({ resolve, reject });
      this.onTurn();
    });
  }

  /** Takes what was put into the run's inbox. Whatever goes wrong, the messages stay where they are. */
  async readInbox(): Promise<void> {
    await this.#inbox.read();
    if (this.run.status !== 'starting') this.onTurn();
  }

  /** The run was stored already, and another keeper keeps it: who waits for a checkpoint waits for one of that. */
  handOver(to: Keeper | null, otherwise: EngramError): void {
    if (to === null) this.#disappoint(otherwise);
    else to.#wanted.push(...this.#wanted.splice(0));
  }

  /** Somebody who waits for a checkpoint that will not come. */
  #disappoint(error: unknown): void {
    for (const { reject } of this.#wanted.splice(0)) reject(error);
  }

  async #save(): Promise<void> {
    this.#saving = true;
    const { work } = this.run;
    const lease = this.#lease as Lease;
    const seq = this.#seq + 1;
    const ends = (this.#ending = work.status !== 'running');
    if (ends) await this.#inbox.close();
    const barriers = barriersOf(work);
    const wanted = this.#wanted.splice(0);
    const ackInbox = this.#inbox.taken;
    try {
      const { head, index, parts, events } = this.#draft(seq, lease.fence, {});
      await this.#store.save({
        id: work.id,
        seq,
        fence: lease.fence,
        head,
        parts,
        whole: this.#whole,
        events,
        ackInbox,
        index,
        release: ends,
      });
    } catch (error) {
      for (const { reject } of wanted) reject(new SaveFailedError(work.id, seq, error));
      if (this.#lease !== null) await this.#onSaveFailed(seq, lease, error);
      return;
    }
    for (const { resolve } of wanted) resolve();
    this.#inbox.onAcknowledged(ackInbox);
    if (this.#lease === null) return; // let go, or lost, while the save was on its way
    this.#seq = this.#parentSeq = seq;
    this.#unsaved = { parts: {}, events: [] };
    this.#whole = false;
    if (ends) {
      this.#lease = null;
      this.run.end();
      for (const { resolve } of this.#wanted.splice(0)) resolve();
      return;
    }
    for (const barrier of barriers) this.#release(barrier);
    this.#saving = false;
    this.onTurn();
  }

  #release({ cause, subscriber }: Activation): void {
    if (this.run.work.status !== 'running') return;
    this.run.actor.send({ type: subscriber.neuron.checkpointedType, activation: cause });
  }

  async #onSaveFailed(seq: number, lease: Lease, error: unknown): Promise<void> {
    this.#lease = null;
    const { work } = this.run;
    this.#disappoint(error);
    if (error instanceof StaleOwnerError) {
      this.run.stop(error);
      return;
    }
    // the run stops here, so that nothing happens that is not stored; whoever mends the store may go on at once
    const released = this.#store.release(work.id, lease).catch(() => undefined);
    this.run.stop(new SaveFailedError(work.id, seq, error), released);
    await released;
  }

  /** Somebody else took the run while it was not renewed. */
  lose(error: EngramError): void {
    if (this.#lease === null || this.#ending) return;
    this.#lease = null;
    this.#disappoint(error);
    this.run.stop(error);
  }

  /** Gives the run up without ending it: its process closes, and any other may take it at once. */
  async letGo(): Promise<void> {
    if (this.#ending) return this.#inFlight;
    const lease = this.#lease;
    if (lease === null) return;
    this.#lease = null;
    const { id } = this.run.work;
    this.#disappoint(new RunSuspendedError(id));
    const released = this.#inFlight.then(() => this.#store.release(id, lease));
    this.run.stop(
      new RunSuspendedError(id),
      released.catch(() => undefined),
    );
    await released;
  }

  onActorStopped(): void {
    this.letGo().catch((error: unknown) => this.run.stop(error));
  }

  #draft(seq: number, fence: number, more: Record<string, string>): Draft {
    const { work } = this.run;
    const { parts, events } = this.#changes.take(work);
    const merged = { ...this.#unsaved.parts, ...more, ...parts };
    this.#unsaved = { parts: merged, events: [...this.#unsaved.events, ...events] };
    for (const [name, text] of Object.entries(merged)) {
      if (text === null) this.#digest.delete(name);
      else this.#digest.set(name, text);
    }
    const { graph } = work.flow;
    const { name, version, fingerprint } = graph;
    const status = isWaitingStored(work) ? 'waiting' : work.status;
    const milestone = barriersOf(work).at(-1)?.subscriber.neuron.name ?? null;
    const head = sealEnvelope({
      id: work.id,
      seq,
      parentSeq: this.#parentSeq,
      fence,
      graph: { name, version, fingerprint },
      status,
      milestone,
      attempt: this.#attempt,
      savedAt: this.#clock.now(),
      digest: this.#digest.toString(),
    });
    return {
      head,
      index: { status, graph: name, due: dueOf(work) },
      parts: merged,
      events: this.#unsaved.events,
    };
  }
}

/** A barrier of a run that has nothing else left: the end's save takes its settlement with it. */
const lastBarrierOf = (work: Work): Activation | null => {
  const { status, pending, active, rare } = work;
  if (status !== 'running' || pending + active > 0 || rare === null) return null;
  const undoes = rare.owed !== null && (rare.ending !== null || rare.failed.length > 0 || (rare.joins?.size ?? 0) > 0);
  return undoes ? null : rare.barrierHead;
};

/** A stored run as it was read back. */
export interface StoredState {
  readonly seq: number;
  /** The newest there is; newer than `seq` when that one is damaged. */
  readonly newestSeq: number;
  readonly attempt: number;
  readonly parts: ReadonlyMap<string, string>;
}
