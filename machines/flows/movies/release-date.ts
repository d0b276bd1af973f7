/**
 * Release dates as the file writes them, `Jun 12 1998`, read by hand: `Date` would bring in a time zone and would take
 * `Feb 30` for the first of March.
 *
 * Somebody once expanded two-digit years the wrong way, so the file lets Gone with the Wind (1939) open in 2039. Such a
 * date is refused and not repaired: the file does not say which century was meant.
 */
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const DAYS = [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/** The year of the oldest film that is known. */
const FIRST_YEAR = 1888;
/** The file was put together in 2010 and announces a few films of the year after. */
const LAST_YEAR = 2011;

export interface ReleaseDate {
  readonly year: number;
  /** 1 to 12. */
  readonly month: number;
  readonly day: number;
}

export type ReleaseDateReading = { readonly date: ReleaseDate } | { readonly problem: string };

export function readReleaseDate(text: string): ReleaseDateReading {
  const match = /^([A-Z][a-z]{2}) (\d{2}) (\d{4})$/.exec(text);
  if (match === null) return { problem: 'the release date is not written like "Jun 12 1998"' };

  const [, monthName = '', dayText, yearText] = match;
  const date = { year: Number(yearText), month: MONTHS.indexOf(monthName) + 1, day: Number(dayText) };
  if (date.day < 1 || date.day > daysIn(date.month, date.year)) {
    return { problem: 'the release date is not a day of the calendar' };
  }
  if (date.year < FIRST_YEAR) return { problem: `the release date is before ${FIRST_YEAR}, when there was no film` };
  if (date.year > LAST_YEAR) {
    return { problem: `the release date is after ${LAST_YEAR}, where the data end (19xx written as 20xx?)` };
  }
  return { date };
}

/** 0 for a month that does not exist, so that no day of it does. */
function daysIn(month: number, year: number): number {
  const leap = year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0);
  return month === 2 && leap ? 29 : (DAYS[month - 1] ?? 0);
}
