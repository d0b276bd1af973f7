/** What is to happen in a simulated world, and when. Time stands still until the next of it happens. */
import type { Timer } from '../../clock/clock.js';

/** To whom something happens. */
export interface Subject {
  readonly isDead: boolean;
  /** Until when nothing happens to it (milliseconds since the epoch). */
  readonly pausedUntil: number;
}

interface Entry {
  readonly at: number;
  readonly n: number;
  readonly subject: Subject | null;
  readonly background: boolean;
  readonly fire: () => void;
}

export interface AgendaOptions {
  /** Chooses one of so many things that happen at the same moment, oldest first. */
  readonly choose: (options: number) => number;
  /** How long things in the background go on when nothing else happens, in milliseconds. */
  readonly patience: number;
}

export class Agenda {
  now: number;
  readonly start: number;
  readonly #options: AgendaOptions;
  #entries: Entry[] = [];
  #made = 0;
  /** When something happened last that was not in the background. */
  #lastAt: number;

  constructor(now: number, options: AgendaOptions) {
    this.now = this.start = this.#lastAt = now;
    this.#options = options;
  }

  /** @param subject null for what befalls no process, such as a message on its way */
  add(ms: number, fire: () => void, subject: Subject | null = null, background = false): Timer {
    const entry: Entry = { at: this.now + Math.max(0, ms), n: this.#made++, subject, background, fire };
    this.#entries.push(entry);
    return { cancel: () => this.#remove(entry) };
  }

  /** Resolves after so many milliseconds; never when the subject has died by then. */
  sleep(ms: number, subject: Subject | null): Promise<void> {
    return new Promise((resolve) => this.add(ms, resolve, subject));
  }

  /**
   * Lets the next thing happen. Leases are renewed for ever; so what is in the background happens for a while only, and
   * next together with the next thing that is not, however late that is.
   * @returns false when nothing is left to happen
   */
  fireNext(): boolean {
    let first = Infinity;
    let firstInFront = Infinity;
    let isAlone = true;
    for (const entry of this.#entries) {
      const at = timeOf(entry);
      isAlone = at < first ? true : isAlone && at !== first;
      if (at < first) first = at;
      if (!entry.background && at < firstInFront) firstInFront = at;
    }
    const isIdle = first > this.#lastAt + this.#options.patience;
    const at = isIdle ? firstInFront : first;
    if (at === Infinity) return false;
    this.now = Math.max(this.now, at);
    const entry = isAlone && at === first ? this.#entryAt(at) : this.#chosen();
    this.#remove(entry);
    if (!entry.background) this.#lastAt = this.now;
    entry.fire();
    return true;
  }

  /** Something happens now: what is in the background goes on for a while. */
  stir(): void {
    this.#lastAt = this.now;
  }

  #entryAt(at: number): Entry {
    return this.#entries.find((entry) => timeOf(entry) === at) as Entry;
  }

  #chosen(): Entry {
    const due = this.#entries.filter((entry) => timeOf(entry) <= this.now);
    due.sort((a, b) => timeOf(a) - timeOf(b) || a.n - b.n);
    return due[this.#options.choose(due.length)] as Entry;
  }

  #remove(entry: Entry): void {
    const at = this.#entries.indexOf(entry);
    if (at >= 0) this.#entries.splice(at, 1);
  }

  /** Nothing happens to it any more. */
  drop(subject: Subject): void {
    this.#entries = this.#entries.filter((entry) => entry.subject !== subject);
  }
}

const timeOf = ({ at, subject }: Entry): number =>
  subject === null || subject.pausedUntil < at ? at : subject.pausedUntil;
