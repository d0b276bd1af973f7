import type { Movie } from './check-row.js';
import { groupBy, summarize, type Summary } from './summary.js';

export interface DecadeSummary extends Summary {
  /** The first year of it. */
  readonly decade: number;
  /** The first one in the file, should two films have earned the same. */
  readonly highestGrossing: { readonly title: string; readonly worldwideGross: number } | null;
}

export function summarizeDecades(movies: readonly Movie[]): DecadeSummary[] {
  return [...groupBy(movies, ({ year }) => year - (year % 10))]
    .map(([decade, films]) => ({ decade, ...summarize(films), highestGrossing: highestGrossing(films) }))
    .sort((a, b) => a.decade - b.decade);
}

function highestGrossing(movies: readonly Movie[]): DecadeSummary['highestGrossing'] {
  let best: DecadeSummary['highestGrossing'] = null;
  for (const { title, worldwideGross } of movies) {
    if (worldwideGross !== null && worldwideGross > (best?.worldwideGross ?? 0)) best = { title, worldwideGross };
  }
  return best;
}
