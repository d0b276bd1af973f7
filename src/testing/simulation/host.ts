/**
 * One process of a simulated scene. Between the engine and the world stands what the scheduler decides: how long a
 * handler takes, how long a call to the store is on its way and whether its answer comes back, and where the process is
 * killed.
 */
import type { SaveRequest, Store, StoredCheckpoint } from '../../durability/store.js';
import { StoreUnavailableError } from '../../errors/index.js';
import type { Subscriber } from '../../graph/graph.js';
import { isThenable } from '../../graph/thenable.js';
import type { AnyResponse } from '../../graph/types.js';
import { FLOW } from '../../propagation/operations.js';
import type { CNS } from '../../stimulation/cns.js';
import { SimulatedProcess } from '../process/process.js';
import { type StoreCall, watchedStore } from '../process/watched-store.js';
import { Knowledge } from './journal.js';
import type { Named, Scene } from './scene.js';

/** What costs time only, and what costs more. */
const SLOW_TO_BEGIN = [{ fault: 'latencies' }] as const;
const SLOW_TO_ANSWER = [{ fault: 'latencies' }] as const;
const KILLED = [
  { fault: 'crashes', what: 'before' },
  { fault: 'crashes', what: 'after' },
] as const;
const DELAYED_CALL = [
  { fault: 'slowCalls', what: 'before' },
  { fault: 'slowCalls', what: 'after' },
] as const;
const FAILED_CALL = [
  { fault: 'crashes', what: 'killed before' },
  { fault: 'crashes', what: 'killed after' },
  { fault: 'refusedCalls', what: 'refused' },
  { fault: 'lostAnswers', what: 'unanswered' },
] as const;

const never = (): Promise<never> => new Promise<never>(() => undefined);

/** A handler that is called. */
interface HandlerCall {
  readonly text: () => string;
  readonly body: () => unknown;
  readonly done: (answer: unknown) => unknown;
  /** Whether the process dies of it when the body is done. */
  isKilled: boolean;
}

/** What a handler is given, as far as it is looked at here. */
interface Called {
  readonly activationId: string;
  readonly attempt: number;
}

export class Host implements Named {
  readonly name: string;
  readonly cns: CNS;
  readonly knows: Knowledge;
  pausedUntil = 0;
  readonly #scene: Scene;
  readonly #process: SimulatedProcess;

