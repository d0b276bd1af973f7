/**
 * The calls that are not answered yet. In an array, from which each is taken out by its place: they come and go with
 * every save, and a set would be laid out anew all the time (adapters/turns.ts says what that costs).
 */

/** What knows its place; -1 when it is in none. */
export interface Placed {
  place: number;
}

export class Calls<T extends Placed> {
  readonly #calls: T[] = [];

  get size(): number {
    return this.#calls.length;
  }

  /** As they are now. */
  list(): readonly T[] {
    return [...this.#calls];
  }

  add(call: T): void {
    call.place = this.#calls.length;
    this.#calls.push(call);
  }

  /** @returns false when it was not there */
  delete(call: T): boolean {
    const { place } = call;
    if (place < 0) return false;
    const last = this.#calls.pop() as T;
    if (last !== call) {
      this.#calls[place] = last;
      last.place = place;
    }
    call.place = -1;
    return true;
  }
}
