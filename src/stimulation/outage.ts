/**
 * A store that is away while runs wait for it (`onSaveFailure: 'continue'`): how long a run waits until it tries again,
 * and what the log says: one line when the first run finds it away, one when all of them are stored again.
 */
import type { Clock, Timer } from '../clock/clock.js';
import { describeError, StoreUnavailableError } from '../errors/index.js';
import type { Logger } from './options.js';

const FIRST_WAIT = 50;
const LONGEST_WAIT = 5000;

/** Whether this says that the store may do later what it cannot do now. */
export const isAway = (error: unknown): boolean => error instanceof StoreUnavailableError && error.retryable;

/** What the runs of one CNS know of their store together. */
export class Outage {
  readonly #store: string;
  readonly #logger: Logger;
  readonly #waiting = new Set<Patience>();
  /** How many runs it has held up since it began. */
  #met = 0;

  constructor(store: string, logger: Logger) {
    this.#store = store;
    this.#logger = logger;
  }

  begin(one: Patience, id: string, error: unknown): void {
    if (this.#waiting.has(one)) return;
    this.#waiting.add(one);
    if (++this.#met > 1) return;
    const what = `run "${id}" cannot be stored now, and is tried again until ${this.#store} is back`;
    this.#logger.warn(`${what}: ${describeError(error)}`, error);
  }

  /** @param isBack whether the run is stored; else it was given up */
  end(one: Patience, isBack: boolean): void {
    if (!this.#waiting.delete(one) || this.#waiting.size > 0) return;
    const runs = `${this.#met} run${this.#met === 1 ? '' : 's'}`;
    if (isBack) this.#logger.warn(`${this.#store} is back: ${runs} waited for it, and none waits any more`);
    this.#met = 0;
  }
}

/** The waits of one run between its attempts: from 50 milliseconds, doubled up to five seconds. */
export class Patience {
  readonly #clock: Clock;
  readonly #outage: Outage;
  #next = FIRST_WAIT;
  #timer: Timer | null = null;
  #wake: (() => void) | null = null;

  constructor(clock: Clock, outage: Outage) {
    this.#clock = clock;
    this.#outage = outage;
  }

  /** Whether it waits now. */
  get isWaiting(): boolean {
    return this.#wake !== null;
  }

  /** An attempt has failed. @returns resolves when it is time for the next, or when `hurry` is called */
  wait(id: string, error: unknown): Promise<void> {
    this.#outage.begin(this, id, error);
    const ms = this.#next;
    this.#next = Math.min(2 * ms, LONGEST_WAIT);
    return new Promise((resolve) => {
      this.#wake = () => {
        this.#wake = null;
        resolve();
      };
      this.#timer = this.#clock.after(ms, () => this.#wake?.()); // in the foreground: the run has something to do
    });
  }

  /** Nobody waits any more. */
  hurry(): void {
    this.#timer?.cancel();
    this.#wake?.();
  }

  /** @param isBack whether the run is stored; else it was given up */
  end(isBack: boolean): void {
    this.#next = FIRST_WAIT;
    this.#outage.end(this, isBack);
  }
}
