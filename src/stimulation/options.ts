/** What users give to `new CNS` and `stimulate`, and what they get back. */
import type { Clock } from '../clock/clock.js';
import type { Store } from '../durability/store.js';
import type { AnyCollateral, Signal } from '../graph/collateral.js';
import type { InspectionObserver } from '../../machines/logic.js';

export interface Logger {
  warn(message: string, error?: unknown): void;
  error(message: string, error?: unknown): void;
}

export interface CNSOptions {
  /** What runs are listed under in a store. `flow` unless told. */
  readonly name?: string;
  /** Your version of the flow; stored with each run. `1` unless told. */
  readonly version?: string;
  /** Where runs are stored. Without one they live in memory only. */
  readonly store?: Store;
  /** How long a run is held unless renewed, in milliseconds. Renewed three times within it. 5,000 unless told. */
  readonly lease?: number;
  readonly clock?: Clock;
  /** `console` unless told. */
  readonly logger?: Logger;
  /** Told of every event of every run, as XState's `inspect`. Runs are then made of one event per hop. */
  readonly inspect?: InspectionObserver;
}

export interface StimulateOptions {
  /**
   * The run's id; made up unless told. With a store the same id and the same entry again attaches to the run that is
   * there.
   */
  readonly id?: string;
  /** The collateral whose last payload becomes the run's output. */
  readonly output?: AnyCollateral;
  /** Called when an activation has ended: once per signal that it emitted, once when it emitted none or failed. */
  readonly onResponse?: (response: ResponseInfo) => void;
}

export interface ResponseInfo {
  readonly activationId: string;
  readonly neuron: string;
  readonly inputSignal: { readonly collateral: string; readonly payload: unknown };
  readonly outputSignal?: Signal;
  readonly error?: unknown;
  /** The neuron's committed context value, read when asked for. */
  readonly contextValue: unknown;
  /** Activations waiting to start. */
  readonly pendingActivations: number;
  /** Activations that have started and not ended. */
  readonly activeActivations: number;
  /** `pendingActivations + activeActivations`: 0 exactly on the last response of a run. */
  readonly queueLength: number;
}

/**
 * `starting`: not yet stored for the first time, or not yet brought up. `suspended`: let go before its end; a stored run
 * goes on wherever it is rehydrated.
 */
export type StimulationStatus = 'starting' | 'running' | 'completed' | 'failed' | 'aborted' | 'suspended';

export interface Result {
  readonly id: string;
  readonly status: 'completed';
  /** The last payload of the collateral given as `output`. */
  readonly output: unknown;
  /** The neurons' context values, by name. */
  readonly context: Readonly<Record<string, unknown>>;
}

/** An activation that is still to run. Plain data, when its payload is. */
export interface Task {
  /** `<stimulation id>/<cause>` */
  readonly id: string;
  readonly neuron: string;
  /** `<collateral>#<k>` */
  readonly dendrite: string;
  readonly collateral: string;
  readonly payload: unknown;
}

export interface FailedTask {
  readonly task: Task;
  readonly error: unknown;
  /** It did not fail by itself: the run was aborted before it ended. */
  readonly aborted: boolean;
}
