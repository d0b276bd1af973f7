/** How often a store is looked at: soon after a change, less and less often while there is none, and never most of the time. */
import type { Clock, Timer } from '../../clock/clock.js';

const SOON = 100;
const LATEST = 1000;
/** Of what is not there yet. */
const LATEST_FIRST = 250;
const SLOWER = 1.3;
/** Between two looks there is as much time as this many looks take. */
const REST = 4;

/** `End`: why nobody looks any more. */
export class Pace<End> {
  readonly #clock: Clock;
  #interval = SOON;
  #took = 0;
  #ended: { readonly by: End } | undefined;
  #timer: Timer | undefined;
  #wake: ((end: End) => void) | undefined;

  /** @param end is listened to once, however long it takes */
  constructor(clock: Clock, end: Promise<End>) {
    this.#clock = clock;
    void end.then((by) => {
      this.#ended = { by };
      this.#timer?.cancel();
      this.#wake?.(by);
    });
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

  /** Until the next look. @returns what has ended it */
  wait(): Promise<End | undefined> {
    if (this.#ended !== undefined) return Promise.resolve(this.#ended.by);
    return new Promise((resolve) => {
      this.#wake = resolve;
      this.#timer = this.#clock.after(Math.max(this.#interval, REST * this.#took), () => resolve(undefined));
    });
  }
}
