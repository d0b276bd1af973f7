/**
 * One line that is rewritten in place. At most ten frames a second, one write each, nothing cleared before it is drawn
 * over: it does not flicker. The cursor comes back however the process ends, kills aside.
 */
import { stripVTControlCharacters } from 'node:util';
import type { Clock, Timer } from '../clock/clock.js';
import { type Output, replaceConsole } from './output.js';
import type { Progress, Standing } from './progress.js';
import { cutEnd, widthOf } from './text-width.js';
import { counted, durationText, visible } from './text.js';

const FRAME = 100;
const SPINNER = ['⠋', '⠙', '⠹', '⠸', '⠼', '⠴', '⠦', '⠧', '⠇', '⠏'];
const HIDE_CURSOR = '\u001b[?25l';
const SHOW_CURSOR = '\u001b[?25h';
const CLEAR_TO_END = '\u001b[K';

export class LiveLine implements Progress {
  readonly #output: Output;
  readonly #clock: Clock;
  readonly #since: number;
  readonly #restore = (): void => this.stop();
  #id = '';
  #milestones = 0;
  #last = '';
  #frame = 0;
  #standing: () => Standing = () => ({ settled: 0, pending: 0 });
  #timer: Timer | null = null;
  #isShown = false;

  constructor(output: Output, clock: Clock) {
    this.#output = output;
    this.#clock = clock;
    this.#since = clock.monotonic();
    replaceConsole((text) => this.#between(text));
  }

  started(id: string): void {
    this.#show(id);
  }

  resumed(id: string, seq: number, attempt: number, milestones: number): void {
    this.#milestones = milestones;
    this.#last = `from checkpoint ${seq}, attempt ${attempt}`;
    this.#show(id);
  }

  milestone(neuron: string): void {
    this.#milestones++;
    this.#last = neuron;
  }

  undone(neuron: string): void {
    this.#last = `${neuron} undone`;
  }

  note(text: string): void {
    this.#between(`${text}\n`);
  }

  watch(id: string, standing: () => Standing): void {
    this.#standing = standing;
    this.#show(id);
  }

  stop(): void {
    this.#timer?.cancel();
    this.#timer = null;
    if (!this.#isShown) return;
    this.#isShown = false;
    process.off('exit', this.#restore);
    this.#output.write(`\r${CLEAR_TO_END}${SHOW_CURSOR}`);
  }

  #show(id: string): void {
    this.#id = id;
    if (this.#isShown) return;
    this.#isShown = true;
    process.once('exit', this.#restore);
    this.#output.write(HIDE_CURSOR);
    this.#draw();
  }

  #draw(): void {
    this.#output.write(`\r${this.#text()}${CLEAR_TO_END}`);
    this.#timer = this.#clock.after(FRAME, () => this.#draw(), { background: true });
  }

  #text(): string {
    const { settled, pending } = this.#standing();
    const spinner = SPINNER[this.#frame++ % SPINNER.length] ?? '';
    const facts = [
      `${settled} settled`,
      `${pending} pending`,
      counted(this.#milestones, 'milestone'),
      durationText(this.#clock.monotonic() - this.#since),
    ];
    const width = this.#output.width - 1;
    const rest = ` ${facts.join(' · ')}${this.#last === '' ? '' : ` · ${this.#last}`}`;
    const id = cutEnd(visible(this.#id), Math.max(8, width - widthOf(rest) - 3));
    const line = `${this.#output.style('cyan', spinner)} ${this.#output.style('bold', id)} ${this.#output.style('dim', rest)}`;
    const plain = stripVTControlCharacters(line);
    return widthOf(plain) <= width ? line : cutEnd(plain, width);
  }

  /** What the flow prints stands above the line. */
  #between(text: string): void {
    if (!this.#isShown) this.#output.write(text);
    else this.#output.write(`\r${CLEAR_TO_END}${text}${text.endsWith('\n') ? '' : '\n'}${this.#text()}${CLEAR_TO_END}`);
  }
}
