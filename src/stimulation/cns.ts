/** A graph of neurons, ready to run. Starts runs, brings stored ones back, and lets go of all of them. */
import { createLogic } from '../../machines/logic.js';
import { type Clock, systemClock } from '../clock/clock.js';
import { type Codec, createCodec } from '../durability/codec.js';
import { thisOwner } from '../durability/owner.js';
import {
  CNSClosedError,
  InvalidArgumentError,
  RunExistsError,
  RunSuspendedError,
  StoreRequiredError,
} from '../errors/index.js';
import { buildGraph } from '../graph/build-graph.js';
import type { Signal } from '../graph/collateral.js';
import { Network } from '../graph/network.js';
import type { AnyNeuron } from '../graph/neuron.js';
import { createFlow, FLOW, type Flow } from '../propagation/operations.js';
import { start } from '../propagation/transition.js';
import { Work } from '../propagation/work.js';
import { DurableRuns } from './durable-runs.js';
import { checkEntry, encodeEntry, type Entry } from './entry.js';
import type { CNSOptions, Logger, StimulateOptions } from './options.js';
import { type RecoverOptions, type RecoveryReport, recoverAll } from './recover.js';
import { Responses } from './responses.js';
import { Run, type RunHost } from './run.js';
import { AwaitableStimulation, Stimulation } from './stimulation.js';

const DEFAULT_LEASE = 5000;
/** What a timer can count. */
const LONGEST_LEASE = 2 ** 31 - 1;

const NO_LISTENERS: readonly Responses[] = [];

interface LiveEntry {
  readonly run: Run;
  /** Encoded, or as given where nothing is stored; null when the store did not have it. */
  readonly entry: string | Entry | null;
}

export class CNS<G = unknown> {
  readonly [FLOW]: Flow;
  /** Who listens, who emits, what loops. */
  readonly network: Network;
  readonly #host: RunHost;
  readonly #codec: Codec = createCodec();
  readonly #clock: Clock;
  readonly #logger: Logger;
  readonly #durability: DurableRuns | null;
  /** Runs that go on here and were given an id, with the entry that they were started with. */
  readonly #live = new Map<string, LiveEntry>();
  #closed = false;

