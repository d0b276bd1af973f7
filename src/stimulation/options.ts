/** What users give to `new CNS` and `stimulate`, and what they get back. */
import type { Clock } from '../clock/clock.js';
import type { StorableClass } from '../durability/codec/kinds.js';
import type { CompressionOptions } from '../durability/compression.js';
import type { Limits } from '../durability/limits.js';
import type { Store } from '../durability/store.js';
import type { InspectionObserver } from '../../machines/logic.js';
import type { AnyCollateral, Signal } from '../graph/collateral.js';
import type { AfferentPath, Modality } from '../graph/modality.js';
import type { RunContext } from '../propagation/context.js';
import type { Redact } from './redact.js';
import type { DamagedRun } from './results.js';
import type { Stimulation } from './stimulation.js';

export interface Logger {
  warn(message: string, error?: unknown): void;
  error(message: string, error?: unknown): void;
}

/**
 * How a run is stored. `sync`: what follows a milestone starts when the milestone is stored. `async`: stored behind the
 * run, which waits for nothing but its entry and its end. `exit`: the entry, then only when it fails, waits or ends. `async`
 * and `exit` runs are also stored when `cns.close()` lets them go.
 */
export type Durability = 'sync' | 'async' | 'exit';

/** What makes a checkpoint due. The entry, every failure, every wait and the end are stored whatever is chosen. */
export type CheckpointMoment = 'milestone' | 'response' | 'error';

export interface CheckpointOptions {
  /** `response`: every neuron is a milestone. `error`: no neuron is. `milestone` unless told. */
  readonly on?: CheckpointMoment | readonly CheckpointMoment[];
  /** What has changed is stored after this many milliseconds at the latest, in every mode. Blocks nothing. */
  readonly everyMs?: number;
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
  /** `sync` unless told; needs a store. */
  readonly durability?: Durability;
  /** When runs are stored; needs a store. */
  readonly checkpoint?: CheckpointOptions;
  /**
   * What becomes of a run when its store is unavailable. `fail`: it stops with `SaveFailedError`. `continue`: the save
   * is tried again until the store is back, and everything that need not wait for it goes on. `fail` unless told.
   */
  readonly onSaveFailure?: 'fail' | 'continue';
  /** How long a run is held unless renewed, in milliseconds. Renewed three times within it. 5,000 unless told. */
  readonly lease?: number;
  /**
   * Classes whose instances may stand in payloads and context values, by the name they are stored under, which must not
   * change later. Own properties are kept; the constructor is not called on the way back.
   */
  readonly classes?: Readonly<Record<string, StorableClass>>;
  /** Packs stored texts of more bytes than this, e.g. `{ above: 65_536 }`; they are no longer readable by a person. Off unless told. */
  readonly compression?: CompressionOptions | false;
  /**
   * How many bytes one part of a checkpoint, and all that is stored of a run, may have, before compression. A warning
   * comes at 80 %, and where no limit is set at 1 MiB of a part and 32 MiB of a run; a checkpoint above the limit fails
   * with `CheckpointTooLargeError`, and what was stored before stays.
   */
  readonly limits?: Limits;
  /**
   * What is not shown of payloads and context values by the command line, the inspector and whoever asks `cns.redacted`:
   * names of properties, at any depth, or a function that gives what to show instead. Storing and running know nothing
   * of it.
   */
  readonly redact?: Redact;
  /**
   * How many activations a whole run settles, where that is known before it begins: a number, or what tells it from the
   * signals that the run begins with. Workers then show how far a run is, in per cent, and how long it may still take.
   */
  readonly total?: RunTotal;
  /** Brings runs that another shape of the graph has stored into this one. */
  readonly migrate?: Migrate;
  readonly clock?: Clock;
  /** `console` unless told. */
  readonly logger?: Logger;
  /** Told of every event of every run, as XState's `inspect`. Runs are then made of one event per hop. */
  readonly inspect?: InspectionObserver;
}

/** How many activations a whole run settles. */
export type RunTotal =
  number | ((signals: readonly { readonly collateral: string; readonly payload: unknown }[]) => number | undefined);

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
  /**
   * How this run is stored, wherever it goes on; what the CNS says that runs it unless told. A run that is stored
   * already keeps what it was started with.
   */
  readonly durability?: Durability;
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

/**
 * Asked of a run that a graph with another fingerprint has stored, before it is checked against this one. Pure: it may be
 * asked again of the same checkpoint. What it returns is stored before the run goes on; undefined for a run that fits as
 * it is.
 */
export type Migrate = (stored: {
  readonly context: RunContext;
  /** That has stored it. */
  readonly graph: { readonly name: string; readonly version: string; readonly fingerprint: string };
}) => RunContext | undefined;

export interface RehydrateOptions {
  /** Of a run that has failed or was aborted: do once more what has failed, under the ids that it had. */
  readonly retry?: boolean;
  /**
   * Of a run of which no checkpoint can be read: start it again with the entry that is stored, where that can be read.
   * What it had done is given up, and done once more.
   */
  readonly fromEntry?: boolean;
  /** Told when checkpoints could not be read, before the run goes on. A warning is logged in any case. */
  readonly onDamage?: (damaged: DamagedRun) => void;
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
