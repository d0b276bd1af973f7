/** How often a store is looked at: soon after a change, less and less often while there is none, and never most of the time. */
import type { Clock } from '../../clock/clock.js';
import type { Stop } from '../stop-signal.js';

const SOON = 100;
const LATEST = 1000;
/** Of what is not there yet. */
const LATEST_FIRST = 250;
const SLOWER = 1.3;
/** Between two looks there is as much time as this many looks take. */
const REST = 4;

export class Pace {
  readonly #clock: Clock;
  #interval = SOON;
  #took = 0;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** @param isThere whether there is anything to look at yet */
  note(isNew: boolean, isThere = true): void {
    this.#interval = isNew ? SOON : Math.min(isThere ? LATEST : LATEST_FIRST, this.#interval * SLOWER);
  }

  async measure<T>(look: () => Promise<T>): Promise<T> {
    const before = this.#clock.monotonic();
    try {
      return await look();
    } finally {
      this.#took = this.#clock.monotonic() - before;
    }
  }

  /** Until the next look. @returns what has stopped it */
  wait(stop: Promise<Stop>): Promise<Stop | undefined> {
    return new Promise((resolve) => {
      const timer = this.#clock.after(Math.max(this.#interval, REST * this.#took), () => resolve(undefined));
      void stop.then((stopped) => {
        timer.cancel();
        resolve(stopped);
      });
    });
  }
}
