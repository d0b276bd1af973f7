/**
 * The arithmetic of the report. Only `+ - * /` and `Math.sqrt`, which IEEE 754 rounds alike everywhere: the same films
 * give the same digits on every machine. `null` stands for "cannot be said".
 */
export function round(value: number, decimals: number): number {
  const scale = 10 ** decimals;
  return Math.round(value * scale) / scale;
}

export function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

export function median(values: readonly number[]): number | null {
  const sorted = values.toSorted((a, b) => a - b);
  const upper = sorted.length >> 1;
  return mean(sorted.slice(sorted.length % 2 === 1 ? upper : upper - 1, upper + 1));
}

/** Pearson's correlation of two columns of equal length. */
export function pearson(xs: readonly number[], ys: readonly number[]): number | null {
  const meanX = mean(xs) ?? 0;
  const meanY = mean(ys) ?? 0;
  let together = 0;
  let squaresX = 0;
  let squaresY = 0;
  xs.forEach((x, index) => {
    const dx = x - meanX;
    const dy = (ys[index] ?? meanY) - meanY;
    together += dx * dy;
    squaresX += dx * dx;
    squaresY += dy * dy;
  });
  const spread = Math.sqrt(squaresX) * Math.sqrt(squaresY);
  return spread === 0 ? null : together / spread;
}

/** Spearman's correlation: Pearson's, of the ranks. */
export function spearman(xs: readonly number[], ys: readonly number[]): number | null {
  return pearson(ranks(xs), ranks(ys));
}

/** Ranks from 1; equal values share the mean of the ranks that they take up. */
export function ranks(values: readonly number[]): number[] {
  const ascending = values.map((value, index) => ({ value, index })).sort((a, b) => a.value - b.value);
  const result = new Array<number>(values.length);
  for (let start = 0; start < ascending.length;) {
    let end = start;
    while (ascending[end]?.value === ascending[start]?.value && end < ascending.length) end++;
    for (const { index } of ascending.slice(start, end)) result[index] = (start + 1 + end) / 2;
    start = end;
  }
  return result;
}
