/**
 * The context of a run: plain data, the only truth about where the run stands. What the statechart and the logic
 * persist is exactly this. Holds nothing that has settled, save failed tasks, what would have to be undone, open joins,
 * hop counts and delivery ids (I9). Optional fields are missing where nothing needs them.
 */

export type RunStatus = 'running' | 'completed' | 'failed' | 'aborted';

/**
 * `queued`: ready to start. `granted`: ready, and it holds a slot of its neuron's gate. `asking`: about to start, if its
 * gate has a slot. `starting`: its handler is being called (at most one asks or starts). `running`: its handler has
 * returned a promise. `gated`: waits for a slot. `parked`: a listener holds it. `delayed`: waits for a time. `waiting`:
 * an expectation, waits for a signal from outside. `held`: behind a milestone whose checkpoint is not stored yet.
 */
export type PendingState =
  'queued' | 'starting' | 'running' | 'held' | 'asking' | 'granted' | 'gated' | 'parked' | 'delayed' | 'waiting';

/** A signal as data. */
export interface SignalRecord {
  /** The collateral's name. */
  readonly collateral: string;
  readonly payload: unknown;
}

/** What few activations have. */
export interface Details {
  /** Which attempt is made or will be; 1 where it is missing. */
  readonly attempt?: number;
  /** When it is ready, or given up (milliseconds since the epoch). */
  readonly due?: number;
  /** The collateral that it waits for. */
  readonly expects?: string;
  /** How long it waits, in milliseconds. */
  readonly within?: number;
  /** What is emitted when it has waited in vain. */
  readonly otherwise?: SignalRecord;
  /** The activation that it undoes: its cause, or its whole id where that is one of another run. */
  readonly undoes?: string;
  /** The id under which it was first to be done, in another run: it counts on. */
  readonly origin?: string;
}

/** One (neuron, dendrite, signal). */
export interface ActivationRecord extends SignalRecord, Details {
  /** The cause: 16 hex digits, unique in the run. */
  readonly activation: string;
  readonly neuron: string;
  /** `<collateral>#<k>`: the k-th dendrite of the neuron on that collateral, from 0. */
  readonly dendrite: string;
}

export interface PendingActivation extends ActivationRecord {
  /** Its place in the order of readiness; who becomes ready after waiting gets a new one. */
  readonly n: number;
  readonly state: PendingState;
  /** For a held one: the activation whose checkpoint it waits for. */
  readonly after?: string;
}

/** What has arrived at a join whose set is not complete. */
export interface JoinedActivation extends ActivationRecord {
  readonly n: number;
  /** Of the set that it belongs to. */
  readonly key: string;
  /** How many of its slot make a set; 1 where it is missing. */
  readonly size?: number;
}

/** A settled activation of a milestone neuron whose checkpoint is not stored yet. */
export interface Barrier {
  readonly activation: string;
  readonly n: number;
  readonly neuron: string;
}

export interface FailedActivation extends ActivationRecord {
  readonly error: unknown;
  /** It did not fail by itself: it was still to end when the run was aborted. */
  readonly aborted: boolean;
}

/** A settled activation that is undone when the run fails. */
export interface OwedActivation extends SignalRecord {
  readonly activation: string;
  readonly neuron: string;
  readonly dendrite: string;
  readonly origin?: string;
}

/** A signal from outside that came before anybody waited for it. */
export interface EarlySignal extends SignalRecord {
  readonly index: number;
  readonly deliveryId?: string;
}

/** What a run was told when it was started; never changes. */
export interface RunOptions {
  /** How many activations of the run may be active at once. */
  readonly concurrency?: number;
  /** How often each neuron may be visited. */
  readonly maxNeuronHops?: number;
  /** How many activations may be unsettled at once. 1,000,000 unless told. */
  readonly maxFrontier?: number;
  /** By name. */
  readonly modality?: string;
  /** By name. */
  readonly afferentPath?: string;
  readonly stimulationContext?: unknown;
  /** Whether the values of neurons that nothing pending can reach are dropped. */
  readonly autoCleanup?: boolean;
  /** How it is stored, where it was told so; else by what the CNS says that runs it. */
  readonly durability?: 'sync' | 'async' | 'exit';
}

/** A run that takes up nothing new: how it will have ended when what is left has ended. */
export interface Ending {
  readonly status: 'failed' | 'aborted';
  /** Whether what has settled is undone. */
  readonly compensate: boolean;
}

export interface RunContext {
  /** The stimulation's id. */
  readonly id: string;
  readonly status: RunStatus;
  /** Whether milestones hold what follows them until they are stored. */
  readonly hold: boolean;
  /** The next place in the order of readiness. */
  readonly next: number;
  /** How many activations have settled. */
  readonly settled: number;
  /** In restart order: in flight by `n`, the queue by `n`, what waits for something by `n`, what is held by `n` (I2). */
  readonly frontier: readonly PendingActivation[];
  /** By `n`. */
  readonly barriers: readonly Barrier[];
  /** The committed context value of each neuron that has one. */
  readonly values: Readonly<Record<string, unknown>>;
  /** In order of failure. */
  readonly failed: readonly FailedActivation[];
  /** The delivery ids of the last 1,000 outside signals that carried one, oldest first. */
  readonly deliveries: readonly string[];
  /** The collateral whose last payload is the run's output, or null. */
  readonly outputFrom: string | null;
  /** The last payload of a signal of that collateral; missing until there is one. */
  readonly output?: unknown;
  /** Why the run was aborted; missing when no reason was given. */
  readonly reason?: unknown;
  readonly options?: RunOptions;
  /** How often each neuron was visited, where that is limited. */
  readonly hops?: Readonly<Record<string, number>>;
  readonly ending?: Ending;
  /** What would have to be undone, oldest settlement first. */
  readonly owed: readonly OwedActivation[];
  /** Oldest first. */
  readonly early: readonly EarlySignal[];
  /** What has arrived at joins, by `n`. */
  readonly joined: readonly JoinedActivation[];
}

export const DELIVERIES_KEPT = 1000;
/** Of unsettled activations in one run, unless told otherwise. */
export const FRONTIER_LIMIT = 1_000_000;

export const emptyContext = (): RunContext => ({
  id: '',
  status: 'running',
  hold: false,
  next: 1,
  settled: 0,
  frontier: [],
  barriers: [],
  values: {},
  failed: [],
  deliveries: [],
  outputFrom: null,
  owed: [],
  early: [],
  joined: [],
});
