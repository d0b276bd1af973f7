/**
 * Rows as lines of a width: the name with its branches, the signal it was reached by, when, how long, and what is to be
 * said of it. What does not fit is cut, the names last of all; an error gets a line of its own first.
 */
import type { Glyphs } from '../glyphs.js';
import type { Output, Style } from '../output.js';
import { cutEnd, cutMiddle, padEnd, padStart, widthOf } from '../text-width.js';
import { durationText, visible } from '../text.js';
import type { Attempt } from './attempts.js';
import { foldText, type Note, noteOf, rootText, type View } from './notes.js';
import { type Folding, FOLDING, type Row, rowsOf } from './rows.js';
import { collateralOf, type RunNode, settledAt } from './run-tree.js';

const GAP = '  ';
const NARROW = 60;
/** How wide branches get: what is deeper stands no further to the right. */
const DEEPEST = 30;
const LEAST_NOTE = 12;

export interface Line {
  readonly text: string;
  /** It stands for something that goes on, or went wrong: it is the last that a small screen leaves out. */
  readonly isKey: boolean;
}

interface Cells {
  readonly prefix: string;
  readonly rest: string;
  readonly note: Note;
  readonly name: string;
  readonly by: string;
  readonly at: string;
  readonly took: string;
}

export function drawTree(view: View, output: Output, width: number, folding: Folding = FOLDING): Line[] {
  const { glyphs } = output;
  const rows = rowsOf(view.tree, view.past.attempts, folding, glyphs);
  const drawn = rows.map((row) =>
    row.kind === 'node' ? { node: row.node, cells: cellsOf(row.node, row, view, glyphs) } : row,
  );
  const widths = widthsOf(
    drawn.flatMap((row) => ('cells' in row ? [row.cells] : [])),
    width,
  );
  return drawn.flatMap((row) =>
    'cells' in row
      ? nodeLines(row.node, row.cells, widths, output, width)
      : [{ text: otherLine(row, view, output, width), isKey: row.kind !== 'fold' || row.nodes.some(isOpen) }],
  );
}

function cellsOf(node: RunNode, { prefix, rest }: Pick<Cells, 'prefix' | 'rest'>, view: View, glyphs: Glyphs): Cells {
  const { event } = node;
  const isMilestone = view.past.milestones.has(node.neuron) && !node.isExpectation;
  const at = timeOf(node);
  const took = tookOf(node, view);
  return {
    prefix: shallow(prefix, glyphs),
    rest: shallow(rest, glyphs),
    note: noteOf(node, view, glyphs),
    name: `${visible(node.neuron)}${isMilestone ? ` ${glyphs.milestone}` : ''}`,
    by: node.isExpectation ? '' : visible(collateralOf(node).replaceAll('+', ' + ').trim()),
    at: at === undefined ? '' : `+${durationText(Math.max(0, at - view.start))}`,
    took: took === undefined || (event !== undefined && event.startedAt === undefined) ? '' : durationText(took),
  };
}

/** When it began; where that is not known, when it settled. */
const timeOf = (node: RunNode): number | undefined => node.event?.startedAt ?? settledAt(node);

function tookOf({ event, state, pending, parent }: RunNode, { isHeld, now, start, past }: View): number | undefined {
  if (event?.startedAt !== undefined) return event.settledAt - event.startedAt;
  if (state !== 'pending' || !isHeld || pending?.due !== undefined || pending?.state === 'waiting') return undefined;
  const since = parent?.kind === 'node' ? settledAt(parent) : undefined;
  return Math.max(0, now - Math.max(since ?? start, past.attempts.at(-1)?.at ?? 0));
}

const shallow = (prefix: string, { cut }: Glyphs): string =>
  prefix.length <= DEEPEST ? prefix : `${cut}${' '.repeat(DEEPEST - 4)}${prefix.slice(-3)}`;

interface Widths {
  readonly label: number;
  readonly by: number;
  readonly at: number;
  readonly took: number;
}

