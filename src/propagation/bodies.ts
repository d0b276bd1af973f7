/**
 * What a run has going on outside its core: bodies of handlers that somebody may have to reach, slots of gates, and the
 * one timer of its next deadline. None of it is state: a run that is rehydrated makes it anew.
 */
import { setMaxListeners } from 'node:events';
import type { Timer } from '../clock/clock.js';
import { afterLong, LONGEST_TIMER } from '../clock/long-timer.js';
import { MaxDurationError } from '../errors/index.js';
import type { GraphNeuron } from '../graph/graph.js';
import { type Activation, attemptOf } from './activation.js';
import { Body } from './body.js';
import type { RunEvent } from './events.js';
import type { Asker } from './gates.js';
import type { Flow } from './operations.js';
import { failureOfAttempt } from './retry.js';

/** The run, as what it has going on tells it something. */
export interface Recipient {
  tell(event: RunEvent): void;
}

export class Bodies {
  readonly #flow: Flow;
  #run: Recipient;
  #controller: AbortController | null = null;
  #aborted: { readonly reason: unknown } | null = null;
  #closed = false;
  readonly #open = new Set<Body>();
  /** Who waits for a slot, and who has one and was not called yet; by cause. */
  readonly #askers = new Map<string, { readonly neuron: GraphNeuron; readonly asker: Asker }>();
  readonly #slots = new Map<string, GraphNeuron>();
  #alarm: { readonly due: number; readonly timer: Timer } | null = null;

  constructor(flow: Flow, run: Recipient) {
    this.#flow = flow;
    this.#run = run;
  }

  /** The run is told what happens in another way from now on. */
  belongTo(run: Recipient): void {
    this.#run = run;
  }

  /** Of every body without a time limit: fires when the run is aborted, or let go. */
  get signal(): AbortSignal {
    if (this.#controller === null) {
      this.#controller = controllerOf(this.#aborted);
      setMaxListeners(0, this.#controller.signal); // as many as the run has bodies
    }
    return this.#controller.signal;
  }

  /** Asks for a slot. @returns false when it has to wait; it is sent `engram.granted` then */
  acquire(activation: Activation): boolean {
    const { cause } = activation;
    const { neuron } = activation.subscriber;
    const asker: Asker = {
      granted: () => {
        this.#askers.delete(cause);
        this.#slots.set(cause, neuron);
        this.#run.tell({ type: 'engram.granted', activation: cause });
      },
    };
    if (this.#flow.gates.acquire(neuron, asker)) {
      this.#slots.set(cause, neuron);
      return true;
    }
    this.#askers.set(cause, { neuron, asker });
    return false;
  }

  /** A handler is about to be called; with its slot, where it has one. */
  begin(activation: Activation): Body {
    const { cause } = activation;
    const { neuron } = activation.subscriber;
    const slot = this.#slots.delete(cause);
    const undoes = activation.subscriber === neuron.compensation;
    const body = new Body(undoes && !this.#closed ? null : this.#aborted, {
      onEnd: (ended) => {
        this.#open.delete(ended);
        if (slot) this.#flow.gates.release(neuron);
      },
      limit: neuron.policy.maxDuration === null ? undefined : (late) => this.#limit(activation, late),
    });
    this.#open.add(body);
    return body;
  }

  #limit(activation: Activation, body: Body): Timer {
    const { neuron } = activation.subscriber;
    const maxDuration = neuron.policy.maxDuration as number;
    return afterLong(this.#flow.clock, maxDuration, () => {
      const timeout = new MaxDurationError(neuron.name, maxDuration);
      body.giveUp();
      body.abort(timeout);
      const { error, retryAt } = failureOfAttempt(this.#flow.clock, activation, timeout);
      const attempt = attemptOf(activation);
      this.#run.tell({
        type: neuron.failedType,
        activation: activation.cause,
        error,
        ...(attempt === 1 ? {} : { attempt }),
        ...(retryAt === undefined ? {} : { retryAt }),
      });
    });
  }

  /** Gives back what was granted to, or asked for by, activations that are not to start any more. */
  prune(isWanted: (cause: string) => boolean): void {
    if (this.#slots.size === 0 && this.#askers.size === 0) return;
    for (const [cause, { neuron, asker }] of [...this.#askers]) {
      if (isWanted(cause)) continue;
      this.#askers.delete(cause);
      this.#flow.gates.forget(neuron, asker);
    }
    for (const [cause, neuron] of [...this.#slots]) {
      if (isWanted(cause)) continue;
      this.#slots.delete(cause);
      this.#flow.gates.release(neuron);
    }
  }

  /** The next deadline is this; null for none (milliseconds since the epoch). */
  awake(due: number | null): void {
    if (this.#alarm !== null) {
      if (this.#alarm.due === due) return;
      this.#alarm.timer.cancel();
      this.#alarm = null;
    }
    if (due === null || this.#closed) return;
    const wait = Math.min(Math.max(0, due - this.#flow.clock.now()), LONGEST_TIMER);
    const timer = this.#flow.clock.after(wait, () => {
      this.#alarm = null;
      const time = this.#flow.clock.now();
      if (time < due) this.awake(due);
      else this.#run.tell({ type: 'engram.tick', now: time });
    });
    this.#alarm = { due, timer };
  }

  /** The run is aborted, or let go: bodies are told, and may end as they like. */
  abort(reason: unknown): void {
    if (this.#aborted !== null) return;
    this.#aborted = { reason };
    this.#controller?.abort(reason);
    for (const body of [...this.#open]) body.abort(reason);
  }

  /** The run goes on elsewhere, or not at all: nothing is waited for any more. */
  close(reason: unknown): void {
    this.#closed = true;
    this.abort(reason);
    for (const body of this.#open) body.giveUp();
    this.awake(null);
    this.prune(() => false);
  }
}

function controllerOf(aborted: { readonly reason: unknown } | null): AbortController {
  const controller = new AbortController();
  if (aborted !== null) controller.abort(aborted.reason);
  return controller;
}
