/** Lines that are to be sent, oldest first; of bounded number and size: the oldest are dropped, and counted. */
import type { Line } from './story.js';

export interface Waiting {
  /** Of the run that it is of: a run that is forgotten is not held by its lines. */
  readonly id: string;
  readonly line: Line;
  /** When it happened (milliseconds since the epoch). */
  readonly at: number;
  /** About how many characters it has. */
  readonly size: number;
}

const MOST_LINES = 2_000;
const MOST_TEXT = 8_000_000;

export class Backlog {
  /** Undefined is what was taken. */
  #lines: (Waiting | undefined)[] = [];
  #head = 0;
  #size = 0;
  #dropped = 0;

  get length(): number {
    return this.#lines.length - this.#head;
  }

  push(line: Waiting): void {
    this.#lines.push(line);
    this.#size += line.size;
    while (this.length > MOST_LINES || (this.#size > MOST_TEXT && this.length > 1)) {
      this.#take();
      this.#dropped++;
    }
  }

  /** The oldest, with how many were dropped before it. */
  shift(): (Waiting & { readonly dropped: number }) | undefined {
    const line = this.#take();
    if (line === undefined) return undefined;
    const dropped = this.#dropped;
    this.#dropped = 0;
    return { ...line, dropped };
  }

  #take(): Waiting | undefined {
    const line = this.#lines[this.#head];
    if (line === undefined) return undefined;
    this.#lines[this.#head++] = undefined;
    this.#size -= line.size;
    if (this.#head > MOST_LINES) {
      this.#lines = this.#lines.slice(this.#head);
      this.#head = 0;
    }
    return line;
  }
}
