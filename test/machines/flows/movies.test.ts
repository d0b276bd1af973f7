import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCns, importMovies, reportWritten } from '../../../machines/flows/movies.js';
import { acceptedMovies } from '../../../machines/flows/movies/accepted-movies.js';
import { measureBoxOffice } from '../../../machines/flows/movies/box-office.js';
import { summarizeDecades } from '../../../machines/flows/movies/by-decade.js';
import { summarizeGenres } from '../../../machines/flows/movies/by-genre.js';
import { checkRow } from '../../../machines/flows/movies/check-row.js';
import { readMovieRows } from '../../../machines/flows/movies/movie-rows.js';
import { renderMarkdown } from '../../../machines/flows/movies/report-markdown.js';
import { renderJson, type Report } from '../../../machines/flows/movies/report.js';
import { saveReport } from '../../../machines/flows/movies/save-report.js';
import { ranks } from '../../../machines/flows/movies/statistics.js';
import { addBatch, emptyTally, type Tally } from '../../../machines/flows/movies/tally.js';

type RawRow = Readonly<Record<string, string | number | null>>;

const code = createRequire(import.meta.url).resolve('vega-datasets');
const file = JSON.parse(
  await readFile(join(dirname(dirname(code)), 'data', 'movies.json'), 'utf8'),
) as readonly RawRow[];

/** A row of the file by its position, with columns changed; `undefined` takes a column out. */
const row = (position: number, change: Readonly<Record<string, unknown>> = {}): Record<string, unknown> => ({
  ...file[position],
  ...change,
});

const reasonsOf = (raw: unknown): string[] => {
  const checked = checkRow(raw, 0);
  return 'rejected' in checked ? checked.rejected.problems.map(({ reason }) => reason) : [];
};

const tallyInBatchesOf = (size: number): Tally => {
  let tally = emptyTally;
  for (let offset = 0; offset < file.length; offset += size) {
    tally = addBatch(tally, file.slice(offset, offset + size), offset);
  }
  return tally;
};

const wholeReport = async (): Promise<Report> => {
  const movies = await acceptedMovies();
  return {
    tally: tallyInBatchesOf(100),
    genres: summarizeGenres(movies),
    decades: summarizeDecades(movies),
    boxOffice: measureBoxOffice(movies),
  };
};

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'engram-movies-'));
});
afterEach(() => rm(directory, { recursive: true, force: true }));

describe('a row of the file', () => {
  it('becomes a film with the columns that the report needs', () => {
    expect(checkRow(row(0), 0)).toEqual({
      movie: { title: 'The Land Girls', year: 1998, genre: null, worldwideGross: 146083, imdbRating: 6.1 },
    });
  });

  it('keeps a title that the file holds as a number, as text', () => {
    expect([21, 22, 1068, 1112].map((position) => checkRow(row(position), position))).toMatchObject(
      ['1776', '1941', '1408', '9'].map((title) => ({ movie: { title } })),
    );
  });

  it('counts a gross of 0 or null as unknown and keeps the film', () => {
    expect(file[2658]?.['Worldwide Gross']).toBe(0);
    expect(file[118]?.['Worldwide Gross']).toBe(null);
    expect(checkRow(row(2658), 2658)).toMatchObject({ movie: { title: 'Restless', year: 2011, worldwideGross: null } });
    expect(checkRow(row(118), 118)).toMatchObject({ movie: { title: 'Bananas', year: 1971, worldwideGross: null } });
  });

  it('without a title is rejected', () => {
    expect(checkRow(row(3053), 3053)).toEqual({
      rejected: {
        row: 3053,
        title: null,
        problems: [{ column: 'Title', reason: 'the title is missing', found: 'null' }],
      },
    });
    expect(reasonsOf(row(0, { Title: '  ' }))).toEqual(['the title is missing']);
  });

  it('dated in a year that the file cannot know is rejected, and its date is quoted', () => {
    expect(checkRow(row(400), 400)).toEqual({
      rejected: {
        row: 400,
        title: 'Gone with the Wind',
        problems: [
          {
            column: 'Release Date',
            reason: 'the release date is after 2011, where the data end (19xx written as 20xx?)',
            found: 'Dec 15 2039',
          },
        ],
      },
    });
  });

  it.each(['Feb 29 1999', 'Feb 29 1900', 'Sep 31 1998', 'Jan 00 1998', 'Foo 12 1998', 'Mar 32 1998'])(
    'dated %s is rejected: there is no such day',
    (date) => {
      expect(reasonsOf(row(0, { 'Release Date': date }))).toEqual(['the release date is not a day of the calendar']);
    },
  );

  it.each(['1998-06-12', 'Jun 12 98', 'Jun 2 1998', '12-Jun-98', '', 'June 12 1998', 'Jun 12 1998 '])(
    'dated "%s" is rejected: the file writes dates in another way',
    (date) => {
      expect(reasonsOf(row(0, { 'Release Date': date }))).toEqual([
        'the release date is not written like "Jun 12 1998"',
      ]);
    },
  );

  it.each(['Feb 29 2000', 'Feb 28 1999', 'Dec 31 2011', 'Jan 01 1888'])('dated %s is accepted', (date) => {
    expect(reasonsOf(row(0, { 'Release Date': date }))).toEqual([]);
  });

  it('dated before there was film is rejected', () => {
    expect(reasonsOf(row(0, { 'Release Date': 'Dec 31 1887' }))).toEqual([
      'the release date is before 1888, when there was no film',
    ]);
  });

  it.each([
    [{ 'Release Date': null }, 'the release date is missing'],
    [{ 'Worldwide Gross': -1, 'US Gross': null }, 'the worldwide gross is negative'],
    [{ 'Worldwide Gross': '146083' }, 'the worldwide gross is not a whole number'],
    [{ 'US Gross': 0.5 }, 'the US gross is not a whole number'],
    [{ 'US Gross': undefined }, 'the US gross is not a whole number'],
    [{ 'US Gross': 146084 }, 'the worldwide gross is below the US gross'],
    [{ 'IMDB Rating': 0.9 }, 'the IMDB rating is below 1'],
    [{ 'IMDB Rating': 10.1 }, 'the IMDB rating is above 10'],
    [{ 'IMDB Rating': '6.1' }, 'the IMDB rating is not a number'],
    [{ 'Major Genre': 7 }, 'the genre is not a text'],
  ])('changed to %j is rejected: %s', (change, reason) => {
    expect(reasonsOf(row(0, change))).toEqual([reason]);
  });

  it('with two things wrong names both', () => {
    expect(reasonsOf(row(3053, { 'Release Date': 'soon' }))).toEqual([
      'the title is missing',
      'the release date is not written like "Jun 12 1998"',
    ]);
  });

  it.each([null, 'a line of text', 7])('that is %j and no object is rejected', (raw) => {
    expect(reasonsOf(raw)).toEqual(['the row is not an object']);
  });
});

