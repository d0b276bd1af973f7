/** What users give to `new CNS` and `stimulate`, and what they get back. */
import type { Clock } from '../clock/clock.js';
import type { Store } from '../durability/store.js';
import type { InspectionObserver } from '../../machines/logic.js';
import type { AnyCollateral, Signal } from '../graph/collateral.js';
import type { AfferentPath, Modality } from '../graph/modality.js';
import type { Stimulation } from './stimulation.js';

export interface Logger {
  warn(message: string, error?: unknown): void;
  error(message: string, error?: unknown): void;
}

export interface CNSOptions {
  /** What runs are listed under in a store. `flow` unless told. */
  readonly name?: string;
  /** Your version of the flow; stored with each run. `1` unless told. */
  readonly version?: string;
  /** Names for neurons and collaterals that have none of their own. */
  readonly registry?: {
    getNeuronName(neuron: object): string | undefined;
    getCollateralName(collateral: object): string | undefined;
  };
  /** Drop the context values of neurons that nothing pending can reach any more. */
  readonly autoCleanupContexts?: boolean;
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

/** What shapes a run beside its entry; stored with it. */
export interface RunShape {
  /** The collateral whose last payload becomes the run's output. */
  readonly output?: AnyCollateral;
  /** How many activations of this run may be active at once; whole, from 1. */
  readonly concurrency?: number;
  /** How often each neuron may be reached; one time more is a failed activation. Whole, from 1. */
  readonly maxNeuronHops?: number;
  /** How many activations may be unsettled at once; one more is a failed activation. 1,000,000 unless told. */
  readonly maxFrontier?: number;
  /** What modality dendrites choose by. */
  readonly modality?: Modality;
  /** One of the modality's paths. */
  readonly afferentPath?: AfferentPath;
  /** What handlers see as `ctx.stimulationContext`. Stored with the run: plain data, never changed. */
  readonly stimulationContext?: unknown;
  /** Context values to begin with, by the neurons' names. They win over those of `ctx`. */
  readonly contextValues?: Readonly<Record<string, unknown>>;
  /** Context values to begin with, e.g. of an earlier run. The store itself is not changed. */
  readonly ctx?: { getAll(): Readonly<Record<string, unknown>> };
}

export interface StimulateOptions extends RunShape {
  /**
   * The run's id; made up unless told. With a store the same id and the same entry again attaches to the run that is
   * there.
   */
  readonly id?: string;
  /** Of a stored run of this id that has failed or was aborted: do once more what it has not done, as `rehydrate` does. */
  readonly retry?: boolean;
  /**
   * Called when an activation has ended: once per signal that it emitted, once when it emitted none or failed. What it
   * emitted goes on when the returned promise is settled; what it throws fails the run when all else is done.
   */
  readonly onResponse?: ResponseListener;
  /** Called at the end of every synchronous turn: nothing can start by itself any more. */
  readonly onDrain?: DrainListener;
  /** Aborts the run. */
  readonly abortSignal?: AbortSignal;
}

export interface RehydrateOptions {
  /** Of a run that has failed or was aborted: do once more what has failed, under the ids that it had. */
  readonly retry?: boolean;
}

/** Told of a response. What a returned promise holds goes on when it is settled; a failure of it fails the run in the end. */
export type ResponseListener = (response: ResponseInfo) => unknown;

export type DrainListener = (counters: Counters) => void;

export interface Counters {
  /** Unsettled activations that are not active: ready, or waiting for anything. */
  readonly pendingActivations: number;
  /** Activations that have started and not ended. */
  readonly activeActivations: number;
  /** `pendingActivations + activeActivations`: 0 exactly on the last response of a run. */
  readonly queueLength: number;
  /** How many activations have settled. */
  readonly hops: number;
  readonly stimulation: Stimulation;
}

export interface ResponseInfo extends Counters {
  readonly activationId: string;
  readonly neuron: string;
  readonly inputSignal: { readonly collateral: string; readonly payload: unknown };
  readonly outputSignal?: Signal;
  readonly error?: unknown;
  /** The neuron's committed context value, read when asked for. */
  readonly contextValue: unknown;
}
