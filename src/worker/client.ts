/** Clients: processes that start runs of a flow, tell them something and ask how they stand. They need no handlers. */
import { redisStore } from '../../adapters/redis.js';
import { type Clock, systemClock } from '../clock/clock.js';
import { thisOwner } from '../durability/owner.js';
import { partOf } from '../durability/parts.js';
import type { Store } from '../durability/store.js';
import {
  CNSClosedError,
  InvalidArgumentError,
  RunEndedError,
  RunStrandedError,
  UnknownRunError,
} from '../errors/index.js';
import type { Signal } from '../graph/collateral.js';
import { type Duration, parseDuration } from '../graph/duration.js';
import { checkDelivery, checkDeliveryId } from '../stimulation/delivery.js';
import { checkEntry, checkId, encodeEntry } from '../stimulation/entry.js';
import { type LoadedRun, loadRun } from '../stimulation/load.js';
import type { Logger, RunShape } from '../stimulation/options.js';
import { storedOutcomeOf } from '../stimulation/outcome-of.js';
import { postAbort, type PostOffice, postSignal } from '../stimulation/posting.js';
import type { AbortRunOptions, Result, SignalOptions } from '../stimulation/results.js';
import { safeLogger } from '../stimulation/safe-logger.js';
import { loadBullMQ } from './bullmq.js';
import { checkConnection, type QueueConnection } from './connection.js';
import { Ends } from './ends.js';
import { dialectOf, type FlowOrCollaterals, type Dialect } from './dialect.js';
import { jobIdOf } from './job-id.js';
import { LOWEST_PRIORITY, type RunJobOptions, SCHEDULE } from './jobs.js';
import { type OpenQueue, openQueue } from './open-queue.js';
import { checkQueueName, checkWhole } from './options.js';
import { type RunStatus, statusOf } from './run-status.js';
import { RunQueue } from './run-queue.js';

export type ClientOptions = FlowOrCollaterals & {
  readonly connection: QueueConnection;
  /** The name of the queue; that of the flow unless told. */
  readonly queue?: string;
  /** Where the runs are stored; where the CNS has them, else on the server of the queue unless told. */
  readonly store?: Store;
  /** What the keys of the queue begin with; BullMQ's `bull` unless told. */
  readonly prefix?: string;
  readonly clock?: Clock;
  /** `console` unless told. */
  readonly logger?: Logger;
};

export interface QueueRunOptions extends RunShape, RunJobOptions {
  /** The run's id; made up unless told. The same id with the same entry again is the same run. */
  readonly id?: string;
  /** The run begins after this. */
  readonly delay?: Duration;
}

export interface ScheduleOptions extends RunShape, RunJobOptions {
  /** E.g. `0 6 * * 1-5`. */
  readonly cron?: string;
  /** The time zone of `cron`, e.g. `Europe/Rome`; that of the workers unless told. */
  readonly tz?: string;
  readonly every?: Duration;
}

/** A run that was queued. */
export interface QueuedRun {
  readonly id: string;
  /** As `client.result` has it. */
  result(): Promise<Result>;
}

/** A schedule is tried again until its run is queued: a store that is away costs no run. */
const UNTIL_QUEUED = { attempts: 100, backoff: { type: 'exponential', delay: 100, jitter: 0.5 } } as const;
const FINISHED = { removeOnComplete: true, removeOnFail: { count: 100 } } as const;

/** Nothing is connected before the first call. @throws InvalidArgumentError, InvalidGraphError */
export function createClient(options: ClientOptions): FlowClient {
  return new FlowClient(options);
}

export class FlowClient {
  readonly #options: ClientOptions;
  readonly #dialect: Dialect;
  readonly #name: string;
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #store: Store;
  readonly #ownsStore: boolean;
  readonly #ends: Ends;
  #opening: Promise<Opened> | undefined;
  #closing: Promise<void> | undefined;

  constructor(options: ClientOptions) {
    const { connection, store, clock = systemClock, logger = console } = options;
    checkConnection('createClient', connection);
    this.#options = options;
    this.#dialect = dialectOf(options);
    this.#name = options.queue ?? this.#dialect.graph.name;
    checkQueueName('createClient', this.#name);
    this.#clock = clock;
    this.#logger = safeLogger(logger);
    const given = store ?? this.#dialect.store;
    this.#store = given ?? redisStore(connection);
    this.#ownsStore = given === undefined;
    this.#ends = new Ends(async () => {
      const { QueueEvents } = await loadBullMQ();
      const { common } = await this.#open();
      return new QueueEvents(this.#name, common);
    }, clock);
  }