function widthsOf(cells: readonly Cells[], width: number): Widths {
  const widest = (of: (cell: Cells) => string) => cells.reduce((most, cell) => Math.max(most, widthOf(of(cell))), 0);
  const label = cells.reduce((most, { prefix, name }) => Math.max(most, widthOf(prefix) + 2 + widthOf(name)), 0);
  if (width < NARROW) return { label: Math.min(label, width - 12), by: 0, at: widest(({ at }) => at), took: 0 };
  return {
    label: Math.min(label, Math.max(24, Math.floor(width * 0.45))),
    by: Math.min(
      widest(({ by }) => by),
      Math.max(12, Math.floor(width * 0.22)),
    ),
    at: widest(({ at }) => at),
    took: widest(({ took }) => took),
  };
}

function nodeLines(node: RunNode, cells: Cells, widths: Widths, output: Output, width: number): Line[] {
  const { glyphs } = output;
  const { prefix, rest, note, name, by, at, took } = cells;
  const isKey = isOpen(node);
  const room = Math.max(4, widths.label - widthOf(prefix) - 2);
  const shortName = cutMiddle(name, room, glyphs.cut);
  const style = (of: Style | undefined, text: string) =>
    of === undefined || text === '' ? text : output.style(of, text);
  const label = `${output.style('dim', prefix)}${style(note.style, note.mark)} ${style(node.state === 'failed' ? 'red' : undefined, shortName)}`;
  const parts = [`${label}${' '.repeat(Math.max(0, room - widthOf(shortName)))}`];
  if (widths.by > 0) parts.push(style('dim', padEnd(cutEnd(by, widths.by, glyphs.cut), widths.by)));
  if (widths.at > 0) parts.push(style('dim', padStart(at, widths.at)));
  if (widths.took > 0) parts.push(padStart(took, widths.took));
  const used = widths.label + sum(widths.by) + sum(widths.at) + sum(widths.took);
  const left = width - used - GAP.length;
  const text = visible(note.text);
  const textStyle = note.style === 'green' ? 'dim' : note.style;
  const isBelow = note.isError && widthOf(text) > left;
  if (!isBelow && text !== '' && left >= Math.min(LEAST_NOTE, widthOf(text))) {
    parts.push(style(textStyle, cutEnd(text, left, glyphs.cut)));
  }
  const line = { text: parts.join(GAP).trimEnd(), isKey };
  if (!isBelow) return [line];
  const below = cutEnd(text, width - widthOf(rest) - 4, glyphs.cut);
  return [line, { text: `${output.style('dim', rest)}    ${style(textStyle, below)}`, isKey }];
}

const isOpen = ({ state, undoing }: RunNode): boolean => state !== 'done' || undoing !== undefined;

const sum = (column: number): number => (column === 0 ? 0 : column + GAP.length);

function otherLine(row: Exclude<Row, { readonly kind: 'node' }>, view: View, output: Output, width: number): string {
  const { glyphs } = output;
  const prefix = shallow(row.prefix, glyphs);
  const room = width - widthOf(prefix) - 2;
  const cut = (text: string) => cutEnd(visible(text), room, glyphs.cut);
  const before = output.style('dim', prefix);
  switch (row.kind) {
    case 'root': {
      const isUnknown = row.root.from === 'unknown';
      const text = cut(rootText(row.root, view.tree));
      return `${before}${output.style('cyan', isUnknown ? glyphs.ready : glyphs.entry)} ${output.style(isUnknown ? 'yellow' : 'bold', text)}`;
    }
    case 'fold':
      return `${before}${output.style('dim', `${glyphs.folded} ${cut(foldText(row.nodes, row.below, view.isHeld))}`)}`;
    case 'resumed':
      return `${before}${output.style('yellow', `${glyphs.resumed} ${cut(resumedText(row.attempt, view))}`)}`;
  }
}

/** `resumed +3.1 s from checkpoint 7, attempt 2: pid 4711 on host had died`: what may be cut off stands last. */
function resumedText({ attempt, from, after, wasWaiting, at, died }: Attempt, { start, tree }: View): string {
  const first = tree.nodes.find((node) => (settledAt(node) ?? 0) > after);
  const when = at ?? (first === undefined ? undefined : timeOf(first));
  const time = when === undefined ? '' : ` +${durationText(Math.max(0, when - start))}`;
  const why = died !== undefined ? `: ${died} had died` : wasWaiting ? '' : ': its process had stopped';
  return `resumed${time} from checkpoint ${from}, attempt ${attempt}${why}`;
}
