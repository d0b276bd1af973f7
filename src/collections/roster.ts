/**
 * Things by name that come and go all the time, like the runs that are held. Names that are gone stay for a while, so
 * that the map is not laid out anew with every few of them: crowd.ts says what that costs.
 */
/** So many names that are gone stay at most, or half of all where that is more. */
const MOST_GONE = 256;

export class Roster<T extends object> {
  #byName = new Map<string, T | null>();
  #gone = 0;

  get size(): number {
    return this.#byName.size - this.#gone;
  }

  /** Names, those that are gone included. */
  get remembered(): number {
    return this.#byName.size;
  }

  get(name: string): T | undefined {
    return this.#byName.get(name) ?? undefined;
  }

  has(name: string): boolean {
    return this.get(name) !== undefined;
  }

  set(name: string, thing: T): void {
    if (this.#byName.get(name) === null) this.#gone -= 1;
    this.#byName.set(name, thing);
  }

  delete(name: string): void {
    if (!this.has(name)) return;
    this.#byName.set(name, null);
    this.#gone += 1;
    if (this.#gone > Math.max(MOST_GONE, this.#byName.size / 2)) this.#tidy();
  }

  /** As they are now. */
  list(): readonly T[] {
    return [...this.#byName.values()].filter((thing) => thing !== null);
  }

  #tidy(): void {
    this.#byName = new Map([...this.#byName].filter(([, thing]) => thing !== null));
    this.#gone = 0;
  }
}
