/**
 * One run as it goes on in this process. Until somebody looks it has no actor: the core runs by itself, and an answer
 * that comes later goes straight back to it. Once there is an actor, everything goes through its mailbox.
 */
import { type InspectionObserver, isStopped, type RunLogic } from '../../machines/logic.js';
import { answeredEvent, Settlement } from '../../machines/outcome.js';
import { RunSuspendedError, StimulationAbortedError, StimulationFailedError } from '../errors/index.js';
import { commit, drain, type HandlerContext, type Host } from '../propagation/respond.js';
import { fail } from '../propagation/transition.js';
import { type Activation, BARRIER, begin, failedOf, outputOf, type Recorder, type Work } from '../propagation/work.js';
import type { RunActor } from './actor.js';
import { failureLines } from './failure-lines.js';
import type { Result, StimulationStatus } from './options.js';
import { joinRecorders } from './responses.js';

/** What a run needs of the CNS it belongs to. */
export interface RunHost {
  readonly logic: RunLogic;
  readonly inspect: InspectionObserver | undefined;
  /** The run has ended; called once. */
  onEnded(run: Run): void;
  /** A failure that nobody may be watching. */
  onFailure(run: Run, error: unknown): void;
}

/** How the end of a run is decided, when not by its core alone: a durable run ends when its end is stored. */
export interface EndGate {
  /** The run has something new to look at. */
  onTurn(): void;
  /** Somebody stopped the run's actor before its end. */
  onActorStopped(): void;
}

interface Waiter {
  readonly promise: Promise<Result>;
  readonly resolve: (result: Result) => void;
  readonly reject: (error: unknown) => void;
}

/** `starting`: not stored yet, or not brought up. `draining`: a handler has the turn. */
type Phase = 'starting' | 'idle' | 'draining' | 'ended';

/** What few runs have. */
interface More {
  gate: EndGate | null;
  /** Writes down what the next checkpoint holds. */
  changes: Recorder | null;
  readonly listeners: Recorder[];
  /** Errors of listeners: they reject the run at its end. */
  readonly listenerErrors: unknown[];
  /** Why it stopped before its end, e.g. a save that failed. */
  stopped: { readonly error: unknown } | null;
}

export class Run implements Host {
  work: Work;
  readonly #host: RunHost;
  #actor: RunActor | null = null;
  #waiter: Waiter | null = null;
  #phase: Phase = 'idle';
  #more: More | null = null;

  constructor(work: Work, host: RunHost) {
    this.work = work;
    this.#host = host;
  }

