/**
 * Lines that are rewritten in place, on the normal screen, so that the last picture stays. A frame is one write, within
 * a synchronized update; only lines that differ are written, each from its beginning over what was there and then
 * cleared to its end: nothing is empty in between, and it does not flicker. The cursor comes back however the process
 * ends, kills aside.
 */
import { stripVTControlCharacters } from 'node:util';
import type { Output } from '../output.js';
import { widthOf } from '../text-width.js';

const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const BEGIN = '\u001b[?2026h';
const END = '\u001b[?2026l';
const CLEAR_LINE = '\u001b[K';
const CLEAR_BELOW = '\u001b[J';

export class Screen {
  readonly #output: Output;
  readonly #restore = (): void => this.close();
  #lines: readonly string[] = [];
  #width = 0;
  #isOpen = false;
  /** The terminal was too small in the meantime, and may have moved what was drawn. */
  #isStale = false;

  constructor(output: Output) {
    this.#output = output;
  }

  /** How many lines may be drawn. */
  get height(): number {
    return this.#output.height - 1;
  }

  /** Draws nothing on a terminal that is too small. @param lines all of them narrower than the terminal, and fewer than it is high */
  draw(lines: readonly string[]): void {
    const { width, hasRoom } = this.#output;
    if (!hasRoom) {
      this.#isStale = true;
      return;
    }
    const isResized = this.#isOpen && (this.#isStale || width !== this.#width);
    const before = this.#lines;
    if (!isResized && this.#isOpen && isEqual(before, lines)) return;
    const hasLess = isResized || before.length > lines.length;
    let text = this.#isOpen ? upTo(before, width, this.#output.height) : HIDE_CURSOR;
    lines.forEach((line, at) => {
      if (at > 0) text += '\r\n';
      const isOther = isResized || line !== before[at] || (hasLess && at === lines.length - 1);
      if (isOther) text += `${line}${CLEAR_LINE}`;
    });
    if (hasLess) text += CLEAR_BELOW; // from behind the last line, where the cursor stays
    this.#output.write(`${BEGIN}${text}${END}`);
    if (!this.#isOpen) process.once('exit', this.#restore);
    this.#isOpen = true;
    this.#lines = lines;
    this.#width = width;
    this.#isStale = false;
  }

  /** What was drawn last stays. */
  close(): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    process.off('exit', this.#restore);
    this.#output.write(`\r\n${SHOW_CURSOR}`);
  }
}

/** To the first of the lines; where the terminal has become narrower it has broken them. */
function upTo(lines: readonly string[], width: number, height: number): string {
  const rows = lines.reduce(
    (sum, line) => sum + Math.max(1, Math.ceil(widthOf(stripVTControlCharacters(line)) / width)),
    0,
  );
  const up = Math.min(rows, height) - 1;
  return up > 0 ? `\r\u001b[${up}A` : '\r';
}

const isEqual = (one: readonly string[], other: readonly string[]): boolean =>
  one.length === other.length && one.every((line, at) => line === other[at]);
