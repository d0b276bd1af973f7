/**
 * What a worker does with one job. The run is brought up from the store, goes on until it need not be here, and the job
 * goes where the verdict says. Every step may be the last one of this process: until the run has ended its job is in the
 * queue, and whoever takes it next finds in the store how far the run has come.
 */
import type { DelayedError, UnrecoverableError, WaitingError } from 'bullmq';
import type { Clock } from '../clock/clock.js';
import { AlreadyOwnedError, describeError, StaleOwnerError, UnknownRunError } from '../errors/index.js';
import type { CNS } from '../stimulation/cns.js';
import { CODEC, READ_INBOX, TAKE_UP } from '../stimulation/seams.js';
import { loadRun } from '../stimulation/load.js';
import type { Logger } from '../stimulation/options.js';
import type { Stimulation } from '../stimulation/stimulation.js';
import { type FlowJob, type JobOutcome, type RunJob, runJob, type ScheduleJob } from './jobs.js';
import { Pace } from './progress.js';
import type { RunQueue } from './run-queue.js';
import { untilItRests } from './rest.js';
import { type Verdict, verdictOn, verdictOnError } from './verdict.js';
import type { WorkerEvents } from './worker-events.js';

export interface ProcessorOptions {
  readonly cns: CNS;
  readonly queue: RunQueue;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Milliseconds that a run which only waits stays here. */
  readonly linger: number;
  /** Milliseconds between two progress reports of a run. */
  readonly progressEvery: number;
  readonly errors: {
    readonly DelayedError: typeof DelayedError;
    readonly UnrecoverableError: typeof UnrecoverableError;
    readonly WaitingError: typeof WaitingError;
  };
  readonly emit: <K extends keyof WorkerEvents>(event: K, ...args: WorkerEvents[K]) => void;
}

/** More of an output than this is not kept in the job. */
const LONGEST_OUTPUT = 10_000;

export class Processor {
  readonly #options: ProcessorOptions;
  /** The runs that are here, by job: one that was taken twice is in two. */
  readonly #here = new Map<FlowJob, Stimulation>();
  /** The jobs that are in our hands: not those that we have given back. */
  readonly #held = new Set<FlowJob>();
  #grace: number | null = null;

  constructor(options: ProcessorOptions) {
    this.#options = options;
  }

  async process(job: FlowJob, token: string | undefined): Promise<JobOutcome> {
    this.#held.add(job);
    try {
      return await this.#process(job, token);
    } finally {
      this.#held.delete(job);
    }
  }

  /** Whether the job of this id is in our hands. */
  holds(jobId: string): boolean {
    return [...this.#held].some(({ id }) => id === jobId);
  }

  #process(job: FlowJob, token: string | undefined): Promise<JobOutcome> {
    const { data } = job;
    if (data.kind === 'wake') return this.#wake(data.id, data.looks);
    return data.kind === 'schedule' ? this.#schedule(job, data) : this.#run(job, data, token);
  }

