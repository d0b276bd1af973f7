/** A run as its user sees it. Holds nothing itself. */
import { failedOf, frontierOf } from '../propagation/work.js';
import type { RunActor } from './actor.js';
import type { FailedTask, Result, StimulationStatus, Task } from './options.js';
import type { Run } from './run.js';
import { ValuesView } from './values-view.js';

export class Stimulation {
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

  /**
   * Resolves when the run has completed; with a store, when its end is stored.
   * @throws StimulationFailedError with the causes of all failed activations; StimulationAbortedError; SaveFailedError;
   *   StaleOwnerError when another process took the run over; RunSuspendedError when it was let go by `cns.close()`;
   *   RunExistsError when the id is stored with another entry
   */
  waitUntilComplete(): Promise<Result> {
    return this.#run.waitUntilComplete();
  }

  /** The neurons' committed context values, read as they are now. */
  getContext(): ValuesView {
    return new ValuesView(this.#run.work);
  }

  /** What has failed so far, in order. */
  getFailedTasks(): FailedTask[] {
    const { work } = this.#run;
    return failedOf(work).map(({ activation, error, aborted, neuron, dendrite, collateral, payload }) => ({
      task: { id: `${work.id}/${activation}`, neuron, dendrite, collateral, payload },
      error,
      aborted,
    }));
  }

  /** What has not settled: in flight, then waiting, in the order in which it would be restarted. */
  getOutstandingTasks(): Task[] {
    const { work } = this.#run;
    return Array.from(frontierOf(work), ({ cause, subscriber, payload }) => ({
      id: `${work.id}/${cause}`,
      neuron: subscriber.neuron.name,
      dendrite: subscriber.key,
      collateral: subscriber.channel.name,
      payload,
    }));
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
