/** What a test plays: the steps of a path, or steps that a person has written. */
import type { FlowPath, NeuronStates, PathStatus } from '../paths/flow-path.js';

/** This neuron is started next, and answers this. */
export interface NeuronScript {
  readonly neuron: string;
  /** In the notation of outcomes, e.g. `charged`, `fails`, `waits for approved within 7d, otherwise expired`. */
  readonly answers: string;
  /** What it gets: the name of a collateral, `a+b` for a set of a join, `undo`; any, when it is left out. */
  readonly got?: string;
  /** The payload of the signals that it emits; those of `payloads` when it is left out. */
  readonly payload?: unknown;
  /** What has not settled then; not looked at when it is left out. */
  readonly pending?: readonly string[];
}

/** Nothing goes on by itself, and a signal comes from outside. */
export interface SignalScript {
  readonly signal: string;
  readonly payload?: unknown;
  /** What neurons are doing then; not looked at when it is left out. */
  readonly states?: NeuronStates;
}

/** Nothing goes on by itself, and time passes until something is due. */
export interface TimeScript {
  readonly time: 'passes';
  readonly states?: NeuronStates;
}

export type ScriptStep = NeuronScript | SignalScript | TimeScript;

export interface PathScript {
  /** How messages name it. */
  readonly title?: string;
  readonly steps: readonly ScriptStep[];
  /** How it ends; not looked at when it is left out. */
  readonly status?: PathStatus;
  readonly waiting?: FlowPath['waiting'];
  /** Whether it is played on a store; as the CNS has one, and all neurons are stubs, unless told. */
  readonly stored?: boolean;
}

export const isNeuronScript = (step: ScriptStep): step is NeuronScript => 'neuron' in step;
export const isSignalScript = (step: ScriptStep): step is SignalScript => 'signal' in step;
