/** Who listens to the runs of a CNS. A run that nobody listens to when it starts pays nothing. */
import { InvalidArgumentError } from '../errors/index.js';
import type { Counters, DrainListener, Logger, ResponseListener, StimulateOptions } from './options.js';
import { Responses } from './responses.js';
import type { Run } from './run.js';
import { Stimulation } from './stimulation.js';

/** In a box of its own, so that one function may be added twice and be removed once. */
interface Entry<L> {
  readonly listener: L;
}

type Own = Pick<StimulateOptions, 'onResponse' | 'onDrain'>;

export class Listeners {
  readonly #responses = new Set<Entry<ResponseListener>>();
  readonly #drains = new Set<Entry<DrainListener>>();
  readonly #logger: Logger;

  constructor(logger: Logger) {
    this.#logger = logger;
  }

  addResponse(listener: ResponseListener): () => void {
    return add(this.#responses, 'addResponseListener', listener);
  }

  addDrain(listener: DrainListener): () => void {
    return add(this.#drains, 'addDrainListener', listener);
  }

  /** A new run is listened to by everybody. */
  attach(run: Run, own: Own): void {
    if (this.#responses.size > 0) listen(run, stillThere(this.#responses));
    if (this.#drains.size > 0) this.#drain(run, stillThere(this.#drains));
    this.join(run, own);
  }

  /** Somebody more listens to a run. */
  join(run: Run, { onResponse, onDrain }: Own): void {
    if (onResponse !== undefined) listen(run, () => [onResponse]);
    if (onDrain !== undefined) this.#drain(run, () => [onDrain]);
  }

  #drain(run: Run, listeners: () => readonly DrainListener[]): void {
    run.onDrain(() => {
      const counters = countersOf(run);
      for (const listener of listeners()) {
        try {
          listener(counters);
        } catch (error) {
          this.#logger.error(`a drain listener of run "${run.work.id}" threw`, error);
        }
      }
    });
  }
}

/** Those that are there now, without those that will have been removed. */
function stillThere<L>(entries: ReadonlySet<Entry<L>>): () => L[] {
  const now = [...entries];
  return () => now.filter((entry) => entries.has(entry)).map(({ listener }) => listener);
}

function add<L>(to: Set<Entry<L>>, call: string, listener: L): () => void {
  if (typeof listener !== 'function') {
    throw new InvalidArgumentError(`${call}: the listener is no function`, { hint: `cns.${call}((event) => …)` });
  }
  const entry = { listener };
  to.add(entry);
  return () => void to.delete(entry);
}

function listen(run: Run, listeners: () => readonly ResponseListener[]): void {
  run.listen(new Responses(run, listeners, () => new Stimulation(run)));
}

function countersOf(run: Run): Counters {
  const { pending, active, settled } = run.work;
  return {
    pendingActivations: pending,
    activeActivations: active,
    queueLength: pending + active,
    hops: settled,
    stimulation: new Stimulation(run),
  };
}
