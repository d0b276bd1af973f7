/** Texts as Graphviz takes them. */

/** A line break stays one. */
export const quoted = (text: string): string =>
  `"${text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replace(CONTROL, '\u00b7')}"`;

/** A list of attributes; what is undefined is left out. */
export function attributes(all: Readonly<Record<string, string | number | undefined>>): string {
  const texts = Object.entries(all).flatMap(([name, value]) => {
    if (value === undefined) return [];
    return [`${name}=${typeof value === 'string' && !value.startsWith('<') ? quoted(value) : value}`];
  });
  return texts.length === 0 ? '' : ` [${texts.join(' ')}]`;
}

const CONTROL = /[\u0000-\u001f\u007f]/g;
