/**
 * What the import found, as it is written to `report.json`: the same text whenever, wherever and in however many attempts
 * it was made.
 */
import type { BoxOffice } from './box-office.js';
import type { DecadeSummary } from './by-decade.js';
import type { GenreSummary } from './by-genre.js';
import type { Tally } from './tally.js';

export interface Report {
  readonly tally: Tally;
  readonly genres: readonly GenreSummary[];
  readonly decades: readonly DecadeSummary[];
  readonly boxOffice: BoxOffice;
}

/** Keys in alphabetical order: the parts of a report arrive in any order, and that must not show. */
export function renderJson(report: Report): string {
  return `${JSON.stringify(report, sortKeys, 2)}\n`;
}

function sortKeys(_key: string, value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
}
