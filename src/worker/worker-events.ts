/** What a worker tells of. */
import type { Result } from '../stimulation/results.js';
import type { Stimulation } from '../stimulation/stimulation.js';
import type { RunProgress } from './jobs.js';

/** A type, since the listeners of an emitter are looked up in it by name. */
export type WorkerEvents = {
  /** A run goes on here: from its start, or from its last milestone. */
  taken: [run: { readonly id: string; readonly run: Stimulation }];
  /** A run has completed, and its end is stored. */
  completed: [run: { readonly id: string; readonly result: Result }];
  /** A run has failed or was aborted, or cannot go on anywhere. */
  failed: [run: { readonly id: string; readonly error: unknown }];
  /** A run was let go until then (milliseconds since the epoch), or until a signal comes for it. */
  waiting: [run: { readonly id: string; readonly due: number | null }];
  /** This worker cannot go on with a run; it, or another one, tries again then. */
  refused: [run: { readonly id: string; readonly error: unknown; readonly again: number }];
  /** How far a run is. */
  progress: [run: { readonly id: string } & RunProgress];
  /** A job could not be moved: another worker has it, or the queue is away. Its run is safe in the store. */
  lost: [job: { readonly error: unknown }];
  /** The queue says that something is wrong. Logged where nobody listens. */
  error: [error: Error];
};
