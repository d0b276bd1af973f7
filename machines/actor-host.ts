/** Runs handlers for an actor: what they answer goes through the actor's mailbox, as long as it takes anything. */
import type { StimulationHandle } from '../src/graph/types.js';
import type { Activation } from '../src/propagation/activation.js';
import type { Bodies } from '../src/propagation/bodies.js';
import type { RunOptions } from '../src/propagation/context.js';
import type { RunEvent } from '../src/propagation/events.js';
import type { HandlerContext } from '../src/propagation/handler-context.js';
import type { Flow } from '../src/propagation/operations.js';
import { bodiesOf, endBody, endTurn, type Host } from '../src/propagation/respond.js';
import { apply } from '../src/propagation/transition.js';
import type { Work } from '../src/propagation/work.js';
import { answeredEvent, rejectedEvent } from './outcome.js';

interface Mailbox {
  send(event: RunEvent): void;
}

/** The run that an actor is of, where it is one of a CNS. */
export interface HasStimulation {
  readonly stimulation: StimulationHandle;
}

export class ActorHost implements Host {
  readonly #run: HasStimulation | undefined;
  readonly #work: Work;
  readonly #perHop: boolean;
  readonly #actor: Mailbox;

  /** @param perHop whether each hop is an event */
  constructor(work: Work, perHop: boolean, actor: Mailbox, run: HasStimulation | undefined) {
    this.#work = work;
    this.#perHop = perHop;
    this.#run = run;
    this.#actor = actor;
  }

  send(event: RunEvent): void {
    const { status, views } = this.#work;
    if (status === 'running' && (views === null || !views.stopped)) this.#actor.send(event);
  }

  /** Takes over what the run has going on outside its core. */
  takeOver(): void {
    this.#work.rare?.bodies?.belongTo(this);
  }

  /** At the end of a turn. */
  endTurn(): void {
    endTurn(this.#work, this);
  }

  /** What comes up while this run has the turn is part of the turn, unless each hop is an event. */
  tell(event: RunEvent): void {
    if (this.#isTurning) apply(this.#work, event);
    else this.send(event);
  }

  get #isTurning(): boolean {
    const { views } = this.#work;
    return views !== null && views.turning && !this.#perHop;
  }

  get stimulation(): StimulationHandle | undefined {
    return this.#run?.stimulation;
  }
  get id(): string {
    return this.#work.id;
  }
  get flow(): Flow {
    return this.#work.flow;
  }
  get bodies(): Bodies {
    return bodiesOf(this.#work, this);
  }
  get options(): RunOptions | null {
    return this.#work.rare === null ? null : this.#work.rare.options;
  }

  committedValue(neuron: string): unknown {
    return this.#work.committedValue(neuron);
  }

  onAnswered(activation: Activation, context: HandlerContext, answer: unknown): void {
    this.send(answeredEvent(this.#work, activation, context, answer));
    if (!activation.subscriber.plain) endBody(context);
  }

  onRejected(activation: Activation, context: HandlerContext, error: unknown): void {
    const leaving = this.#work.rare?.leaving ?? null;
    if (leaving === null) this.send(rejectedEvent(this.#work, activation, error));
    else leaving.onRejected();
    if (!activation.subscriber.plain) endBody(context);
  }
}
