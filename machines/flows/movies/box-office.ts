/** Do better films earn more? Asked of the films whose worldwide gross and IMDB rating are both known. */
import type { Movie } from './check-row.js';
import { pearson, round, spearman } from './statistics.js';
import { summarize, type Summary } from './summary.js';

export interface RatingBand extends Summary {
  /** The lowest rating of the band. */
  readonly from: number;
  /** The first rating above the band; `null`: it has no upper end. */
  readonly below: number | null;
}

export interface BoxOffice {
  readonly films: number;
  /** Of the dollars and the ratings themselves. */
  readonly pearson: number | null;
  /** Of their ranks, which a few very large earners cannot bend. */
  readonly spearman: number | null;
  readonly bands: readonly RatingBand[];
}

const BANDS = [1, 4, 5, 6, 7, 8];

export function measureBoxOffice(movies: readonly Movie[]): BoxOffice {
  const films = movies.flatMap((movie) => {
    const { worldwideGross: gross, imdbRating: rating } = movie;
    return gross === null || rating === null ? [] : [{ movie, gross, rating }];
  });
  const gross = films.map((film) => film.gross);
  const ratings = films.map((film) => film.rating);
  return {
    films: films.length,
    pearson: correlation(pearson(gross, ratings)),
    spearman: correlation(spearman(gross, ratings)),
    bands: BANDS.map((from, index) => {
      const below = BANDS[index + 1] ?? null;
      const band = films.filter(({ rating }) => rating >= from && rating < (below ?? Infinity));
      return { from, below, ...summarize(band.map(({ movie }) => movie)) };
    }),
  };
}

function correlation(value: number | null): number | null {
  return value === null ? null : round(value, 3);
}
