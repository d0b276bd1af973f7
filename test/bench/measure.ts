/**
 * How the benchmark measures: all contenders take turns within a round, and what is reported is the median of what one of
 * them has taken against another in the same round. A shared machine changes its speed while this runs: both sides of a
 * ratio feel it, and absolute times, shown for orientation, are worth little.
 */
export interface Contender {
  readonly name: string;
  /** Runs `times` operations. */
  readonly run: (times: number) => void | Promise<void>;
  readonly times: number;
}

/** What contenders took, round by round. */
export class Figures {
  readonly #samples: ReadonlyMap<string, readonly number[]>;

  constructor(samples: ReadonlyMap<string, readonly number[]>) {
    this.#samples = samples;
  }

  /** The median of microseconds per operation. */
  micros(name: string): number {
    return median(this.#of(name));
  }

  /** The median over the rounds of how many times as long as `other` it took. */
  ratio(name: string, other: string): number {
    const others = this.#of(other);
    return median(this.#of(name).map((micros, round) => micros / (others[round] as number)));
  }

  #of(name: string): readonly number[] {
    return this.#samples.get(name) ?? [];
  }
}

/** Measures contenders over `rounds` rounds, after `warmUp` ones that do not count. */
export async function measure(contenders: readonly Contender[], rounds: number, warmUp: number): Promise<Figures> {
  const samples = new Map<string, number[]>(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < warmUp + rounds; round++) {
    for (const { name, run, times } of contenders) {
      const start = performance.now();
      await run(times);
      const micros = ((performance.now() - start) * 1000) / times;
      if (round >= warmUp) samples.get(name)?.push(micros);
    }
  }
  return new Figures(samples);
}

export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? Number.NaN;
}

/** Makes `count` things and keeps them. @returns them, and the heap bytes that each has added */
export function keepMany<T>(count: number, make: () => T): { readonly kept: T[]; readonly bytes: number } {
  const collect = globalThis.gc;
  const kept = new Array<T>(count);
  collect?.();
  const before = process.memoryUsage().heapUsed;
  for (let i = 0; i < count; i++) kept[i] = make();
  collect?.();
  const after = process.memoryUsage().heapUsed;
  return { kept, bytes: collect === undefined ? Number.NaN : (after - before) / count };
}

export interface Line {
  readonly what: string;
  readonly value: number;
  /** The most that it may be. */
  readonly bound: number;
}

export const holds = ({ value, bound }: Line): boolean => value <= bound;

export function print(lines: readonly Line[]): void {
  for (const line of lines) {
    const mark = holds(line) ? 'ok  ' : 'OVER';
    console.log(
      `${mark}  ${line.what.padEnd(66)} ${line.value.toFixed(3).padStart(8)} <= ${Number(line.bound.toFixed(3))}`,
    );
  }
}
