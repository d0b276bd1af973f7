/**
 * Turns one raw row into a film, or into a rejected row that says why.
 *
 * What is unknown is no error: a film may lack its genre, its gross or its rating (`null`). The file writes a gross that
 * nobody reported as 0 as often as null (How Green Was My Valley did not earn nothing), so 0 counts as unknown too.
 */
import { z } from 'zod';
import { readReleaseDate } from './release-date.js';

const dollars = (what: string) =>
  z
    .int(`the ${what} is not a whole number`)
    .min(0, { error: `the ${what} is negative`, abort: true })
    .nullable()
    .transform((amount) => (amount === 0 ? null : amount));

const rowSchema = z
  .object(
    {
      // Titles such as 1941 and 300 are numbers in the file.
      Title: z
        .union([z.string(), z.number()], 'the title is missing')
        .transform((title) => String(title).trim())
        .refine((title) => title !== '', 'the title is missing'),
      'Release Date': z.string('the release date is missing').transform((text, context) => {
        const reading = readReleaseDate(text);
        if ('date' in reading) return reading.date;
        context.addIssue({ code: 'custom', message: reading.problem });
        return z.NEVER;
      }),
      'Major Genre': z.string('the genre is not a text').nullable(),
      'US Gross': dollars('US gross'),
      'Worldwide Gross': dollars('worldwide gross'),
      'IMDB Rating': z
        .number('the IMDB rating is not a number')
        .min(1, 'the IMDB rating is below 1')
        .max(10, 'the IMDB rating is above 10')
        .nullable(),
    },
    'the row is not an object',
  )
  .refine((row) => (row['Worldwide Gross'] ?? Infinity) >= (row['US Gross'] ?? 0), {
    path: ['Worldwide Gross'],
    message: 'the worldwide gross is below the US gross',
  })
  .transform((row) => ({
    title: row.Title,
    year: row['Release Date'].year,
    genre: row['Major Genre'],
    worldwideGross: row['Worldwide Gross'],
    imdbRating: row['IMDB Rating'],
  }));

export type Movie = Readonly<z.infer<typeof rowSchema>>;

export interface Problem {
  readonly column: string;
  readonly reason: string;
  /** What the file has in that column. */
  readonly found: string;
}

export interface RejectedRow {
  /** Position in the file, counted from 0. */
  readonly row: number;
  readonly title: string | null;
  readonly problems: readonly Problem[];
}

export type CheckedRow = { readonly movie: Movie } | { readonly rejected: RejectedRow };

export function checkRow(raw: unknown, row: number): CheckedRow {
  const result = rowSchema.safeParse(raw);
  if (result.success) return { movie: result.data };

  const problems = result.error.issues.map(({ path: [column], message }) => ({
    column: column === undefined ? '(row)' : String(column),
    reason: message,
    found: show(column === undefined ? raw : cell(raw, column)),
  }));
  const title = cell(raw, 'Title');
  return { rejected: { row, title: title === null || title === undefined ? null : show(title), problems } };
}

function cell(raw: unknown, column: PropertyKey): unknown {
  return typeof raw === 'object' && raw !== null ? (raw as Record<PropertyKey, unknown>)[column] : undefined;
}

function show(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? 'nothing');
}
