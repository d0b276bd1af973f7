/**
 * The tree of a run that goes on, redrawn in place when something has changed, and, while it runs, eight times a second
 * for what ticks. What is higher than the terminal is folded more and more; then lines are left out, what goes on or
 * went wrong last.
 */
import type { Clock, Timer } from '../../clock/clock.js';
import type { Output } from '../output.js';
import { statusStyle } from '../table.js';
import { cutEnd, cutMiddle, widthOf } from '../text-width.js';
import { visible } from '../text.js';
import { drawTree, type Line } from '../tree/draw.js';
import { type Folding, FOLDING } from '../tree/rows.js';
import type { Sight } from './observer.js';
import { Screen } from './screen.js';
import { type Place, standingLines, standingOf } from './standing.js';
import type { Telling } from './telling.js';

const FRAME = 125;
/** From the one that folds least on. */
const FOLDINGS: readonly Folding[] = [
  FOLDING,
  { alike: 3, chain: 20 },
  { alike: 2, chain: 12 },
  { alike: 1, chain: 6 },
  { alike: 1, chain: 4 },
];

interface Fitted {
  readonly sight: Sight;
  readonly room: number;
  readonly width: number;
  readonly folding: Folding;
}

export class LiveTree implements Telling {
  readonly #output: Output;
  readonly #clock: Clock;
  readonly #place: Place;
  readonly #screen: Screen;
  readonly #noMoreSizes: () => void;
  #sight: Sight | undefined;
  #complaint = '';
  #timer: Timer | null = null;
  #frame = 0;
  #drawnAt = -Infinity;
  /** How long the last picture took. */
  #cost = 0;
  #hasEnded = false;
  #wasSeen = false;
  /** Which folding has fitted last, and for what. */
  #fitted: Fitted | undefined;

  constructor(output: Output, clock: Clock, place: Place) {
    this.#output = output;
    this.#clock = clock;
    this.#place = place;
    this.#screen = new Screen(output);
    this.#noMoreSizes = output.onResize(() => this.#draw());
  }

  show(sight: Sight | undefined): void {
    this.#sight = sight;
    this.#wasSeen ||= sight !== undefined;
    this.#complaint = '';
    this.#drawSoon();
  }

  complain(message: string): void {
    this.#complaint = message;
    this.#drawSoon();
  }

  end(): void {
    this.#hasEnded = true;
    this.#timer?.cancel();
    this.#draw();
    this.#noMoreSizes();
    this.#screen.close();
  }

  /** At most ten times a second, and not more than half of the time. */
  #drawSoon(): void {
    const wait = this.#drawnAt + Math.max(100, 2 * this.#cost) - this.#clock.monotonic();
    if (wait <= 0) this.#draw();
    else this.#drawIn(wait);
  }

  #drawIn(ms: number): void {
    this.#timer?.cancel();
    this.#timer = this.#clock.after(ms, () => this.#draw(), { background: true });
  }

  #draw(): void {
    const before = this.#clock.monotonic();
    this.#frame = Math.floor(before / FRAME);
    this.#screen.draw(this.#lines());
    this.#drawnAt = this.#clock.monotonic();
    this.#cost = this.#drawnAt - before;
    this.#timer?.cancel();
    if (!this.#hasEnded && standingOf(this.#sight) === 'running') this.#drawIn(Math.max(FRAME, 2 * this.#cost));
  }

  #lines(): string[] {
    const output = this.#output;
    const sight = this.#sight;
    // the last column stays free: what is written there may break the line
    const width = output.width - 1;
    const { height } = this.#screen;
    const now = this.#clock.now();
    const moment = { now, frame: this.#frame, wasSeen: this.#wasSeen };
    const below = standingLines(sight, this.#place, moment, output, width - 2);
    const complaint = this.#complaint === '' ? [] : [output.style('red', cutEnd(this.#complaint, width - 2))];
    const foot = [...below, ...complaint].map((line) => `  ${line}`);
    if (sight === undefined) return foot;
    const head = this.#head(sight, width);
    const room = height - foot.length - 1;
    const tree = room < 4 ? [] : this.#tree(sight, now, room - 2, width - 2);
    const gap = tree.length === 0 ? [] : [''];
    return [head, ...gap, ...tree.map((line) => `  ${line}`.trimEnd()), ...gap, ...foot];
  }

  #head({ run }: Sight, width: number): string {
    const { name, version } = run.envelope.graph;
    const standing = standingOf(this.#sight);
    const graph = `  ${visible(name)}${version === '' ? '' : `, version ${visible(version)}`}`;
    const room = width - standing.length - 2;
    const id = cutMiddle(visible(this.#place.id), room, this.#output.glyphs.cut);
    const style = statusStyle(standing);
    const word = style === undefined ? standing : this.#output.style(style, standing);
    const rest = cutEnd(graph, room - widthOf(id), this.#output.glyphs.cut);
    return `${this.#output.style('bold', id)}  ${word}${this.#output.style('dim', rest)}`;
  }

  #tree(sight: Sight, now: number, room: number, width: number): string[] {
    const { tree, past, start, holding } = sight;
    const output = this.#output;
    const message = (text: string): string => output.message(text);
    const view = { tree, past, start, now, isHeld: holding === 'held', frame: this.#frame, message };
    const { sight: seen, room: had, width: was, folding: known } = this.#fitted ?? {};
    // what only ticks does not need another
    const isKnown = known !== undefined && seen === sight && had === room && was === width;
    let lines: readonly Line[] = [];
    for (const folding of isKnown ? [known] : FOLDINGS) {
      lines = drawTree(view, output, width, folding);
      this.#fitted = { sight, room, width, folding };
      if (lines.length <= room) break;
    }
    return cropped(lines, room, (count) => output.style('dim', `${output.glyphs.folded} ${count} more lines`));
  }
}

/** What does not fit is left out from the top, what goes on or went wrong last; a line in its place says so. */
function cropped(lines: readonly Line[], room: number, marker: (count: number) => string): string[] {
  if (lines.length <= room) return lines.map(({ text }) => text);
  const spare = lines.length - room + 1;
  const order = [...lines.keys()].sort((a, b) => Number(lines[a]?.isKey) - Number(lines[b]?.isKey) || a - b);
  const left = new Set(order.slice(0, spare));
  const first = Math.min(...left);
  return lines.flatMap(({ text }, at) => (at === first ? [marker(spare)] : left.has(at) ? [] : [text]));
}
