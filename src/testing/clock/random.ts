/** Random numbers that a seed decides: the same seed gives the same numbers, on every machine. */

/**
 * @param seed a whole number
 * @returns a function that gives the next number in [0, 1)
 * Source: mulberry32 (T. Ettinger, public domain)
 */
export function randomFrom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), state | 1);
    t = (t + Math.imul(t ^ (t >>> 7), t | 61)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 0x1_0000_0000;
  };
}
