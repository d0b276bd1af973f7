/** The seed of all random properties: ENGRAM_SEED, or a new one; titles and failures show it. */
export const SEED = Number(process.env['ENGRAM_SEED'] ?? Date.now() & 0x7fffffff);
