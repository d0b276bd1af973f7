/**
 * Digests of texts, and of a state that is made of named texts: that costs the change and not the state, and the order
 * of the parts does not matter. The digest of a part is a hash of 52 bits of its name and text, that of a state the sum
 * of its parts' digests, modulo 2^52.
 *
 * It is the incremental hashing of Bellare and Micciancio (1997) and Clarke et al. (2003) in its simplest form. It
 * finds damage: a part that is missing, changed, swapped or of another checkpoint; of 4.5e15 random ones it misses one.
 * It does not withstand malice: whoever may write to a store can make up a state. That is why the hash is a fast one:
 * the head and every part that a checkpoint changes pass through it.
 *
 * A text never holds a NUL (it is JSON), so that name and text cannot be taken for another name and text.
 */
import { type Hash64, hashText } from '../graph/hash.js';

/** Sums of two are exact. */
const MODULUS = 2 ** 52;
const HALF = 2 ** 26;
/** Bits of each half of a hash. */
const UNUSED = 6;

export class StateDigest {
  readonly #parts = new Map<string, number>();
  #sum = 0;

  /** Adds a part, or puts it in the place of the one of that name. */
  set(name: string, text: string): void {
    const part = partDigest(name, text);
    this.#sum = exchanged(this.#sum, this.#parts.get(name) ?? 0, part);
    this.#parts.set(name, part);
  }

  /** Takes a part out; does nothing when there is none of that name. */
  delete(name: string): void {
    const part = this.#parts.get(name);
    if (part === undefined) return;
    this.#parts.delete(name);
    this.#sum = exchanged(this.#sum, part, 0);
  }

  /** Takes all parts out. */
  clear(): void {
    this.#parts.clear();
    this.#sum = 0;
  }

  /** Up to sixteen digits. */
  toString(): string {
    return digestText(this.#sum);
  }
}

/** The digest of one part, as a number. */
export const partDigest = (name: string, text: string): number => numberOf(hashText(`${name}\0`, text));

/** The digest of a state, as a number, in which one part stands in the place of another; 0 for none. */
export const exchanged = (sum: number, before: number, after: number): number =>
  (((sum - before + MODULUS) % MODULUS) + after) % MODULUS;

/** The digest of a whole state. */
export function digestOf(parts: Iterable<readonly [string, string]>): string {
  const digest = new StateDigest();
  for (const [name, text] of parts) digest.set(name, text);
  return digest.toString();
}

/** The digest of one text. @param more what follows it */
export const digestOfText = (text: string, more = ''): string => digestText(numberOf(hashText(text, more)));

/** As `String` gives it: two small integers are written several times faster than one of 52 bits. */
export function digestText(sum: number): string {
  const upper = Math.floor(sum / EIGHT_DIGITS);
  const lower = sum - upper * EIGHT_DIGITS;
  return upper === 0 ? String(lower) : `${upper}${String(lower + EIGHT_DIGITS).slice(1)}`;
}

const EIGHT_DIGITS = 100_000_000;

const numberOf = ({ hash1, hash2 }: Hash64): number => (hash1 >>> UNUSED) * HALF + (hash2 >>> UNUSED);
