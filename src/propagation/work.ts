/**
 * The working set of one run: what a context says, in the form in which a hop costs the same whatever the run holds.
 *
 * Job: say what it consists of. Not its job: keeping the lists (lists.ts), the rules (transition.ts), plain contexts
 * (image.ts), calling handlers (respond.ts).
 */
import type { Activation } from './activation.js';
import type { CheckedAnswer } from './answer.js';
import type { EarlySignal, Ending, FailedActivation, RunStatus } from './context.js';
import type { Flow } from './operations.js';
import type { Owed } from './owed.js';
import type { Rare } from './rare.js';

/**
 * Told what happens, as it happens, so that a checkpoint costs the change. Its methods are called in the middle of
 * transitions and call nothing back, save `flush`, which is called where user code may run.
 */
export interface Recorder {
  /** New, or in a new place. */
  onPlaced(activation: Activation): void;
  onStarted(activation: Activation): void;
  onLeft(activation: Activation): void;
  /** These have completed a set of a join, which is about to be placed. */
  onJoined?(set: Activation, arrivals: readonly (readonly Activation[])[]): void;
  /** The signal at this place of an answer is about to be placed. */
  onSignal?(index: number): void;
  onSettled(activation: Activation, answer: CheckedAnswer, failure: FailedActivation | null): void;
  onWritten(neuron: string): void;
  onOutput(): void;
  onDelivered(): void;
  /** A neuron was visited, in a run that counts that. */
  onHop?(neuron: string): void;
  flush(): void;
}

/** How something was before the turn that changed it. */
export type Undo =
  | { readonly activation: Activation; readonly state: number; readonly n: number; readonly link: Activation | null }
  | { readonly key: string; readonly had: boolean; readonly old: unknown }
  | { readonly hop: string; readonly count: number };

export class Work {
  readonly flow: Flow;
  /** Its id, once it was given one or asked for it. */
  name: string | null = null;
  status: RunStatus = 'running';
  next = 1;
  settled = 0;
  /** Unsettled activations that are not active. */
  pending = 0;
  /** Activations starting or running. */
  active = 0;
  /** The one that starts, or asks whether it may. */
  starting: Activation | null = null;
  queueHead: Activation | null = null;
  queueTail: Activation | null = null;
  flightHead: Activation | null = null;
  flightTail: Activation | null = null;
  values: Map<string, unknown> | null = null;
  rare: Rare | null = null;
  /** What snapshots of it need, once there is one. */
  views: Views | null = null;
  recorder: Recorder | null = null;

  constructor(flow: Flow) {
    this.flow = flow;
  }

  get id(): string {
    return (this.name ??= this.flow.clock.id());
  }

  committedValue(neuron: string): unknown {
    return this.values === null ? undefined : this.values.get(neuron);
  }
}

/** What one turn changed: its log, and the scalars as they were before it. Only a run that is running has a turn. */
export interface Turn {
  log: Undo[] | null;
  /** Younger activations are nothing that a snapshot from before the turn knows. */
  readonly next: number;
  readonly settled: number;
  readonly deliveries: readonly string[] | null;
  readonly ledger: Ledger | null;
}

/** Of what few runs have: what is replaced, never changed. */
export interface Ledger {
  /** How many there were. */
  readonly failed: number;
  readonly output: unknown;
  readonly ending: Ending | null;
  readonly reason: unknown;
  readonly owed: Owed | null;
  readonly early: readonly EarlySignal[];
}

/** What an actor's snapshots need of the working set that they show. */
export interface Views {
  /** The newest snapshot that was published of it. */
  snapshot: object | null;
  /** The actor that it belongs to. */
  readonly owner: unknown;
  /** The turn that changes it, or did so last; null before the first. */
  turn: Turn | null;
  /** Whether handlers are being called: what is read now is not what will be true at the end of the turn. */
  turning: boolean;
  /** Nothing starts any more, and answers that come have nobody to go to. */
  stopped: boolean;
}
