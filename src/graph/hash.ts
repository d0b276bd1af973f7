/**
 * A 64-bit hash of a text, as two 32-bit halves. Fast, well spread, not against malice.
 * Source of the mixing constants and the finish: MurmurHash3 (A. Appleby, public domain).
 */
export interface Hash64 {
  readonly hash1: number;
  readonly hash2: number;
}

export function hashText(text: string): Hash64 {
  let a = 0x3c6ef372 ^ text.length;
  let b = 0xa54ff53a ^ text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    a = Math.imul(a ^ unit, 0x9e3779b1);
    b = Math.imul(b ^ unit, 0x85ebca77);
    a = (a << 13) | (a >>> 19);
    b = (b << 17) | (b >>> 15);
  }
  const first = finish(a ^ Math.imul(b, 0xc2b2ae3d));
  return { hash1: first, hash2: finish(b ^ Math.imul(first, 0x27d4eb2f)) };
}

function finish(hash: number): number {
  let h = hash;
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return h ^ (h >>> 16);
}
