/**
 * What handlers are given beside payload and axon. Context writes are staged here and handed over at settlement; a
 * handler that goes on after its activation has ended writes to a stage that nobody looks at again.
 */
import type { NeuronContext, StimulationHandle } from '../graph/types.js';
import { type Activation, attemptOf, detailsOf, idOf, undoneId } from './activation.js';
import type { Bodies } from './bodies.js';
import type { Body } from './body.js';
import { startChild } from './children.js';
import type { RunOptions } from './context.js';
import type { Writes } from './events.js';
import type { Flow } from './operations.js';

/** Where a handler's context reads from: a run, an actor, or the snapshot of a statechart. */
export interface Committed {
  readonly id: string;
  readonly flow: Flow;
  readonly bodies: Bodies;
  readonly options: RunOptions | null;
  /** Undefined where a machine runs without a CNS. */
  readonly stimulation: StimulationHandle | undefined;
  committedValue(neuron: string): unknown;
}

type Change = (value: unknown) => unknown;

/** Getters that make their closure when they are read: a handler may destructure, and one that does not pays nothing. */
export class HandlerContext implements NeuronContext<unknown, unknown> {
  readonly #from: Committed;
  readonly #activation: Activation;
  #staged: Writes | undefined = undefined;
  #changes: Change[] | null = null;

  constructor(from: Committed, activation: Activation) {
    this.#from = from;
    this.#activation = activation;
  }

  get get(): () => unknown {
    return () => this.#read();
  }
  get set(): (value: unknown) => void {
    return (value) => {
      this.#staged = { value };
      this.#changes = null;
    };
  }
  get update(): (change: Change) => void {
    return (change) => {
      (this.#changes ??= []).push(change);
    };
  }
  get delete(): () => void {
    return () => {
      this.#staged = {};
      this.#changes = null;
    };
  }
  get activationId(): string {
    return idOf(this.#from, this.#activation);
  }
  get stimulationId(): string {
    return this.#from.id;
  }
  get attempt(): number {
    return attemptOf(this.#activation);
  }
  get undoes(): string | undefined {
    const { undoes } = detailsOf(this.#activation);
    return undoes === undefined ? undefined : undoneId(this.#from, undoes);
  }
  get abortSignal(): AbortSignal {
    return this.#from.bodies.signal;
  }
  get global(): unknown {
    return this.#from.flow.global;
  }
  get cns(): unknown {
    return this.#from.flow.cns;
  }
  get stimulation(): StimulationHandle | undefined {
    return this.#from.stimulation;
  }
  get modality(): string | undefined {
    return this.#from.options?.modality;
  }
  get afferentPath(): string | undefined {
    return this.#from.options?.afferentPath;
  }
  get stimulationContext(): unknown {
    return this.#from.options?.stimulationContext;
  }
  get stimulate(): NeuronContext<unknown, unknown>['stimulate'] {
    return startChild(this);
  }

  /** What is to be committed, with `update` evaluated now on what is committed now. Throws what a change throws. */
  writes(): Writes | undefined {
    return this.#changes === null ? this.#staged : { value: this.#read() };
  }

  #read(): unknown {
    let value = this.#staged === undefined ? this.#committed() : this.#staged.value;
    if (this.#changes !== null) for (const change of this.#changes) value = change(value);
    return value;
  }

  #committed(): unknown {
    return this.#from.committedValue(this.#activation.subscriber.neuron.name);
  }
}

/** Of a handler with a time limit, a slot or attempts: its abort signal is its own. */
export class BodyContext extends HandlerContext {
  readonly body: Body;

  constructor(from: Committed, activation: Activation, body: Body) {
    super(from, activation);
    this.body = body;
  }

  override get abortSignal(): AbortSignal {
    return this.body.signal;
  }
}
