/**
 * Many triggers, one run at a time: for a flow that works off what there is, called from a timer, a queue or a webhook.
 *
 * Rules:
 * - Never two runs of a gate at once, and never more than one that waits for its turn.
 * - A call while more of the run is to start shares it: its entry is not stored yet, it only waits for a time or a
 *   signal, or several activations are left and some of them have not started.
 * - Any later call may announce what those that have started looked for in vain: it gets a run of its own behind this
 *   one, shared by all such calls.
 *
 * What a call that shares the run announces is left to the activations that have not started. So let a flow look for
 * work last: each batch emits its items, then the signal that fetches the next batch. Of a flow that has other things to
 * start after it has found nothing, a gate cannot see that it looks no more.
 */
import { InvalidArgumentError, StimulationAbortedError } from '../errors/index.js';
import type { Signal } from '../graph/collateral.js';
import type { CNS } from './cns.js';
import type { Logger, StimulateOptions } from './options.js';
import type { Result, StimulationStatus } from './results.js';
import type { AwaitableStimulation, Stimulation } from './stimulation.js';

export interface StimulationGateOptions {
  readonly cns: Pick<CNS, 'stimulate'>;
  /** What each run is started with; a function is asked anew for each. */
  readonly signal: Signal | readonly Signal[] | (() => Signal | readonly Signal[]);
  /** As for `cns.stimulate`; a function is asked anew for each run, which an `id` or an `abortSignal` mostly needs. */
  readonly options?: StimulateOptions | (() => StimulateOptions);
  /** Told of a run that failed while nobody was waiting for its promise. `console` unless told. */
  readonly logger?: Pick<Logger, 'error'>;
}

/** Knows whether anybody waits for it. What is derived from it are plain promises. */
class Drained extends Promise<Result> {
  observed = false;

  static override get [Symbol.species](): PromiseConstructor {
    return Promise;
  }

  override then<A = Result, B = never>(
    onFulfilled?: ((result: Result) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    this.observed = true;
    return super.then(onFulfilled, onRejected);
  }

  /** It is no unhandled rejection, also when nobody waits for it. */
  allowFailure(): void {
    super.then(undefined, () => undefined);
  }
}

/** A run and those who wait for it. */
class Round {
  readonly promise: Drained;
  resolve!: (result: Result) => void;
  reject!: (error: unknown) => void;
  /** Undefined until `stimulate` has returned: handlers run before that. */
  stimulation: AwaitableStimulation | undefined = undefined;
  /** Whether aborting it is left to the owner of its `abortSignal`. */
  isAbortedElsewhere = false;
  /** Set when the gate was told to abort it. */
  abortion: { readonly reason: unknown } | null = null;

  constructor() {
    this.promise = new Drained((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    this.promise.allowFailure();
  }
}

const NOT_OVER: readonly StimulationStatus[] = ['starting', 'running', 'waiting'];
/** Nothing has started, or nothing has started of what is left. */
const STILL_TO_START: readonly StimulationStatus[] = ['starting', 'waiting'];

export class CNSStimulationGate {
  readonly #cns: StimulationGateOptions['cns'];
  readonly #signal: StimulationGateOptions['signal'];
  readonly #options: StimulationGateOptions['options'];
  readonly #logger: Pick<Logger, 'error'>;
  #active: Round | null = null;
  /** Starts when the active one has ended. */
  #trailing: Round | null = null;

  /** @throws InvalidArgumentError without a CNS */
  constructor({ cns, signal, options, logger = console }: StimulationGateOptions) {
    if (typeof (cns as { stimulate?: unknown } | null | undefined)?.stimulate !== 'function') {
      throw new InvalidArgumentError('a stimulation gate needs a CNS', {
        hint: 'new CNSStimulationGate({ cns, signal: poll.createSignal() })',
      });
    }
    this.#cns = cns;
    this.#signal = signal;
    this.#options = options;
    this.#logger = logger;
  }

  /** Whether a run is active, or waits for its turn. */
  get isDraining(): boolean {
    return this.#active !== null;
  }

  /** The active run; undefined when there is none. */
  getCurrentStimulation(): Stimulation | undefined {
    return this.#active?.stimulation;
  }

  /**
   * Starts a run, as `cns.stimulate` does, or shares the one that there is, or that will follow it (see above). To be
   * awaited anywhere but in a handler of that run, which would wait for itself.
   * @returns the result of the run. Rejects with what the run rejects with, or what `stimulate`, `signal` or `options`
   *   threw; a failure that nobody waits for is logged and no unhandled rejection
   */
  drain(): Promise<Result> {
    const active = this.#active;
    if (active === null) return this.#start(new Round());
    if (isMoreToCome(active)) return active.promise;
    return (this.#trailing ??= new Round()).promise;
  }

  /**
   * Aborts the active run and drops the one behind it: both reject with the same StimulationAbortedError, and so does
   * whatever is asked of the gate until the active one has ended.
   * @returns false when there is nothing to abort, and when `options` brought an `abortSignal`: its owner aborts by that
   */
  abort(reason?: unknown): boolean {
    const active = this.#active;
    if (active === null || active.isAbortedElsewhere) return false;
    const { stimulation } = active;
    const isOver = stimulation !== undefined && !NOT_OVER.includes(stimulation.status);
    if (isOver && this.#trailing === null) return false;
    active.abortion ??= { reason };
    if (!isOver) stimulation?.abort(reason);
    return true;
  }

  #start(round: Round): Promise<Result> {
    this.#active = round;
    this.#run(round).then(
      (result) => {
        round.resolve(result);
        this.#afterEnd(round, undefined);
      },
      (error: unknown) => {
        this.#fail(round, error);
        this.#afterEnd(round, error);
      },
    );
    return round.promise;
  }

  /** What can be done at once is done when this returns its promise. */
  async #run(round: Round): Promise<Result> {
    const signal = typeof this.#signal === 'function' ? this.#signal() : this.#signal;
    const options = (typeof this.#options === 'function' ? this.#options() : this.#options) ?? {};
    round.isAbortedElsewhere = options.abortSignal !== undefined;
    const stimulation = this.#cns.stimulate(signal, options);
    round.stimulation = stimulation;
    if (round.abortion !== null) stimulation.abort(round.abortion.reason); // told so by one of its handlers
    return stimulation.waitUntilComplete();
  }

  #afterEnd({ abortion, stimulation }: Round, error: unknown): void {
    const trailing = this.#trailing;
    this.#active = this.#trailing = null;
    if (trailing === null) return;
    if (abortion === null) {
      void this.#start(trailing);
      return;
    }
    const aborted = error instanceof StimulationAbortedError;
    this.#fail(trailing, aborted ? error : new StimulationAbortedError(stimulation?.id ?? '', abortion.reason));
  }

  #fail({ promise, reject, stimulation }: Round, error: unknown): void {
    reject(error);
    if (promise.observed) return;
    const what = stimulation === undefined ? 'a run of a stimulation gate' : `run "${stimulation.id}"`;
    this.#logger.error(`${what} failed and nobody was waiting for it`, error);
  }
}

/** Whether something of the run is sure to start yet. */
function isMoreToCome({ stimulation }: Round): boolean {
  if (stimulation === undefined) return false;
  return STILL_TO_START.includes(stimulation.status) || stimulation.pendingActivations > 0;
}
