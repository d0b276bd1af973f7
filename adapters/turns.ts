/** Lets the calls of one run go one after the other, and those of different runs at once. */
import { Roster } from '../src/collections/roster.js';
import { StoreUnavailableError } from '../src/errors/index.js';

export class Turns {
  /** The last call of each run that has one under way. */
  readonly #last = new Roster<Promise<unknown>>();

  take<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(id);
    return this.#enter(id, before === undefined ? work() : before.then(work, work));
  }

  /** The same, but fails with the call before it when that one could not be done: what follows builds on it. */
  takeAfterSuccess<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(id);
    if (before === undefined) return this.#enter(id, work());
    const afterFailure = (failure: unknown): Promise<T> => {
      if (failure instanceof StoreUnavailableError) throw failure;
      return work();
    };
    return this.#enter(id, before.then(work, afterFailure));
  }

  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.allSettled(this.#last.list());
  }

  /** Who waits for the call comes after this: its next one finds the way free. */
  #enter<T>(id: string, mine: Promise<T>): Promise<T> {
    this.#last.set(id, mine);
    const leave = (): void => {
      if (this.#last.get(id) === mine) this.#last.delete(id);
    };
    mine.then(leave, leave);
    return mine;
  }
}