  /**
   * @param neurons the graph
   * @param global what handlers see as `ctx.global`; asked for when a neuron was made `withGlobal`
   * @throws InvalidGraphError listing everything that is wrong
   */
  constructor(neurons: readonly AnyNeuron<G>[], options: CNSOptions = {}, ...global: unknown extends G ? [G?] : [G]) {
    const { store, clock = systemClock, logger = console, lease = DEFAULT_LEASE } = options;
    if (!(lease > 0 && lease <= LONGEST_LEASE)) {
      throw new InvalidArgumentError(`lease must be a number of milliseconds from 1 to ${LONGEST_LEASE}`, {
        hint: 'leave it out for 5 seconds',
      });
    }
    const { name = 'flow', version = '1' } = options;
    const graph = buildGraph(neurons, { name, version, durable: store !== undefined });
    this.#clock = clock;
    this.#logger = logger;
    this[FLOW] = createFlow(graph, () => clock.id(), global[0]);
    this.network = new Network(graph);
    this.#host = {
      logic: createLogic(this[FLOW]),
      inspect: options.inspect,
      onEnded: (run) => this.#onEnded(run),
      onFailure: (run, error) => this.#onFailure(run, error),
    };
    this.#durability =
      store === undefined
        ? null
        : new DurableRuns({
            store,
            clock,
            logger,
            lease,
            codec: this.#codec,
            owner: thisOwner(clock),
            flow: this[FLOW],
          });
  }

  /**
   * Starts a run. Without a store, all work that needs no waiting is done when this returns; with one, nothing starts
   * before the entry is stored.
   * @returns the run; awaiting it gives its result
   * @throws UnknownCollateralError, InvalidPayloadError, InvalidArgumentError, UnserializableError, CNSClosedError; and
   *   RunExistsError when a run of this id is live here with another entry (one that is only stored rejects with it)
   */
  stimulate(signal: Signal | readonly Signal[], options: StimulateOptions = {}): AwaitableStimulation {
    this.#assertOpen('stimulate');
    const entry = checkEntry(this[FLOW].graph, signal, options);
    const known = options.id === undefined ? undefined : this.#live.get(options.id);
    if (known !== undefined) return this.#attach(known, entry, options);

    const work = new Work(this[FLOW]);
    const run = new Run(work, this.#host);
    const durability = this.#durability;
    start(work, { id: options.id, signals: entry.signals, hold: durability !== null, output: entry.output });
    for (const listener of this.#listenersOf(run, options)) run.listen(listener);
    if (durability !== null) {
      const text = encodeEntry(entry, this.#codec);
      this.#live.set(work.id, { run, entry: text });
      durability.start(run, text);
    } else {
      if (options.id !== undefined) this.#live.set(options.id, { run, entry });
      run.start();
    }
    return new AwaitableStimulation(run);
  }

  /**
   * Makes a stored run live again; it goes on from its last milestone. One that has ended comes back ended.
   * @returns undefined when the store holds no such run
   * @throws AlreadyOwnedError, NoValidCheckpointError, UnsupportedFormatError, GraphMismatchError, StoreRequiredError
   */
  async rehydrate(id: string): Promise<Stimulation | undefined> {
    this.#assertOpen('rehydrate');
    const durability = this.#assertDurable('rehydrate');
    return this.#handleOf(id) ?? durability.exclusively(id, () => this.#bringBack(durability, id));
  }

  /** A run that goes on here. One that is only being started may yet turn out to be refused. */
  #handleOf(id: string, entry?: string | null): Stimulation | undefined {
    const known = this.#live.get(id);
    const isKnown = known !== undefined && (known.run.status !== 'starting' || known.entry === entry);
    return isKnown ? new Stimulation(known.run) : undefined;
  }

  async #bringBack(durability: DurableRuns, id: string): Promise<Stimulation | undefined> {
    const starting = this.#live.get(id);
    if (starting !== undefined) {
      const entry = await durability.entryOf(id);
      if (entry === undefined) return new Stimulation(starting.run);
      const handle = this.#handleOf(id, entry);
      if (handle !== undefined) return handle;
    }
    const loaded = await durability.load(id);
    if (loaded === undefined) return undefined;
    const raced = this.#live.get(id);
    if (raced !== undefined && raced.entry === loaded.entry) {
      // started meanwhile with the same entry: it attaches when it finds the run stored
      await durability.abandon(id, loaded);
      return new Stimulation(raced.run);
    }
    const run = new Run(loaded.work, this.#host);
    if (loaded.lease !== null) this.#live.set(id, { run, entry: loaded.entry });
    await durability.resume(run, loaded);
    return new Stimulation(run);
  }

  /** Rehydrates all unfinished runs of this flow that nobody owns. Reports what it could not bring back, and why. */
  recover(options: RecoverOptions = {}): Promise<RecoveryReport> {
    this.#assertOpen('recover');
    const { store } = this.#assertDurable('recover');
    const isWanted = (id: string) => !this.#closed && !this.#live.has(id);
    return recoverAll(store, this[FLOW].graph.name, (id) => this.rehydrate(id), isWanted, options);
  }

  /**
   * Lets go of all durable runs, so that another process may take them at once, and starts nothing more. The
   * store stays open: it is yours.
   */
  async close(): Promise<void> {
    this.#closed = true;
    await this.#durability?.close();
  }

  #attach({ run, entry }: LiveEntry, given: Entry, options: StimulateOptions): AwaitableStimulation {
    const encoded = entry === null || typeof entry === 'string' ? entry : this.#tryEncode(entry);
    if (encoded === undefined || encoded !== this.#tryEncode(given)) throw new RunExistsError(run.work.id);
    for (const listener of this.#listenersOf(run, options)) run.listen(listener);
    return new AwaitableStimulation(run);
  }

  #tryEncode(entry: Entry): string | undefined {
    try {
      return encodeEntry(entry, this.#codec);
    } catch {
      return undefined; // entries that cannot be compared are not the same
    }
  }

  #listenersOf(run: Run, { onResponse }: StimulateOptions): readonly Responses[] {
    if (onResponse === undefined) return NO_LISTENERS;
    return [new Responses(run, [onResponse], (error) => run.keepListenerError(error))];
  }

  #assertOpen(what: string): void {
    if (this.#closed) throw new CNSClosedError(what);
  }

  #assertDurable(what: string): DurableRuns {
    if (this.#durability === null) throw new StoreRequiredError(`cns.${what}()`);
    return this.#durability;
  }

  #onEnded(run: Run): void {
    const { name } = run.work;
    if (name !== null && this.#live.get(name)?.run === run) this.#live.delete(name);
    this.#durability?.onEnded(run);
  }

  #onFailure(run: Run, error: unknown): void {
    if (error instanceof RunSuspendedError) return; // unfinished, not failed
    // whoever awaits it in this turn or soon after sees it there
    this.#clock.after(0, () => {
      if (!run.observed) this.#logger.error(`run "${run.work.id}" failed and nobody was waiting for it`, error);
    });
  }
}
