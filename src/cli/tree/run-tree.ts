/** What has happened in a run, and what is to happen, as a tree: data, without a picture. */
import type { SettledEvent } from '../../durability/events.js';
import type { PendingActivation } from '../../propagation/context.js';

/** What a run, or a part of it, begins with. */
export interface RunRoot {
  readonly kind: 'root';
  /**
   * `entry`: a signal that it was started with. `outside`: a signal that came later. `task`: what another run had left.
   * `unknown`: what led to the nodes below is not stored any more.
   */
  readonly from: 'entry' | 'outside' | 'task' | 'unknown';
  /** Of its signal; empty where there is none. */
  readonly collateral: string;
  /** Under which a signal came; undefined where it had none. */
  readonly deliveryId: string | undefined;
  readonly children: RunNode[];
}

/** How an activation stands. `arrived`: it waits in a join for its set. `cut`: it was still to be done when the run ended. */
export type NodeState = 'done' | 'failed' | 'cut' | 'arrived' | 'pending';

/** One activation. */
export interface RunNode {
  readonly kind: 'node';
  /** The cause: 16 hex digits. */
  readonly activation: string;
  readonly neuron: string;
  readonly dendrite: string;
  /** Whether it waits, or waited, for a signal from outside. */
  isExpectation: boolean;
  readonly state: NodeState;
  /** Its settlement, if it has one. */
  readonly event: SettledEvent | undefined;
  /** Where it stands, if it is pending. */
  readonly pending: PendingActivation | undefined;
  /** Why it failed; undefined for what has not. */
  readonly error: unknown;
  /** The settlements before its last one: it had failed, and the run was told to do it again. */
  readonly before: readonly SettledEvent[];
  /** Its place among all: settlements in order, then what is pending. */
  readonly place: number;
  parent: RunNode | RunRoot | undefined;
  /** It is the set of a join: what else completed it. */
  joinedWith: readonly RunNode[];
  /** The parents were found by the names of collaterals only. */
  isGuess: boolean;
  /** What undoes it, or has undone it. */
  undoing: RunNode | undefined;
  readonly children: RunNode[];
}

export interface RunTree {
  /** In the order in which they began. */
  readonly roots: readonly RunRoot[];
  /** All nodes, those that undo included; by `place`. */
  readonly nodes: readonly RunNode[];
  /** How many settlements were too many to be kept. */
  readonly omitted: number;
}

/** The collateral by which it was reached, from the key of its dendrite. */
export const collateralOf = ({ dendrite }: Pick<RunNode, 'dendrite'>): string => {
  const at = dendrite.lastIndexOf('#');
  return at < 0 ? dendrite : dendrite.slice(0, at);
};

/** The key of what undoes. */
export const UNDO = 'undo';

/** When it settled; undefined for what has not. */
export const settledAt = ({ event }: RunNode): number | undefined => event?.settledAt;
