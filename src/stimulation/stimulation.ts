/** A run as its user sees it. Holds nothing itself. */
import type { Signal } from '../graph/collateral.js';
import type { StimulationHandle } from '../graph/types.js';
import { dueOf, frontierOf } from '../propagation/lists.js';
import { failedOf } from '../propagation/rare.js';
import type { RunActor } from './actor.js';
import { checkGrace, suspend } from './leaving.js';
import type {
  AbortOptions,
  FailedTask,
  Result,
  SignalOptions,
  StimulationStatus,
  SuspendOptions,
  Task,
} from './results.js';
import type { Run } from './run.js';
import { pendingTask, taskOf } from './tasks.js';
import { ValuesView } from './values-view.js';

/** How the workers of this package follow a run. */
export const ON_TURN = Symbol.for('engram.on-turn');

export class Stimulation implements StimulationHandle {
  readonly #run: Run;

  constructor(run: Run) {
    this.#run = run;
  }

  get id(): string {
    return this.#run.work.id;
  }

  /**
   * The run as an XState actor, made when it is first asked for. `subscribe`, `waitFor` and `toPromise` work on it.
   * Events sent to it are the machine's own language, taken as they are: no schema is asked, and telling it that a
   * milestone is stored makes it go on. Stopping it lets the run go.
   */
  get actor(): RunActor {
    return this.#run.actor;
  }

  get status(): StimulationStatus {
    return this.#run.status;
  }

  /** Tells of the end of every turn of the run from now on. */
  [ON_TURN](told: () => void): void {
    this.#run.onDrain(told);
  }

  /** When the run goes on by itself, where it waits for a time (milliseconds since the epoch); else null. */
  get due(): number | null {
    return dueOf(this.#run.work);
  }

  /** The milestone neuron that was stored last; null where none was since the run came to this process. */
  get milestone(): string | null {
    return this.#run.gate?.milestone ?? null;
  }

  /** How many activations have settled. */
  get settledActivations(): number {
    return this.#run.work.settled;
  }

  /** How many activations have not started, or wait for anything, now: also in the middle of a turn. */
  get pendingActivations(): number {
    return this.#run.work.pending;
  }

  /**
   * Resolves when the run has completed; with a store, when its end is stored.
   * @throws StimulationFailedError with the causes of all failed activations; StimulationAbortedError; SaveFailedError;
   *   StaleOwnerError when another process took the run over; RunSuspendedError when it was let go by `cns.close()`;
   *   RunExistsError when the id is stored with another entry
   */
  waitUntilComplete(): Promise<Result> {
    return this.#run.waitUntilComplete();
  }

  /**
   * A signal from outside, for a run that goes on here. One that a neuron expects goes to who has waited longest, or is
   * kept until somebody does; any other starts who listens to it.
   * @returns resolves when the run has it, and with a store when that is stored
   * @throws UndeliverableSignalError, UnknownCollateralError, InvalidPayloadError, UnserializableError
   */
  signal(signal: Signal, options: SignalOptions = {}): Promise<void> {
    return this.#run.signal(signal, options);
  }

  /**
   * Nothing new starts; what runs sees its `ctx.abortSignal` and may finish; all else becomes failed tasks that
   * `cns.activate` and `cns.rehydrate(id, { retry: true })` take up. The run rejects with `StimulationAbortedError`
   * when what runs has ended. Does nothing to a run that has ended.
   */
  abort(reason?: unknown, { compensate = false }: AbortOptions = {}): void {
    this.#run.abort(reason, compensate);
  }

  /** Resolves when all that has happened so far is stored; at once for a run without a store. */
  checkpoint(): Promise<void> {
    return this.#run.checkpoint();
  }

  /**
   * Lets the run go before its end: `status` is `suspended`, and who waits for it is rejected with RunSuspendedError. A
   * stored run is stored as it stands, and any process may rehydrate it at once; of one without a store nothing is left.
   * Nothing of it starts any more; what runs sees its `ctx.abortSignal`, and is done again elsewhere unless it answers in
   * time.
   * @param options.grace how long that is, in milliseconds; 0 unless told
   * @returns resolves when the run was let go
   * @throws SaveFailedError when what has happened last could not be stored
   */
  suspend({ grace = 0 }: SuspendOptions = {}): Promise<void> {
    checkGrace('suspend', grace);
    return suspend(this.#run, grace);
  }

  /** The neurons' committed context values, read as they are now. */
  getContext(): ValuesView {
    return new ValuesView(this.#run.work);
  }

  /** What has failed so far, in order. */
  getFailedTasks(): FailedTask[] {
    const { work } = this.#run;
    return failedOf(work).map((failure) => {
      const { error, aborted } = failure;
      return { task: taskOf(work.id, failure), error, aborted };
    });
  }

  /** What has not settled: in flight, then waiting, in the order in which it would be restarted. */
  getOutstandingTasks(): Task[] {
    const { work } = this.#run;
    return Array.from(frontierOf(work), (activation) => pendingTask(work, activation));
  }

  /** All that is left to do: what has failed, what has not settled, and what has arrived at joins that are not complete. */
  getAllActivationTasks(): Task[] {
    const { work } = this.#run;
    const arrived = work.rare?.joins?.all() ?? [];
    return [
      ...this.getFailedTasks().map(({ task }) => task),
      ...this.getOutstandingTasks(),
      ...arrived.map((activation) => pendingTask(work, activation)),
    ];
  }
}

/** What `stimulate` returns: a stimulation that can be awaited for its result. */
export class AwaitableStimulation extends Stimulation implements PromiseLike<Result> {
  then<A = Result, B = never>(
    onFulfilled?: ((result: Result) => A | PromiseLike<A>) | null,
    onRejected?: ((error: unknown) => B | PromiseLike<B>) | null,
  ): Promise<A | B> {
    return this.waitUntilComplete().then(onFulfilled, onRejected);
  }
}
