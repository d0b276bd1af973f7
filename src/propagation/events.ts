/** The events that the core understands and the effects it asks for. Data only; types are a bounded set. */
import type { RunStatus } from './context.js';

export interface SignalData {
  /** The collateral's name. */
  readonly collateral: string;
  readonly payload: unknown;
}

/** `{ value }` sets the neuron's context value, `{}` deletes it. */
export interface Writes {
  readonly value?: unknown;
}

export interface StartInput {
  /** Made up when it is not given. */
  readonly id?: string | undefined;
  readonly signals: readonly SignalData[];
  /** Hold what follows a milestone until `<neuron>:checkpointed` comes. False unless told. */
  readonly hold?: boolean | undefined;
  /** Name of the collateral whose last payload is the output. */
  readonly output?: string | undefined;
}

/** The first event of a run: XState sends it by itself. */
export interface InitEvent {
  readonly type: 'xstate.init';
  readonly input?: StartInput;
}

/** `type` is the name of a collateral. The same delivery id twice is one signal. */
export interface SignalEvent {
  readonly type: string;
  readonly payload?: unknown;
  readonly deliveryId?: string;
}

/** `<neuron>:responded` */
export interface RespondedEvent {
  readonly type: string;
  readonly activation: string;
  readonly signals?: readonly SignalData[] | null;
  readonly writes?: Writes;
}

/** `<neuron>:failed` */
export interface FailedEvent {
  readonly type: string;
  readonly activation: string;
  readonly error: unknown;
}

/** `<neuron>:pending`: the handler has returned a promise. `<neuron>:checkpointed`: the milestone is stored. */
export interface ActivationEvent {
  readonly type: string;
  readonly activation: string;
}

export interface AbortEvent {
  readonly type: 'engram.abort';
  readonly reason?: unknown;
}

/** What was in flight in a process that is gone goes back to the front of the queue. */
export interface ResumeEvent {
  readonly type: 'engram.resume';
}

export type RunEvent =
  InitEvent | SignalEvent | RespondedEvent | FailedEvent | ActivationEvent | AbortEvent | ResumeEvent;

/** Call the handler of this activation. At most one per step. */
export interface StartEffect {
  readonly type: 'start';
  readonly activation: string;
  readonly neuron: string;
}

/** A signal of this collateral has reached this neuron's queue. */
export interface DeliverEffect {
  readonly type: 'deliver';
  readonly collateral: string;
  readonly neuron: string;
}

export interface EndEffect {
  readonly type: 'end';
  readonly status: Exclude<RunStatus, 'running'>;
}

export type Effect = StartEffect | DeliverEffect | EndEffect;
