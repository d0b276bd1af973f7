/** The events that the core understands and the effects it asks for. Data only; types are a bounded set. */
import type { Details, RunOptions, RunStatus, SignalRecord } from './context.js';

/** A signal on its way. */
export interface SignalData extends SignalRecord {
  /** When it is to be delivered (milliseconds since the epoch); at once where it is missing. */
  readonly due?: number;
}

/** What an answer waits for. */
export interface ExpectationData extends Pick<Details, 'due' | 'within' | 'otherwise'> {
  /** Its place in the answer. */
  readonly index: number;
  readonly expects: string;
}

/** `{ value }` sets the neuron's context value, `{}` deletes it. */
export interface Writes {
  readonly value?: unknown;
}

/** An activation to begin with. */
export interface TaskData extends Details {
  /** Its cause; made up where it is missing. */
  readonly activation?: string;
  readonly neuron: string;
  readonly dendrite: string;
  readonly payload: unknown;
}

export interface StartInput {
  /** Made up when it is not given. */
  readonly id?: string | undefined;
  readonly signals: readonly SignalData[];
  /** Hold what follows a milestone until `<neuron>:checkpointed` comes. False unless told. */
  readonly hold?: boolean | undefined;
  /** Name of the collateral whose last payload is the output. */
  readonly output?: string | undefined;
  readonly options?: RunOptions | undefined;
  /** Context values by neuron. */
  readonly values?: Readonly<Record<string, unknown>> | undefined;
  readonly tasks?: readonly TaskData[] | undefined;
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
  readonly attempt?: number;
  readonly signals?: readonly SignalData[] | null;
  readonly expectations?: readonly ExpectationData[];
  readonly writes?: Writes;
  /** Of what has arrived at a join. */
  readonly joined?: { readonly key: string; readonly size?: number };
}

/** `<neuron>:failed` */
export interface FailedEvent {
  readonly type: string;
  readonly activation: string;
  readonly attempt?: number;
  readonly error: unknown;
  /** When it is tried again (milliseconds since the epoch). */
  readonly retryAt?: number;
}

/**
 * `<neuron>:pending`: the handler has returned a promise. `<neuron>:checkpointed`: the milestone is stored.
 * `engram.granted`, `engram.gated`: its gate has a slot for it, or has none. `engram.parked`, `engram.unparked`: a
 * listener holds it, or lets it go.
 */
export interface ActivationEvent {
  readonly type: string;
  readonly activation: string;
  readonly attempt?: number;
}

/** What is due by now is ready. */
export interface TickEvent {
  readonly type: 'engram.tick';
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface AbortEvent {
  readonly type: 'engram.abort';
  readonly reason?: unknown;
  /** Undo what has settled. */
  readonly compensate?: boolean;
}

/** What was in flight in a process that is gone goes back to the queue. */
export interface ResumeEvent {
  readonly type: 'engram.resume';
}

export type RunEvent =
  InitEvent | SignalEvent | RespondedEvent | FailedEvent | ActivationEvent | TickEvent | AbortEvent | ResumeEvent;

/** Call the handler of this activation. `acquire`: ask its gate for a slot. At most one of these per step. */
export interface StartEffect {
  readonly type: 'start' | 'acquire';
  readonly activation: string;
  readonly neuron: string;
}

/** A signal of this collateral has reached this neuron. */
export interface DeliverEffect {
  readonly type: 'deliver';
  readonly collateral: string;
  readonly neuron: string;
}

/** An expectation of this neuron has ended. */
export interface ClosedEffect {
  readonly type: 'closed';
  readonly neuron: string;
  readonly outcome: 'responded' | 'failed';
}

/** Neurons may be in another state, and no signal says so. */
export interface MovedEffect {
  readonly type: 'moved';
}

export interface EndEffect {
  readonly type: 'end';
  readonly status: Exclude<RunStatus, 'running'>;
}

export type Effect = StartEffect | DeliverEffect | ClosedEffect | MovedEffect | EndEffect;