  /**
   * Starts a run: it is stored, and a worker takes it.
   * @returns when it is stored and queued
   * @throws UnknownCollateralError, InvalidPayloadError, InvalidArgumentError, UnserializableError; RunExistsError when a
   *   run of this id has another entry; StoreUnavailableError, after which the same call may be made again
   */
  async stimulate(signal: Signal | readonly Signal[], options: QueueRunOptions = {}): Promise<QueuedRun> {
    const { id = this.#clock.id(), delay = 0, ...shape } = options;
    const jobs = checkJobs('stimulate', options);
    const after = parseDuration(delay, 'stimulate: delay');
    checkId('stimulate', id);
    const entry = this.#encode(signal, shape);
    const { runs } = await this.#open();
    await runs.start({ id, entry, graph: this.#dialect.graph }, { ...jobs, delay: after });
    return this.#queued(id);
  }

  /**
   * A signal from outside for a run, wherever it is: queued, live or waiting. One that comes before the run waits for it
   * is kept until it does.
   * @returns when it is stored for the run
   * @throws as `cns.signal`
   */
  async signal(id: string, signal: Signal, options: SignalOptions = {}): Promise<void> {
    const { deliveryId = this.#clock.id() } = options;
    const event = checkDelivery(this.#dialect.wholeGraph, id, signal, options);
    const { runs } = await this.#open();
    const { hasBegun } = await postSignal(this.#office, id, event, deliveryId);
    await runs.wake(id, hasBegun);
  }

  /**
   * Aborts a run, wherever it is. Its job fails. One that has failed and is to be tried again is not tried again.
   * @returns when that is stored for the run
   * @throws as `cns.abort`
   */
  async abort(id: string, reason?: unknown, { compensate = false, deliveryId }: AbortRunOptions = {}): Promise<void> {
    if (deliveryId !== undefined) checkDeliveryId('abort', deliveryId);
    const { runs } = await this.#open();
    try {
      await postAbort(this.#office, id, { type: 'engram.abort', reason, compensate }, deliveryId ?? this.#clock.id());
    } catch (error) {
      if (error instanceof RunEndedError && error.status === 'failed' && (await runs.cancel(id))) return;
      throw error;
    }
    await runs.wake(id);
  }

  /**
   * Resolves when the run has completed, and no sooner than its end is stored.
   * @throws StimulationFailedError, StimulationAbortedError when no attempt is left; UnknownRunError; RunStrandedError
   *   when no worker can go on with it; CNSClosedError when the client is closed meanwhile
   */
  async result(id: string): Promise<Result> {
    const { runs } = await this.#open();
    const outcomeNow = async () => storedOutcomeOf((await this.#load(id)).context);
    const look = async () => {
      const found = await outcomeNow();
      if (found !== undefined && 'result' in found) return found;
      const { job, state } = await runs.find(id);
      // another attempt may be on its way
      if (state !== 'failed' && state !== 'completed' && state !== 'missing') return undefined;
      // the end of a run is stored before its job is told, and an earlier attempt may be what was found
      const outcome = await outcomeNow();
      if (outcome !== undefined || state !== 'failed') return outcome;
      throw new RunStrandedError(id, job.failedReason);
    };
    const outcome = await this.#ends.wait(jobIdOf(id), look, () => new CNSClosedError('result', 'client'));
    if ('error' in outcome) throw outcome.error;
    return outcome.result;
  }

  /** How a run stands; undefined when there is none. @throws NoValidCheckpointError, StoreUnavailableError */
  async status(id: string): Promise<RunStatus | undefined> {
    const stored = await loadRun(this.#store, id, this.#dialect.codec);
    if (stored === undefined) return undefined;
    const { runs } = await this.#open();
    return statusOf(stored, await runs.find(id));
  }

  /**
   * A run that has failed or was aborted, or that no worker could go on with: what it has not done is done, under the ids
   * that it had.
   * @throws UnknownRunError; RunEndedError when it has completed; InvalidArgumentError when it goes on
   */
  async retry(id: string): Promise<void> {
    const { context, envelope } = await this.#load(id);
    if (context.status === 'completed') throw new RunEndedError(id, context.status);
    const { runs } = await this.#open();
    const isQueued = await runs.retry(id, envelope.graph.name, envelope.seq);
    if (!isQueued && context.status === 'running') {
      throw new InvalidArgumentError(`run "${id}" has not failed: it goes on`, {
        hint: 'client.status(id) says how it stands; client.abort(id) ends it',
      });
    }
  }

  /**
   * A new run with the entry of another one, however that stands.
   * @param options.id of the new one; made up unless told
   * @throws UnknownRunError
   */
  async clone(
    id: string,
    { id: to = this.#clock.id(), ...jobs }: RunJobOptions & { readonly id?: string } = {},
  ): Promise<QueuedRun> {
    checkId('clone', to);
    const { parts } = await this.#load(id);
    const entry = parts.get(partOf.entry());
    if (entry === undefined) throw new UnknownRunError(id, this.#store.name);
    const { runs } = await this.#open();
    await runs.start({ id: to, entry, graph: this.#dialect.graph }, { ...checkJobs('clone', jobs), delay: 0 });
    return this.#queued(to);
  }

  /**
   * A new run again and again; its id is `<name>@<time>`. The same name again changes the schedule.
   * @throws as `stimulate`
   */
  async schedule(name: string, when: ScheduleOptions, signal: Signal | readonly Signal[]): Promise<void> {
    const { cron, every, tz, ...shape } = when;
    if (typeof name !== 'string' || name === '' || name.includes(':')) {
      throw new InvalidArgumentError('schedule: the name must be a text without colons', { hint: "'daily-report'" });
    }
    if ((cron === undefined) === (every === undefined)) {
      throw new InvalidArgumentError('schedule: give either cron or every', {
        hint: "{ cron: '0 6 * * 1-5' } or { every: '10m' }",
      });
    }
    const jobs = checkJobs('schedule', when);
    const entry = this.#encode(signal, shape);
    const { queue } = await this.#open();
    const repeat =
      cron === undefined
        ? { every: parseDuration(every, 'schedule: every') }
        : { pattern: cron, ...(tz === undefined ? {} : { tz }) };
    const data = { kind: 'schedule', name, entry, graph: this.#dialect.graph, jobs } as const;
    try {
      await queue.upsertJobScheduler(name, repeat, { name: SCHEDULE, data, opts: { ...UNTIL_QUEUED, ...FINISHED } });
    } catch (cause) {
      throw new InvalidArgumentError(`schedule: the queue refuses it: ${(cause as Error).message}`, {
        cause,
        hint: "cron is five fields, e.g. '0 6 * * 1-5', or six with seconds first",
      });
    }
  }

  /** Ends a schedule; runs that it has started go on. @returns false when there is none of this name */
  async unschedule(name: string): Promise<boolean> {
    const { queue } = await this.#open();
    return queue.removeJobScheduler(name);
  }

  /** Lets go of the connection. Runs go on. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close());
  }

  get #office(): PostOffice {
    const { codec, graph } = this.#dialect;
    return { store: this.#store, codec, graph: graph.name };
  }

  #queued(id: string): QueuedRun {
    return { id, result: () => this.result(id) };
  }

  #encode(signal: Signal | readonly Signal[], shape: RunShape): string {
    const { wholeGraph, codec } = this.#dialect;
    return encodeEntry(checkEntry(wholeGraph, signal, shape), codec);
  }

  async #load(id: string): Promise<LoadedRun> {
    const stored = await loadRun(this.#store, id, this.#dialect.codec);
    if (stored === undefined) throw new UnknownRunError(id, this.#store.name);
    return stored;
  }

  #open(): Promise<Opened> {
    if (this.#closing !== undefined) throw new CNSClosedError('(any)', 'client');
    const opening = (this.#opening ??= this.#connect());
    opening.catch(() => {
      if (this.#opening === opening) this.#opening = undefined; // the next call tries again
    });
    return opening;
  }

  async #connect(): Promise<Opened> {
    const [clock, logger, store] = [this.#clock, this.#logger, this.#store];
    const { connection, prefix } = this.#options;
    const opened = await openQueue({ connection, prefix, name: this.#name }, (error) =>
      logger.warn('the queue of a client says that something is wrong', error),
    );
    const { queue } = opened;
    const { codec } = this.#dialect;
    return { ...opened, runs: new RunQueue({ queue, store, codec, clock, owner: thisOwner(clock), logger }) };
  }

  async #close(): Promise<void> {
    const opened = await this.#opening?.catch(() => undefined);
    const ended = this.#ends.close();
    try {
      await (opened?.close(ended) ?? ended);
    } finally {
      if (this.#ownsStore) await this.#store.close();
    }
  }
}

interface Opened extends OpenQueue {
  readonly runs: RunQueue;
}

/** @throws InvalidArgumentError */
function checkJobs(call: string, given: RunJobOptions): RunJobOptions {
  const { priority, attempts, backoff, removeOnComplete, removeOnFail } = given;
  if (priority !== undefined) checkWhole(call, { priority }, 0, LOWEST_PRIORITY);
  if (attempts !== undefined) checkWhole(call, { attempts }, 1);
  return {
    ...(priority === undefined ? {} : { priority }),
    ...(attempts === undefined ? {} : { attempts }),
    ...(backoff === undefined ? {} : { backoff }),
    ...(removeOnComplete === undefined ? {} : { removeOnComplete }),
    ...(removeOnFail === undefined ? {} : { removeOnFail }),
  };
}
