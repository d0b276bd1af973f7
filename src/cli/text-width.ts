/**
 * How wide a text is on a terminal, and texts of a width: letters of East Asia and emoji take two columns, what is
 * combined with the letter before takes none. Counted by what a person sees as one letter, so that none is cut apart.
 * Not its job: control characters and escapes, which are made visible before (text.ts) or are put around the text after.
 */

const PLAIN = /^[\u0020-\u007e]*$/;
/** East Asian Width W and F, of Unicode 16, in ranges; emoji that are shown as pictures without being asked. */
const WIDE =
  /[\u1100-\u115f\u231a\u231b\u2329\u232a\u23e9-\u23ec\u23f0\u23f3\u2614\u2615\u2648-\u2653\u267f\u2693\u26a1\u2705\u2728\u274c\u274e\u2753-\u2755\u2757\u2795-\u2797\u2e80-\u303e\u3041-\u3247\u3250-\ua4c6\ua960-\ua97c\uac00-\ud7a3\uf900-\ufaff\ufe10-\ufe19\ufe30-\ufe6b\uff01-\uff60\uffe0-\uffe6\u{16fe0}-\u{1b2fb}\u{1f004}\u{1f0cf}\u{1f18e}\u{1f191}-\u{1f19a}\u{1f1e6}-\u{1f320}\u{1f32d}-\u{1f64f}\u{1f680}-\u{1f6c5}\u{1f6cc}-\u{1f6fc}\u{1f7e0}-\u{1f7f0}\u{1f90c}-\u{1faf8}\u{20000}-\u{3fffd}]/u;
/** Asked to be shown as a picture. */
const PICTURE = /\p{Extended_Pictographic}\ufe0f|[0-9#*]\ufe0f?\u20e3/u;
const NOTHING = /^[\p{Mark}\p{Cf}]*$/u;

const segmenter = new Intl.Segmenter();

export function widthOf(text: string): number {
  if (PLAIN.test(text)) return text.length;
  let width = 0;
  for (const { segment } of segmenter.segment(text)) width += letterWidth(segment);
  return width;
}

function letterWidth(letter: string): number {
  if (NOTHING.test(letter)) return 0;
  return WIDE.test(letter) || PICTURE.test(letter) ? 2 : 1;
}

export function padEnd(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - widthOf(text)));
}

export function padStart(text: string, width: number): string {
  return ' '.repeat(Math.max(0, width - widthOf(text))) + text;
}

/** At most this wide; what is left out at its end is told by `mark`. */
export function cutEnd(text: string, width: number, mark = '…'): string {
  if (widthOf(text) <= width) return text;
  return `${headOf(text, width - widthOf(mark))}${width < widthOf(mark) ? '' : mark}`;
}

/** The same with its end kept: of ids, both are needed to tell them apart. */
export function cutMiddle(text: string, width: number, mark = '…'): string {
  if (widthOf(text) <= width) return text;
  const room = width - widthOf(mark);
  if (room < 2) return cutEnd(text, width, mark);
  const head = headOf(text, Math.ceil(room / 2));
  return `${head}${mark}${tailOf(text, room - widthOf(head))}`;
}

function headOf(text: string, width: number): string {
  let head = '';
  let left = width;
  for (const { segment } of segmenter.segment(text)) {
    left -= letterWidth(segment);
    if (left < 0) break;
    head += segment;
  }
  return head;
}

function tailOf(text: string, width: number): string {
  const letters = Array.from(segmenter.segment(text), ({ segment }) => segment);
  let left = width;
  let at = letters.length;
  while (at > 0 && (left -= letterWidth(letters[at - 1] as string)) >= 0) at--;
  return letters.slice(at).join('');
}
