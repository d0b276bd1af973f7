/** Timers that nobody fires but whoever holds the queue: in the order in which they are due, then in that of their making. */
import type { Timer } from '../../clock/clock.js';

export interface DueTimer {
  /** Milliseconds since the epoch. */
  readonly at: number;
  /** Its place in the order of making. */
  readonly n: number;
  /** Does not keep its process alive, and so is nothing to wait for. */
  readonly background: boolean;
  readonly fire: () => void;
}

export class TimerQueue {
  readonly #timers = new Map<number, DueTimer>();
  #made = 0;

  /** How many wait, those in the background left out. */
  get size(): number {
    let size = 0;
    for (const timer of this.#timers.values()) if (!timer.background) size++;
    return size;
  }

  add(at: number, fire: () => void, background = false): Timer {
    const n = this.#made++;
    this.#timers.set(n, { at, n, background, fire });
    return { cancel: () => void this.#timers.delete(n) };
  }

  /** The one that is due first. */
  first(): DueTimer | undefined {
    let first: DueTimer | undefined;
    for (const timer of this.#timers.values()) if (first === undefined || timer.at < first.at) first = timer;
    return first;
  }

  /** Takes one out and fires it. @returns whether it was still there */
  fire(timer: DueTimer): boolean {
    if (!this.#timers.delete(timer.n)) return false;
    timer.fire();
    return true;
  }
}
