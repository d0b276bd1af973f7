/**
 * Digests of texts, and of a state that is made of named texts: that costs the change and not the state, and the order
 * of the parts does not matter. The digest of a part is a hash of 52 bits of its name and text, that of a state the sum
 * of its parts' digests, modulo 2^52.
 *
 * It is the incremental hashing of Bellare and Micciancio (1997) and Clarke et al. (2003) in its simplest form. It
 * finds damage: a part that is missing, changed, swapped or of another checkpoint; of 4.5e15 random ones it misses one.
 * It does not withstand malice: whoever may write to a store can make up a state. That is why the hash is a fast one:
 * the head and every part that a checkpoint changes pass through it.
 */
import { TextHash } from './text-hash.js';

/** Sums of two are exact. */
const MODULUS = 2 ** 52;
const EIGHT_DIGITS = 100_000_000;

/** One for all: it is used in one go. */
const hash = new TextHash();

/** What there is to know of one part. */
export interface PartSum {
  readonly digest: number;
  /** Of its text, in UTF-8. */
  readonly bytes: number;
}

export function partSum(name: string, text: string): PartSum {
  hash.begin();
  hash.add(name);
  const bytes = hash.add(text);
  return { digest: hash.end(), bytes };
}

/** The digest of a state in which one part stands in the place of another; 0 for none. */
export const exchanged = (state: number, before: number, after: number): number =>
  (((state - before + MODULUS) % MODULUS) + after) % MODULUS;

/** The digest of a whole state. */
export function digestOf(parts: Iterable<readonly [string, string]>): string {
  let state = 0;
  for (const [name, text] of parts instanceof Map ? (parts as ReadonlyMap<string, string>) : new Map(parts))
    state = exchanged(state, 0, partSum(name, text).digest);
  return digestText(state);
}

/** The digest of one text. */
export function digestOfText(text: string): string {
  hash.begin();
  hash.add(text);
  return digestText(hash.end());
}

/** Up to sixteen digits, as `String` gives them: two small integers are written several times faster than one of 52 bits. */
export function digestText(digest: number): string {
  const upper = Math.floor(digest / EIGHT_DIGITS);
  const lower = digest - upper * EIGHT_DIGITS;
  return upper === 0 ? String(lower) : `${upper}${String(lower + EIGHT_DIGITS).slice(1)}`;
}
