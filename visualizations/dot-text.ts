/** Texts as Graphviz takes them. */

/** A line break stays one. */
export const quoted = (text: string): string =>
  `"${text.replace(/["\\]/g, '\\$&').replaceAll('\n', '\\n').replace(CONTROL, '\u00b7')}"`;

/** `&` would begin a character of HTML. */
const flushLeft = ({ lines }: Lines): string =>
  `"${lines.map((line) => `${quoted(line.replaceAll('&', '&amp;')).slice(1, -1)}\\l`).join('')}"`;

/** A label that is markup: of names and words of ours, which hold nothing that markup takes for its own. */
export interface Markup {
  readonly markup: string;
}

/** Lines that begin below each other. */
export interface Lines {
  readonly lines: readonly string[];
}

export type Attributes = Readonly<Record<string, string | number | Markup | Lines | undefined>>;

/** A list of attributes; what is undefined is left out. */
export function attributes(all: Attributes): string {
  const texts = Object.entries(all).flatMap(([name, value]) => {
    if (value === undefined) return [];
    if (typeof value === 'object') return [`${name}=${'markup' in value ? `<${value.markup}>` : flushLeft(value)}`];
    return [`${name}=${typeof value === 'string' ? quoted(value) : value}`];
  });
  return texts.length === 0 ? '' : ` [${texts.join(' ')}]`;
}

const CONTROL = /[\u0000-\u001f\u007f]/g;
