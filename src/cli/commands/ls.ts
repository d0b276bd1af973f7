import { systemClock } from '../../clock/clock.js';
import type { ListQuery, RunIndex } from '../../durability/store.js';
import { listed } from '../../errors/index.js';
import { UsageError } from '../cli-errors.js';
import { EXIT } from '../exit-codes.js';
import { openStoredRuns, storeUrl } from '../open-store.js';
import type { Output } from '../output.js';
import { pagesOf, rowOf, type RunRow, runTable } from '../run-rows.js';

export interface ListOptions {
  readonly store?: string;
  readonly status?: string;
  readonly graph?: string;
}

const STATUSES: readonly RunIndex['status'][] = ['running', 'waiting', 'completed', 'failed', 'aborted'];

export async function ls(options: ListOptions, output: Output): Promise<number> {
  const query = queryOf(options);
  const store = openStoredRuns(storeUrl(options.store), 'ls', systemClock);
  try {
    const rows: RunRow[] = [];
    for await (const summary of pagesOf(store, query)) rows.push(rowOf(summary, store.name));
    output.document({ store: store.name, runs: rows });
    if (rows.length === 0) output.line(`no runs in ${store.name}`);
    else for (const line of runTable(rows, systemClock.now(), output)) output.line(line);
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
