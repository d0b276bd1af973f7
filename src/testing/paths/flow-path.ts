/** Paths through a flow, as data: what happens at each step, and how it ends. */
import type { NeuronState } from '../../propagation/step.js';

/** `waiting`: it stays open, for signals from outside that do not come. */
export type PathStatus = 'completed' | 'failed' | 'aborted' | 'waiting';

/** A neuron was started, and answers. */
export interface NeuronStep {
  readonly neuron: string;
  /** What it got: the name of a collateral, `a+b` for a complete set of a join, `undo` for its compensation. */
  readonly got: string;
  /** An outcome, in its notation (see outcome.ts). */
  readonly answers: string;
  /** What has not settled then, in restart order, itself included: the neurons and what they got. */
  readonly pending: readonly string[];
}

/** A signal from outside comes, for the neuron that has waited for it longest. */
export interface SignalStep {
  readonly signal: string;
  readonly to: string;
  /** What the neurons that are not idle are doing then. */
  readonly states: NeuronStates;
}

/** Nothing can go on by itself, and time passes until something is due. */
export interface TimeStep {
  readonly time: 'passes';
  /** What is due: signals that are delivered, attempts that are made again, waits that are over. */
  readonly due: readonly DueItem[];
  readonly states: NeuronStates;
}

export interface DueItem {
  readonly neuron: string;
  readonly what: 'delivery' | 'attempt' | 'end of wait';
  /** What is delivered, or what was waited for. */
  readonly collateral: string;
  /** What is emitted when a wait is over. */
  readonly otherwise?: string;
}

export type FlowStep = NeuronStep | SignalStep | TimeStep;

/** By name; those that are idle are left out. */
export type NeuronStates = Readonly<Record<string, Exclude<NeuronState, 'idle'>>>;

export interface FlowPath {
  /** What happens, for people; unique among the paths it was found with. */
  readonly title: string;
  readonly steps: readonly FlowStep[];
  readonly status: PathStatus;
  /** Whether milestones hold what follows them, as in a run that is stored. */
  readonly stored: boolean;
  /** The neurons that still wait at its end, and for what. */
  readonly waiting: readonly { readonly neuron: string; readonly collateral: string }[];
  /** What is covered by it; see `getCoverage`. */
  readonly transitions: readonly string[];
}

export type PathStrategy = 'shortest' | 'transitions';

/** What `getFlowPaths` has found. */
export interface FlowPaths {
  /** The names of the collaterals that a run begins with. */
  readonly entry: readonly string[];
  readonly strategy: PathStrategy;
  readonly paths: readonly FlowPath[];
  /** Every transition that the outcomes allow, whether or not a path takes it. */
  readonly transitions: readonly string[];
  /** Why there may be more paths than these; empty when there are not. */
  readonly truncated: readonly string[];
}

export const isNeuronStep = (step: FlowStep): step is NeuronStep => 'neuron' in step;
export const isSignalStep = (step: FlowStep): step is SignalStep => 'signal' in step;