  constructor(scene: Scene, n: number) {
    const { cns, through, options } = scene.setting;
    this.name = `process ${n}`;
    this.knows = new Knowledge(this.name);
    this.#scene = scene;
    const observed = this.#observed(scene.store);
    this.#process = new SimulatedProcess(
      cns,
      { clock: scene.clockOf(this), store: through === undefined ? observed : through(observed), dead: scene.dead },
      {
        around: (subscriber, response) => this.#around(subscriber, response),
        watch: (call, perform) => this.#call(call, perform),
        options,
        outlived: true,
      },
    );
    this.cns = this.#process.cns;
    if (scene.global !== undefined) (this.cns[FLOW] as { global: unknown }).global = scene.global;
  }

  get isDead(): boolean {
    return this.#process.isDead;
  }

  get isPaused(): boolean {
    return this.pausedUntil > this.#scene.agenda.now;
  }

  kill(when: () => string): void {
    if (this.isDead) return;
    this.#scene.tell(this, () => `is killed ${when()}`);
    this.end();
  }

  /** Nothing of it happens any more. */
  end(): void {
    this.#process.kill();
    this.#scene.agenda.drop(this);
  }

  /** The store as the world has it, and what the journal is told of it. Several processes share it. */
  #observed(store: Store): Store {
    const { journal } = this.#scene;
    const { knows } = this;
    const observed = watchedStore(store, async (call, perform) => {
      const answer = await perform();
      this.#scene.trace(this, () => `${textOf(call)}: done`);
      const { method, request } = call;
      if (method === 'create' && answer !== undefined) {
        journal.onGranted(knows, (answer as { readonly fence: number }).fence);
        if (request !== undefined) journal.onStored(knows, request);
      } else if (method === 'acquire' || method === 'take') {
        const given = answer as { readonly fence?: number; readonly lease?: { readonly fence: number } } | undefined;
        const fence = given?.fence ?? given?.lease?.fence;
        if (fence !== undefined) journal.onGranted(knows, fence);
      } else if (method === 'save' && request !== undefined) journal.onStored(knows, request);
      else if (method === 'load') journal.onLoaded(knows, answer as StoredCheckpoint | undefined);
      return answer;
    });
    return { ...observed, capabilities: { ...store.capabilities, shared: true } };
  }

  /** A call of the engine to its store. */
  async #call<T>(call: StoreCall, perform: () => Promise<T>): Promise<T> {
    const scene = this.#scene;
    const { rates } = scene.setting;
    const text = (): string => textOf(call);
    const delay = scene.faults.pick(DELAYED_CALL, rates.slowCall)?.what;
    const fate = scene.faults.pick(FAILED_CALL, rates.failedCall)?.what;
    scene.trace(this, text);
    if (fate === 'killed before') this.kill(() => `before its ${text()} was sent`);
    if (this.isDead) return never();
    // what was sent arrives, also when its sender has died
    if (delay === 'before') await scene.sleep(() => `${text()} is on its way`, this, null);
    if (fate === 'refused') {
      scene.tell(this, () => `has its ${text()} refused`);
      throw new StoreUnavailableError(`the simulated store refuses ${call.method}`, 'it is away');
    }
    const answer = perform();
    const come = async (): Promise<void> => {
      if (delay === 'after') await scene.sleep(() => `the answer to ${text()} is on its way`, this, this);
      if (fate === 'killed after') this.kill(() => `after its ${text()} was done, before that was answered`);
      if (this.isPaused) await scene.agenda.sleep(0, this);
      if (fate !== 'unanswered') return;
      scene.tell(this, () => `has its ${text()} done, and the answer to that lost`);
      throw new StoreUnavailableError(`the answer to ${call.method} was lost`, 'a timeout');
    };
    try {
      return await scene.outside(answer);
    } finally {
      if (delay !== undefined || fate !== undefined || this.isPaused) await come();
    }
  }

  /**
   * A handler as the engine calls it. One that answers at once does so here too: what it reads and writes of its context
   * is one step, and no other handler comes between.
   */
  #around(subscriber: Subscriber, response: AnyResponse): AnyResponse {
    const { name } = subscriber.neuron;
    const isAsync = response.constructor.name === 'AsyncFunction';
    return (payload, axon, ctx) => {
      const scene = this.#scene;
      const { faults, journal } = scene;
      const { slowHandler, killedHandler } = scene.setting.rates;
      const { activationId: id, attempt } = ctx as Called;
      const call: HandlerCall = {
        text: () => `"${name}"${attempt > 1 ? `, attempt ${attempt}` : ''}`,
        body: () => response(payload, axon, ctx),
        done: (answer) => {
          scene.trace(this, () => `${call.text()} has answered`);
          journal.onAnswered(this.knows, subscriber, id, answer);
          return answer;
        },
        isKilled: false,
      };
      scene.trace(this, () => `calls ${call.text()} ${id}`);
      journal.onCalled(this.knows, subscriber, id, payload);
      const death = faults.pick(KILLED, killedHandler)?.what;
      if (death === 'before') {
        this.kill(() => `before the body of ${call.text()} was called`);
        return never();
      }
      call.isKilled = death === 'after';
      if (isAsync && faults.pick(SLOW_TO_BEGIN, slowHandler / 2) !== undefined) return this.#slowToBegin(call);
      return this.#called(call);
    };
  }

  async #slowToBegin(call: HandlerCall): Promise<unknown> {
    await this.#scene.sleep(() => `${call.text()} does not begin`, this, this);
    return this.#called(call);
  }

  #called(call: HandlerCall): unknown {
    try {
      const answer = call.body();
      if (isThenable(answer)) return this.#answered(call, answer);
      if (!call.isKilled) return call.done(answer);
    } catch (error) {
      if (!call.isKilled) throw error;
    }
    return this.#killedAfter(call);
  }

  async #answered(call: HandlerCall, answer: PromiseLike<unknown>): Promise<unknown> {
    const scene = this.#scene;
    try {
      return call.done(await scene.outside(answer));
    } finally {
      if (scene.faults.pick(SLOW_TO_ANSWER, scene.setting.rates.slowHandler) !== undefined) {
        await scene.sleep(() => `${call.text()} does not answer`, this, this);
      }
      if (call.isKilled) await this.#killedAfter(call);
    }
  }

  #killedAfter({ text }: HandlerCall): Promise<never> {
    this.kill(() => `after the body of ${text()} was done, before its answer was taken`);
    return never();
  }
}

/** A call in a few words that are the same whenever the schedule is done again. */
function textOf({ method, request }: StoreCall): string {
  if (method === 'create') return 'create';
  return method === 'save' ? `save ${(request as SaveRequest).seq}` : method;
}
