/**
 * Keeps one durable run in a store: makes its saves, one at a time, and lets go on what they hold back.
 *
 * I3: one save at a time, each `seq` greater than the last; what happens meanwhile is one state that the next one
 * stores. I4: what a milestone holds is let go when the save that holds the milestone's settlement is acknowledged. I5:
 * a save that is refused because somebody took the run over stops the run and touches nothing. Texts are made at once,
 * in the turn that made the checkpoint due. Not its job: when that is (checkpoint-policy.ts), what the texts say
 * (drafts.ts), how long a store is waited for (outage.ts).
 */
import type { Clock } from '../clock/clock.js';
import type { Changes } from '../durability/changes.js';
import type { Placed } from '../collections/crowd.js';
import { partOf } from '../durability/parts.js';
import type { Claim, Lease, Store } from '../durability/store.js';
import {
  type EngramError,
  RunSuspendedError,
  SaveFailedError,
  StaleOwnerError,
  UnknownRunError,
} from '../errors/index.js';
import type { Activation } from '../propagation/activation.js';
import { barriersOf } from '../propagation/lists.js';
import { Certainty } from './certainty.js';
import { type CheckpointPolicy, isDue, lastBarrierOf } from './checkpoint-policy.js';
import { Drafts, saveOf, type StoredState } from './drafts.js';
import { Inbox } from './inbox.js';
import type { KeeperOptions } from './keeper-options.js';
import type { Loss } from './loss.js';
import type { Logger } from './options.js';
import { isAway, Patience } from './outage.js';
import { Overdue } from './overdue.js';
import type { Run } from './run.js';
import type { EndGate } from './run-more.js';
import { SaveWaiters } from './save-waiters.js';

/** One save as it was asked of the store. */
interface Attempt {
  readonly seq: number;
  readonly ends: boolean;
  readonly barriers: readonly Activation[];
  readonly ackInbox: readonly string[];
}

export class Keeper implements EndGate, Placed {
  place = -1;
  readonly run: Run;
  readonly #store: Store;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #policy: CheckpointPolicy;
  readonly #changes: Changes;
  readonly #drafts: Drafts;
  readonly #inbox: Inbox;
  readonly #patience: Patience;
  readonly #loss: Loss;
  readonly #certainty: Certainty | null;
  #lease: Lease | null = null;
  /** Was given up while the store was away, which does not know. */
  unreleased: Lease | null = null;
  #saving = false;
  /** How many saves have begun. */
  #begun = 0;
  /** The save that is on its way gives the lease up: whatever is said of the lease meanwhile, that save decides. */
  #ending = false;
  #inFlight: Promise<void> = Promise.resolve();
  readonly #waiters = new SaveWaiters();
  readonly #overdue: Overdue;
  readonly #isBehind = (): boolean => this.#changes.isBehind(this.run.work);
  /** Set when the run is let go; settles when that is done. */
  #leaving: Promise<void> | null = null;
  /** Why what has happened last will not be stored by this process. */
  #lost: { readonly error: unknown } | null = null;

  constructor(run: Run, options: KeeperOptions) {
    const { store, clock, changes, parts, logger, policy, outage } = options;
    this.run = run;
    this.#store = store;
    this.#clock = clock;
    this.#changes = changes;
    this.#logger = logger;
    this.#policy = policy;
    this.#drafts = new Drafts(clock, changes, parts);
    this.#inbox = new Inbox(run, options);
    this.#patience = new Patience(clock, outage);
    this.#overdue = new Overdue(clock, policy.everyMs, () => this.onTurn());
    this.#loss = options.loss;
    // where the run is to go on without its store, it cannot be asked
    const isWatched = store.capabilities.shared && policy.onSaveFailure === 'fail';
    this.#certainty = isWatched ? new Certainty(this, store, clock, options.ttl) : null;
  }

  get milestone(): string | null {
    return this.#drafts.milestone;
  }

  /** What is to be renewed; null when nothing is. */
  get lease(): Lease | null {
    return this.#ending && !this.#patience.isWaiting ? null : this.#lease;
  }

  /** Stores a new run and takes its lease, in one save. @returns false when a run of this id is there already */
  async create(claim: Claim, entry: string): Promise<boolean> {
    const { work } = this.run;
    const { seq, head, index, parts, events } = this.#drafts.make(work, 1, new Map([[partOf.entry(), entry]]));
    const present = [...parts].filter((part): part is [string, string] => part[1] !== null);
    const first = { id: work.id, claim, head, parts: new Map(present), events, index };
    const askedAt = this.#clock.monotonic();
    const lease = await this.#store.create(first);
    if (lease === undefined) return false;
    this.#lease = lease;
    this.#certainty?.since(askedAt);
    this.#drafts.onStored(seq);
    return true;
  }

  /** Goes on with a stored run under a lease that was taken for it. @param askedAt by the monotonic clock */
  resume(lease: Lease, stored: StoredState, askedAt: number): void {
    this.#lease = lease;
    this.#certainty?.since(askedAt);
    this.#drafts.resume(stored);
  }

