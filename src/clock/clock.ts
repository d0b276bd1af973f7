/**
 * Where time, timers, ids and randomness come in (I10). Nothing else in the library reads them from the system, so that
 * a test which passes another clock decides all of them.
 */
import { randomUUID } from 'node:crypto';

export interface Timer {
  /** Harmless when the timer has fired or was cancelled. */
  cancel(): void;
}

export interface Clock {
  /** Milliseconds since the epoch. */
  now(): number;
  /** Milliseconds from an arbitrary start, never going back; for durations. */
  monotonic(): number;
  /** Calls `callback` once after `ms` milliseconds. A `background` timer does not keep the process alive. */
  after(ms: number, callback: () => void, options?: { readonly background?: boolean }): Timer;
  /** A new id, unique in space and time. */
  id(): string;
  /** A number in [0, 1). */
  random(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  after(ms, callback, options) {
    const handle = setTimeout(callback, ms);
    if (options?.background === true) handle.unref();
    return { cancel: () => clearTimeout(handle) };
  },
  id: nextId,
  random: () => Math.random(),
};

const LAST_DIGITS = Array.from({ length: 256 }, (_, n) => n.toString(16).padStart(2, '0'));
let head = '';
let used = LAST_DIGITS.length;

/**
 * UUIDs of version 4 whose last two digits are counted: 114 bits are drawn from the system, once for 256 ids. It draws
 * ahead as `randomUUID` does itself, and costs a tenth.
 */
function nextId(): string {
  if (used === LAST_DIGITS.length) {
    head = randomUUID().slice(0, -2);
    used = 0;
  }
  return `${head}${LAST_DIGITS[used++]}`;
}