describe('the whole file', () => {
  it('has 3,201 rows, of which the one without a title and the 22 from the future are rejected', () => {
    const future = file.flatMap((raw, index) => (Number(String(raw['Release Date']).slice(-4)) > 2011 ? [index] : []));
    const { rows, accepted, rejected } = tallyInBatchesOf(100);
    expect({ rows, accepted, rejected: rejected.length }).toEqual({ rows: 3201, accepted: 3178, rejected: 23 });
    expect(rejected.map(({ row: position }) => position)).toEqual([...future, 3053]);
  });

  it('gives the same tally in batches of 7, 100 and 5,000', () => {
    expect(tallyInBatchesOf(7)).toEqual(tallyInBatchesOf(100));
    expect(tallyInBatchesOf(5000)).toEqual(tallyInBatchesOf(100));
  });

  it('is read as it stands', async () => {
    expect(await readMovieRows()).toEqual(file);
  });
});

/** The same figures, computed from the raw rows by other means than the flow uses. */
describe('against a naive computation over the raw rows', () => {
  const valid = file.filter((raw) => raw['Title'] !== null && yearOf(raw) <= 2011);

  it('every genre has the same films, median gross and mean rating', async () => {
    const genres = summarizeGenres(await acceptedMovies());
    expect(new Set(genres.map(({ genre }) => genre))).toEqual(new Set(valid.map((raw) => raw['Major Genre'])));
    for (const { genre, ...summary } of genres) {
      expect(summary, String(genre)).toEqual(naiveSummary(valid.filter((raw) => raw['Major Genre'] === genre)));
    }
  });

  it('the genres are ordered by their number of films, the unknown one last', async () => {
    const genres = summarizeGenres(await acceptedMovies());
    expect(genres.at(-1)?.genre).toBe(null);
    const counts = genres.slice(0, -1).map(({ films }) => films);
    expect(counts).toEqual([...counts].sort((a, b) => b - a));
  });

  it('every decade has the same films, median gross, mean rating and highest grossing film', async () => {
    const decades = summarizeDecades(await acceptedMovies());
    expect(decades.map(({ decade }) => decade)).toEqual([1920, 1930, 1940, 1950, 1960, 1970, 1980, 1990, 2000, 2010]);
    for (const { decade, highestGrossing, ...summary } of decades) {
      const films = valid.filter((raw) => yearOf(raw) >= decade && yearOf(raw) < decade + 10);
      expect(summary, String(decade)).toEqual(naiveSummary(films));
      const most = Math.max(...films.map((raw) => Number(raw['Worldwide Gross'])));
      const first = films.find((raw) => raw['Worldwide Gross'] === most);
      expect(highestGrossing).toEqual({ title: String(first?.['Title']), worldwideGross: most });
    }
  });

  it('the correlations and the rating bands are the same', async () => {
    const both = valid.filter((raw) => Number(raw['Worldwide Gross']) > 0 && raw['IMDB Rating'] !== null);
    const gross = both.map((raw) => Number(raw['Worldwide Gross']));
    const tenths = both.map((raw) => Math.round(Number(raw['IMDB Rating']) * 10));
    const result = measureBoxOffice(await acceptedMovies());

    expect(result.films).toBe(both.length);
    expect(result.pearson).toBeCloseTo(exactPearson(gross, tenths), 3);
    expect(result.spearman).toBeCloseTo(exactPearson(doubledRanks(gross), doubledRanks(tenths)), 3);
    for (const { from, below, ...summary } of result.bands) {
      const band = both.filter((_, index) => {
        const rating = tenths[index] ?? 0;
        return rating >= from * 10 && rating < (below ?? 11) * 10;
      });
      expect(summary, `from ${from}`).toEqual(naiveSummary(band));
    }
    expect(result.bands.reduce((sum, { films }) => sum + films, 0)).toBe(both.length);
  });
});

