/** What a run says of itself, and what it can be told. */

export interface AbortOptions {
  /** Undo what has settled, where neurons say how. */
  readonly compensate?: boolean;
}

export interface AbortRunOptions extends AbortOptions {
  /** The same id twice is one abort. */
  readonly deliveryId?: string;
}

export interface SuspendOptions {
  /** How long what runs has to answer once it was told, in milliseconds. 0 unless told. */
  readonly grace?: number;
}

/** A stored run of which not every checkpoint could be read. */
export interface DamagedRun {
  readonly id: string;
  /** The checkpoint that it went on from; `entry` when it was started again. */
  readonly used: number | 'entry';
  /** The checkpoints that could not be read, newest first: what they held is done again, or given up. */
  readonly lost: readonly number[];
  /** What is wrong with them, for a person. */
  readonly problems: readonly string[];
}

export interface SignalOptions {
  /** The same id twice is one signal. */
  readonly deliveryId?: string;
}

/**
 * `starting`: not yet stored for the first time, or not yet brought up. `waiting`: only times and signals from outside
 * are left to wait for. `suspended`: let go before its end; a stored run goes on wherever it is rehydrated.
 */
export type StimulationStatus = 'starting' | 'running' | 'waiting' | 'completed' | 'failed' | 'aborted' | 'suspended';

export interface Result {
  readonly id: string;
  readonly status: 'completed';
  /** The last payload of the collateral given as `output`. */
  readonly output: unknown;
  /** The neurons' context values, by name. */
  readonly context: Readonly<Record<string, unknown>>;
  /** Signals from outside that nobody waited for. */
  readonly unclaimed: readonly { readonly collateral: string; readonly payload: unknown }[];
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
  /** Which attempt is to be made; 1 where it is missing. */
  readonly attempt?: number;
  /** When it is ready, or given up (milliseconds since the epoch). */
  readonly due?: number;
  /** The collateral that it waits for. */
  readonly expects?: string;
  /** How long it waits, in milliseconds. */
  readonly within?: number;
  /** What is emitted when it has waited in vain. */
  readonly otherwise?: { readonly collateral: string; readonly payload: unknown };
  /** The id of the activation that it undoes. */
  readonly undoes?: string;
}

export interface FailedTask {
  readonly task: Task;
  readonly error: unknown;
  /** It did not fail by itself: the run was aborted before it ended. */
  readonly aborted: boolean;
}
