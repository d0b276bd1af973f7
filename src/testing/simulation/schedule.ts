/** One schedule from its beginning to its end, and what is to be said of it. */
import { Choices } from './choices.js';
import type { FaultTally } from './faults.js';
import type { Violation } from './journal.js';
import type { SimulateOptions } from './options.js';
import { RUN } from './plan.js';
import type { Setting } from './scene.js';
import { checkOwn, checkRest, checkSame, checkSignalsKept, type EndTexts, endOf } from './verdict.js';
import { World } from './world.js';

export interface ScheduleOutcome {
  readonly violation: Violation | undefined;
  readonly choices: readonly number[];
  readonly steps: number;
  readonly tally: FaultTally;
  readonly end: EndTexts;
  /** What was not harmless, for a person; empty unless traced. */
  readonly words: readonly string[];
  /** Empty unless traced. */
  readonly trace: string;
}

export interface Judging {
  readonly invariants: NonNullable<SimulateOptions['invariants']>;
  readonly isDeterministic: boolean;
}

export class Schedules {
  readonly #setting: Setting;
  readonly #judging: Judging;
  /** By the decisions on when signals come: how the undisturbed schedule ends. */
  readonly #undisturbed = new Map<string, EndTexts>();

  constructor(setting: Setting, judging: Judging) {
    this.#setting = setting;
    this.#judging = judging;
  }

  async run(seed: number, choices: Choices, isTraced = false): Promise<ScheduleOutcome> {
    const world = new World(this.#setting, choices, isTraced);
    await world.run();
    const { journal, words, lines, faults } = world.scene;
    if (journal.violation === undefined) await this.#judge(world, seed, choices.made);
    world.end();
    const { violation } = journal;
    if (violation !== undefined) lines?.push(`broken: ${violation.invariant}: ${violation.message}`);
    return {
      violation,
      choices: choices.made,
      steps: world.steps,
      tally: faults.tally,
      end: endOf(world),
      words,
      trace: lines === null ? '' : `${lines.join('\n')}\n`,
    };
  }

  async #judge(world: World, seed: number, made: readonly number[]): Promise<void> {
    const { journal, store } = world.scene;
    checkRest(world);
    if (world.people.acknowledged.size > 0 && store.capabilities.inbox) {
      const inbox = journal.stored.seq === 0 ? [] : await store.inbox(RUN);
      checkSignalsKept(
        world,
        inbox.map(({ deliveryId }) => deliveryId),
      );
    }
    if (this.#judging.isDeterministic && journal.violation === undefined) {
      checkSame(world, await this.#undisturbedEnd(made.slice(0, world.people.decisions)));
    }
    if (journal.violation === undefined) checkOwn(world, seed, this.#judging.invariants);
  }

  async #undisturbedEnd(coming: readonly number[]): Promise<EndTexts> {
    const key = coming.join();
    const known = this.#undisturbed.get(key);
    if (known !== undefined) return known;
    const world = new World(this.#setting, Choices.replay(coming), false);
    await world.run();
    world.end();
    const end = endOf(world);
    this.#undisturbed.set(key, end);
    return end;
  }
}
