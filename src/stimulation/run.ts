/**
 * One run as it goes on in this process. Until somebody looks it has no actor: the core runs by itself, and an answer
 * that comes later goes straight back to it. Once there is an actor, everything goes through its mailbox.
 */
import { type InspectionObserver, isStopped, type RunLogic } from '../../machines/logic.js';
import { answeredEvent, rejectedEvent } from '../../machines/outcome.js';
import { RunSuspendedError } from '../errors/index.js';
import type { Signal } from '../graph/collateral.js';
import type { StimulationHandle } from '../graph/types.js';
import { type Activation, BARRIER } from '../propagation/activation.js';
import type { Bodies } from '../propagation/bodies.js';
import type { RunOptions } from '../propagation/context.js';
import type { RunEvent, SignalEvent } from '../propagation/events.js';
import type { HandlerContext } from '../propagation/handler-context.js';
import { begin, isWaiting } from '../propagation/lists.js';
import type { Flow } from '../propagation/operations.js';
import { rareOf } from '../propagation/rare.js';
import { bodiesOf, commit, drain, endBody, endTurn, failAttempt, type Host } from '../propagation/respond.js';
import { apply } from '../propagation/transition.js';
import type { Recorder, Work } from '../propagation/work.js';
import type { RunActor } from './actor.js';
import type { Result, SignalOptions, StimulationStatus } from './results.js';
import { Completion } from './completion.js';
import { type Outcome, outcomeOf } from './outcome-of.js';
import { joinRecorders } from './recorders.js';
import { type EndGate, endStatusOf, isDrained, newMore, type RunMore, tellDrained } from './run-more.js';

/** What a run needs of the CNS it belongs to. */
export interface RunHost {
  readonly logic: RunLogic;
  readonly inspect: InspectionObserver | undefined;
  /** The run has ended; called once. */
  onEnded(run: Run): void;
  /** A failure that nobody may be watching. */
  onFailure(run: Run, error: unknown): void;
  /** The run as its user sees it. */
  handleOf(run: Run): StimulationHandle;
  /** @returns undefined for one that the run has taken already. @throws what is wrong with it for this run */
  checkSignal(run: Run, signal: Signal, options: SignalOptions): SignalEvent | undefined;
}

/** `starting`: not stored yet, or not brought up. `draining`: a handler has the turn. */
type Phase = 'starting' | 'idle' | 'draining' | 'ended';

export class Run implements Host {
  work: Work;
  readonly #host: RunHost;
  #actor: RunActor | null = null;
  #completion: Completion | null = null;
  #phase: Phase = 'idle';
  #more: RunMore | null = null;

  constructor(work: Work, host: RunHost) {
    this.work = work;
    this.#host = host;
  }

  get id(): string {
    return this.work.id;
  }
  get flow(): Flow {
    return this.work.flow;
  }
  get options(): RunOptions | null {
    return this.work.rare === null ? null : this.work.rare.options;
  }
  get bodies(): Bodies {
    return bodiesOf(this.work, this);
  }
  get stimulation(): StimulationHandle {
    return this.#host.handleOf(this);
  }
  committedValue(neuron: string): unknown {
    return this.work.committedValue(neuron);
  }