  /** Lets all runs go, and those that come up yet. @param grace milliseconds that what runs has to answer */
  async letGo(grace: number): Promise<void> {
    this.#grace = grace;
    await Promise.allSettled([...this.#here.values()].map((run) => run.suspend({ grace })));
  }

  async #run(job: FlowJob, data: RunJob, token: string | undefined): Promise<JobOutcome> {
    const { tries = 0 } = data;
    const verdict = await this.#bringOn(job, data, tries);
    const { errors } = this.#options;
    switch (verdict.kind) {
      case 'completed':
        return { status: 'completed', ...this.#shown(verdict.output) };
      case 'failed':
        if (verdict.isHopeless) throw this.#unrecoverable(verdict.error);
        await this.#attempt(() => this.#noteEnd(job, data));
        throw verdict.error;
      case 'waiting':
        await this.#move(job, async () => {
          if (tries > 0 || data.retryOf !== undefined) await job.updateData(runJob(data.id));
          await job.moveToDelayed(verdict.at, token);
        });
        throw new errors.DelayedError();
      case 'later':
        this.#refuse(data.id, verdict, tries);
        await this.#move(job, async () => {
          const isTry = !(verdict.error instanceof AlreadyOwnedError);
          if (isTry) await job.updateData({ ...data, tries: tries + 1, problem: describeError(verdict.error) });
          await job.moveToDelayed(verdict.at, token);
        });
        throw new errors.DelayedError();
      case 'back':
        await this.#move(job, () => job.moveToWait(token));
        throw new errors.WaitingError();
    }
  }

  async #bringOn(job: FlowJob, { id, retryOf }: RunJob, tries: number): Promise<Verdict> {
    const { cns, clock, linger, progressEvery, emit } = this.#options;
    const verdict = (error: unknown): Verdict => {
      const found = verdictOnError(error, clock.now(), tries, false);
      if (found.kind === 'failed') emit('failed', { id, error });
      return found;
    };
    let run: Stimulation | undefined;
    try {
      run = await cns[TAKE_UP](id, { retryOf });
    } catch (error) {
      return verdict(error);
    }
    if (run === undefined) return verdict(new UnknownRunError(id, cns.store?.name ?? 'the store'));
    emit('taken', { id, run });
    this.#here.set(job, run);
    const pace = new Pace(run, { job, cns, clock, every: progressEvery, emit });
    // it came up while the worker was closing
    if (this.#grace !== null) void run.suspend({ grace: this.#grace }).catch(() => undefined);
    const rest = await untilItRests(run, { now: () => clock.now(), linger, onTurn: () => pace.onTurn() });
    this.#here.delete(job);
    const found = verdictOn(rest, clock.now(), tries);
    if (rest.kind === 'completed') emit('completed', { id, result: rest.result });
    else if (found.kind === 'failed') emit('failed', { id, error: found.error });
    else if (found.kind === 'waiting') {
      await pace.tell();
      emit('waiting', { id, due: found.due });
    }
    return found;
  }

  /** That somebody else has a run for a while is nothing to tell of; that this build cannot go on with it is, once. */
  #refuse(id: string, { error, at: again }: Extract<Verdict, { kind: 'later' }>, tries: number): void {
    const { emit, logger } = this.#options;
    emit('refused', { id, error, again });
    if (tries > 0 || error instanceof AlreadyOwnedError || error instanceof StaleOwnerError) return;
    logger.warn(`run "${id}" cannot go on here now, and is put back for a while: ${describeError(error)}`, error);
  }

  /**
   * A job that is not ours any more (its lock is gone: we were paused, or cut off) is moved by who has it now; where the
   * queue cannot be reached, by who finds it without a lock.
   */
  async #move(job: FlowJob, move: () => Promise<unknown>): Promise<void> {
    this.#held.delete(job);
    await this.#attempt(move);
  }

  async #attempt(move: () => Promise<unknown>): Promise<void> {
    try {
      await move();
    } catch (error) {
      this.#options.emit('lost', { error });
    }
  }

  #shown(output: unknown): Pick<JobOutcome, 'output'> {
    if (output === undefined) return {};
    try {
      const shown = this.#options.cns.redacted(output, 'output');
      return (JSON.stringify(shown) ?? '').length > LONGEST_OUTPUT ? {} : { output: shown };
    } catch {
      return {}; // what JSON cannot say stands in the store
    }
  }

  /** BullMQ knows by its class that no further attempt is to be made. */
  #unrecoverable(cause: unknown): Error {
    const error = new this.#options.errors.UnrecoverableError(describeError(cause));
    if (cause instanceof Error && cause.stack !== undefined) error.stack = cause.stack;
    error.cause = cause;
    return error;
  }

  /**
   * A message has arrived for a run whose job was neither waiting nor delayed then. Where the run lives here it is given
   * to it; where it lives elsewhere it is read with the next renewal; where it is let go just now, its job is woken.
   */
  async #wake(id: string, looks: number): Promise<JobOutcome> {
    const { queue, cns } = this.#options;
    await cns[READ_INBOX](id);
    return { status: await queue.wakeAgain(id, looks) };
  }

  /** Another attempt is one at what has ended so; a job that is given out once more, since its worker has died, is none. */
  async #noteEnd(job: FlowJob, { id }: RunJob): Promise<void> {
    const { cns } = this.#options;
    const stored = cns.store === undefined ? undefined : await loadRun(cns.store, id, cns[CODEC]);
    if (stored !== undefined) await job.updateData(runJob(id, stored.envelope.seq));
  }

  async #schedule(job: FlowJob, { name, entry, graph, jobs }: ScheduleJob): Promise<JobOutcome> {
    const { queue } = this.#options;
    // BullMQ ends the id of such a job with the time that it was for
    const at = Number(job.id?.split(':').at(-1));
    const id = `${name}@${new Date(Number.isNaN(at) ? job.timestamp : at).toISOString()}`;
    await queue.start({ id, entry, graph }, { ...jobs, delay: 0 });
    return { status: 'started' };
  }
}
