/** Workers: processes that take the runs of a flow from a queue, and go on with those that another process has left. */
import { EventEmitter } from 'node:events';
import { redisStore } from '../../adapters/redis.js';
import { type Clock, systemClock } from '../clock/clock.js';
import { thisOwner } from '../durability/owner.js';
import type { Store } from '../durability/store.js';
import { describeError, InvalidArgumentError, StoreRequiredError } from '../errors/index.js';
import { FLOW } from '../propagation/operations.js';
import type { CNS } from '../stimulation/cns.js';
import { CODEC } from '../stimulation/seams.js';
import { checkGrace } from '../stimulation/leaving.js';
import type { Logger } from '../stimulation/options.js';
import { safeLogger } from '../stimulation/safe-logger.js';
import { loadBullMQ, type Worker as BullWorker } from './bullmq.js';
import { checkConnection, type QueueConnection } from './connection.js';
import type { FlowJob, JobData, JobOutcome } from './jobs.js';
import { CLOSING_PATIENCE, type OpenQueue, openQueue } from './open-queue.js';
import { checkQueueName, checkWhole, CLOSING_GRACE, CONCURRENCY, LINGER, PROGRESS_EVERY } from './options.js';
import { Processor } from './processor.js';
import { RunQueue } from './run-queue.js';
import type { WorkerEvents } from './worker-events.js';

export interface WorkerOptions {
  /** The flow: a CNS with a store, or what makes one with the store that it is given, as flow modules export it. */
  readonly cns: CNS | ((host: { readonly store: Store; readonly clock: Clock }) => CNS | Promise<CNS>);
  readonly connection: QueueConnection;
  /** The name of the queue; that of the flow unless told. */
  readonly queue?: string;
  /** Where the runs are stored, for a flow that is given its store; on the server of the queue unless told. */
  readonly store?: Store;
  /** How many runs go on here at once; 10 unless told. */
  readonly concurrency?: number;
  /** No more than `max` runs are taken per `duration` milliseconds, by all workers together. */
  readonly limiter?: { readonly max: number; readonly duration: number };
  /** A run that waits for no more than so many milliseconds stays here; 1,000 unless told. */
  readonly linger?: number;
  /** Milliseconds between two reports of how far a run is; 1,000 unless told. */
  readonly progressEvery?: number;
  /** What the keys of the queue begin with; BullMQ's `bull` unless told. */
  readonly prefix?: string;
  readonly clock?: Clock;
  /** `console` unless told. */
  readonly logger?: Logger;
}

/**
 * A lock says that a worker lives, and is renewed twice within its time; jobs without one are looked for so often. Both
 * are far below BullMQ's own, since a job that is given out twice does no harm: the lease of its run decides.
 */
const LOCK = 3000;
const LOOK_FOR_LOST = 1000;
const AS_OFTEN_AS_NEEDED = 2 ** 31;
/** What BullMQ says of a job that another worker has by now: while it is worked on, and when it is moved. */
const NOT_RENEWED = /^could not renew lock for job (.*)$/is;
const NOT_MOVED = /^(missing lock|lock mismatch|job .* is not in the active state)/is;

/** Takes runs of a flow from its queue from now on. @throws InvalidArgumentError, StoreRequiredError */
export function createWorker(options: WorkerOptions): FlowWorker {
  return new FlowWorker(options);
}

export class FlowWorker extends EventEmitter<WorkerEvents> {
  readonly #options: WorkerOptions;
  readonly #logger: Logger;
  readonly #opening: Promise<Opened>;
  #closing: Promise<void> | undefined;

  constructor(options: WorkerOptions) {
    super();
    const { cns, connection, queue } = options;
    const { concurrency = CONCURRENCY, linger = LINGER, progressEvery = PROGRESS_EVERY } = options;
    checkConnection('createWorker', connection);
    if (queue !== undefined) checkQueueName('createWorker', queue);
    checkWhole('createWorker', { concurrency }, 1);
    checkWhole('createWorker', { linger, progressEvery }, 0);
    if (typeof cns !== 'function' && cns.store === undefined) {
      throw new StoreRequiredError('createWorker with a CNS');
    }
    if (typeof cns !== 'function' && options.store !== undefined) {
      throw new InvalidArgumentError('createWorker: the CNS has its store, and another one is given', {
        hint: 'leave store out, or give cns as a function: ({ store }) => new CNS(neurons, { store })',
      });
    }
    this.#options = options;
    this.#logger = safeLogger(options.logger ?? console);
    this.#opening = this.#open();
    this.#opening.catch((error: unknown) => this.#complain(error));
  }

  /** Resolves when the worker takes runs, before it has the first. @throws StoreUnavailableError when the queue cannot be reached */
  async waitUntilReady(): Promise<void> {
    await this.#opening;
  }