  get status(): StimulationStatus {
    if (this.#phase === 'starting') return 'starting';
    if (this.#stopped !== null) return this.#stopped.error instanceof RunSuspendedError ? 'suspended' : 'failed';
    if (this.#phase === 'ended') return endStatusOf(this.work, this.#more);
    return isWaiting(this.work) ? 'waiting' : 'running';
  }

  get hasEnded(): boolean {
    return this.#phase === 'ended';
  }
  /** Of a durable run. */
  get gate(): EndGate | null {
    return this.#more === null ? null : this.#more.gate;
  }
  /** A handler has the turn. */
  get isTurning(): boolean {
    return this.#phase === 'draining' || this.work.views?.turning === true;
  }
  get observed(): boolean {
    return this.#completion !== null;
  }
  get actor(): RunActor {
    if (this.#actor !== null) return this.#actor;
    const actor = (this.#actor = this.#host.logic.adopt(this.work, this.#host.inspect, this));
    if (this.#stopped !== null) return actor.stop();
    actor.subscribe({
      next: () => this.#afterTurn(),
      error: (error) => this.stop(error),
      complete: () => this.#afterActor(),
    });
    // made while a handler or a listener has the turn, it starts at the end of that
    if (this.#phase !== 'starting' && this.#phase !== 'draining') actor.start();
    return actor;
  }

  /** What kept it from starting anything is over. */
  wake(): void {
    if (this.#actor !== null) this.send({ type: 'engram.tick', now: this.flow.clock.now() });
    else if (this.#phase === 'idle') this.#guarded(() => this.#drain());
  }

  /** A durable run: nothing starts before `go`, and it ends when the gate says so. */
  hold(gate: EndGate): void {
    this.#rest.gate = gate;
    this.#phase = 'starting';
  }

  /** What is written down of it from now on. */
  record(changes: Recorder): void {
    this.#rest.changes = changes;
    this.#joinRecorders();
  }

  listen(listener: Recorder): void {
    this.#rest.listeners.push(listener);
    this.#joinRecorders();
  }

  /** Called at the end of every turn. */
  onDrain(drained: () => void): void {
    this.#rest.drains.push(drained);
  }

  /** Called once, when the run has ended or was let go. */
  onEnd(ended: () => void): void {
    if (this.#phase === 'ended') ended();
    else this.#rest.farewells.push(ended);
  }

  #joinRecorders(): void {
    const { changes, listeners } = this.#rest;
    this.work.recorder = joinRecorders(changes === null ? listeners : [changes, ...listeners]);
  }

  /** A run of this id was stored already, and this is it. */
  adopt(work: Work): void {
    this.#actor?.stop();
    this.#actor = null;
    this.work = work;
  }

  /** A stored run that has ended: there is nothing to start. */
  showEnded(): void {
    this.#phase = 'ended';
    this.#host.onEnded(this);
    this.#farewell();
    this.#completion?.settle(this.#outcome());
  }

  /** Starts what was entered, of a durable run when that is stored: all synchronous work is done when this returns. */
  go(): void {
    this.#phase = 'idle';
    if (this.#more !== null) for (const event of this.#more.early.splice(0)) apply(this.work, event);
    if (this.#actor === null && this.#host.inspect === undefined) this.#guarded(() => this.#drain());
    else this.#startActor(this.actor);
  }

  /** One that was stopped before it could start has let its run go. */
  #startActor(actor: RunActor): void {
    if (!isStopped(actor)) actor.start();
    else if (this.work.status === 'running') return this.#afterActor();
    this.#afterTurn();
  }

  /** Something happens to the run: in a turn as part of it, before it is stored when it is. */
  send(event: RunEvent): void {
    if (this.#phase === 'ended') return;
    if (this.#phase === 'starting') this.#rest.early.push(event);
    else if (this.#phase === 'draining') apply(this.work, event);
    else if (this.#actor !== null) this.#actor.send(event);
    else this.#guarded(() => apply(this.work, event) && this.#drain());
  }

  /** Resolves when the run has the signal, and with a store when that is stored. */
  async signal(signal: Signal, options: SignalOptions): Promise<void> {
    const event = this.#host.checkSignal(this, signal, options);
    if (event !== undefined) await this.checkpoint(() => this.send(event));
  }

  /** Resolves when all that has happened so far is stored, `happens` included, which it calls first. */
  async checkpoint(happens?: () => void): Promise<void> {
    if (this.gate === null) happens?.();
    else await this.gate.checkpoint(happens);
  }

  tell(event: RunEvent): void {
    this.send(event);
  }

  /** Nothing starts any more from here on, also not in the turn that goes on. */
  abort(reason: unknown, compensate: boolean): void {
    const { status, rare, views } = this.work;
    if (this.#phase === 'ended' || status !== 'running' || rare?.ending?.status === 'aborted') return;
    const event = { type: 'engram.abort', ...(reason === undefined ? {} : { reason }), compensate };
    const isTurning = views?.turning === true && this.#host.inspect === undefined;
    if (!isTurning && this.#actor !== null) rareOf(this.work).paused = true;
    if (isTurning)
      apply(this.work, event); // in the mailbox it would come after this turn, which may be the last
    else this.send(event);
  }

  /** An answer counts once, whatever a promise of the user's does; an actor sees to that by itself. */
  onAnswered(activation: Activation, context: HandlerContext, answer: unknown): void {
    if (this.#phase !== 'ended') {
      try {
        if (this.#actor !== null) {
          this.#actor.send(answeredEvent(this.work, activation, context, answer));
        } else if (activation.state < BARRIER) {
          commit(this.work, activation, context, answer);
          this.#drain();
        }
      } catch (error) {
        this.stop(error);
      }
    }
    if (!activation.subscriber.plain) endBody(context);
  }

  onRejected(activation: Activation, context: HandlerContext, error: unknown): void {
    const leaving = this.work.rare?.leaving ?? null;
    if (leaving !== null) leaving.onRejected();
    else if (this.#phase !== 'ended') {
      this.#guarded(() => {
        if (this.#actor !== null) {
          this.#actor.send(rejectedEvent(this.work, activation, error));
        } else if (activation.state < BARRIER) {
          failAttempt(this.work, activation, error);
          this.#drain();
        }
      });
    }
    if (!activation.subscriber.plain) endBody(context);
  }

  /** What cannot be carried out, like an answer that throws when it is read, stops this run and harms no other. */
  #guarded(work: () => unknown): void {
    try {
      work();
    } catch (error) {
      this.stop(error);
    }
  }

  /** One turn, and those that listeners make of its end: one after the other. */
  #drain(): void {
    if (this.#more?.isTelling === true) {
      this.#more.again = true;
      return;
    }
    do this.#drainOnce();
    while (this.#more?.again === true && this.#phase === 'idle' && this.#actor === null);
  }

  #drainOnce(): void {
    const { work } = this;
    this.#phase = 'draining';
    if (work.recorder !== null) work.recorder.flush();
    drain(work, this, begin(work));
    if (!this.#isDraining) return;
    this.#phase = 'idle';
    if (this.#actor !== null) {
      this.#startActor(this.#actor);
      return;
    }
    if (work.rare !== null) endTurn(work, this);
    const more = this.#more;
    if (more !== null) {
      more.isTelling = true;
      more.again = false;
    }
    this.#afterTurn();
    if (more !== null) more.isTelling = false;
  }

  #afterTurn(): void {
    if (this.#phase !== 'idle') return;
    const more = this.#more;
    if (more === null) {
      if (this.work.status !== 'running') this.end();
      return;
    }
    if (more.drains.length > 0 && isDrained(this.work)) tellDrained(more, this.work);
    this.work.rare?.leaving?.look();
    if (more.gate !== null) more.gate.onTurn();
    else if (this.work.status !== 'running') this.end();
  }

  /** The user has stopped the actor of a run that is not at its end. */
  #afterActor(): void {
    if (this.#phase === 'ended' || this.work.status !== 'running') return;
    const { gate } = this;
    if (gate !== null) gate.onActorStopped();
    else this.stop(new RunSuspendedError(this.work.id));
  }

  keepListenerError(error: unknown): void {
    this.#rest.listenerErrors.push(error);
  }

  /** What a listener still does belongs to the run: its end is told after that. @param heard never rejects */
  keepListening(heard: Promise<void>): void {
    const more = this.#rest;
    more.listening++;
    void heard.then(() => {
      if (--more.listening === 0 && this.#phase === 'ended' && this.#isHeardOut) this.#tellEnd();
    });
  }

  /** Whether its end waits for listeners: not where it was aborted, or goes on elsewhere. */
  get #isHeardOut(): boolean {
    return this.#stopped === null && this.work.status !== 'aborted';
  }

  /** The run has reached its end, and a durable one has stored it. */
  end(): void {
    if (this.#phase === 'ended') return;
    this.#phase = 'ended';
    this.#settle();
  }

  /**
   * The run cannot go on in this process. What is stored stays as it is.
   * @param first what is to be done before anybody is told; never rejects
   */
  stop(error: unknown, first?: Promise<unknown>): void {
    if (this.#phase === 'ended') return;
    this.#rest.stopped = { error };
    this.#phase = 'ended';
    if (this.work.views !== null) this.work.views.stopped = true;
    rareOf(this.work).paused = true; // the turn that goes on starts nothing more
    this.work.rare?.bodies?.close(error);
    this.work.rare?.leaving?.end();
    this.#actor?.stop();
    if (first === undefined) this.#settle();
    else void first.then(() => this.#settle());
  }

  get #rest(): RunMore {
    return (this.#more ??= newMore());
  }

  get #stopped(): { readonly error: unknown } | null {
    return this.#more === null ? null : this.#more.stopped;
  }

  /** A handler may have stopped the run in its turn. */
  get #isDraining(): boolean {
    return this.#phase === 'draining';
  }

  #farewell(): void {
    if (this.#more !== null) for (const ended of this.#more.farewells.splice(0)) ended();
  }

  #settle(): void {
    this.#host.onEnded(this);
    this.#farewell();
    if (!this.#isListenedTo) this.#tellEnd();
  }

  /** Whether its end is to be told later. */
  get #isListenedTo(): boolean {
    return this.#more !== null && this.#more.listening > 0 && this.#isHeardOut;
  }

  #tellEnd(): void {
    const outcome = this.#outcome();
    if (this.#completion !== null) this.#completion.settle(outcome);
    else if ('error' in outcome) this.#host.onFailure(this, outcome.error);
  }

  #outcome(): Outcome {
    return this.#stopped ?? outcomeOf(this.work, this.#more?.listenerErrors ?? []);
  }

  /** Settles when the run has ended, and with a store when its end is stored. The same promise every time. */
  waitUntilComplete(): Promise<Result> {
    if (this.#completion === null) {
      this.#completion = new Completion();
      if (this.#phase === 'ended' && !this.#isListenedTo) this.#completion.settle(this.#outcome());
    }
    return this.#completion.promise;
  }
}
