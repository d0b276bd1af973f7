/** What the crash checker is given, and what it answers. */
import type { Store } from '../../durability/store.js';
import type { AnyCollateral, Signal } from '../../graph/collateral.js';
import type { RunShape } from '../../stimulation/options.js';
import type { AnyCNS } from '../process/twin.js';

/** The flow, or a function that makes it anew for each process: then what it keeps in closures dies with the process. */
export type CheckedFlow = AnyCNS | (() => AnyCNS | Promise<AnyCNS>);

export interface CheckCrashesOptions extends Omit<RunShape, 'output'> {
  /** What the run begins with. */
  readonly signal: Signal | readonly Signal[];
  /** The collateral whose last payload is compared; the last one of each that nobody listens to unless told. */
  readonly output?: AnyCollateral;
  /** Signals from outside, each sent once the run waits for it, in this order. Where none fits, time passes. */
  readonly answers?: readonly Signal[];
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
  /** Only this crash, as a problem names it: `'save 3, before'`, or several lives: `['save 3, before', 'take 1, after']`. */
  readonly at?: string | readonly string[];
  /** How long a handler may do nothing while time stands still, in milliseconds of real time. 2,000 unless told. */
  readonly patience?: number;
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
  /** Work was done again although a milestone behind it was stored: a fault of this library, or of the store. */
  | 'done-again'
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
}

export interface CrashReport {
  /** Whether there are no problems. */
  readonly ok: boolean;
  /** What has to be mended, each once. */
  readonly problems: readonly CrashProblem[];
  /** What is correct and may be dear: work that is repeated for want of a milestone. */
  readonly advice: readonly CrashProblem[];
  /** How many runs were made. */
  readonly runs: number;
  /** The points at which a process was killed, once each. */
  readonly points: readonly string[];
  /** For a person. */
  toString(): string;
}