  /**
   * Takes nothing more, and lets go of what is here: what runs sees its `ctx.abortSignal` and has `grace` milliseconds to
   * answer, runs are stored as they stand, and their jobs go back to the queue for others at once.
   * @param options.grace 10,000 unless told
   * @throws StoreUnavailableError when the queue does not answer within the grace and five seconds: others take the jobs
   *   when their locks have expired. A store that the worker has made is waited for as long as a call to it may take
   */
  close({ grace = CLOSING_GRACE }: { readonly grace?: number } = {}): Promise<void> {
    checkGrace('close', grace);
    return (this.#closing ??= this.#close(grace));
  }

  async #open(): Promise<Opened> {
    const { clock = systemClock } = this.#options;
    const { cns, ownStore } = await this.#flow(clock);
    try {
      return { ...(await this.#begin(cns, clock)), ownStore };
    } catch (error) {
      await ownStore?.close();
      throw error;
    }
  }

  async #begin(cns: CNS, clock: Clock): Promise<Omit<Opened, 'ownStore'>> {
    const { linger = LINGER, progressEvery = PROGRESS_EVERY } = this.#options;
    const { Worker, DelayedError, UnrecoverableError, WaitingError } = await loadBullMQ();
    const store = cns.store;
    if (store === undefined) throw new StoreRequiredError('createWorker with a CNS');
    const {
      connection,
      prefix,
      limiter,
      concurrency = CONCURRENCY,
      queue: name = cns[FLOW].graph.name,
    } = this.#options;
    checkQueueName('createWorker', name);
    const opened = await openQueue({ connection, prefix, name }, (error) => this.#complain(error));
    const { queue, common } = opened;
    const owner = thisOwner(clock);
    const runs = new RunQueue({ queue, store, codec: cns[CODEC], clock, owner, logger: this.#logger });
    const processor = new Processor({
      ...{ cns, queue: runs, clock, logger: this.#logger, linger, progressEvery },
      errors: { DelayedError, UnrecoverableError, WaitingError },
      emit: (event, ...args) => this.#tell(() => this.emit(event, ...(args as never))),
    });
    const take = (job: FlowJob, token?: string): Promise<JobOutcome> => processor.process(job, token);
    const worker = new Worker<JobData, JobOutcome>(name, take, {
      ...common,
      ...{ concurrency, lockDuration: LOCK, stalledInterval: LOOK_FOR_LOST, maxStalledCount: AS_OFTEN_AS_NEEDED },
      ...(limiter === undefined ? {} : { limiter }),
      autorun: false,
      runRetryDelay: LOOK_FOR_LOST,
      drainDelay: 1,
    });
    worker.on('error', (error) => {
      const [, job] = NOT_RENEWED.exec(error.message) ?? [];
      if (job === undefined && !NOT_MOVED.test(error.message)) this.#complain(error);
      // one that was given back, or has ended, meanwhile is not lost
      else if (job === undefined || processor.holds(job)) this.#tell(() => this.emit('lost', { error }));
    });
    try {
      await worker.waitUntilReady();
    } catch (error) {
      await opened.close(worker.close(true)).catch(() => undefined);
      throw error;
    }
    worker.run().catch((error: unknown) => this.#complain(error));
    return { worker, queue: opened, processor };
  }

  async #flow(clock: Clock): Promise<{ readonly cns: CNS; readonly ownStore: Store | undefined }> {
    const { cns, store, connection } = this.#options;
    if (typeof cns !== 'function') return { cns, ownStore: undefined };
    const ownStore = store === undefined ? redisStore(connection) : undefined;
    return { cns: await cns({ store: store ?? (ownStore as Store), clock }), ownStore };
  }

  async #close(grace: number): Promise<void> {
    const opened = await this.#opening.catch(() => undefined);
    if (opened === undefined) return;
    const { worker, queue, processor, ownStore } = opened;
    const letGo = async (): Promise<void> => {
      const closed = worker.close();
      await processor.letGo(grace);
      await closed;
    };
    try {
      await queue.close(letGo(), grace + CLOSING_PATIENCE);
    } finally {
      await ownStore?.close();
    }
  }

  #complain(error: unknown): void {
    const told = error instanceof Error ? error : new Error(describeError(error));
    if (this.listenerCount('error') > 0) this.#tell(() => this.emit('error', told));
    else this.#logger.error('the queue of a worker says that something is wrong', told);
  }

  /** What a listener throws concerns no run. */
  #tell(emit: () => void): void {
    try {
      emit();
    } catch (error) {
      this.#logger.error('a listener of a worker threw', error);
    }
  }
}

interface Opened {
  readonly worker: BullWorker<JobData, JobOutcome>;
  readonly queue: OpenQueue;
  readonly processor: Processor;
  readonly ownStore: Store | undefined;
}