describe('statistics', () => {
  it('equal values share the mean of their ranks', () => {
    expect(ranks([10, 30, 20, 30, 5])).toEqual([2, 4.5, 3, 4.5, 1]);
    expect(ranks([7, 7, 7])).toEqual([2, 2, 2]);
    expect(ranks([])).toEqual([]);
  });

  it('of no films are unknown and not NaN', () => {
    expect(summarizeGenres([])).toEqual([]);
    expect(summarizeDecades([])).toEqual([]);
    expect(measureBoxOffice([])).toMatchObject({ films: 0, pearson: null, spearman: null });
  });

  it('of films that all earned the same know no correlation', () => {
    const film = { title: 'A', year: 1999, genre: null, worldwideGross: 5, imdbRating: 7 };
    expect(measureBoxOffice([film, { ...film, imdbRating: 3 }])).toMatchObject({ pearson: null, spearman: null });
  });
});

describe('the report', () => {
  it('is the same text in whichever order its parts arrived and whether or not they went through a checkpoint', async () => {
    const { tally, genres, decades, boxOffice } = await wholeReport();
    const other = JSON.parse(JSON.stringify({ boxOffice, decades, tally, genres })) as Report;
    expect(renderJson(other)).toBe(renderJson({ tally, genres, decades, boxOffice }));
    expect(renderMarkdown(other)).toBe(renderMarkdown({ tally, genres, decades, boxOffice }));
  });

  it('as JSON holds the report and nothing else', async () => {
    const report = await wholeReport();
    expect(JSON.parse(renderJson(report))).toEqual(report);
  });

  it('as Markdown has a row for each genre, decade and rating band', async () => {
    const report = await wholeReport();
    const rows = renderMarkdown(report)
      .split('\n')
      .filter((line) => line.startsWith('|'));
    // Three tables, each with a line of titles and a rule.
    expect(rows).toHaveLength(report.genres.length + report.decades.length + report.boxOffice.bands.length + 6);
  });

  it('groups rejected rows by reason, the most frequent first, and shows five of each', async () => {
    const [, rejected = ''] = renderMarkdown(await wholeReport()).split('## Rejected rows\n');
    expect(rejected.split('\n').filter((line) => line.startsWith('###'))).toEqual([
      '### the release date is after 2011, where the data end (19xx written as 20xx?) (22)',
      '### the title is missing (1)',
    ]);
    expect(rejected.match(/^- row /gm)).toHaveLength(6);
    expect(rejected).toContain('- row 9, Duel in the Sun: Release Date is Dec 31 2046');
    expect(rejected).toContain('- and 17 more, all in report.json');
  });

  it('takes no text of the file for Markdown', async () => {
    const mash = file.findIndex((raw) => raw['Title'] === 'M*A*S*H');
    const report = await wholeReport();
    const tally = addBatch(emptyTally, [row(mash, { 'Release Date': '<b>|soon|</b>' })], 0);
    expect(renderMarkdown({ ...report, tally })).toContain(
      String.raw`- row 0, M\*A\*S\*H: Release Date is \<b\>\|soon\|\</b\>`,
    );
  });

  it('says so when no row was rejected', async () => {
    const report = await wholeReport();
    expect(renderMarkdown({ ...report, tally: addBatch(emptyTally, [row(0)], 0) })).toContain(
      '## Rejected rows\n\nNone.\n',
    );
  });

  it('replaces what an interrupted attempt left and leaves nothing beside it', async () => {
    const report = await wholeReport();
    const target = join(directory, 'made', 'on', 'demand');
    await saveReport(target, report);
    await writeFile(join(target, 'report.json'), '{"tor');
    await writeFile(join(target, 'report.md.tmp'), '# tor');
    await saveReport(target, report);
    expect((await readdir(target)).sort()).toEqual(['report.json', 'report.md']);
    expect(await readFile(join(target, 'report.json'), 'utf8')).toBe(renderJson(report));
    expect(await readFile(join(target, 'report.md'), 'utf8')).toBe(renderMarkdown(report));
  });
});

