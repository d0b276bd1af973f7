/** Markdown that also reads well as plain text. */
export interface Column {
  readonly title: string;
  readonly align: 'left' | 'right';
}

/** Every cell is plain text: what Markdown would take for markup is escaped. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const cells = rows.map((row) => row.map(escapeMarkdown));
  const widths = columns.map(({ title }, index) =>
    Math.max(...[title, ...cells.map((row) => row[index] ?? '')].map(width)),
  );
  const line = (row: readonly string[]): string =>
    `| ${columns.map(({ align }, index) => pad(row[index] ?? '', widths[index] ?? 0, align)).join(' | ')} |`;

  const rule = columns.map(({ align }, index) => {
    const dashes = '-'.repeat(Math.max((widths[index] ?? 0) - 1, 2));
    return align === 'right' ? `${dashes}:` : `${dashes}-`;
  });
  return [line(columns.map(({ title }) => title)), line(rule), ...cells.map(line)].join('\n');
}

export function escapeMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>|]/g, String.raw`\$&`).replaceAll(/\s+/g, ' ');
}

function width(text: string): number {
  return Array.from(text).length;
}

function pad(text: string, to: number, align: Column['align']): string {
  const space = ' '.repeat(Math.max(to - width(text), 0));
  return align === 'right' ? space + text : text + space;
}
