/** What few runs have: kept apart, so that a run which needs none of it costs nothing. */
import type { Channel } from '../graph/graph.js';
import type { Activation } from './activation.js';
import type { Bodies } from './bodies.js';
import type { Cleanup } from './cleanup.js';
import { type EarlySignal, type Ending, type FailedActivation, FRONTIER_LIMIT, type RunOptions } from './context.js';
import type { Deadlines } from './deadlines.js';
import type { OpenJoins } from './joins.js';
import type { Owed } from './owed.js';

/** Nothing was emitted on the output's collateral yet; `undefined` may be. */
export const NO_OUTPUT = Symbol('no output');

/** The collateral whose last payload is the output, and that payload. */
export interface Output {
  readonly from: Channel;
  payload: unknown;
}

/** Who waits for what runs, before a run is let go. */
export interface Leave {
  readonly over: Promise<void>;
  /** A body has thrown: that does not count any more, since it was told to stop. */
  onRejected(): void;
  /** Something has happened in the run. */
  look(): void;
  /** The run is stopped: nobody waits any more. */
  end(): void;
}

export interface Rare {
  /** Whether milestones hold what follows them until they are stored. */
  hold: boolean;
  barrierHead: Activation | null;
  barrierTail: Activation | null;
  failed: FailedActivation[];
  output: Output | null;
  deliveries: Set<string>;
  reason: unknown;
  options: RunOptions | null;
  /** Of the options: how many may be active. */
  concurrency: number;
  /** Of the options: how many may be unsettled. */
  maxFrontier: number;
  /** Visits of each neuron, where they are limited. */
  hops: Map<string, number> | null;
  ending: Ending | null;
  /** Never changed in place, as what follows: an old snapshot may point at them. */
  owed: Owed | null;
  early: readonly EarlySignal[];
  /** What waits for something that is no checkpoint: a slot, a listener, a time, a signal. */
  readonly aside: Set<Activation>;
  /** How many of these wait for a time or a signal. */
  timed: number;
  /** Open expectations by collateral, oldest first. */
  readonly expectations: Map<Channel, Set<Activation>>;
  deadlines: Deadlines | null;
  joins: OpenJoins | null;
  cleanup: Cleanup | null;
  /** By cause; made when an event names an activation that is not in flight by reference. */
  byCause: Map<string, Activation> | null;
  /** The handlers that run, where somebody has to reach them. */
  bodies: Bodies | null;
  /** Something is about to be told to the run before anything more may start. */
  paused: boolean;
  /** Whether the run is surely ours: asked before anything starts. */
  guard: (() => boolean) | null;
  /** The run is about to be let go. */
  leaving: Leave | null;
}

/** Who has some of it, or none yet. */
interface HasRare {
  rare: Rare | null;
}

export const rareOf = (work: HasRare): Rare =>
  (work.rare ??= {
    hold: false,
    barrierHead: null,
    barrierTail: null,
    failed: [],
    output: null,
    deliveries: new Set(),
    reason: undefined,
    options: null,
    concurrency: Number.POSITIVE_INFINITY,
    maxFrontier: FRONTIER_LIMIT,
    hops: null,
    ending: null,
    owed: null,
    early: [],
    aside: new Set(),
    timed: 0,
    expectations: new Map(),
    deadlines: null,
    joins: null,
    cleanup: null,
    byCause: null,
    bodies: null,
    paused: false,
    guard: null,
    leaving: null,
  });

const NONE: readonly never[] = [];

export const failedOf = ({ rare }: HasRare): readonly FailedActivation[] => (rare === null ? NONE : rare.failed);

/** The output so far; undefined when there is none. */
export function outputOf({ rare }: HasRare): unknown {
  const payload = rare === null || rare.output === null ? NO_OUTPUT : rare.output.payload;
  return payload === NO_OUTPUT ? undefined : payload;
}

/** Nothing is taken up any more. */
export const isEnding = ({ rare }: HasRare): boolean => rare !== null && rare.ending !== null;
