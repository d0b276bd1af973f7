/** What stands in the jobs of a queue. The run itself stands in the store: a job only says which one. */
import type { EnvelopeFields } from '../durability/envelope.js';
import type { Job, JobsOptions } from './bullmq.js';

/** One stimulation, from its start to its end: while it waits, its job is delayed. */
export interface RunJob {
  readonly kind: 'run';
  /** Of the run. */
  readonly id: string;
  /** How often it was put back because nobody could go on with it. */
  readonly tries?: number;
  /** Why, the last time. */
  readonly problem?: string;
  /** The run has ended with this checkpoint, and is to do what it has not done. */
  readonly retryOf?: number;
}

export const runJob = (id: string, retryOf?: number): RunJob => ({
  kind: 'run',
  id,
  ...(retryOf === undefined ? {} : { retryOf }),
});

/** Something has arrived for a run while its job was neither waiting nor delayed. */
export interface WakeJob {
  readonly kind: 'wake';
  readonly id: string;
  /** How often it was looked before. */
  readonly looks: number;
}

/** It is time for a new run. */
export interface ScheduleJob {
  readonly kind: 'schedule';
  /** Of the schedule. */
  readonly name: string;
  /** What each run begins with, encoded. */
  readonly entry: string;
  readonly graph: EnvelopeFields['graph'];
  readonly jobs: RunJobOptions;
}

/** Of the numbers that BullMQ takes; the highest comes before 1, as 0. */
export const LOWEST_PRIORITY = 2 ** 21 - 1;

/** How the job of a run is queued. */
export interface RunJobOptions {
  /** 0, the first to be taken, to 2,097,151; 0 unless told. */
  readonly priority?: number;
  readonly attempts?: number;
  readonly backoff?: number | { readonly type: string; readonly delay?: number };
  /** Which jobs of completed runs the queue keeps, as BullMQ has it; the last 1,000 unless told. The store has the runs. */
  readonly removeOnComplete?: NonNullable<JobsOptions['removeOnComplete']>;
  /** The same of failed ones; the last 10,000 unless told. */
  readonly removeOnFail?: NonNullable<JobsOptions['removeOnFail']>;
}

export type JobData = RunJob | WakeJob | ScheduleJob;
export type FlowJob = Job<JobData, JobOutcome>;

/** What BullMQ keeps of a job that has completed. The result of a run stands in the store. */
export interface JobOutcome {
  readonly status: string;
  /** Of a run: what it has emitted last of its output, as it may be shown; missing where that is no JSON, or long. */
  readonly output?: unknown;
}

/** How far a run is. */
export interface RunProgress {
  /** How many activations have settled. */
  readonly settled: number;
  /** How many have not. */
  readonly pending: number;
  /** The milestone that has settled last, or null. */
  readonly milestone: string | null;
  /** How many settle in all, where the flow says so (`total` of its CNS). */
  readonly total?: number;
  /** 0 to 100. */
  readonly percent?: number;
  /** How many milliseconds it may still take, at the pace that it has had in this process. */
  readonly left?: number;
}

/** The names of jobs that are no runs, as they are seen in dashboards. */
export const WAKE = 'engram.wake';
export const SCHEDULE = 'engram.schedule';