  onRenewed(lease: Lease, askedAt: number): void {
    if (this.#lease === null || lease.fence !== this.#lease.fence) return;
    this.#lease = lease;
    this.#certainty?.since(askedAt);
  }

  onTurn(): void {
    const lease = this.#lease;
    if (lease === null) return;
    this.#overdue.watch(this.#isBehind);
    if (this.run.status !== 'starting') this.#waiters.onStarted();
    if (this.#saving) return;
    const { work } = this.run;
    const last = lastBarrierOf(work);
    if (last !== null) {
      // the run takes it after this turn, and the turn that it makes leads back to here
      this.#release(last);
      return;
    }
    const isAsked = this.#waiters.wantsNext || this.#overdue.isOver;
    if (isAsked || isDue(this.#policy, work, this.#changes, this.#inbox.hasNews)) this.#inFlight = this.#save(lease);
  }

  /**
   * Resolves when all that has happened so far is stored.
   * @param happens what happens first; when that makes a checkpoint due, it is the one that is waited for
   */
  checkpoint(happens?: () => void): Promise<void> {
    const before = this.#begun;
    const { isTurning } = this.run;
    happens?.();
    // it comes up when this turn is over, and no checkpoint before that holds it
    if (happens !== undefined && isTurning) return Promise.resolve().then(() => this.checkpoint());
    if (this.#leaving !== null || this.run.hasEnded) return this.#wasStored();
    const isEarly = happens !== undefined && this.run.status === 'starting';
    const isOnItsWay = happens !== undefined && this.#saving && this.#begun > before;
    const stored = this.#waiters.wait(isEarly ? 'started' : isOnItsWay ? 'current' : 'next');
    this.onTurn();
    return stored;
  }

  /** Of a run that has ended here, or was let go. */
  async #wasStored(): Promise<void> {
    await this.#leaving;
    if (this.#lost !== null) throw this.#lost.error;
  }

  /** After an end that is stored: says what came too late to be taken. */
  async lookBack(): Promise<void> {
    if (this.#lost === null) await this.#inbox.lookBack();
  }

  /**
   * Takes what was put into the run's inbox. Whatever goes wrong, the messages stay where they are.
   * @param isReopened the run had ended, and goes on once more
   */
  async readInbox(isReopened = false): Promise<void> {
    await this.#inbox.read(isReopened);
    if (this.run.status !== 'starting') this.onTurn();
  }

  /** The run was stored already, and another keeper keeps it: who waits for a checkpoint waits for one of that. */
  handOver(to: Keeper | null, otherwise: EngramError): void {
    if (to === null) this.#waiters.rejectAll(otherwise);
    else this.#waiters.handOver(to.#waiters);
  }

  /** Tries until what there is to store is stored, or the run stops. */
  async #save(first: Lease): Promise<void> {
    let lease = first;
    this.#saving = true;
    this.#begun++;
    const { work } = this.run;
    for (;;) {
      const ends = (this.#ending = work.status !== 'running');
      if (ends) await this.#inbox.close();
      this.#waiters.onBegun();
      const { taken: ackInbox, left: leaves } = this.#inbox;
      const attempt = { seq: this.#drafts.next, ends, barriers: barriersOf(work), ackInbox };
      let head = '';
      try {
        const draft = this.#draft(lease);
        ({ head } = draft);
        await this.#store.save(saveOf(work.id, lease, draft, ackInbox, ends, leaves));
      } catch (refused) {
        if (ends && (await this.#inbox.readUnread(refused))) continue;
        const made = await this.#loss.makeUp(refused, work, this.#drafts);
        if (made.lease !== undefined && this.#lease !== null) {
          lease = this.#lease = made.lease;
          continue;
        }
        if (!this.#mayTryAgain(made.error)) return this.#onFailed(attempt, lease, made.error ?? refused);
        const isStored = await this.#turnsOutStored(head, made.error);
        if (this.#lease === null) return;
        if (!isStored) continue;
      }
      return this.#onStored(attempt);
    }
  }

  #draft({ fence }: Lease) {
    this.#overdue.forget();
    return this.#drafts.make(this.run.work, fence);
  }

  #onStored({ seq, ends, barriers, ackInbox }: Attempt): void {
    this.#patience.end(true);
    this.#drafts.onStored(seq);
    this.#waiters.resolve('current');
    this.#inbox.onAcknowledged(ackInbox);
    if (this.#lease === null) return; // let go, or lost, while the save was on its way
    if (ends) {
      this.#giveUp();
      this.run.end();
      this.#waiters.resolve('next');
      return;
    }
    for (const barrier of barriers) this.#release(barrier);
    this.#saving = false;
    this.onTurn();
  }

  #release({ cause, subscriber }: Activation): void {
    if (this.run.work.status !== 'running') return;
    this.run.send({ type: subscriber.neuron.checkpointedType, activation: cause });
  }

  /** Whether the store is away for a while, and the run waits for it. */
  #mayTryAgain(error: unknown): boolean {
    return this.#policy.onSaveFailure === 'continue' && this.#lease !== null && this.#leaving === null && isAway(error);
  }

  /**
   * Waits until the store answers again.
   * @param head of the save: another owner may have stored a checkpoint of the same number
   * @returns whether it has the save after all, and it was the answer to that which was lost; false when the run stops
   */
  async #turnsOutStored(head: string, error: unknown): Promise<boolean> {
    const { id } = this.run.work;
    for (;;) {
      await this.#patience.wait(id, error);
      if (this.#lease === null) return false;
      try {
        return (await this.#store.load(id))?.head === head;
      } catch (again) {
        if (this.#leaving !== null || !isAway(again)) return false; // the next save says what is wrong
      }
    }
  }

  async #onFailed({ seq }: Attempt, lease: Lease, error: unknown): Promise<void> {
    if (this.#lease === null) {
      if (this.#leaving === null) this.#waiters.rejectAll(error); // the run was lost
      return;
    }
    const { id } = this.run.work;
    this.#giveUp();
    if (error instanceof StaleOwnerError) {
      this.#stop(error);
      return;
    }
    // the run stops here, so that nothing happens that is not stored; whoever mends the store may go on at once. One that
    // is away would keep us waiting for a second answer
    if (isAway(error)) this.unreleased = lease;
    const released = isAway(error) ? undefined : this.#store.release(id, lease).catch(() => undefined);
    this.#stop(new SaveFailedError(id, seq, error), released);
    await released;
  }

  /** Nothing more is stored of the run by this keeper, save what it was let go with. */
  #giveUp(): void {
    this.#lease = null;
    this.#overdue.forget();
    this.#patience.hurry();
    this.#patience.end(false);
  }

  #stop(error: unknown, first?: Promise<unknown>): void {
    this.#lost = { error };
    this.#waiters.rejectAll(error);
    this.run.stop(error, first);
  }

  /** Somebody else took the run while it was not renewed, or it is gone. */
  lose(error: EngramError): void {
    if (this.#lease === null || this.#ending) return;
    this.#giveUp();
    const { id } = this.run.work;
    this.#stop(error instanceof UnknownRunError ? new SaveFailedError(id, this.#drafts.next, error) : error);
  }

  /**
   * Gives the run up without ending it: any process may take it at once, as it stands now. One that has come to its end ends.
   * @param whole what has happened since its last milestone is stored too, in every mode
   * @throws SaveFailedError when what has happened last could not be stored
   */
  letGo(whole = false): Promise<void> {
    return (this.#leaving ??= this.#leave(whole));
  }

  async #leave(whole: boolean): Promise<void> {
    this.#patience.hurry();
    const { work } = this.run;
    const lease = this.#lease;
    if (lease === null) return;
    if (work.status !== 'running') {
      for (this.onTurn(); this.#lease !== null;) await this.#inFlight;
      return;
    }
    this.#giveUp();
    const left = this.#inFlight.then(() => this.#saveLast(lease, whole));
    const told = left.catch(() => undefined);
    this.run.stop(new RunSuspendedError(work.id), told);
    await left;
  }

  /**
   * The state that a run is let go with: what was in flight is to be done again. One whose milestones are stored as they
   * come goes on from the last of them, unless somebody waits for more.
   */
  async #saveLast(lease: Lease, whole: boolean): Promise<void> {
    const { work } = this.run;
    const { id } = work;
    const seq = this.#drafts.next;
    const isBehind = this.#drafts.isBehind(work);
    const isKept = whole || this.#policy.durability !== 'sync' || this.#drafts.hasFailed || this.#waiters.isAwaited;
    try {
      if (isBehind && isKept) {
        const ackInbox = this.#inbox.taken;
        const save = (held: Lease) =>
          this.#store.save({ id, fence: held.fence, ...this.#draft(held), ackInbox, release: true });
        await save(lease).catch(async (refused: unknown) => {
          const made = await this.#loss.makeUp(refused, work, this.#drafts);
          if (made.lease === undefined) throw made.error as Error;
          await save(made.lease);
        });
      } else await this.#store.release(id, lease);
    } catch (error) {
      this.#lost = { error: new RunSuspendedError(id) };
      this.#waiters.rejectAll(this.#lost.error);
      if (error instanceof StaleOwnerError) return; // it goes on elsewhere
      await this.#store.release(id, lease).catch(() => undefined);
      throw new SaveFailedError(id, seq, error);
    }
    this.#waiters.resolve('current', 'next');
    if (isBehind && !isKept) this.#lost = { error: new RunSuspendedError(id) };
    this.#waiters.rejectAll(new RunSuspendedError(id));
  }

  onActorStopped(): void {
    const { id } = this.run.work;
    this.letGo().catch((error: unknown) => this.#logger.warn(`run "${id}" was let go without its last changes`, error));
  }
}
