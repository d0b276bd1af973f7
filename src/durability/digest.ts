/**
 * A digest of a state that is made of named texts: it costs the change and not the state, and the order of the parts
 * does not matter. The digest of a part is a hash of 52 bits of its name and text, that of a state the sum of its parts'
 * digests, modulo 2^52.
 *
 * It is the incremental hashing of Bellare and Micciancio (1997) and Clarke et al. (2003) in its simplest form. It
 * finds damage: a part that is missing, changed, swapped or of another checkpoint; of 4.5e15 random ones it misses one.
 * It does not withstand malice: whoever may write to a store can make up a state. That is why the hash is a fast one:
 * every part that a checkpoint changes passes through it, and sha-256 took a tenth of what a checkpoint costs.
 *
 * A text never holds a NUL (it is JSON), so that name and text cannot be taken for another name and text.
 */
/** Sums of two are exact. */
const MODULUS = 2 ** 52;
const HALF = 2 ** 26;

export class StateDigest {
  readonly #parts = new Map<string, number>();
  #sum = 0;

  /** Adds a part, or puts it in the place of the one of that name. */
  set(name: string, text: string): void {
    this.delete(name);
    const part = hashOf(name, text);
    this.#parts.set(name, part);
    this.#sum = (this.#sum + part) % MODULUS;
  }

  /** Takes a part out; does nothing when there is none of that name. */
  delete(name: string): void {
    const part = this.#parts.get(name);
    if (part === undefined) return;
    this.#parts.delete(name);
    this.#sum = (this.#sum - part + MODULUS) % MODULUS;
  }

  /** Takes all parts out. */
  clear(): void {
    this.#parts.clear();
    this.#sum = 0;
  }

  /** Up to sixteen digits. */
  toString(): string {
    return String(this.#sum);
  }
}

/** The digest of a whole state. */
export function digestOf(parts: Iterable<readonly [string, string]>): string {
  const digest = new StateDigest();
  for (const [name, text] of parts) digest.set(name, text);
  return digest.toString();
}

/**
 * Two lanes over the code units, as FNV-1a goes over bytes, with different beginnings and odd factors: the digits of the
 * golden ratio, and those that xxHash takes. The end of MurmurHash3 mixes each lane with the other, since in a product a
 * low bit knows nothing of the higher ones. Of each the upper half of the bits counts.
 */
function hashOf(name: string, text: string): number {
  let a = 0x9e3779b9;
  let b = 0x85ebca77;
  for (let i = 0; i < name.length; i++) {
    const unit = name.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0xc2b2ae3d);
  }
  a = Math.imul(a, 0x9e3779b1); // the NUL between them
  b = Math.imul(b, 0xc2b2ae3d);
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0xc2b2ae3d);
  }
  return (mixed(a, b) >>> 6) * HALF + (mixed(b, a) >>> 6);
}

function mixed(lane: number, other: number): number {
  let mix = lane ^ (other >>> 15);
  mix = Math.imul(mix ^ (mix >>> 16), 0x85ebca6b);
  mix = Math.imul(mix ^ (mix >>> 13), 0xc2b2ae35);
  return mix ^ (mix >>> 16);
}
