/** What the crash checker is given, and what it answers. */
import type { Clock } from '../../clock/clock.js';
import type { Store } from '../../durability/store.js';
import type { AnyCollateral, Signal } from '../../graph/collateral.js';
import type { RunShape } from '../../stimulation/options.js';
import type { AnyCNS } from '../process/twin.js';
import type { Shown } from './snapshots.js';

/** What a simulated process finds. Whatever a CNS is given, it runs on these. */
export interface ProcessHost {
  readonly store: Store;
  readonly clock: Clock;
}

/**
 * The flow, or a function that makes it anew for each process: then what it keeps in closures dies with the process.
 * Collaterals in the options that are not those of the CNS at hand, since it comes of a fresh import of its module, are
 * found there by their names.
 */
export type CheckedFlow = AnyCNS | ((host: ProcessHost) => AnyCNS | Promise<AnyCNS>);

export interface CheckCrashesOptions extends Omit<RunShape, 'output'> {
  /** What the run begins with. */
  readonly signal: Signal | readonly Signal[];
  /** The collateral whose last payload is compared; the last one of each that nobody listens to unless told. */
  readonly output?: AnyCollateral;
  /** Signals from outside, each sent once the run waits for it, in this order. Where none fits, time passes. */
  readonly answers?: readonly Signal[];
  /** How the run ends when nobody disturbs it; `completed` unless told. Another end is a problem. */
  readonly ends?: 'completed' | 'failed' | 'aborted' | 'any';
  /** A fresh store for every run, as it is shared by the processes of one; in memory unless told. */
  readonly store?: () => Store | Promise<Store>;
  /** Makes the world outside as it was before the first run. Called before every run. */
  readonly reset?: () => unknown;
  /**
   * What the flow has done outside, read when a run has ended: rows, sent mails, entries of a ledger. Where it is an
   * array, or a record of arrays, their order does not count.
   */
  readonly effects?: () => unknown;
  /** Of how many pairs of crashes, one in the life after the other, evenly chosen from all there are. 50 unless told. */
  readonly pairs?: number;
  /**
   * Payloads of the signals that the run begins with, by collateral: drawn anew for each sample, in the place of those in
   * `signal`. With fast-check: `{ order: (random) => fc.sample(orders, { numRuns: 1, seed: random() * 2 ** 31 })[0] }`.
   */
  readonly arbitraries?: Readonly<Record<string, (random: () => number) => unknown>>;
  /** How many samples are drawn, where there are arbitraries; 5 unless told. The same ones every time. */
  readonly samples?: number;
  /** Only this crash, as a problem names it: `'save 3, before'`, or several lives: `['save 3, before', 'take 1, after']`. */
  readonly at?: string | readonly string[];
  /** How long a handler may do nothing while time stands still, in milliseconds of real time. 4,000 unless told. */
  readonly patience?: number;
  /** What problems show of a value, given what it is: `'payload'`, `'output'` …; what the CNS does not redact unless told. */
  readonly shown?: Shown;
}

/** What is wrong with a flow that may be killed anywhere. */
export type CrashProblemKind =
  /** The same activation, given the same, answers something else when it runs again. */
  | 'not-repeatable'
  /** What it does outside is there twice, or not at all. */
  | 'not-idempotent'
  /** A value is another one when it comes back from the store, or cannot be stored. */
  | 'not-storable'
  /** A payload or context value is changed in place: the change is not stored. */
  | 'changed-in-place'
  /** Something goes on when its handler has answered: a crash loses it. */
  | 'outlives-handler'
  /** The run ends otherwise than without the crash. */
  | 'other-end'
  /** After the crash the run does not come to its end, or cannot be brought back. */
  | 'stuck'
  /** Something is done too early, or again although it is stored: a fault of this library, or of the store. */
  | 'engine-fault'
  /** The crash repeats costly work since no milestone stands between. */
  | 'missing-milestone'
  /** The run that nobody disturbs already goes wrong. */
  | 'goes-wrong';

export interface CrashProblem {
  readonly kind: CrashProblemKind;
  /** Undefined where no single neuron is to blame. */
  readonly neuron: string | undefined;
  /** What is wrong, as a sentence. */
  readonly message: string;
  /** What to do about it. */
  readonly hint: string;
  /** The shortest crash that shows it; give it as `at`. Empty where no crash is needed. */
  readonly at: readonly string[];
  /** The payloads that it was seen with, by collateral, where they were drawn. */
  readonly drawn?: Readonly<Record<string, unknown>>;
}

/** How the run ends that nobody disturbs. */
export interface CalmEnd {
  /** As a run's; `stuck` for one that could not be brought back. */
  readonly status: string;
  /** What has failed, `<neuron>: <message>`. */
  readonly errors: readonly string[];
  /** The collaterals of signals from outside that it waits for, where it does not end. */
  readonly waitsFor: readonly string[];
}

export interface CrashReport {
  /** Whether there are no problems. */
  readonly ok: boolean;
  /** What has to be mended, each once. */
  readonly problems: readonly CrashProblem[];
  /** What is correct and may be dear: work that is repeated for want of a milestone. */
  readonly advice: readonly CrashProblem[];
  readonly end: CalmEnd;
  /** The neurons that were called in any of the runs. */
  readonly ran: readonly string[];
  /** How many runs were made. */
  readonly runs: number;
  /** The points at which a process was killed, once each. */
  readonly points: readonly string[];
  /** For a person. */
  toString(): string;
}
