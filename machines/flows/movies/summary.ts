/** What the report says about any group of films. */
import type { Movie } from './check-row.js';
import { mean, median, round } from './statistics.js';

export interface Summary {
  readonly films: number;
  /** In dollars, over the films whose gross is known. */
  readonly medianWorldwideGross: number | null;
  /** Over the films that are rated. */
  readonly meanImdbRating: number | null;
}

export function summarize(movies: readonly Movie[]): Summary {
  const gross = median(movies.flatMap(({ worldwideGross }) => worldwideGross ?? []));
  const rating = mean(movies.flatMap(({ imdbRating }) => imdbRating ?? []));
  return {
    films: movies.length,
    medianWorldwideGross: gross === null ? null : round(gross, 0),
    meanImdbRating: rating === null ? null : round(rating, 2),
  };
}

/** The films by what `key` says of them, in the order in which the keys first come up. */
export function groupBy<K>(movies: readonly Movie[], key: (movie: Movie) => K): Map<K, Movie[]> {
  const groups = new Map<K, Movie[]>();
  for (const movie of movies) {
    const group = groups.get(key(movie));
    if (group === undefined) groups.set(key(movie), [movie]);
    else group.push(movie);
  }
  return groups;
}
