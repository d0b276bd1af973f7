/** The durable side of a CNS: starts and resumes runs in its store, under leases of one owner. */
import type { Clock } from '../clock/clock.js';
import { Changes } from '../durability/changes.js';
import type { Codec } from '../durability/codec.js';
import { isProvablyDead } from '../durability/owner.js';
import { partOf } from '../durability/parts.js';
import type { Claim, Owner, Store, StoredCheckpoint, TakenRun } from '../durability/store.js';
import { StoredParts, type StoringOptions } from '../durability/stored-parts.js';
import {
  GraphMismatchError,
  RunExistsError,
  RunSuspendedError,
  SaveFailedError,
  UndeliverableSignalError,
  UnknownRunError,
} from '../errors/index.js';
import { finish, reopen } from '../propagation/ending.js';
import type { RunContext } from '../propagation/context.js';
import type { AbortEvent, SignalEvent } from '../propagation/events.js';
import { barriersOf } from '../propagation/lists.js';
import type { Flow } from '../propagation/operations.js';
import { failedOf, rareOf } from '../propagation/rare.js';
import { apply } from '../propagation/transition.js';
import type { Work } from '../propagation/work.js';
import type { CheckpointPolicy } from './checkpoint-policy.js';
import { Keeper } from './keeper.js';
import { Leases } from './leases.js';
import { suspend } from './leaving.js';
import { type LoadedRun, loadRun, readRun, strangerOf, type UnreadableRun } from './load.js';
import { Loss } from './loss.js';
import type { Logger, Migrate } from './options.js';
import { readBack, type ReadyRun, startAgain } from './ready.js';
import { Outage } from './outage.js';
import { postAbort, type PostOffice, postSignal } from './posting.js';
import type { Run } from './run.js';
import { UnderWay } from '../collections/under-way.js';

export interface DurableRunsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds. */
  readonly lease: number;
  readonly policy: CheckpointPolicy;
  readonly codec: Codec;
  readonly storing: StoringOptions;
  readonly owner: Owner;
  readonly flow: Flow;
  readonly migrate: Migrate | undefined;
}

interface LoadOptions {
  readonly entry?: string;
  readonly retry?: boolean;
  readonly fromEntry?: boolean;
  /** It was listed a moment ago, as a run of this graph that has not ended: its lease is asked for before it is read. */
  readonly isListed?: boolean;
  /** As `retry`, where the run still stands where it stood: at this checkpoint. */
  readonly retryOf?: number | undefined;
}

interface Resuming {
  /** Who has kept the run that was to be started. */
  readonly before?: Keeper | undefined;
  /** Its inbox was seen empty a moment ago; what came since is seen when the lease is renewed. */
  readonly hasNoMail?: boolean;
}

export class DurableRuns {
  readonly store: Store;
  readonly #options: DurableRunsOptions;
  readonly #leases: Leases;
  readonly #outage: Outage;
  readonly #loss: Loss;
  readonly #turns = new Map<string, Promise<unknown>>();
  /** Of runs that begin, or have ended. */
  readonly #underWay = new UnderWay();
  /** What comes up after this is let go instead of going on. */
  #closed = false;

  constructor(options: DurableRunsOptions) {
    this.#options = options;
    this.store = options.store;
    this.#outage = new Outage(options.store.name, options.logger);
    this.#loss = new Loss({ ...options, claim: this.#claim });
    this.#leases = new Leases(options.store, options.clock, options.lease, options.logger);
  }

  get owner(): Owner {
    return this.#options.owner;
  }

  get #claim(): Claim {
    return { owner: this.#options.owner, ttl: this.#options.lease, isDead: isProvablyDead };
  }

