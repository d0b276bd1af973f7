/** Those who wait until what has happened is stored, each by the save that will hold it. */

interface Waiter {
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

/** Which save holds what somebody waits for: the one that is on its way, the next, or the first after the run starts. */
export type AwaitedSave = 'current' | 'next' | 'started';

export class SaveWaiters {
  readonly #waiters: Readonly<Record<AwaitedSave, Waiter[]>> = { current: [], next: [], started: [] };

  /** Whether somebody waits for a save that has not begun. */
  get wantsNext(): boolean {
    return this.#waiters.next.length > 0;
  }

  /** Whether somebody waits for a save that holds what has happened. */
  get isAwaited(): boolean {
    return this.wantsNext || this.#waiters.current.length > 0;
  }

  wait(save: AwaitedSave): Promise<void> {
    return new Promise((resolve, reject) => this.#waiters[save].push({ resolve, reject }));
  }

  /** The run has started: what it was told before is in the next save. */
  onStarted(): void {
    this.#move('started', 'next');
  }

  /** A save begins: it is the one that was next. */
  onBegun(): void {
    this.#move('next', 'current');
  }

  #move(from: AwaitedSave, to: AwaitedSave): void {
    if (this.#waiters[from].length > 0) this.#waiters[to].push(...this.#waiters[from].splice(0));
  }

  /** What they wait for is stored. */
  resolve(...saves: readonly AwaitedSave[]): void {
    for (const save of saves) {
      const waiters = this.#waiters[save];
      if (waiters.length > 0) for (const { resolve } of waiters.splice(0)) resolve();
    }
  }

  /** What anybody waits for will not be stored. */
  rejectAll(error: unknown): void {
    for (const waiters of Object.values(this.#waiters)) for (const { reject } of waiters.splice(0)) reject(error);
  }

  /** Another keeps the run: its saves are waited for. */
  handOver(to: SaveWaiters): void {
    for (const save of ['next', 'started'] as const) to.#waiters[save].push(...this.#waiters[save].splice(0));
  }
}
