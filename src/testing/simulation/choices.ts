/**
 * Every decision of a schedule is drawn from one sequence of whole numbers, 0 being the harmless one. So whatever
 * happened can be recorded, done again, and made simpler by making the sequence simpler (shrink.ts). The idea is that of
 * Hypothesis (D. MacIver: "internal test-case reduction").
 */
import { randomFrom } from '../clock/random.js';

export class Choices {
  /** What was decided, in order. */
  readonly made: number[] = [];
  readonly #draw: (options: number, chance: number) => number;

  private constructor(draw: (options: number, chance: number) => number) {
    this.#draw = draw;
  }

  static fromSeed(seed: number): Choices {
    const random = randomFrom(seed);
    return new Choices((options, chance) => (random() >= chance ? 0 : 1 + Math.floor(random() * (options - 1))));
  }

  /** The same decisions again; harmless ones where there are no more. */
  static replay(recorded: readonly number[]): Choices {
    let next = 0;
    return new Choices((options) => Math.min(recorded[next++] ?? 0, options - 1));
  }

  /**
   * @param options how many there are; 0 is the harmless one
   * @param chance of one that is not, in a schedule that a seed decides
   */
  pick(options: number, chance = 1 - 1 / options): number {
    const choice = options < 2 ? 0 : this.#draw(options, chance);
    this.made.push(choice);
    return choice;
  }
}

/** Without the harmless decisions at its end, which go without saying. */
export function trimmed(choices: readonly number[]): readonly number[] {
  const last = choices.findLastIndex((choice) => choice !== 0);
  return choices.slice(0, last + 1);
}
