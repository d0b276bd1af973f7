import type { Movie } from './check-row.js';
import { groupBy, summarize, type Summary } from './summary.js';

export interface GenreSummary extends Summary {
  /** `null`: the file does not say. */
  readonly genre: string | null;
}

/** The genre with the most films first; the films without one come last. */
export function summarizeGenres(movies: readonly Movie[]): GenreSummary[] {
  return [...groupBy(movies, ({ genre }) => genre)]
    .map(([genre, films]) => ({ genre, ...summarize(films) }))
    .sort(
      (a, b) =>
        Number(a.genre === null) - Number(b.genre === null) ||
        b.films - a.films ||
        // By code units: the order must not depend on the locale.
        ((a.genre ?? '') < (b.genre ?? '') ? -1 : 1),
    );
}
