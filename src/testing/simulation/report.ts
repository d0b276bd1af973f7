/** What a simulation has found, as data and as a text for a person. */
import { type FaultTally, noFaults } from './faults.js';

export interface SimulationFailure {
  /** Of the schedule that has failed first. */
  readonly seed: number;
  /** One of those of the library (I1 to I6, I8, `settled once`, `liveness`), or the name of one of yours. */
  readonly invariant: string;
  readonly message: string;
  /** The shortest schedule that was found to fail, in words: all that was not harmless in it, in order. */
  readonly schedule: readonly string[];
  /** Of that schedule: `simulate(cns, { choices, … })` does it again. */
  readonly choices: readonly number[];
  /** All that happens in that schedule, a line each. */
  readonly trace: string;
}

export interface SimulationResult {
  readonly ok: boolean;
  /** How many were run. */
  readonly schedules: number;
  /** How much happened in them. */
  readonly steps: number;
  /** Of the first schedule. */
  readonly seed: number;
  /** What went wrong on purpose, over all schedules. */
  readonly faults: FaultTally;
  /** How many schedules have ended so, by status: `completed`, `failed`, `aborted`, or `waiting` for what nobody sends. */
  readonly ends: Readonly<Record<string, number>>;
  readonly failure?: SimulationFailure;
}

export class Simulation implements SimulationResult {
  readonly schedules: number;
  readonly steps: number;
  readonly seed: number;
  readonly faults: FaultTally;
  readonly ends: Readonly<Record<string, number>>;
  readonly failure?: SimulationFailure;

  constructor({ schedules, steps, seed, faults, ends, failure }: Omit<SimulationResult, 'ok'>) {
    this.schedules = schedules;
    this.steps = steps;
    this.seed = seed;
    this.faults = faults;
    this.ends = ends;
    if (failure !== undefined) this.failure = failure;
  }

  get ok(): boolean {
    return this.failure === undefined;
  }

  toString(): string {
    const { schedules, steps, seed, failure } = this;
    const last = schedules > 1 ? ` to ${seed + schedules - 1}` : '';
    const ran = `${count(schedules, 'schedule')} (seed ${seed}${last}), ${count(steps, 'step')}; ${endsText(this.ends)}; ${faultsText(this.faults)}`;
    if (failure === undefined) return `ok: ${ran}`;
    const { invariant, message, schedule, choices } = failure;
    const told =
      schedule.length === 0 ? ['  nothing went wrong on purpose'] : schedule.map((text, i) => `  ${i + 1}. ${text}`);
    return [
      `FAILED: ${invariant}: ${message}`,
      'the shortest schedule that was found:',
      ...told,
      `again: simulate(cns, { seed: ${failure.seed}, schedules: 1, … })`,
      `or as above: simulate(cns, { choices: [${choices.join(', ')}], … })`,
      `ran ${ran}`,
    ].join('\n');
  }
}

const NAMES: Readonly<Record<keyof FaultTally, readonly [one: string, many: string]>> = {
  crashes: ['crash', 'crashes'],
  pauses: ['pause', 'pauses'],
  deploys: ['deploy', 'deploys'],
  refusedCalls: ['refused call', 'refused calls'],
  lostAnswers: ['lost answer', 'lost answers'],
  slowCalls: ['slow call', 'slow calls'],
  latencies: ['slow handler', 'slow handlers'],
  duplicates: ['duplicate signal', 'duplicate signals'],
  lateSignals: ['late signal', 'late signals'],
  aborts: ['abort', 'aborts'],
};

function faultsText(faults: FaultTally): string {
  const told = (Object.keys(noFaults()) as (keyof FaultTally)[])
    .filter((kind) => faults[kind] > 0)
    .map((kind) => `${grouped(faults[kind])} ${NAMES[kind][faults[kind] === 1 ? 0 : 1]}`);
  return told.length === 0 ? 'no faults' : told.join(', ');
}

const endsText = (ends: SimulationResult['ends']): string =>
  Object.entries(ends)
    .map(([status, n]) => `${grouped(n)} ${status}`)
    .join(', ');

const count = (n: number, what: string): string => `${grouped(n)} ${what}${n === 1 ? '' : 's'}`;
/** Thousands apart, the same in every locale. */
const grouped = (n: number): string => String(n).replace(/\B(?=(\d{3})+$)/g, ',');
