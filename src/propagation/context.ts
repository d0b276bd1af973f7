/**
 * The context of a run: plain data, the only truth about where the run stands. What the statechart and the logic
 * persist is exactly this. Holds nothing that has settled, save failed tasks (I9).
 */

export type RunStatus = 'running' | 'completed' | 'failed' | 'aborted';

/**
 * `queued`: ready to start. `starting`: its handler is being called (at most one). `running`: its handler has returned
 * a promise. `held`: behind a milestone whose checkpoint is not stored yet.
 */
export type PendingState = 'queued' | 'starting' | 'running' | 'held';

export interface PendingActivation {
  /** The cause: 16 hex digits, unique in the run. */
  readonly activation: string;
  /** Its place in the order of readiness; a held one has a place of its own and gets a new one when it is released. */
  readonly n: number;
  readonly neuron: string;
  /** `<collateral>#<k>`: the k-th dendrite of the neuron on that collateral, from 0. */
  readonly dendrite: string;
  readonly collateral: string;
  readonly payload: unknown;
  readonly state: PendingState;
  /** For a held one: the activation whose checkpoint it waits for. */
  readonly after?: string;
}

/** A settled activation of a milestone neuron whose checkpoint is not stored yet. */
export interface Barrier {
  readonly activation: string;
  readonly n: number;
  readonly neuron: string;
}

export interface FailedActivation {
  readonly activation: string;
  readonly neuron: string;
  readonly dendrite: string;
  readonly collateral: string;
  readonly payload: unknown;
  readonly error: unknown;
  /** It did not fail by itself: it was still to end when the run was aborted. */
  readonly aborted: boolean;
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
  /** In restart order: in flight by `n`, then the queue by `n`, then what is held, by `n` (I2). */
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
}

export const DELIVERIES_KEPT = 1000;

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
});
