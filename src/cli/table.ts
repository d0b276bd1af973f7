/**
 * Columns for people. Where lines go to a file or a pipe, all of it; on a terminal, what fits: first the columns with the
 * highest `rank` are left out, until the others fit with those shortened that may be; then these are shortened no more
 * than they have to be.
 */
import type { Output, Style } from './output.js';
import { cutEnd, cutMiddle, padEnd, widthOf } from './text-width.js';
import { visible } from './text.js';

const GAP = 2;

export interface Column {
  readonly name: string;
  /** Which are left out first: the higher, the sooner. 0: never. */
  readonly rank?: number;
  /** It may be shortened to so many columns. */
  readonly least?: number;
  /** Where it is shortened: in the middle, what has a head and a tail to be known by. */
  readonly cut?: 'middle' | 'end';
  readonly style?: (text: string) => Style | undefined;
}

export function table(
  output: Output,
  columns: readonly (string | Column)[],
  rows: readonly (readonly string[])[],
  width = output.width,
): string[] {
  const cells = rows.map((row) => row.map(visible));
  const all = columns.map((column, at) => {
    const given: Column = typeof column === 'string' ? { name: column } : column;
    const widest = cells.reduce((most, row) => Math.max(most, widthOf(row[at] ?? '')), widthOf(given.name));
    return { ...given, at, width: widest, least: Math.min(widest, given.least ?? widest) };
  });
  const kept = fit(all, width);
  const line = (cellOf: (column: Fitted) => string, styleOf: (column: Fitted, cell: string) => Style | undefined) =>
    kept
      .map((column, i) => {
        const { width: room, cut } = column;
        const cell = cellOf(column);
        const short = (cut === 'middle' ? cutMiddle : cutEnd)(cell, room, output.glyphs.cut);
        const padded = i === kept.length - 1 ? short : padEnd(short, room + GAP);
        const style = styleOf(column, cell);
        return style === undefined ? padded : padded.replace(short, () => output.style(style, short));
      })
      .join('');
  return [
    line(
      ({ name }) => name,
      () => 'dim',
    ),
    ...cells.map((row) =>
      line(
        ({ at }) => row[at] ?? '',
        ({ style }, cell) => style?.(cell),
      ),
    ),
  ];
}

interface Fitted extends Column {
  /** Its place in a row. */
  readonly at: number;
  width: number;
  readonly least: number;
}

function fit(all: readonly Fitted[], width: number): Fitted[] {
  const kept = [...all];
  const total = (of: 'width' | 'least') => kept.reduce((sum, column) => sum + column[of] + GAP, -GAP);
  while (total('least') > width) {
    const out = kept.reduce((most, column) => ((column.rank ?? 0) > (most.rank ?? 0) ? column : most));
    if ((out.rank ?? 0) === 0) break;
    kept.splice(kept.indexOf(out), 1);
  }
  // what is least needed gives way first
  for (const column of [...kept].sort((a, b) => (b.rank ?? 0) - (a.rank ?? 0))) {
    const over = total('width') - width;
    if (over > 0) column.width = Math.max(column.least, column.width - over);
  }
  return kept;
}

export function statusStyle(status: string): Style | undefined {
  switch (status) {
    case 'completed':
      return 'green';
    case 'failed':
    case 'aborted':
    case 'stranded':
    case 'stopped':
      return 'red';
    case 'running':
    case 'queued':
      return 'cyan';
    case 'waiting':
    case 'retrying':
      return 'yellow';
    default:
      return undefined;
  }
}
