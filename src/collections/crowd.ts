/**
 * What comes and goes all the time: runs that are held, calls that are under way. In an array, from which each is taken
 * by its place. A set or a map that one entry after the other enters and leaves is laid out anew again and again, and
 * what its old layouts still hold outlives many collections of the garbage: with thousands of saves a second that doubles
 * what collecting costs.
 */

/** What knows its place in the one crowd that it is in; -1 when it is in none. */
export interface Placed {
  place: number;
}

export class Crowd<T extends Placed> {
  readonly #members: T[] = [];

  get size(): number {
    return this.#members.length;
  }

  /** As they are now, in no order. */
  list(): readonly T[] {
    return [...this.#members];
  }

  /** Does nothing when it is there already. */
  add(member: T): void {
    if (member.place >= 0) return;
    member.place = this.#members.length;
    this.#members.push(member);
  }

  /** @returns false when it was not there */
  delete(member: T): boolean {
    const { place } = member;
    if (place < 0) return false;
    const last = this.#members.pop() as T;
    if (last !== member) {
      this.#members[place] = last;
      last.place = place;
    }
    member.place = -1;
    return true;
  }
}
