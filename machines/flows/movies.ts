/**
 * A real import that may be killed at any moment: the 3,201 films of `vega-datasets` are checked in batches, looked at
 * from three sides at once, and written up in `report.json` and `report.md`.
 *
 *     importMovies -> openImport -> validateBatch (once per batch) -> byGenre   -> joinReport -> writeReport
 *                                                                  -> byDecade  ->
 *                                                                  -> boxOffice ->
 *
 * A checkpoint holds where the import is and what it has found, never the films: those are in a package that is always
 * there. That keeps each of them small, and the report is the same to the byte however often the process died.
 */
import { resolve } from 'node:path';
import { CNS, collateral, neuron, withCtx, type Clock, type Store } from 'engram';
import { z } from 'zod';
import { acceptedMovies } from './movies/accepted-movies.js';
import { measureBoxOffice, type BoxOffice } from './movies/box-office.js';
import { summarizeDecades, type DecadeSummary } from './movies/by-decade.js';
import { summarizeGenres, type GenreSummary } from './movies/by-genre.js';
import { readMovieRows } from './movies/movie-rows.js';
import type { Report } from './movies/report.js';
import { saveReport } from './movies/save-report.js';
import { addBatch, emptyTally, type Tally } from './movies/tally.js';

const importRequest = z.object({
  /** The directory for the two files; made when it is not there. */
  out: z.string().min(1),
  batchSize: z.int().min(1).max(10_000).optional(),
});

interface Destination {
  readonly out: string;
}

export const importMovies = collateral<z.infer<typeof importRequest>>('importMovies', { schema: importRequest });
export const reportWritten = collateral<{ readonly files: readonly string[] }>('reportWritten');

const nextBatch = collateral<Destination & { readonly batchSize: number; readonly offset: number }>('nextBatch');
const allValidated = collateral<Destination>('allValidated');
const rowsTallied = collateral<Destination & { readonly tally: Tally }>('rowsTallied');
const genresSummarized = collateral<Destination & { readonly genres: readonly GenreSummary[] }>('genresSummarized');
const decadesSummarized = collateral<Destination & { readonly decades: readonly DecadeSummary[] }>('decadesSummarized');
const boxOfficeMeasured = collateral<Destination & { readonly boxOffice: BoxOffice }>('boxOfficeMeasured');
const reportJoined = collateral<Destination & { readonly report: Report }>('reportJoined');

const openImport = neuron('openImport', { nextBatch }).dendrite({
  collateral: importMovies,
  // Whoever goes on with the import may stand in another directory.
  response: ({ out, batchSize = 100 }, axon) =>
    axon.nextBatch.createSignal({ out: resolve(out), batchSize, offset: 0 }),
});

const validateBatch = withCtx<Tally>()
  .neuron('validateBatch', { nextBatch, allValidated, rowsTallied })
  .milestone()
  .dendrite({
    collateral: nextBatch,
    response: async ({ out, batchSize, offset }, axon, ctx) => {
      const rows = await readMovieRows();
      const end = offset + batchSize;
      const tally = addBatch(ctx.get() ?? emptyTally, rows.slice(offset, end), offset);
      ctx.set(tally);
      if (end < rows.length) return axon.nextBatch.createSignal({ out, batchSize, offset: end });
      return [axon.rowsTallied.createSignal({ out, tally }), axon.allValidated.createSignal({ out })];
    },
  });

const byGenre = neuron('byGenre', { genresSummarized })
  .milestone()
  .dendrite({
    collateral: allValidated,
    response: async ({ out }, axon) =>
      axon.genresSummarized.createSignal({ out, genres: summarizeGenres(await acceptedMovies()) }),
  });

const byDecade = neuron('byDecade', { decadesSummarized })
  .milestone()
  .dendrite({
    collateral: allValidated,
    response: async ({ out }, axon) =>
      axon.decadesSummarized.createSignal({ out, decades: summarizeDecades(await acceptedMovies()) }),
  });

const boxOffice = neuron('boxOffice', { boxOfficeMeasured })
  .milestone()
  .dendrite({
    collateral: allValidated,
    response: async ({ out }, axon) =>
      axon.boxOfficeMeasured.createSignal({ out, boxOffice: measureBoxOffice(await acceptedMovies()) }),
  });

/** Goes on when all four parts are there, in whatever order they came. */
const joinReport = neuron('joinReport', { reportJoined }).join(
  { rows: rowsTallied, byGenre: genresSummarized, byDecade: decadesSummarized, inMoney: boxOfficeMeasured },
  ({ rows: { out, tally }, byGenre: { genres }, byDecade: { decades }, inMoney: { boxOffice } }, axon) =>
    axon.reportJoined.createSignal({ out, report: { tally, genres, decades, boxOffice } }),
);

const writeReport = neuron('writeReport', { reportWritten }).dendrite({
  collateral: reportJoined,
  response: async ({ out, report }, axon) => axon.reportWritten.createSignal({ files: await saveReport(out, report) }),
});

/** Without a store the import runs in memory. */
export function createCns(host: { readonly store?: Store; readonly clock?: Clock } = {}) {
  const neurons = [openImport, validateBatch, byGenre, byDecade, boxOffice, joinReport, writeReport];
  return new CNS(neurons, { name: 'movies', version: '1', ...host });
}

export const entry = { importMovies };
