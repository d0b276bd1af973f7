/** Time that stands still until a test lets it pass. */
import type { Clock, Timer } from '../../clock/clock.js';
import { type Duration, parseDuration } from '../../graph/duration.js';
import { quiet } from './quiet.js';
import { randomFrom } from './random.js';
import { TimerQueue } from './timer-queue.js';

export interface SimulatedClockOptions {
  /** What time it is at first, in milliseconds since the epoch; 2030-01-01T00:00:00Z unless told. */
  readonly now?: number;
  /** Decides `random()` and `id()`; 1 unless told. */
  readonly seed?: number;
}

/**
 * A clock for tests: delays, retries, deadlines and leases of days pass in no time. Give it to the CNS, and to the store
 * where that takes one:
 *
 *     const clock = new SimulatedClock();
 *     const cns = new CNS(neurons, { clock });
 *     const run = cns.stimulate(order.createSignal({ … }));
 *     await clock.advance('7d');
 */
export class SimulatedClock implements Clock {
  readonly #timers = new TimerQueue();
  readonly #prefix: string;
  #now: number;
  #ids = 0;

  constructor({ now = Date.UTC(2030, 0, 1), seed = 1 }: SimulatedClockOptions = {}) {
    this.#now = now;
    this.#prefix = `s${seed}`;
    this.random = randomFrom(seed);
  }

  readonly now = (): number => this.#now;
  readonly monotonic = (): number => this.#now;
  readonly random: () => number;
  readonly id = (): string => `${this.#prefix}-${++this.#ids}`;
  readonly after: Clock['after'] = (ms, callback, options): Timer =>
    this.#timers.add(this.#now + Math.max(0, ms), callback, options?.background === true);

  /** How many timers wait, those left out that keep no process alive, such as the renewals of leases. */
  get timers(): number {
    return this.#timers.size;
  }

  /** When the next timer is due, in milliseconds since the epoch; undefined when none waits. */
  get next(): number | undefined {
    return this.#timers.first()?.at;
  }

  /**
   * Lets time pass, timer by timer; before each of them, and at the end, all that needs no time goes on as far as it can.
   * @param duration milliseconds, or a text like `'10m'`
   */
  async advance(duration: Duration): Promise<void> {
    const until = this.#now + parseDuration(duration, 'advance');
    await quiet();
    for (let next = this.#timers.first(); next !== undefined && next.at <= until; next = this.#timers.first()) {
      this.#now = Math.max(this.#now, next.at);
      this.#timers.fire(next);
      await quiet();
    }
    this.#now = until;
  }
}
