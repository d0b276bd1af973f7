/** The durable side of a CNS: starts and resumes runs in its store, under leases of one owner. */
import type { Clock } from '../clock/clock.js';
import { Changes } from '../durability/changes.js';
import type { Codec } from '../durability/codec.js';
import { isProvablyDead } from '../durability/owner.js';
import { partOf } from '../durability/parts.js';
import type { Claim, Lease, Owner, Store } from '../durability/store.js';
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
import type { SignalEvent } from '../propagation/events.js';
import { thaw } from '../propagation/image.js';
import { barriersOf } from '../propagation/lists.js';
import type { Flow } from '../propagation/operations.js';
import { failedOf } from '../propagation/rare.js';
import { apply } from '../propagation/transition.js';
import type { Work } from '../propagation/work.js';
import { messageOf } from './delivery.js';
import { Keeper } from './keeper.js';
import { Leases } from './leases.js';
import { checkGraph, type LoadedRun, loadRun } from './load.js';
import type { Logger } from './options.js';
import type { Run } from './run.js';

export interface DurableRunsOptions {
  readonly store: Store;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds. */
  readonly lease: number;
  readonly codec: Codec;
  readonly owner: Owner;
  readonly flow: Flow;
}

/** A stored run, ready to go on. */
export interface ReadyRun {
  readonly work: Work;
  readonly stored: LoadedRun;
  /** Null for a run that has ended. */
  readonly lease: Lease | null;
  /** The encoded entry. */
  readonly entry: string | null;
}

interface LoadOptions {
  readonly entry?: string;
  readonly retry?: boolean;
}

export class DurableRuns {
  readonly store: Store;
  readonly #options: DurableRunsOptions;
  readonly #leases: Leases;
  readonly #keepers = new WeakMap<Run, Keeper>();
  readonly #turns = new Map<string, Promise<unknown>>();
  readonly #beginning = new Set<Promise<void>>();
  /** What comes up after this is let go instead of going on. */
  #closed = false;

