/** The time after which what has changed is stored whatever happens: it counts from the first change that no save holds. */
import type { Clock, Timer } from '../clock/clock.js';

export class Overdue {
  readonly #clock: Clock;
  readonly #everyMs: number | null;
  readonly #onOver: () => void;
  #timer: Timer | null = null;
  #isOver = false;

  /** @param everyMs null for no time at all */
  constructor(clock: Clock, everyMs: number | null, onOver: () => void) {
    this.#clock = clock;
    this.#everyMs = everyMs;
    this.#onOver = onOver;
  }

  get isOver(): boolean {
    return this.#isOver;
  }

  /** @param isBehind whether anything has changed that no save holds */
  watch(isBehind: () => boolean): void {
    if (this.#everyMs === null || this.#timer !== null || this.#isOver || !isBehind()) return;
    const over = (): void => {
      this.#timer = null;
      this.#isOver = true;
      this.#onOver();
    };
    this.#timer = this.#clock.after(this.#everyMs, over, { background: true });
  }

  /** A save begins. */
  forget(): void {
    this.#timer?.cancel();
    this.#timer = null;
    this.#isOver = false;
  }
}
