/** How much is under way, and when the last of it is over. */
export class UnderWay {
  #count = 0;
  #waiting: (() => void)[] = [];
  readonly #leave = (): void => {
    this.#count -= 1;
    if (this.#count === 0) for (const resolve of this.#waiting.splice(0)) resolve();
  };

  add(work: Promise<unknown>): void {
    this.#count += 1;
    work.then(this.#leave, this.#leave);
  }

  /** Resolves when nothing of it is left; how each ended does not matter. */
  over(): Promise<void> {
    return this.#count === 0 ? Promise.resolve() : new Promise((resolve) => this.#waiting.push(resolve));
  }
}
