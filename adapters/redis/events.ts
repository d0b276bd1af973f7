/** The events of one checkpoint are one entry of a list: `<seq>`, then one event a line. */

export function joinEvents(seq: number, events: readonly string[]): string {
  return events.length === 0 ? '' : `${seq}\n${events.join('\n')}`;
}

/**
 * Entries of saves that were refused midway are left out: those of a seq that is not stored, and of two for one seq the
 * first.
 */
export function splitEvents(newest: number, entries: readonly string[]): string[] {
  const kept: { readonly seq: number; readonly lines: readonly string[] }[] = [];
  for (const entry of entries) {
    const [first, ...lines] = entry.split('\n');
    const seq = Number(first);
    if (!(seq <= newest)) continue;
    while ((kept.at(-1)?.seq ?? 0) >= seq) kept.pop();
    kept.push({ seq, lines });
  }
  return kept.flatMap(({ lines }) => lines);
}
