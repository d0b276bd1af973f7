/** Work that leads back to itself: it is done once more after what is going on, instead of within it, however often. */
export class Loop {
  #isOn = false;
  #again = false;

  run(work: () => void): void {
    if (this.#isOn) {
      this.#again = true;
      return;
    }
    this.#isOn = true;
    try {
      do {
        this.#again = false;
        work();
      } while (this.#again);
    } finally {
      this.#isOn = false;
    }
  }
}
