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
  const where = difference(got, expected, mode, '');
  if (where !== null) throw new Divergence(check, where);
}

/** Where two values differ, or null. */
export function difference(got: unknown, expected: unknown, mode: Mode = 'strict', path = ''): string | null {
  if (Object.is(got, expected)) return null;
  if (!isObject(got) || !isObject(expected)) return describe(path, got, expected);
  if (isError(got) || isError(expected)) {
    return errorText(got) === errorText(expected) ? null : describe(path, errorText(got), errorText(expected));
  }
  if (Array.isArray(got) !== Array.isArray(expected)) return describe(path, got, expected);
  const keys = new Set([...keysOf(got, mode), ...keysOf(expected, mode)]);
  for (const key of keys) {
    const at = `${path}/${key}`;
    if (mode === 'strict' && Object.hasOwn(got, key) !== Object.hasOwn(expected, key)) {
      return describe(at, Object.hasOwn(got, key), Object.hasOwn(expected, key), 'presence of ');
    }
    const where = difference(got[key], expected[key], mode, at);
    if (where !== null) return where;
  }
  return null;
}

const isObject = (value: unknown): value is Record<string, unknown> => typeof value === 'object' && value !== null;

const keysOf = (value: Record<string, unknown>, mode: Mode): string[] =>
  mode === 'strict' ? Object.keys(value) : Object.keys(value).filter((key) => value[key] !== undefined);

/** The oracle's errors are `{ code }` and nothing else. */
const isError = (value: Record<string, unknown>): boolean =>
  value instanceof Error || (typeof value['code'] === 'string' && Object.keys(value).length === 1);

const errorText = (value: Record<string, unknown>): string =>
  typeof value['code'] === 'string' ? value['code'] : `${String(value['name'])}: ${String(value['message'])}`;

const describe = (path: string, got: unknown, expected: unknown, what = ''): string =>
  `${what}${path === '' ? '(all)' : path} is ${show(got)}, expected ${show(expected)}`;

export function show(value: unknown): string {
  if (value === undefined) return 'undefined';
  return JSON.stringify(value) ?? String(value);
}
