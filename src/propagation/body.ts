/** One call of a handler that somebody may have to reach: it has a time limit, a slot of a gate, or undoes something. */
import type { Timer } from '../clock/clock.js';

export interface BodyOptions {
  /** Told when it has really ended. */
  readonly onEnd: (body: Body) => void;
  /** Arms its time limit; undefined where it has none. */
  readonly limit: ((body: Body) => Timer) | undefined;
}

export class Body {
  readonly #options: BodyOptions;
  #controller: AbortController | null = null;
  #aborted: { readonly reason: unknown } | null;
  #timer: Timer | null = null;
  #isGivenUp = false;
  #hasEnded = false;

  /** @param aborted why it begins aborted, if it does */
  constructor(aborted: { readonly reason: unknown } | null, options: BodyOptions) {
    this.#aborted = aborted;
    this.#options = options;
  }

  /** Fires at the time limit, and when the run is aborted. Made when it is read: most handlers never ask. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = new AbortController();
      if (this.#aborted !== null) this.#controller.abort(this.#aborted.reason);
    }
    return this.#controller.signal;
  }

  /** What it answers is discarded, and nobody is asked about it. */
  get isGivenUp(): boolean {
    return this.#isGivenUp;
  }

  /** Its handler has returned a promise: from here on it can take too long. */
  goOn(): void {
    const { limit } = this.#options;
    if (limit !== undefined && !this.#isGivenUp) this.#timer = limit(this);
  }

  abort(reason: unknown): void {
    if (this.#aborted !== null) return;
    this.#aborted = { reason };
    this.#controller?.abort(reason);
  }

  giveUp(): void {
    this.#isGivenUp = true;
    this.#timer?.cancel();
  }

  /** The handler has answered, or its promise has. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#timer?.cancel();
    this.#options.onEnd(this);
  }
}
