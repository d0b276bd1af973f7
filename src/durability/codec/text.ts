/**
 * JSON texts that may stand in one line: a raw U+2028 or U+2029 ends a line for some readers (`node:readline` among
 * them), so both are written as escapes. `JSON.stringify` escapes every other line break, and lone surrogates too.
 */
const MAY_NEED_ESCAPE = /["\\\u0000-\u001f\u2028\u2029\ud800-\udfff]/;
const SHORT = 40;

export function oneLine(json: string): string {
  if (!json.includes('\u2028') && !json.includes('\u2029')) return json;
  return json.replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
}

/** The JSON text of a string. Most strings are short and need no escape: these are not handed to `JSON.stringify`. */
export function quote(text: string): string {
  return text.length < SHORT && !MAY_NEED_ESCAPE.test(text) ? `"${text}"` : oneLine(JSON.stringify(text));
}
