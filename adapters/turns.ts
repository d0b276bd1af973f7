/** Lets the calls of one run go one after the other, and those of different runs at once. */
import { StoreUnavailableError } from '../src/errors/index.js';

/**
 * So many runs that have no call under way are remembered at most. Forgetting each when its call ends would cost more: a
 * map that one entry after the other enters and leaves is laid out anew all the time, and what the old layouts hold
 * outlives many collections of the garbage.
 */
const MOST_IDLE = 256;

export class Turns {
  /** The last call of each run; null when none is under way. */
  #last = new Map<string, Promise<unknown> | null>();
  #idle = 0;

  take<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(id) ?? null;
    return this.#enter(id, before === null ? work() : before.then(work, work));
  }

  /** The same, but fails with the call before it when that one could not be done: what follows builds on it. */
  takeAfterSuccess<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(id) ?? null;
    if (before === null) return this.#enter(id, work());
    const afterFailure = (failure: unknown): Promise<T> => {
      if (failure instanceof StoreUnavailableError) throw failure;
      return work();
    };
    return this.#enter(id, before.then(work, afterFailure));
  }

  async idle(): Promise<void> {
    while (this.#last.size > this.#idle) await Promise.allSettled(this.#last.values());
  }

  /** Who waits for the call comes after this: its next one finds the way free. */
  #enter<T>(id: string, mine: Promise<T>): Promise<T> {
    if (this.#last.get(id) === null) this.#idle -= 1;
    this.#last.set(id, mine);
    const leave = (): void => {
      if (this.#last.get(id) === mine) this.#leave(id);
    };
    mine.then(leave, leave);
    return mine;
  }

  #leave(id: string): void {
    this.#last.set(id, null);
    this.#idle += 1;
    if (this.#idle <= MOST_IDLE) return;
    this.#last = new Map([...this.#last].filter(([, last]) => last !== null));
    this.#idle = 0;
  }
}