  /** Stores a new run, then lets it start. @param retry of one that is stored already and has failed or was aborted */
  start(run: Run, entry: string, retry: boolean): void {
    const { keeper } = this.#keep(run, (changes) => changes.adoptNew(run.work));
    const begun = keeper
      .create(this.#claim, entry)
      .then(
        (created) =>
          created
            ? this.#go(keeper, { hasNoMail: true })
            : this.exclusively(run.work.id, () => this.#attach(run, entry, retry)),
        (error: unknown) => {
          const failed = new SaveFailedError(run.work.id, 1, error);
          keeper.handOver(null, failed);
          run.stop(failed);
        },
      )
      .catch((error: unknown) => run.stop(error));
    this.#underWay.add(begun);
  }

  /**
   * Brings a stored run up, one caller at a time for each id: who comes later finds what the one before has made of it,
   * instead of taking the lease from the same process.
   */
  async exclusively<T>(id: string, bringUp: () => Promise<T>): Promise<T> {
    const mine = (this.#turns.get(id) ?? Promise.resolve()).then(bringUp);
    const settled = mine.catch(() => undefined);
    this.#turns.set(id, settled);
    try {
      return await mine;
    } finally {
      if (this.#turns.get(id) === settled) this.#turns.delete(id);
    }
  }

  /** A run of this id is stored already: the same entry attaches to it (idempotent start). */
  async #attach(run: Run, entry: string, retry: boolean): Promise<void> {
    const { id } = run.work;
    const ready = await this.load(id, { entry, retry });
    if (ready === undefined) throw new UnknownRunError(id, this.store.name);
    const first = keeperOf(run);
    run.adopt(ready.work);
    const { status } = ready.work;
    const ended = new UndeliverableSignalError(id, '(any)', `it has ended (${status})`);
    if (ready.lease === null) first?.handOver(null, ended);
    await this.resume(run, ready, { before: first });
  }

  /** The encoded entry of a stored run, read without taking its lease; undefined when there is no such run. */
  async entryOf(id: string): Promise<string | null | undefined> {
    const loaded = await loadRun(this.store, id, this.#options.codec);
    return loaded === undefined ? undefined : (loaded.parts.get(partOf.entry()) ?? null);
  }

  /**
   * Reads a stored run and takes its lease, unless it has ended.
   * @param options.entry refuses a run that was started with another one, before its lease is touched
   * @param options.retry also of a run that has failed or was aborted, which then goes on
   * @param options.fromEntry one that cannot be read begins again
   * @returns undefined when there is no such run
   */
  async load(id: string, options: LoadOptions): Promise<ReadyRun | undefined> {
    const { entry, retry = false, fromEntry = false, isListed = false, retryOf } = options;
    if (!isListed) {
      const before = await this.#read(id, fromEntry);
      if (before === undefined) return undefined;
      if ('envelope' in before) {
        if (entry !== undefined && before.parts.get(partOf.entry()) !== entry) throw new RunExistsError(id);
        const stranger = strangerOf(this.#options.flow.graph.name, before.envelope);
        if (stranger !== undefined) throw new GraphMismatchError(id, [stranger]);
        if (!goesOn(before.context, retry)) return readBack(before, null, this.#options);
      }
    }
    const askedAt = this.#options.clock.monotonic();
    const taken = await this.#take(id);
    if (taken === undefined) return undefined;
    const { lease } = taken;
    try {
      // read now: its last owner may have stored more before it let go
      const loaded = await this.#read(id, fromEntry, taken.checkpoint);
      if (loaded === undefined) throw new UnknownRunError(id, this.store.name);
      if (!('envelope' in loaded)) return { ...startAgain(id, loaded, lease, this.#options), askedAt };
      if (goesOn(loaded.context, retry || loaded.envelope.seq === retryOf)) {
        return { ...readBack(loaded, lease, this.#options), hasNoMail: taken.inbox === 0, askedAt };
      }
      await this.store.release(id, lease);
      return readBack(loaded, null, this.#options);
    } catch (error) {
      await this.store.release(id, lease).catch(() => undefined);
      throw error;
    }
  }

  /** Takes the lease, and what the store gives with it. */
  async #take(id: string): Promise<(Pick<TakenRun, 'lease'> & Partial<TakenRun>) | undefined> {
    const { store } = this;
    if (store.take !== undefined) return store.take(id, this.#claim);
    const lease = await store.acquire(id, this.#claim);
    return lease === undefined ? undefined : { lease };
  }

  /** @throws NoValidCheckpointError, unless it may begin again */
  #read(
    id: string,
    fromEntry: boolean,
    newest?: () => StoredCheckpoint,
  ): Promise<LoadedRun | UnreadableRun | undefined> {
    return (fromEntry ? readRun : loadRun)(this.store, id, this.#options.codec, newest);
  }

  /** Gives back a run that was loaded and is not to go on. */
  async abandon(id: string, { lease }: ReadyRun): Promise<void> {
    if (lease !== null) await this.store.release(id, lease);
  }

  /** Lets a stored run go on from where it stands; its milestones are stored, so what they hold is let go at once (I4). */
  async resume(run: Run, ready: ReadyRun, { before, hasNoMail = false }: Resuming = {}): Promise<void> {
    const { stored, lease, isNew, begins = false } = ready;
    const isEmpty = hasNoMail || ready.hasNoMail === true;
    if (lease === null) {
      run.showEnded();
      return;
    }
    const { work } = run;
    const { keeper, changes } = this.#keep(run, (kept) => (isNew || begins ? kept.adoptNew(work) : kept.adopt(work)));
    before?.handOver(keeper, new RunSuspendedError(work.id));
    rareOf(work).hold = this.#policyOf(work).durability === 'sync';
    keeper.resume(lease, stored, ready.askedAt ?? 0);
    const isReopened = work.status !== 'running';
    if (isReopened) {
      changes.onReopened(failedOf(work).length);
      reopen(work, this.#options.clock.now());
    }
    apply(work, { type: 'engram.resume' });
    for (const barrier of barriersOf(work)) {
      apply(work, { type: barrier.subscriber.neuron.checkpointedType, activation: barrier.cause });
    }
    finish(work);
    await this.#go(keeper, { isNew, isReopened, hasNoMail: isEmpty && !isReopened });
  }

  /** Puts a signal into the inbox of a run that lives elsewhere, or nowhere. */
  async post(id: string, event: SignalEvent, deliveryId: string): Promise<void> {
    await postSignal(this.#postOffice, id, event, deliveryId);
  }

  /** Puts an abort into the inbox of a run that lives elsewhere, or nowhere. */
  postAbort(id: string, abort: AbortEvent, deliveryId: string): Promise<void> {
    return postAbort(this.#postOffice, id, abort, deliveryId);
  }

  get #postOffice(): PostOffice {
    const { store, codec, flow } = this.#options;
    return { store, codec, graph: flow.graph.name };
  }

  /** Takes what waits for a run that goes on here, without waiting for the next renewal. */
  async readInbox(run: Run): Promise<void> {
    await keeperOf(run)?.readInbox();
  }

  onEnded(run: Run): void {
    const keeper = keeperOf(run);
    if (keeper === undefined || !this.#leases.remove(keeper)) return;
    if (run.status === 'suspended' || run.work.status === 'running') return;
    this.#underWay.add(keeper.lookBack());
  }

  /** @param grace milliseconds that what runs has to answer */
  async close(grace: number): Promise<void> {
    this.#closed = true;
    const letGo = (keeper: Keeper) => (grace > 0 ? suspend(keeper.run, grace) : keeper.letGo());
    const left = await Promise.allSettled(this.#leases.keepers.map(letGo));
    await Promise.all([this.#underWay.over(), ...this.#turns.values()]);
    this.#leases.stop();
    const failure = left.find((one) => one.status === 'rejected');
    if (failure !== undefined) throw failure.reason;
  }

  #keep(run: Run, adopt: (changes: Changes) => void): { readonly keeper: Keeper; readonly changes: Changes } {
    const { clock, codec, storing, logger } = this.#options;
    const policy = this.#policyOf(run.work);
    const changes = new Changes(() => clock.now(), codec);
    adopt(changes);
    const { id } = run.work;
    const parts = new StoredParts(storing, codec, (message) => logger.warn(`run "${id}": ${message}`));
    const { store } = this;
    const loss = this.#loss;
    const keeper = new Keeper(run, {
      store,
      loss,
      clock,
      changes,
      codec,
      parts,
      logger,
      policy,
      outage: this.#outage,
      ttl: this.#options.lease,
    });
    run.record(changes);
    run.hold(keeper);
    return { keeper, changes };
  }

  /** What a run was told when it was started counts before what its CNS says. */
  #policyOf({ rare }: Work): CheckpointPolicy {
    const { policy } = this.#options;
    const told = rare?.options?.durability;
    return told === undefined || told === policy.durability ? policy : { ...policy, durability: told };
  }

  async #go(keeper: Keeper, { isNew = false, isReopened = false, hasNoMail = false } = {}): Promise<void> {
    if (this.#closed) {
      await keeper.letGo();
      return;
    }
    this.#leases.add(keeper);
    if (isNew) await keeper.checkpoint();
    if (!hasNoMail) await keeper.readInbox(isReopened);
    if (!keeper.run.hasEnded) keeper.run.go();
  }
}

/** By the run, and not by a weak map: that costs the collector as much as all the rest of a run. */
const keeperOf = ({ gate }: Run): Keeper | undefined => (gate instanceof Keeper ? gate : undefined);

/** Whether a stored run has anything to do. */
const goesOn = (context: RunContext, retry: boolean): boolean =>
  context.status === 'running' || (retry && canReopen(context));

/** Whether anything of a run that has ended is left to do. Of one that was undone: only what could not be. */
const canReopen = ({ status, ending, failed }: RunContext): boolean =>
  status !== 'completed' && (ending?.compensate !== true || failed.some(({ undoes }) => undoes !== undefined));