  get status(): StimulationStatus {
    if (this.#phase === 'starting') return 'starting';
    if (this.#stopped !== null) return this.#stopped.error instanceof RunSuspendedError ? 'suspended' : 'failed';
    return this.#phase === 'ended' ? this.work.status : 'running';
  }

  get observed(): boolean {
    return this.#waiter !== null;
  }

  get actor(): RunActor {
    if (this.#actor !== null) return this.#actor;
    const actor = (this.#actor = this.#host.logic.adopt(this.work, this.#host.inspect));
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

  /** Starts what was entered, without a store: all synchronous work is done when this returns. */
  start(): void {
    if (this.#host.inspect === undefined) this.#drain();
    else this.go();
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
    this.#settleWaiter();
  }

  /** What was held is stored: it starts, as an actor. */
  go(): void {
    this.#phase = 'idle';
    this.#startActor(this.actor);
  }

  /** One that was stopped before it could start has let its run go. */
  #startActor(actor: RunActor): void {
    if (isStopped(actor)) {
      this.#afterActor();
      return;
    }
    actor.start();
    this.#afterTurn();
  }

  /** An answer counts once, whatever a promise of the user's does; an actor sees to that by itself. */
  onAnswered(activation: Activation, context: HandlerContext, answer: unknown): void {
    if (this.#phase === 'ended') return;
    if (this.#actor !== null) {
      this.#actor.send(answeredEvent(this.work, activation, context, answer));
    } else if (activation.state < BARRIER) {
      commit(this.work, activation, context, answer);
      this.#drain();
    }
  }

  onRejected(activation: Activation, error: unknown): void {
    if (this.#phase === 'ended') return;
    if (this.#actor !== null) {
      this.#actor.send(new Settlement(this.work, activation, true, error, undefined));
    } else if (activation.state < BARRIER) {
      fail(this.work, activation, error);
      this.#drain();
    }
  }

  #drain(): void {
    const { work } = this;
    this.#phase = 'draining';
    if (work.recorder !== null) work.recorder.flush();
    drain(work, this, begin(work));
    if (!this.#isDraining) return;
    this.#phase = 'idle';
    if (this.#actor !== null) this.#startActor(this.#actor);
    else this.#afterTurn();
  }

  #afterTurn(): void {
    if (this.#phase !== 'idle') return;
    const gate = this.#more === null ? null : this.#more.gate;
    if (gate !== null) gate.onTurn();
    else if (this.work.status !== 'running') this.end();
  }

  /** The user has stopped the actor of a run that is not at its end. */
  #afterActor(): void {
    if (this.#phase === 'ended' || this.work.status !== 'running') return;
    const gate = this.#more === null ? null : this.#more.gate;
    if (gate !== null) gate.onActorStopped();
    else this.stop(new RunSuspendedError(this.work.id));
  }

  keepListenerError(error: unknown): void {
    this.#rest.listenerErrors.push(error);
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
    this.#actor?.stop();
    if (first === undefined) this.#settle();
    else void first.then(() => this.#settle());
  }

  get #rest(): More {
    return (this.#more ??= { gate: null, changes: null, listeners: [], listenerErrors: [], stopped: null });
  }

  get #stopped(): { readonly error: unknown } | null {
    return this.#more === null ? null : this.#more.stopped;
  }

  /** A handler may have stopped the run in its turn. */
  get #isDraining(): boolean {
    return this.#phase === 'draining';
  }

  #settle(): void {
    this.#host.onEnded(this);
    if (this.#waiter !== null) this.#settleWaiter();
    else {
      const outcome = this.#outcome();
      if ('error' in outcome) this.#host.onFailure(this, outcome.error);
    }
  }

  #settleWaiter(): void {
    const waiter = this.#waiter;
    if (waiter === null) return;
    const outcome = this.#outcome();
    if ('error' in outcome) {
      waiter.promise.catch(() => undefined); // whoever was given the promise sees the failure; nobody else has to
      waiter.reject(outcome.error);
    } else waiter.resolve(outcome.result);
  }

  #outcome(): { readonly result: Result } | { readonly error: unknown } {
    const { work } = this;
    if (this.#stopped !== null) return this.#stopped;
    if (work.status === 'aborted') return { error: new StimulationAbortedError(work.id, work.rare?.reason) };
    const failed = failedOf(work);
    const listenerErrors = this.#more?.listenerErrors ?? [];
    const errors = [...failed.map(({ error }) => error), ...listenerErrors];
    if (errors.length > 0) {
      return { error: new StimulationFailedError(work.id, errors, failureLines(failed, listenerErrors)) };
    }
    const context = Object.fromEntries(work.values ?? []);
    return { result: { id: work.id, status: 'completed', output: outputOf(work), context } };
  }

  /** Settles when the run has ended, and with a store when its end is stored. The same promise every time. */
  waitUntilComplete(): Promise<Result> {
    if (this.#waiter !== null) return this.#waiter.promise;
    let resolve!: Waiter['resolve'];
    let reject!: Waiter['reject'];
    const promise = new Promise<Result>((yes, no) => {
      resolve = yes;
      reject = no;
    });
    this.#waiter = { promise, resolve, reject };
    if (this.#phase === 'ended') this.#settleWaiter();
    return promise;
  }
}
