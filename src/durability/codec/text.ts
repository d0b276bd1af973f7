/**
 * JSON texts that may stand in one line: a raw U+2028 or U+2029 ends a line for some readers (`node:readline` among
 * them), so both are written as escapes. `JSON.stringify` escapes every other line break, and lone surrogates too.
 */
export function oneLine(json: string): string {
  if (!json.includes('\u2028') && !json.includes('\u2029')) return json;
  return json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

const PLAIN = /^[ !#-[\]-~]{0,64}$/;

/** The JSON text of a string. Most are short names, which stand as they are. */
export const quote = (text: string): string => (PLAIN.test(text) ? `"${text}"` : oneLine(JSON.stringify(text)));
