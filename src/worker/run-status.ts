/** How a run stands, for whoever asks from outside. */
import type { LoadedRun } from '../stimulation/load.js';
import type { FlowJob, RunProgress } from './jobs.js';
import { type FoundJob, isPending } from './run-queue.js';

export interface RunStatus {
  readonly id: string;
  /**
   * `queued`: no worker has begun it. `retrying`: it has failed, and another attempt is to be made. `stranded`: no worker
   * can go on with it. Of the last two, `problem` says why.
   */
  readonly status: 'queued' | 'running' | 'waiting' | 'retrying' | 'stranded' | 'completed' | 'failed' | 'aborted';
  /** The milestone that has settled last, as far as that is known; else null. */
  readonly milestone: string | null;
  /** How many activations have not settled. */
  readonly pending: number;
  /** How many have. */
  readonly settled: number;
  /** When it goes on by itself (milliseconds since the epoch), where it waits for a time. */
  readonly due?: number;
  /** As the worker has told last, where it has. */
  readonly progress?: RunProgress;
  /** Why no worker can go on with it, or why the last one that took it could not. */
  readonly problem?: string;
}

export function statusOf({ context, envelope, hasBegun }: LoadedRun, { job, state }: FoundJob): RunStatus {
  const { id, frontier, settled, status } = context;
  const goesOn = status === 'running';
  const isWaiting = goesOn && hasBegun && envelope.status === 'waiting';
  const isStranded = goesOn && state === 'failed';
  const isRetrying = status === 'failed' && isPending(state);
  const shown = isStranded ? 'stranded' : isRetrying ? 'retrying' : goesOn && !hasBegun ? 'queued' : undefined;
  const due = frontier.reduce((soonest, { due: each = Infinity }) => Math.min(soonest, each), Infinity);
  const isPutBack = goesOn && state === 'delayed';
  const problem = isStranded || isRetrying ? job?.failedReason : isPutBack ? problemOf(job) : undefined;
  const progress = progressOf(job);
  return {
    id,
    status: shown ?? (isWaiting ? 'waiting' : status),
    milestone: envelope.milestone ?? (goesOn ? (progress?.milestone ?? null) : null),
    pending: frontier.length,
    settled,
    ...(due === Infinity ? {} : { due }),
    ...(progress === undefined ? {} : { progress }),
    ...(problem === undefined ? {} : { problem }),
  };
}

/** Of a job that was put back since nobody could go on with its run. */
const problemOf = ({ data }: FlowJob): string | undefined => (data.kind === 'run' ? data.problem : undefined);

/** As it was told last; undefined where it never was. */
export function progressOf(job: FlowJob | undefined): RunProgress | undefined {
  const told = job?.progress;
  return typeof told === 'object' ? (told as unknown as RunProgress) : undefined;
}
