/** What a simulation is asked for, and what it gives back. */
import type { Clock } from '../../clock/clock.js';
import type { Store } from '../../durability/store.js';
import type { AnyCollateral, Signal } from '../../graph/collateral.js';
import type { Duration } from '../../graph/duration.js';
import type { StimulationStatus } from '../../stimulation/results.js';
import type { FaultOptions } from './faults.js';

/** A signal from outside. */
export interface OutsideSignal {
  readonly signal: Signal;
  /** When it is sent at the earliest, after the run was started; at once unless told. */
  readonly after?: Duration;
  /** Made up unless told: who sends a signal again because it had no answer uses the same one. */
  readonly deliveryId?: string;
}

/** How a schedule has ended, for invariants of the user's own. */
export interface EndOfSchedule<G = unknown> {
  /** `waiting` where nobody has sent what the run waits for. */
  readonly status: StimulationStatus;
  readonly output: unknown;
  /** The neurons' context values, by name. */
  readonly context: Readonly<Record<string, unknown>>;
  /** What the handlers of this schedule saw as `ctx.global`. */
  readonly global: G;
  /** How often each handler was called, by `<activation id>`. */
  readonly calls: ReadonlyMap<string, number>;
  readonly seed: number;
}

export interface SimulateOptions<G = unknown> {
  /** The signal that starts the run, then those that come from outside while it goes on. */
  readonly signals: readonly [Signal, ...(Signal | OutsideSignal)[]];
  /** The collateral whose last payload is the run's output. */
  readonly output?: AnyCollateral;
  /** Of the first schedule; the next one has the next seed. 1 unless told. */
  readonly seed?: number;
  /** How many; 1,000 unless told. */
  readonly schedules?: number;
  /** Does one schedule again, decision by decision: what a failure has given as `choices`. */
  readonly choices?: readonly number[];
  /** What may go wrong; false for nothing. */
  readonly faults?: FaultOptions | false;
  /** The longest that a handler takes, now and then; two seconds unless told. */
  readonly latency?: Duration;
  /** Made anew for each schedule, the world outside: what handlers see as `ctx.global`. It survives crashes. */
  readonly global?: () => G;
  /** Where runs are stored; a memory store unless told. */
  readonly store?: (clock: Clock) => Store;
  /** What a process puts between itself and its store. */
  readonly through?: (store: Store) => Store;
  /** Whether the end does not depend on the schedule (I8). True unless told. */
  readonly deterministic?: boolean;
  /** What must hold at the end of each schedule: a text says what does not, and so does an assertion that throws. */
  // eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- one that holds may end without a return
  readonly invariants?: Readonly<Record<string, (end: EndOfSchedule<G>) => string | undefined | void>>;
  /** At most so many things happen in a schedule; 2,000 unless told. */
  readonly steps?: number;
  /** At most so many attempts to find a shorter schedule that fails; 1,000 unless told. */
  readonly shrink?: number;
  /** Told of every schedule, with its trace. Tracing costs time. */
  readonly onSchedule?: (schedule: TracedSchedule) => void;
}

export interface TracedSchedule {
  readonly seed: number;
  /** All that has happened, a line each: the same text for the same seed. */
  readonly trace: string;
}
