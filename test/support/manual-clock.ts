/** Time that goes on only by `pass`; its timers fire then, in the order in which they are due. Ids count from 1. */
import type { Clock, Timer } from 'engram';

interface Due {
  readonly at: number;
  readonly callback: () => void;
}

export class ManualClock implements Clock {
  #now: number;
  #ids = 0;
  readonly #prefix: string;
  readonly #due = new Set<Due>();

  constructor(now = 1_700_000_000_000, prefix = 'id') {
    this.#now = now;
    this.#prefix = prefix;
  }

  readonly now = (): number => this.#now;
  readonly monotonic = (): number => this.#now;
  readonly random = (): number => 0.5;
  readonly id = (): string => `${this.#prefix}-${++this.#ids}`;

  readonly after = (ms: number, callback: () => void): Timer => {
    const due = { at: this.#now + ms, callback };
    this.#due.add(due);
    return { cancel: () => this.#due.delete(due) };
  };

  /** How many timers wait. */
  get timers(): number {
    return this.#due.size;
  }

  /** Lets time pass, timer by timer; what each of them has set going goes on until it waits for something. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    for (let next = this.#next(until); next !== undefined; next = this.#next(until)) {
      this.#due.delete(next);
      this.#now = Math.max(this.#now, next.at);
      next.callback();
      await quiet();
    }
    this.#now = until;
    await quiet();
  }

  #next(until: number): Due | undefined {
    const ready = [...this.#due].filter(({ at }) => at <= until);
    return ready.sort((a, b) => a.at - b.at)[0];
  }
}

/** Resolves when everything that needs no outside event has gone on as far as it can. */
export async function quiet(): Promise<void> {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
}
