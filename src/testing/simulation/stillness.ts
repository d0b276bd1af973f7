/** Waiting until nothing goes on by itself any more, without a turn of the event loop, which costs twenty times as much. */

/** How many turns of the event loop are given to what waits for something real, while other things are to happen. */
const TURNS = 2000;
/** The same when nothing else is. */
const LAST_TURNS = 20_000;

/** What goes on outside the simulated world: bodies of handlers and calls of stores that have not answered. */
export class Stillness {
  #open = 0;
  /** Those that have not answered in the time that was given to them, and are not waited for any more. */
  #given = 0;

  opened(): void {
    this.#open++;
  }

  closed(): void {
    this.#open--;
    if (this.#given > this.#open) this.#given = this.#open;
  }

  /** Resolves when all promises that can go on by themselves have done so. */
  async reached(): Promise<void> {
    await microtasksDone();
    for (let turn = 0; this.#open > this.#given; turn++) {
      if (turn === TURNS) this.#given = this.#open;
      await eventLoopTurn();
    }
  }

  /** Waits for anything of that to answer. @returns whether something did */
  async answered(): Promise<boolean> {
    const before = this.#open;
    for (let turn = 0; this.#open >= before && before > 0; turn++) {
      if (turn === LAST_TURNS) return false;
      await eventLoopTurn();
    }
    return before > 0;
  }
}

/** Node runs what `nextTick` was given when no microtask is left, those that microtasks have made included. */
const microtasksDone = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));

export const eventLoopTurn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
