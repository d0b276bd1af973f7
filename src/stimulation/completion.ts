/** The promise of a run's end: made when somebody asks for it, and settled once. */
import type { Outcome } from './outcome-of.js';
import type { Result } from './results.js';

export class Completion {
  readonly promise: Promise<Result>;
  #resolve!: (result: Result) => void;
  #reject!: (error: unknown) => void;

  constructor() {
    this.promise = new Promise<Result>((resolve, reject) => {
      this.#resolve = resolve;
      this.#reject = reject;
    });
  }

  settle(outcome: Outcome): void {
    if ('error' in outcome) {
      this.promise.catch(() => undefined); // whoever was given the promise sees the failure; nobody else has to
      this.#reject(outcome.error);
    } else this.#resolve(outcome.result);
  }
}
