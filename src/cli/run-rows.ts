/** The runs of a store, for a list, in columns that fit. */
import { openEnvelope } from '../durability/envelope.js';
import type { ListQuery, RunSummary, Store } from '../durability/store.js';
import { describeError } from '../errors/index.js';
import type { Output } from './output.js';
import { type Column, statusStyle, table } from './table.js';
import { agoText, timeText } from './text.js';

export interface RunRow {
  readonly id: string;
  readonly status: string;
  readonly graph: string;
  readonly milestone: string | null;
  readonly seq: number;
  readonly savedAt: number | null;
  /** When it goes on by itself, or gives up to wait; null for never. */
  readonly due: number | null;
  /** Why the head cannot be read. */
  readonly damage?: string;
}

export async function* pagesOf(store: Store, query: ListQuery): AsyncGenerator<RunSummary, void> {
  let cursor: string | undefined;
  do {
    const page = await store.list({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    yield* page.runs;
    ({ cursor } = page);
  } while (cursor !== undefined);
}

/** A run whose head is damaged is listed too: who looks for it is to find it. */
export function rowOf({ id, seq, head, index }: RunSummary, where: string): RunRow {
  const { status, graph, due } = index;
  try {
    const { milestone, savedAt } = openEnvelope(head, `checkpoint ${seq} of run "${id}" in ${where}`);
    return { id, status, graph, milestone, seq, savedAt, due };
  } catch (error) {
    return { id, status, graph, milestone: null, seq, savedAt: null, due, damage: describeError(error) };
  }
}

/** The id and how the run stands are always there; then count where it stands, when that was, when it goes on, the rest. */
const COLUMNS: readonly Column[] = [
  { name: 'id', least: 16, cut: 'middle' },
  { name: 'status', style: statusStyle },
  { name: 'graph', rank: 4, least: 8 },
  { name: 'milestone', rank: 1, least: 10 },
  { name: 'seq', rank: 5 },
  { name: 'when', rank: 2 },
  { name: 'due', rank: 3 },
];

/** On a terminal times are told from now, elsewhere as they are. */
export function runTable(rows: readonly RunRow[], now: number, output: Output, width = output.width): string[] {
  const time = (at: number) => (width === Infinity ? timeText(at) : agoText(at, now));
  const hasDue = rows.some(({ due }) => due !== null);
  const cells = rows.map(({ id, status, graph, milestone, seq, savedAt, due, damage }) => {
    const when = savedAt === null ? '?' : time(savedAt);
    const cell = [id, status, graph, damage === undefined ? (milestone ?? '-') : '(damaged)', String(seq), when];
    return hasDue ? [...cell, due === null ? '-' : time(due)] : cell;
  });
  return table(output, hasDue ? COLUMNS : COLUMNS.slice(0, -1), cells, width);
}
