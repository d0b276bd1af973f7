/** The clock of one side: time goes on when it is told to, all at once, and then the timers that are due fire. */
import type { Clock, Timer } from '../../src/clock/clock.js';
import { NOW } from './entry.js';

/** More timers than anything sets within one moment: a fault makes it loop. */
const MOST = 1000;

export class SideClock implements Clock {
  #now: number;
  #timers: { readonly at: number; readonly callback: () => void }[] = [];

  constructor(now = NOW) {
    this.#now = now;
  }

  readonly now = (): number => this.#now;
  readonly monotonic = (): number => this.#now;
  readonly random = (): number => 0.5;
  readonly id = (): string => 'made-up';

  readonly after = (ms: number, callback: () => void): Timer => {
    const timer = { at: this.#now + ms, callback };
    this.#timers.push(timer);
    return { cancel: () => void (this.#timers = this.#timers.filter((each) => each !== timer)) };
  };

  pass(ms: number): void {
    this.#now += ms;
    for (let fired = 0; fired < MOST; fired++) {
      const [first] = this.#timers.filter(({ at }) => at <= this.#now).sort((a, b) => a.at - b.at);
      if (first === undefined) return;
      this.#timers = this.#timers.filter((each) => each !== first);
      first.callback();
    }
    throw new Error('too many timers');
  }
}
