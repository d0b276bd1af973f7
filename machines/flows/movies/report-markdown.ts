/** `report.md`: the report for people. */
import type { RatingBand } from './box-office.js';
import type { RejectedRow } from './check-row.js';
import { escapeMarkdown, renderTable, type Column } from './markdown.js';
import type { Report } from './report.js';
import type { Summary } from './summary.js';

const EXAMPLES = 5;
const SUMMARY_COLUMNS: readonly Column[] = [
  { title: 'Films', align: 'right' },
  { title: 'Median worldwide gross', align: 'right' },
  { title: 'Mean IMDB rating', align: 'right' },
];

export function renderMarkdown({ tally, genres, decades, boxOffice }: Report): string {
  return (
    [
      '# Films of vega-datasets',
      `${count(tally.rows)} rows read, ${count(tally.accepted)} accepted, ${count(tally.rejected.length)} rejected.`,
      'Amounts are dollars of the time, not adjusted for inflation. A gross of 0 counts as unknown, as a missing one does; ' +
        'medians and means are over what is known. Titles are spelt as in the file.',

      '## By genre',
      renderTable(
        [{ title: 'Genre', align: 'left' }, ...SUMMARY_COLUMNS],
        genres.map((genre) => [genre.genre ?? '(not stated)', ...summaryCells(genre)]),
      ),

      '## By decade',
      renderTable(
        [{ title: 'Decade', align: 'left' }, ...SUMMARY_COLUMNS, { title: 'Highest grossing film', align: 'left' }],
        decades.map((decade) => [`${decade.decade}s`, ...summaryCells(decade), decade.highestGrossing?.title ?? '-']),
      ),

      '## Box office against rating',
      `${count(boxOffice.films)} films have both a worldwide gross and an IMDB rating. Correlation of the two: ` +
        `${correlation(boxOffice.pearson)} (Pearson), ${correlation(boxOffice.spearman)} (Spearman, of the ranks).`,
      renderTable(
        [{ title: 'IMDB rating', align: 'left' }, ...SUMMARY_COLUMNS],
        boxOffice.bands.map((band) => [bandName(band), ...summaryCells(band)]),
      ),

      '## Rejected rows',
      ...rejectedByReason(tally.rejected),
    ].join('\n\n') + '\n'
  );
}

function rejectedByReason(rejected: readonly RejectedRow[]): string[] {
  const reasons = new Map<string, string[]>();
  for (const { row, title, problems } of rejected) {
    for (const { column, reason, found } of problems) {
      const line = `- row ${row}, ${escapeMarkdown(title ?? '(no title)')}: ${column} is ${escapeMarkdown(found)}`;
      reasons.set(reason, [...(reasons.get(reason) ?? []), line]);
    }
  }
  if (reasons.size === 0) return ['None.'];

  return [...reasons]
    .sort(([a, linesA], [b, linesB]) => linesB.length - linesA.length || (a < b ? -1 : 1))
    .flatMap(([reason, lines]) => {
      const rest = lines.length - EXAMPLES;
      const more = rest > 0 ? [`- and ${count(rest)} more, all in report.json`] : [];
      return [
        `### ${escapeMarkdown(reason)} (${count(lines.length)})`,
        [...lines.slice(0, EXAMPLES), ...more].join('\n'),
      ];
    });
}

function summaryCells({ films, medianWorldwideGross, meanImdbRating }: Summary): string[] {
  return [
    count(films),
    medianWorldwideGross === null ? '-' : `$${count(medianWorldwideGross)}`,
    meanImdbRating === null ? '-' : meanImdbRating.toFixed(2),
  ];
}

function bandName({ from, below }: RatingBand): string {
  return below === null ? `${from} and more` : `${from} to below ${below}`;
}

function correlation(value: number | null): string {
  return value === null ? 'unknown' : value.toFixed(3);
}

/** 1234567 as 1,234,567, whatever the locale. */
function count(value: number): string {
  return String(value).replaceAll(/\B(?=(\d{3})+$)/g, ',');
}
