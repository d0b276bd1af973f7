/** Lets the calls of one run go one after the other, and those of different runs at once. */
import { StoreUnavailableError } from '../src/errors/index.js';

export class Turns {
  /** The last call of each run that has one under way: resolves to what it failed with, if it did. */
  readonly #last = new Map<string, Promise<unknown>>();

  take<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(id);
    return this.#enter(id, before === undefined ? work() : before.then(work));
  }

  /** The same, but fails with the call before it when that one could not be done: what follows builds on it. */
  takeAfterSuccess<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(id);
    if (before === undefined) return this.#enter(id, work());
    const mine = before.then((failure) => {
      if (failure instanceof StoreUnavailableError) throw failure;
      return work();
    });
    return this.#enter(id, mine);
  }

  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.all(this.#last.values());
  }

  #enter<T>(id: string, mine: Promise<T>): Promise<T> {
    const settled: Promise<unknown> = mine
      .then(
        () => undefined,
        (error: unknown) => error,
      )
      .finally(() => {
        if (this.#last.get(id) === settled) this.#last.delete(id);
      });
    this.#last.set(id, settled);
    return mine;
  }
}
