/** Deep comparison that says where two values differ. Errors are compared by what they say, not by their stack. */

/** Two sides of the property do not agree. `check` names what was being compared. */
export class Divergence extends Error {
  constructor(
    readonly check: string,
    where: string,
  ) {
    super(`${check}: ${where}`);
    this.name = 'Divergence';
  }
}

/** Properties that are undefined count as missing. */
type Mode = 'strict' | 'loose';

export function assertSame(check: string, got: unknown, expected: unknown, mode: Mode = 'strict'): void {
  const where = difference(got, expected, mode);
  if (where !== null) throw new Divergence(check, where);
}

/** Where two values differ, or null. The path is only put together when there is one. */
export function difference(got: unknown, expected: unknown, mode: Mode = 'strict'): string | null {
  if (Object.is(got, expected)) return null;
  if (!isObject(got) || !isObject(expected)) return describe(got, expected);
  if (isError(got) || isError(expected)) {
    return errorText(got) === errorText(expected) ? null : describe(errorText(got), errorText(expected));
  }
  if (Array.isArray(got) !== Array.isArray(expected)) return describe(got, expected);
  for (const key in expected) {
    if (got[key] === expected[key] && (got[key] !== undefined || key in got || mode === 'loose')) continue;
    if (mode === 'strict' && !Object.hasOwn(got, key)) return `/${key} is missing, expected ${show(expected[key])}`;
    const where = difference(got[key], expected[key], mode);
    if (where !== null) return `/${key}${where}`;
  }
  for (const key in got) {
    if (key in expected || (mode === 'loose' && got[key] === undefined)) continue;
    return `/${key} is ${show(got[key])}, expected to be missing`;
  }
  return null;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

/** The oracle's errors are `{ code }` and nothing else. */
const isError = (value: Record<string, unknown>): boolean =>
  value instanceof Error || (typeof value['code'] === 'string' && Object.keys(value).length === 1);

const errorText = (value: Record<string, unknown>): string =>
  typeof value['code'] === 'string' ? value['code'] : `${String(value['name'])}: ${String(value['message'])}`;

const describe = (got: unknown, expected: unknown): string => ` is ${show(got)}, expected ${show(expected)}`;

export function show(value: unknown): string {
  if (value === undefined) return 'undefined';
  return JSON.stringify(value) ?? typeof value;
}
