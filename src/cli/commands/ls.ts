import { systemClock } from '../../clock/clock.js';
import { openEnvelope } from '../../durability/envelope.js';
import type { ListQuery, RunIndex, RunSummary, Store } from '../../durability/store.js';
import { describeError, listed } from '../../errors/index.js';
import { UsageError } from '../cli-errors.js';
import { EXIT } from '../exit-codes.js';
import { openStoredRuns, storeUrl } from '../open-store.js';
import type { Output } from '../output.js';
import { statusStyle, table } from '../table.js';
import { timeText } from '../text.js';

export interface ListOptions {
  readonly store?: string;
  readonly status?: string;
  readonly graph?: string;
}

interface Row {
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

const STATUSES: readonly RunIndex['status'][] = ['running', 'waiting', 'completed', 'failed', 'aborted'];

export async function ls(options: ListOptions, output: Output): Promise<number> {
  const query = queryOf(options);
  const store = openStoredRuns(storeUrl(options.store), 'ls', systemClock);
  try {
    const rows: Row[] = [];
    for await (const summary of pagesOf(store, query)) rows.push(rowOf(summary, store.name));
    output.document({ store: store.name, runs: rows });
    if (rows.length === 0) output.line(`no runs in ${store.name}`);
    else {
      const hasDue = rows.some(({ due }) => due !== null);
      const cells = rows.map(({ id, status, graph, milestone, seq, savedAt, due, damage }) => {
        const when = savedAt === null ? '?' : timeText(savedAt);
        const cell = [id, status, graph, damage === undefined ? (milestone ?? '-') : '(damaged)', String(seq), when];
        return hasDue ? [...cell, due === null ? '-' : timeText(due)] : cell;
      });
      const head = ['id', 'status', 'graph', 'milestone', 'seq', 'when', ...(hasDue ? ['due'] : [])];
      const styles = [undefined, (text: string) => statusStyle(text)];
      for (const line of table(output, head, cells, styles)) output.line(line);
    }
    return EXIT.completed;
  } finally {
    await store.close();
  }
}

function queryOf({ status, graph }: ListOptions): ListQuery {
  const wanted = (status ?? '').split(',').filter((text) => text !== '');
  const known = wanted.filter((text): text is RunIndex['status'] => (STATUSES as readonly string[]).includes(text));
  if (known.length < wanted.length) {
    throw new UsageError(`"${status ?? ''}" is no status`, { hint: listed('there are', STATUSES) });
  }
  return { status: known, ...(graph === undefined ? {} : { graph }) };
}

async function* pagesOf(store: Store, query: ListQuery): AsyncGenerator<RunSummary, void> {
  let cursor: string | undefined;
  do {
    const page = await store.list({ ...query, ...(cursor === undefined ? {} : { cursor }) });
    yield* page.runs;
    ({ cursor } = page);
  } while (cursor !== undefined);
}

/** A run whose head is damaged is listed too: who looks for it is to find it. */
function rowOf({ id, seq, head, index }: RunSummary, where: string): Row {
  const { status, graph, due } = index;
  try {
    const { milestone, savedAt } = openEnvelope(head, `checkpoint ${seq} of run "${id}" in ${where}`);
    return { id, status, graph, milestone, seq, savedAt, due };
  } catch (error) {
    return { id, status, graph, milestone: null, seq, savedAt: null, due, damage: describeError(error) };
  }
}