describe('the flow', () => {
  it('ends with both files, the same to the byte for batches of 7, 100 and 5,000', async () => {
    const report = await wholeReport();
    for (const batchSize of [undefined, 7, 100, 5000]) {
      const out = join(directory, String(batchSize));
      const request = batchSize === undefined ? { out } : { out, batchSize };
      const result = await createCns().stimulate(importMovies.createSignal(request), { output: reportWritten });
      expect(result.status).toBe('completed');
      expect(result.output).toEqual({ files: ['report.json', 'report.md'] });
      expect(await readFile(join(out, 'report.json'), 'utf8')).toBe(renderJson(report));
      expect(await readFile(join(out, 'report.md'), 'utf8')).toBe(renderMarkdown(report));
    }
  });

  it('writes a report that names neither the directory nor the batch size', async () => {
    await createCns().stimulate(importMovies.createSignal({ out: directory, batchSize: 1234 }));
    const text = (
      await Promise.all(['report.json', 'report.md'].map((name) => readFile(join(directory, name), 'utf8')))
    ).join('');
    expect(text).not.toContain(directory);
    expect(text).not.toMatch(/1,?234\b/);
  });

  it.each([{ out: '' }, { out: 'x', batchSize: 0 }, { out: 'x', batchSize: 10_001 }, { out: 'x', batchSize: 1.5 }])(
    'refuses the payload %j before anything runs',
    async (payload) => {
      const cns = createCns();
      await expect(async () => await cns.stimulate(importMovies.createSignal(payload))).rejects.toThrow();
    },
  );

  it('keeps no films in its context: it stays small while the import runs', async () => {
    const { context } = await createCns().stimulate(importMovies.createSignal({ out: directory }));
    expect(Object.keys(context).sort()).toEqual(['validateBatch']);
    expect(JSON.stringify(context['validateBatch']).length).toBeLessThan(6000);
  });
});

function yearOf(raw: RawRow): number {
  return new Date(`${String(raw['Release Date'])} UTC`).getUTCFullYear();
}

function naiveSummary(films: readonly RawRow[]): object {
  const gross = films.map((raw) => Number(raw['Worldwide Gross'])).filter((dollars) => dollars > 0);
  const tenths = films
    .filter((raw) => raw['IMDB Rating'] !== null)
    .map((raw) => Math.round(Number(raw['IMDB Rating']) * 10));
  return {
    films: films.length,
    medianWorldwideGross: gross.length === 0 ? null : naiveMedian(gross),
    meanImdbRating:
      tenths.length === 0 ? null : Number((tenths.reduce((a, b) => a + b, 0) / tenths.length / 10).toFixed(2)),
  };
}

/** By taking away the smallest and the largest until one or two are left. */
function naiveMedian(values: readonly number[]): number {
  const left = [...values].sort((a, b) => a - b);
  while (left.length > 2) {
    left.shift();
    left.pop();
  }
  return Math.round(left.reduce((a, b) => a + b, 0) / left.length);
}

/** In whole numbers without rounding, by the textbook's one-pass formula. */
function exactPearson(xs: readonly number[], ys: readonly number[]): number {
  const n = BigInt(xs.length);
  let [x, y, xx, yy, xy] = [0n, 0n, 0n, 0n, 0n];
  xs.forEach((value, index) => {
    const [a, b] = [BigInt(value), BigInt(ys[index] ?? 0)];
    [x, y, xx, yy, xy] = [x + a, y + b, xx + a * a, yy + b * b, xy + a * b];
  });
  return Number(n * xy - x * y) / (Math.sqrt(Number(n * xx - x * x)) * Math.sqrt(Number(n * yy - y * y)));
}

/** Twice the rank, so that shared ranks are whole: counted value by value. */
function doubledRanks(values: readonly number[]): number[] {
  return values.map((value) => {
    let [less, equal] = [0, 0];
    for (const other of values) {
      if (other < value) less++;
      else if (other === value) equal++;
    }
    return 2 * less + equal + 1;
  });
}
