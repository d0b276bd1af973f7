/** Plain data as TypeScript, in the layout that Prettier gives it but for the width of what stands in one line. */

const WIDTH = 100;
const NAME = /^[A-Za-z_$][\w$]*$/;

export function sourceOf(value: unknown, indent = ''): string {
  const line = lineOf(value);
  if (typeof value !== 'object' || value === null || line.length + indent.length < WIDTH) return line;
  const within = `${indent}  `;
  const items = Array.isArray(value)
    ? value.map((item) => sourceOf(item, within))
    : entriesOf(value).map(([key, item]) => `${keyOf(key)}: ${sourceOf(item, within)}`);
  const [open, close] = Array.isArray(value) ? '[]' : '{}';
  return `${open}\n${items.map((item) => `${within}${item},\n`).join('')}${indent}${close}`;
}

function lineOf(value: unknown): string {
  if (typeof value !== 'object' || value === null) return atomOf(value);
  if (Array.isArray(value)) return `[${value.map(lineOf).join(', ')}]`;
  const items = entriesOf(value).map(([key, item]) => `${keyOf(key)}: ${lineOf(item)}`);
  return items.length === 0 ? '{}' : `{ ${items.join(', ')} }`;
}

const entriesOf = (value: object): (readonly [string, unknown])[] =>
  Object.entries(value).filter(([, item]) => item !== undefined);

/** Written plainly, `__proto__` would be no property. */
function keyOf(key: string): string {
  if (key === '__proto__') return "['__proto__']";
  return NAME.test(key) ? key : atomOf(key);
}

/** A text between single quotes, with the escapes of JSON. */
function atomOf(value: unknown): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  return `'${JSON.stringify(value).slice(1, -1).replaceAll('\\"', '"').replaceAll("'", "\\'")}'`;
}
