/** Where a process is killed: at a call of its to the store, or when a handler of it has ended. */
import { InvalidArgumentError } from '../../errors/index.js';

export interface Point {
  /** What is counted in the life of the process: a method of the store, or a neuron. */
  readonly what: string;
  /** Which of them, from 1. */
  readonly nth: number;
  /** Of a call to the store: whether it was performed. A handler has always ended. */
  readonly when: 'before' | 'after';
}

const pointText = ({ what, nth, when }: Point): string => `${what} ${nth}, ${when}`;
export const pointsText = (points: readonly Point[]): readonly string[] => points.map(pointText);

const TEXT = /^(\S+) (\d+), (before|after)$/;

/** @throws InvalidArgumentError for what is no point */
export function parsePoints(at: string | readonly string[]): readonly Point[] {
  return (typeof at === 'string' ? [at] : at).map((text) => {
    const [, what, nth, when] = TEXT.exec(text) ?? [];
    if (what === undefined) {
      throw new InvalidArgumentError(`checkCrashes: at: "${text}" is no point`, {
        hint: "give it as a problem names it: at: 'save 3, before', or one for each life",
      });
    }
    return { what, nth: Number(nth), when: when as Point['when'] };
  });
}

/**
 * Of crashes that somebody has asked for.
 * @param lives what each life has passed
 * @throws InvalidArgumentError for a crash that has not come
 */
export function checkReached(kills: readonly Point[], lives: readonly (readonly Point[])[]): void {
  for (const [life, kill] of kills.entries()) {
    const passed = lives[life] ?? [];
    const text = pointText(kill);
    if (passed.some((point) => pointText(point) === text)) continue;
    const where = kills.length === 1 ? 'the run' : `process ${life + 1} of the run`;
    throw new InvalidArgumentError(`checkCrashes: at: ${where} never comes to "${text}"`, {
      hint:
        passed.length === 0
          ? 'it has ended before'
          : `the nearest that it comes to: ${nearest(kill, passed).join('; ')}`,
    });
  }
}

const NEAREST = 6;

/** Of the same kind by their number; of another kind the first of each there is. */
function nearest({ what, nth }: Point, passed: readonly Point[]): readonly string[] {
  const alike = passed.filter((point) => point.what === what);
  const points = alike.length > 0 ? alike : passed.filter((point) => point.nth === 1);
  const sorted = [...points].sort((a, b) => Math.abs(a.nth - nth) - Math.abs(b.nth - nth) || a.nth - b.nth);
  return pointsText(alike.length > 0 ? sorted.slice(0, NEAREST) : sorted);
}

/** Counts what happens in one life, and says whether it is killed at that. */
export class Countdown {
  readonly #point: Point | undefined;
  readonly #counts = new Map<string, number>();
  /** All that was passed, in order. */
  readonly passed: Point[] = [];

  constructor(point: Point | undefined) {
    this.#point = point;
  }

  /** @returns when this one ends the life, if it does */
  pass(what: string, moments: readonly Point['when'][]): Point['when'] | undefined {
    const nth = (this.#counts.get(what) ?? 0) + 1;
    this.#counts.set(what, nth);
    for (const when of moments) this.passed.push({ what, nth, when });
    const point = this.#point;
    return point !== undefined && point.what === what && point.nth === nth ? point.when : undefined;
  }
}
