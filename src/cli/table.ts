/** Columns for people: as wide as they need to be, the first one cut where the terminal ends. */
import type { Output, Style } from './output.js';
import { shortened, visible } from './text.js';

const GAP = 2;
const NARROWEST = 12;

export type CellStyle = (text: string) => Style | undefined;

export function table(
  output: Output,
  head: readonly string[],
  rows: readonly (readonly string[])[],
  styles: readonly (CellStyle | undefined)[] = [],
): string[] {
  const cells = rows.map((row) => row.map(visible));
  const widths = head.map((name, column) => Math.max(name.length, ...cells.map((row) => row[column]?.length ?? 0)));
  const total = widths.reduce((sum, width) => sum + width + GAP, -GAP);
  const first = widths[0] ?? 0;
  widths[0] = Math.max(Math.min(first, NARROWEST), first - Math.max(0, total - output.width));
  const line = (row: readonly string[], style: (text: string, column: number) => string): string =>
    row
      .map((text, column) => {
        const cut = shortened(text, widths[column] ?? 0);
        const isLast = column === head.length - 1;
        return style(cut, column) + (isLast ? '' : ' '.repeat((widths[column] ?? 0) - cut.length + GAP));
      })
      .join('');
  return [
    line(head, (text) => output.style('dim', text)),
    ...cells.map((row) =>
      line(row, (text, column) => {
        const style = styles[column]?.(text);
        return style === undefined ? text : output.style(style, text);
      }),
    ),
  ];
}

export function statusStyle(status: string): Style | undefined {
  switch (status) {
    case 'completed':
      return 'green';
    case 'failed':
    case 'aborted':
    case 'stranded':
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
