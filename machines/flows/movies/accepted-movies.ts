/**
 * All films that pass the check, in the order of the file. They are derived from the file whenever somebody needs them,
 * and so never travel through a checkpoint.
 */
import { setImmediate } from 'node:timers/promises';
import { checkRow, type Movie } from './check-row.js';
import { readMovieRows } from './movie-rows.js';

const SLICE = 500;

/** Gives way to other work of the process after each slice, so that several callers really go on side by side. */
export async function acceptedMovies(): Promise<readonly Movie[]> {
  const rows = await readMovieRows();
  const movies: Movie[] = [];
  for (let start = 0; start < rows.length; start += SLICE) {
    if (start > 0) await setImmediate();
    rows.slice(start, start + SLICE).forEach((raw, index) => {
      const checked = checkRow(raw, start + index);
      if ('movie' in checked) movies.push(checked.movie);
    });
  }
  return movies;
}
