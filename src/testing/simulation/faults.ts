/** What can go wrong in a simulated world, and how much of it in one schedule. */
import type { Choices } from './choices.js';

/** How often something happened, over all schedules. */
export interface FaultTally {
  /** A process was killed. */
  crashes: number;
  /** A process stood still for a while. */
  pauses: number;
  /** A process was asked to let go of its runs, and did. */
  deploys: number;
  /** A call to the store was refused, and nothing done. */
  refusedCalls: number;
  /** A call to the store was done, and its answer lost. */
  lostAnswers: number;
  /** A call to the store, or its answer, was on its way for a while. */
  slowCalls: number;
  /** A handler took its time. */
  latencies: number;
  /** The same signal came once more. */
  duplicates: number;
  /** A signal came when nobody expects it to come any more. */
  lateSignals: number;
  aborts: number;
}

export type FaultKind = keyof FaultTally;

/** What may happen; all of it but aborts unless told. */
export type FaultOptions = { readonly [K in FaultKind]?: boolean } & {
  /** At most so many in one schedule, latencies and slow calls left out; 4 unless told. */
  readonly most?: number;
};

const OFF: Readonly<Record<FaultKind, boolean>> = {
  crashes: false,
  pauses: false,
  deploys: false,
  refusedCalls: false,
  lostAnswers: false,
  slowCalls: false,
  latencies: false,
  duplicates: false,
  lateSignals: false,
  aborts: false,
};
const KINDS = Object.keys(OFF) as readonly FaultKind[];
/** These cost nothing of what is allowed. */
const FREE: ReadonlySet<FaultKind> = new Set(['slowCalls', 'latencies']);

export const noFaults = (): FaultTally => ({
  crashes: 0,
  pauses: 0,
  deploys: 0,
  refusedCalls: 0,
  lostAnswers: 0,
  slowCalls: 0,
  latencies: 0,
  duplicates: 0,
  lateSignals: 0,
  aborts: 0,
});

export interface AllowedFaults {
  readonly most: number;
  has(kind: FaultKind): boolean;
}

/** @param given false for none */
export function allowedFaults(given: FaultOptions | false | undefined): AllowedFaults {
  if (given === false) return { most: 0, has: () => false };
  const { most = 4, ...kinds } = given ?? {};
  const allowed = new Set(KINDS.filter((kind) => kinds[kind] ?? kind !== 'aborts'));
  return { most, has: (kind) => allowed.has(kind) };
}

/** The faults of one schedule. */
export class Faults {
  readonly tally = noFaults();
  readonly #allowed: AllowedFaults;
  readonly #choices: Choices;
  readonly #onFault: () => void;
  #left: number;

  constructor(allowed: AllowedFaults, choices: Choices, onFault: () => void) {
    this.#onFault = onFault;
    this.#allowed = allowed;
    this.#choices = choices;
    this.#left = allowed.most;
  }

  /**
   * Whether one of these happens now.
   * @param chance of any of them, in a schedule that a seed decides
   * @returns undefined when none does
   */
  pick<K extends { readonly fault: FaultKind }>(kinds: readonly K[], chance: number): K | undefined {
    const possible = kinds.filter(({ fault }) => this.#allowed.has(fault) && (this.#left > 0 || FREE.has(fault)));
    if (possible.length === 0) return undefined;
    const kind = possible[this.#choices.pick(possible.length + 1, chance) - 1];
    if (kind !== undefined) {
      this.#count(kind.fault);
      this.#onFault();
    }
    return kind;
  }

  #count(kind: FaultKind): void {
    this.tally[kind]++;
    if (!FREE.has(kind)) this.#left--;
  }
}
