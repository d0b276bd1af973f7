/** Whether anything goes on in this process that will end by itself: handlers that work, calls to a real store. */
import type { Clock } from '../../clock/clock.js';
import { quiet } from '../clock/quiet.js';

/** After so many turns of the event loop, what goes on is waiting for the system. */
const TURNS = 20;
/** Between two looks, in milliseconds. */
const LOOK = 1;

export class Idleness {
  readonly #clock: Clock;
  readonly #patience: number;
  readonly #left = new WeakSet<object>();
  #going = 0;
  #changes = 0;

  /** @param clock of real time */
  constructor(clock: Clock, patience: number) {
    this.#clock = clock;
    this.#patience = patience;
  }

  /** Whether one thing goes on, and no other. */
  get isAlone(): boolean {
    return this.#going === 1;
  }

  began(): void {
    this.#going++;
    this.#changes++;
  }

  /** `ended` of something that may end twice. */
  leave(one: object): void {
    if (this.#left.has(one)) return;
    this.#left.add(one);
    this.ended();
  }

  ended(): void {
    this.#going--;
    this.#changes++;
  }

  /**
   * Resolves when nothing goes on that time alone would not move, or what goes on has done nothing for as long as one
   * has patience.
   */
  async rest(isDone: () => boolean = () => false): Promise<void> {
    await quiet();
    let changes = this.#changes;
    let since = this.#clock.monotonic();
    for (let turn = 0; this.#going > 0 && !isDone(); turn++) {
      if (changes !== this.#changes) {
        changes = this.#changes;
        since = this.#clock.monotonic();
        turn = 0;
      } else if (this.#clock.monotonic() - since > this.#patience) return;
      if (turn < TURNS) await quiet(1);
      else await new Promise<void>((resolve) => this.#clock.after(LOOK, resolve));
      if (this.#going === 0) await quiet();
    }
  }
}
