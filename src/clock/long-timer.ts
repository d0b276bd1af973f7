/** Timers of any length: those of the system count to 2^31 - 1 milliseconds and fire at once beyond. */
import type { Clock, Timer } from './clock.js';

/** What a timer of the system can count, in milliseconds. */
export const LONGEST_TIMER = 2 ** 31 - 1;

/** Calls `callback` once after `ms` milliseconds, however many these are. */
export function afterLong(clock: Clock, ms: number, callback: () => void): Timer {
  if (ms <= LONGEST_TIMER) return clock.after(ms, callback);
  let timer: Timer;
  const arm = (left: number): void => {
    const part = Math.min(left, LONGEST_TIMER);
    timer = clock.after(part, () => (left > part ? arm(left - part) : callback()));
  };
  arm(ms);
  return { cancel: () => timer.cancel() };
}