  constructor(options: DurableRunsOptions) {
    this.#options = options;
    this.store = options.store;
    this.#leases = new Leases(options.store, options.clock, options.lease, options.logger);
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
          created ? this.#go(keeper) : this.exclusively(run.work.id, () => this.#attach(run, entry, retry)),
        (error: unknown) => {
          const failed = new SaveFailedError(run.work.id, 1, error);
          keeper.handOver(null, failed);
          run.stop(failed);
        },
      )
      .catch((error: unknown) => run.stop(error))
      .finally(() => this.#beginning.delete(begun));
    this.#beginning.add(begun);
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
    const first = this.#keepers.get(run);
    run.adopt(ready.work);
    const { status } = ready.work;
    const ended = new UndeliverableSignalError(id, '(any)', `it has ended (${status})`);
    if (ready.lease === null) first?.handOver(null, ended);
    await this.resume(run, ready, first);
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
   * @returns undefined when there is no such run
   */
  async load(id: string, { entry, retry = false }: LoadOptions): Promise<ReadyRun | undefined> {
    const before = await loadRun(this.store, id, this.#options.codec);
    if (before === undefined) return undefined;
    if (entry !== undefined && before.parts.get(partOf.entry()) !== entry) throw new RunExistsError(id);
    const { status } = before.context;
    const { name } = before.envelope.graph;
    const own = this.#options.flow.graph.name;
    if (name !== own) throw new GraphMismatchError(id, [`it is a run of "${name}", not of "${own}"`]);
    if (status !== 'running' && !(retry && canReopen(before.context))) return this.#ready(before, null);
    const lease = await this.store.acquire(id, this.#claim);
    if (lease === undefined) return undefined;
    try {
      // read again: its last owner may have stored more before it let go
      const loaded = await loadRun(this.store, id, this.#options.codec);
      if (loaded === undefined) throw new UnknownRunError(id, this.store.name);
      return this.#ready(loaded, lease);
    } catch (error) {
      await this.store.release(id, lease).catch(() => undefined);
      throw error;
    }
  }

  #ready(loaded: LoadedRun, lease: Lease | null): ReadyRun {
    const { logger, flow } = this.#options;
    const { context, envelope, damage } = loaded;
    for (const what of damage) logger.warn(`run "${context.id}" goes on from checkpoint ${envelope.seq}: ${what}`);
    if (lease !== null && checkGraph(flow.graph, loaded)) {
      logger.warn(`run "${context.id}" was stored by another shape of "${flow.graph.name}", which has all it needs`);
    }
    const work = thaw(flow, context);
    return { work, stored: loaded, lease, entry: loaded.parts.get(partOf.entry()) ?? null };
  }

  /** Gives back a run that was loaded and is not to go on. */
  async abandon(id: string, { lease }: ReadyRun): Promise<void> {
    if (lease !== null) await this.store.release(id, lease);
  }

  /** Lets a stored run go on from where it stands; its milestones are stored, so what they hold is let go at once (I4). */
  async resume(run: Run, ready: ReadyRun, before?: Keeper): Promise<void> {
    const { stored, lease } = ready;
    if (lease === null) {
      run.showEnded();
      return;
    }
    const { work } = run;
    const { keeper, changes } = this.#keep(run, (kept) => kept.adopt(work));
    before?.handOver(keeper, new RunSuspendedError(work.id));
    const { envelope, newestSeq, parts } = stored;
    keeper.resume(lease, { seq: envelope.seq, newestSeq, attempt: envelope.attempt, parts });
    if (work.status !== 'running') {
      changes.onReopened(failedOf(work).length);
      reopen(work, this.#options.clock.now());
    }
    apply(work, { type: 'engram.resume' });
    for (const barrier of barriersOf(work)) {
      apply(work, { type: barrier.subscriber.neuron.checkpointedType, activation: barrier.cause });
    }
    finish(work);
    await this.#go(keeper);
  }

  /** Puts a signal into the inbox of a run that lives elsewhere, or nowhere. */
  async post(id: string, event: SignalEvent, deliveryId: string): Promise<void> {
    const message = messageOf(event, deliveryId, this.#options.codec);
    const stored = await loadRun(this.store, id, this.#options.codec);
    if (stored === undefined) throw new UnknownRunError(id, this.store.name);
    const { status, ending, deliveries } = stored.context;
    if (deliveries.includes(deliveryId)) return; // it was taken, and the answer to that was lost
    const { name } = stored.envelope.graph;
    const own = this.#options.flow.graph.name;
    if (name !== own) throw new UndeliverableSignalError(id, event.type, `it is a run of "${name}", not of "${own}"`);
    if (status !== 'running') throw new UndeliverableSignalError(id, event.type, `it has ended (${status})`);
    if (ending !== undefined) throw new UndeliverableSignalError(id, event.type, 'it is about to end');
    if (!this.store.capabilities.inbox) {
      throw new UndeliverableSignalError(
        id,
        event.type,
        `it does not live here, and ${this.store.name} keeps no inbox`,
      );
    }
    await this.store.post(id, message);
  }

  onEnded(run: Run): void {
    const keeper = this.#keepers.get(run);
    if (keeper !== undefined) this.#leases.remove(keeper);
  }

  async close(): Promise<void> {
    this.#closed = true;
    await Promise.all([...this.#leases.keepers].map((keeper) => keeper.letGo()));
    await Promise.all([...this.#beginning, ...this.#turns.values()]);
  }

  #keep(run: Run, adopt: (changes: Changes) => void): { readonly keeper: Keeper; readonly changes: Changes } {
    const { clock, codec, logger } = this.#options;
    const changes = new Changes(() => clock.now(), codec);
    adopt(changes);
    const keeper = new Keeper(run, { store: this.store, clock, changes, codec, logger });
    run.record(changes);
    run.hold(keeper);
    this.#keepers.set(run, keeper);
    return { keeper, changes };
  }

  async #go(keeper: Keeper): Promise<void> {
    if (this.#closed) {
      await keeper.letGo();
      return;
    }
    this.#leases.add(keeper);
    await keeper.readInbox();
    keeper.run.go();
  }
}

/** Whether anything of a run that has ended is left to do. Of one that was undone: only what could not be. */
const canReopen = ({ status, ending, failed }: RunContext): boolean =>
  status !== 'completed' && (ending?.compensate !== true || failed.some(({ undoes }) => undoes !== undefined));
