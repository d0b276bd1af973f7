/** What a person, or the system, asks of a process that would go on. */
import { EXIT } from './exit-codes.js';

export type Stop = 'SIGINT' | 'SIGTERM';

export const EXIT_OF = { SIGINT: EXIT.interrupted, SIGTERM: EXIT.terminated } as const;

export interface StopSignal {
  /** The first one; the next one ends the process at once. */
  readonly promise: Promise<Stop>;
  forget(): void;
}

export function listenForStop(): StopSignal {
  let forget = (): void => undefined;
  const promise = new Promise<Stop>((resolve) => {
    const stop = (signal: Stop): void => {
      forget();
      resolve(signal);
    };
    forget = () => {
      for (const signal of ['SIGINT', 'SIGTERM'] as const) process.off(signal, stop);
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, stop);
  });
  return { promise, forget: () => forget() };
}
