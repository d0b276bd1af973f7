/**
 * A hash of 52 bits of texts, one after the other. It reads words of four bytes, which takes a third of the time that
 * reading them unit by unit does. Fast, well spread, not against malice. Texts that differ have different bytes here:
 * what is ASCII is read as such, all else as UTF-16, so that lone surrogates count too.
 * Source of the mixing constants and the finish: MurmurHash3 (A. Appleby, public domain).
 */
/** So many units at a time. */
const CHUNK = 4096;
/** The most that a unit takes in UTF-8. */
const WIDEST = 3;
const WORD = 4;
const HALF = 2 ** 26;
/** Bits of each half. */
const UNUSED = 6;

const bytes = Buffer.allocUnsafeSlow(WIDEST * CHUNK + WORD);
const words = new DataView(bytes.buffer);

export class TextHash {
  #a = 0;
  #b = 0;

  begin(): void {
    this.#a = 0x3c6ef372;
    this.#b = 0xa54ff53a;
  }

  /** @returns how many bytes the text has in UTF-8 */
  add(text: string): number {
    this.#mix(text.length);
    if (text.length <= CHUNK) return this.#chunk(text);
    let isAscii = true;
    for (let at = 0; at < text.length; at += CHUNK) {
      const chunk = text.slice(at, at + CHUNK);
      if (this.#chunk(chunk) !== chunk.length) isAscii = false;
    }
    // the border of two chunks may lie in a pair of surrogates
    return isAscii ? text.length : Buffer.byteLength(text);
  }

  /** A number below 2^52. */
  end(): number {
    const first = finish(this.#a ^ Math.imul(this.#b, 0xc2b2ae35));
    const second = finish(this.#b ^ Math.imul(first, 0x27d4eb2f));
    return (first >>> UNUSED) * HALF + (second >>> UNUSED);
  }

  #chunk(text: string): number {
    const inUtf8 = bytes.write(text, 0, 'utf8');
    const isAscii = inUtf8 === text.length;
    const end = isAscii ? inUtf8 : bytes.write(text, 0, 'utf16le');
    if (!isAscii) this.#mix(end);
    words.setInt32(end, 0);
    let [a, b] = [this.#a, this.#b];
    for (let at = 0; at < end; at += WORD) {
      const word = words.getInt32(at, true);
      a = Math.imul(a ^ word, 0x9e3779b1);
      b = Math.imul(b ^ word, 0x85ebca77);
      a = (a << 13) | (a >>> 19);
      b = (b << 17) | (b >>> 15);
    }
    this.#a = a;
    this.#b = b;
    return inUtf8;
  }

  #mix(length: number): void {
    this.#a = Math.imul(this.#a ^ length, 0x85ebca6b);
    this.#b = Math.imul(this.#b ^ length, 0xc2b2ae35);
  }
}

function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
