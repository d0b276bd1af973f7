/**
 * The queue of the runs of one flow: what a client and a worker do with it alike. The store comes first, always: a run is
 * stored before its job is queued, a message before its run is woken. So whatever is lost between the two is an
 * unanswered call, which may be made again.
 */
import type { Codec } from '../durability/codec.js';
import type { StoringOptions } from '../durability/stored-parts.js';
import type { Owner, Store } from '../durability/store.js';
import type { Clock } from '../clock/clock.js';
import { RunExistsError } from '../errors/index.js';
import { partOf } from '../durability/parts.js';
import { loadRun } from '../stimulation/load.js';
import type { Logger } from '../stimulation/options.js';
import { storeUnbegun, type UnbegunRun } from '../stimulation/unbegun.js';
import type { JobsOptions, Queue } from './bullmq.js';
import { jobIdOf } from './job-id.js';
import { type FlowJob, type JobData, type JobOutcome, type RunJob, runJob, type RunJobOptions, WAKE } from './jobs.js';

export interface RunQueueOptions {
  readonly queue: Queue<JobData, JobOutcome>;
  readonly store: Store;
  readonly codec: Codec;
  readonly clock: Clock;
  readonly owner: Owner;
  readonly logger: Logger;
}

export interface StartOptions extends RunJobOptions {
  /** Milliseconds. */
  readonly delay: number;
}

/** `missing`: the queue knows of none. */
export type FoundJob =
  | { readonly job: FlowJob; readonly state: Exclude<Awaited<ReturnType<FlowJob['getState']>>, 'unknown'> }
  | { readonly job?: undefined; readonly state: 'missing' };

/** While a run lives in another process its messages are looked for so often, in milliseconds. */
const LOOK_AGAIN = 500;
/** A look that fails is made again; one that has done its work is not kept. */
const LOOK = { removeOnComplete: true, removeOnFail: true, attempts: 1000, backoff: LOOK_AGAIN } as const;
/** So often is twice as long waited until the next look. */
const DOUBLINGS = 6;
/** What the queue keeps of runs that have ended: the store has all of them. */
const KEPT = { removeOnComplete: { count: 1000 }, removeOnFail: { count: 10_000 } } as const;
const STORING: StoringOptions = { compression: false, limits: {} };

export class RunQueue {
  readonly #options: RunQueueOptions;

  constructor(options: RunQueueOptions) {
    this.#options = options;
  }

  /**
   * Stores a run and queues its job. The same once more does nothing.
   * @throws RunExistsError when a run of this id has another entry
   */
  async start(run: Omit<UnbegunRun, 'due'>, { delay, ...jobs }: StartOptions): Promise<void> {
    const { store, codec, clock, owner, logger } = this.#options;
    const warn = (message: string): void => logger.warn(message);
    const due = clock.now() + delay;
    const isNew = await storeUnbegun({ ...run, due }, { store, codec, storing: STORING, owner, clock, warn });
    if (!isNew) {
      const stored = await loadRun(store, run.id, codec);
      const isSame = stored?.parts.get(partOf.entry()) === run.entry && stored.envelope.graph.name === run.graph.name;
      if (stored !== undefined && !isSame) throw new RunExistsError(run.id);
      if (stored !== undefined && stored.context.status !== 'running') return;
    }
    await this.#add(runJob(run.id), run.graph.name, { ...jobs, ...(delay > 0 ? { delay } : {}) });
    // the job of an earlier life of the id, which the queue has kept, is in the way of the new one
    await revive(await this.find(run.id), runJob(run.id));
  }

  /**
   * Queues a run that has ended, or that nobody could go on with, for another attempt at what has ended as checkpoint
   * `retryOf`. @returns false where its job goes on
   */
  async retry(id: string, graph: string, retryOf: number): Promise<boolean> {
    const found = await this.find(id);
    if (found.state !== 'missing') return revive(found, runJob(id, retryOf));
    await this.#add(runJob(id, retryOf), graph);
    return true;
  }

  /** Takes back another attempt at a run that is to be made. @returns false where none is, or a worker has just begun it */
  async cancel(id: string): Promise<boolean> {
    const { job, state } = await this.find(id);
    if (job === undefined || !isPending(state)) return false;
    try {
      await job.remove();
      return true;
    } catch (error) {
      if (await job.isActive()) return false;
      throw error;
    }
  }

  find(id: string): Promise<FoundJob> {
    return findJob(this.#options.queue, id);
  }

  /** Queues the job of a stored run, unless it is there. */
  async #add(data: RunJob, graph: string, options: JobsOptions = {}): Promise<void> {
    await this.#options.queue.add(graph, data, { ...KEPT, ...options, jobId: jobIdOf(data.id) });
  }

  /**
   * A message has been stored for a run: its job is taken at once, where it sleeps. One that is taken just now may be on
   * its way to sleep, so that somebody has to look again.
   * @param isBegun false where nobody may have begun it: one whose start was put off finds the message when it begins
   */
  async wake(id: string, isBegun = true): Promise<void> {
    if ((await this.#rouse(id, isBegun)) === 'active') await this.#lookAgain(id, 0, 0);
  }

  /** The same for the wake-up job itself. @returns what it has come to */
  async wakeAgain(id: string, looks: number): Promise<'read' | 'woken' | 'postponed'> {
    if ((await this.#options.store.inbox(id)).length === 0) return 'read';
    if ((await this.#rouse(id)) === 'woken') return 'woken';
    await this.#lookAgain(id, looks + 1, LOOK_AGAIN * 2 ** Math.min(looks, DOUBLINGS));
    return 'postponed';
  }

  async #lookAgain(id: string, looks: number, delay: number): Promise<void> {
    await this.#options.queue.add(WAKE, { kind: 'wake', id, looks }, { ...LOOK, delay });
  }

  /** @returns `active` where the job is in the hands of a worker; else it is taken soon, or its run has ended */
  async #rouse(id: string, isBegun = true): Promise<'woken' | 'active'> {
    const { store, codec } = this.#options;
    const { job, state } = await this.find(id);
    // asked after the state of the job, since it may have begun, and gone to sleep, since then
    if (state === 'delayed' && (isBegun || (await loadRun(store, id, codec))?.hasBegun === true)) await promote(job);
    if (state === 'active') return 'active';
    if (state === 'missing') {
      // a queue that has lost its jobs, or that somebody has emptied
      const stored = await loadRun(store, id, codec);
      if (stored?.context.status === 'running') await this.#add(runJob(id), stored.envelope.graph.name);
    }
    return 'woken';
  }
}

/** Whether a job is to be taken, now or in a while. */
export const isPending = (state: FoundJob['state']): boolean =>
  state === 'waiting' || state === 'delayed' || state === 'prioritized';

/** The job of a run, and where it is. */
export async function findJob(queue: Queue<JobData, JobOutcome>, id: string): Promise<FoundJob> {
  const job = await queue.getJob(jobIdOf(id));
  const state = (await job?.getState()) ?? 'unknown';
  return job === undefined || state === 'unknown' ? { state: 'missing' } : { job, state };
}

/** A job that has ended is queued once more. @returns false where it has not ended */
async function revive({ job, state }: FoundJob, data: RunJob): Promise<boolean> {
  if (state !== 'completed' && state !== 'failed') return false;
  await job.updateData(data);
  await job.retry(state, { resetAttemptsMade: true });
  return true;
}

/** Does nothing where somebody else has done it. */
async function promote(job: FlowJob): Promise<void> {
  try {
    await job.promote();
  } catch (error) {
    if (await job.isDelayed()) throw error;
  }
}
