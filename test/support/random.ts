/** Choices that a seed decides, so that a run of the tests can be repeated. */

/** Numbers in [0, 1) that a seed decides. Source: T. Ettinger, mulberry32. */
export function randomOf(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

export function seedOf(env: NodeJS.ProcessEnv): number {
  const { ENGRAM_SEED } = env;
  return ENGRAM_SEED === undefined ? Math.floor(Math.random() * 2 ** 31) : Number(ENGRAM_SEED);
}
