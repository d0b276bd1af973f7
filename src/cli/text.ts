/** Text that is safe to show: one line, and nothing in it that a terminal would obey. */

/** Several causes, written below each other, become one line. */
export function oneLine(text: string): string {
  const [first = '', ...rest] = text
    .split(/\s*[\r\n]+\s*/)
    .map((line) => line.replace(/^- /, ''))
    .filter((line) => line !== '');
  return visible(rest.length === 0 ? first : `${first}${first.endsWith(':') ? ' ' : '; '}${rest.join('; ')}`);
}

/** Control characters as escapes, those that reorder text included. */
export function visible(text: string): string {
  return text.replace(/[\u0000-\u001f\u007f-\u009f\u2028\u2029\u202a-\u202e\u2066-\u2069]/g, (character) => {
    const code = character.charCodeAt(0);
    return code < 256 ? `\\x${code.toString(16).padStart(2, '0')}` : `\\u${code.toString(16).padStart(4, '0')}`;
  });
}

/** `2025-11-21 04:11:03Z`: the same everywhere, and sorted by itself. */
export function timeText(ms: number): string {
  const text = new Date(ms).toISOString();
  return `${text.slice(0, 10)} ${text.slice(11, 19)}Z`;
}

export function durationText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 60_000) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
  const minutes = Math.round(ms / 60_000);
  if (minutes < 48 * 60) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  const hours = Math.round(ms / 3_600_000);
  return `${Math.floor(hours / 24)} d ${hours % 24} h`;
}

/** `3 min ago`, `in 2 h`: of a time, for people who look at it now. */
export function agoText(at: number, now: number): string {
  const seconds = Math.round(Math.abs(now - at) / 1000);
  if (seconds < 5) return 'now';
  const [, size, unit] = UNITS.find(([least]) => seconds >= least) ?? [0, 1, 's'];
  const text = `${Math.floor(seconds / size)} ${unit}`;
  return at > now ? `in ${text}` : `${text} ago`;
}

/** From how many seconds on, how many make one. */
const UNITS: readonly (readonly [number, number, string])[] = [
  [48 * 3600, 24 * 3600, 'd'],
  [90 * 60, 3600, 'h'],
  [90, 60, 'min'],
];

/** `1,996` */
export const grouped = (count: number): string => String(count).replace(/\B(?=(\d{3})+$)/g, ',');

export function counted(count: number, one: string, many = `${one}s`): string {
  return `${count} ${count === 1 ? one : many}`;
}

/** For a command line that a person may copy. */
export function shellWord(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${visible(text).replaceAll("'", "'\\''")}'`;
}
