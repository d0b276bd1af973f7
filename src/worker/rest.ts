/** Follows a run until it need not be in this process any more: it has ended, it only waits, or it was let go. */
import { RunSuspendedError } from '../errors/index.js';
import type { Result } from '../stimulation/results.js';
import { ON_TURN, type Stimulation } from '../stimulation/stimulation.js';

export type Rest =
  | { readonly kind: 'completed'; readonly result: Result }
  /** Any end but that, and what kept it from going on. */
  | { readonly kind: 'failed'; readonly error: unknown }
  /** Let go by us: it waits until then (milliseconds since the epoch), or for a signal from outside. */
  | { readonly kind: 'waiting'; readonly due: number | null }
  /** Let go by somebody else. */
  | { readonly kind: 'suspended' };

export interface RestOptions {
  readonly now: () => number;
  /** A run that waits no longer than this stays, in milliseconds. */
  readonly linger: number;
  readonly onTurn: () => void;
}

/** Never rejects. */
export function untilItRests(run: Stimulation, { now, linger, onTurn }: RestOptions): Promise<Rest> {
  return new Promise((resolve) => {
    let due: number | null = null;
    let isLetGo = false;
    /** In a turn of its own: what has led to the wait is on its way to the store then. */
    const look = (): void => {
      if (isLetGo || run.status !== 'waiting') return;
      ({ due } = run);
      if (due !== null && due - now() <= linger) return;
      isLetGo = true;
      run.suspend().then(
        () => resolve({ kind: 'waiting', due }),
        (error: unknown) => resolve({ kind: 'failed', error }),
      );
    };
    run.waitUntilComplete().then(
      (result) => resolve({ kind: 'completed', result }),
      (error: unknown) => {
        if (!(error instanceof RunSuspendedError)) resolve({ kind: 'failed', error });
        else if (!isLetGo) resolve({ kind: 'suspended' });
      },
    );
    run[ON_TURN](() => {
      onTurn();
      if (run.status === 'waiting') queueMicrotask(look);
    });
    look();
  });
}
