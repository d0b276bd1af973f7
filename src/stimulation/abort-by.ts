/** Runs that end with an `AbortSignal` of their user's. */
import { RunSuspendedError, SaveFailedError, StaleOwnerError } from '../errors/index.js';
import type { Run } from './run.js';

/** The run is aborted when the signal fires; nobody listens to the signal after the run. */
export function abortBy(run: Run, signal: AbortSignal): void {
  const abort = (): void => {
    if (!isLetGo(signal.reason)) run.abort(signal.reason, false);
  };
  if (signal.aborted) abort();
  else {
    signal.addEventListener('abort', abort, { once: true });
    run.onEnd(() => signal.removeEventListener('abort', abort));
  }
}

/** Whether a signal says that a run goes on elsewhere: then those that it has started do, too. */
const isLetGo = (reason: unknown): boolean =>
  reason instanceof RunSuspendedError || reason instanceof SaveFailedError || reason instanceof StaleOwnerError;
