/**
 * A run that is about to be let go: nothing of it starts any more, what runs is told by its abort signal, and what it
 * answers in time counts. What it throws from here on does not: it was told to stop, and is done again elsewhere.
 */
import type { Timer } from '../clock/clock.js';
import { LONGEST_TIMER } from '../clock/long-timer.js';
import { InvalidArgumentError, RunSuspendedError } from '../errors/index.js';
import { type Leave, rareOf } from '../propagation/rare.js';
import type { Work } from '../propagation/work.js';

/** @throws InvalidArgumentError */
export function checkGrace(call: string, grace: number): void {
  if (grace >= 0 && grace <= LONGEST_TIMER) return;
  throw new InvalidArgumentError(`${call}: grace must be a number of milliseconds from 0 to ${LONGEST_TIMER}`, {
    hint: 'leave it out for none',
  });
}

/** Of a run that is let go. */
interface Leaver {
  readonly work: Work;
  readonly hasEnded: boolean;
  readonly gate: { letGo(whole: boolean): Promise<void> } | null;
  stop(error: unknown): void;
}

/**
 * Lets a run go before its end. A stored one is stored as it stands, and goes on wherever it is brought up.
 * @param grace milliseconds that what runs has to answer, once it was told
 */
export async function suspend(run: Leaver, grace: number): Promise<void> {
  const { work } = run;
  if (run.hasEnded) return;
  if (grace > 0 && work.active > 0) await (rareOf(work).leaving ?? new Leaving(work, grace)).over;
  if (run.gate === null) run.stop(new RunSuspendedError(work.id));
  else await run.gate.letGo(true);
}

class Leaving implements Leave {
  /** Resolves when nothing runs any more, or the time is over. */
  readonly over: Promise<void>;
  readonly #work: Work;
  readonly #timer: Timer;
  /** Of those that count as active: they have thrown. */
  #given = 0;
  #resolve!: () => void;

  /** @param grace milliseconds */
  constructor(work: Work, grace: number) {
    this.#work = work;
    this.over = new Promise((resolve) => (this.#resolve = resolve));
    this.#timer = work.flow.clock.after(grace, () => this.#resolve());
    const rare = rareOf(work);
    rare.paused = true;
    rare.leaving = this;
    rare.bodies?.abort(new RunSuspendedError(work.id));
    this.look();
  }

  onRejected(): void {
    this.#given += 1;
    this.look();
  }

  look(): void {
    if (this.#work.active <= this.#given) this.end();
  }

  end(): void {
    this.#timer.cancel();
    this.#resolve();
  }
}
