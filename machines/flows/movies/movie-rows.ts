/**
 * The raw rows of `vega-datasets/data/movies.json`, read and parsed once per process.
 * Not its job: saying which rows are any good.
 */
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { z } from 'zod';

const fileSchema = z.array(z.unknown());

/** The package exports its code only, so the data are found beside the code: `build/index.js` -> `data/movies.json`. */
function moviesFile(): string {
  const code = createRequire(import.meta.url).resolve('vega-datasets');
  return join(dirname(dirname(code)), 'data', 'movies.json');
}

async function load(): Promise<readonly unknown[]> {
  return fileSchema.parse(JSON.parse(await readFile(moviesFile(), 'utf8')));
}

let rows: Promise<readonly unknown[]> | undefined;

/** Every caller gets the same rows. A read that failed is not kept: the next caller reads again. */
export function readMovieRows(): Promise<readonly unknown[]> {
  rows ??= load().catch((error: unknown) => {
    rows = undefined;
    throw error;
  });
  return rows;
}
