/** A graph of neurons, ready to run. Starts runs, brings stored ones back, and lets go of all of them. */
import { createLogic } from '../../machines/logic.js';
import { type Clock, systemClock } from '../clock/clock.js';
import { LONGEST_TIMER } from '../clock/long-timer.js';
import { type Codec, createCodec } from '../durability/codec.js';
import { thisOwner } from '../durability/owner.js';
import { Roster } from '../collections/roster.js';
import type { Store } from '../durability/store.js';
import {
  CNSClosedError,
  InvalidArgumentError,
  RunExistsError,
  RunSuspendedError,
  StoreRequiredError,
  UndeliverableSignalError,
} from '../errors/index.js';
import { buildGraph } from '../graph/build-graph.js';
import type { Signal } from '../graph/collateral.js';
import { Network } from '../graph/network.js';
import type { AnyNeuron } from '../graph/neuron.js';
import { createFlow, FLOW, type Flow } from '../propagation/operations.js';
import { start } from '../propagation/transition.js';
import { Work } from '../propagation/work.js';
import { abortBy } from './abort-by.js';
import { type CheckpointPolicy, durabilityOf, milestonesOf, policyOf } from './checkpoint-policy.js';
import { checkDelivery, checkDeliveryId, refusalOf } from './delivery.js';
import { DurableRuns } from './durable-runs.js';
import { checkEntry, checkTasks, encodeEntry, type Entry, NO_OPTIONS, startInputOf } from './entry.js';
import { checkGrace } from './leaving.js';
import { Listeners } from './listeners.js';
import type {
  CNSOptions,
  DrainListener,
  Logger,
  RehydrateOptions,
  ResponseListener,
  RunTotal,
  StimulateOptions,
} from './options.js';
import type { AbortRunOptions, FailedTask, SignalOptions, SuspendOptions, Task } from './results.js';
import { type Redact, redacted, redactOf } from './redact.js';
import { type RecoverOptions, type RecoveryReport, recoverAll } from './recover.js';
import { Run, type RunHost } from './run.js';
import { AwaitableStimulation, Stimulation } from './stimulation.js';
import { safeLogger } from './safe-logger.js';
import { CODEC, GIVEN, type Given, READ_INBOX, TAKE_UP } from './seams.js';
import { storingOf } from './storing.js';

const DEFAULT_LEASE = 5000;

interface BringBackOptions extends RehydrateOptions {
  /** As `DurableRuns` has them. */
  readonly isListed?: boolean;
  readonly hasNoMail?: boolean;
  readonly retryOf?: number | undefined;
}

interface LiveEntry {
  readonly run: Run;
  /** Encoded, or as given where nothing is stored; null when the store did not have it. */
  readonly entry: string | Entry | null;
}

export class CNS<G = unknown> {
  readonly [FLOW]: Flow;
  /** Who listens, who emits, what loops. */
  readonly network: Network;
  /** How many activations a whole run settles, as its options say. */
  readonly total: RunTotal | undefined;
  readonly #host: RunHost;
  readonly [CODEC]: Codec;
  readonly [GIVEN]: Given;
  readonly #redact: Redact | undefined;
  readonly #clock: Clock;
  readonly #now = (): number => this.#clock.now();
  readonly #logger: Logger;
  readonly #listeners: Listeners;
  readonly #autoCleanup: boolean;
  readonly #policy: CheckpointPolicy;
  readonly #durability: DurableRuns | null;
  /** Runs that go on here and were given an id, with the entry that they were started with. */
  readonly #live = new Roster<LiveEntry>();
  #closed = false;

  /**
   * @param neurons the graph
   * @param global what handlers see as `ctx.global`; asked for when a neuron was made `withGlobal`
   * @throws InvalidGraphError listing everything that is wrong
   */
  constructor(neurons: readonly AnyNeuron<G>[], options: CNSOptions = {}, ...global: unknown extends G ? [G?] : [G]) {
    this[GIVEN] = { neurons: neurons, options, global: global[0] };
    const { store, clock = systemClock, lease = DEFAULT_LEASE } = options;
    const logger = safeLogger(options.logger ?? console);
    if (!(lease > 0 && lease <= LONGEST_TIMER)) {
      throw new InvalidArgumentError(`lease must be a number of milliseconds from 1 to ${LONGEST_TIMER}`, {
        hint: 'leave it out for 5 seconds',
      });
    }
    const { name = 'flow', version = '1', registry, autoCleanupContexts = false } = options;
    const policy = (this.#policy = policyOf(options));
    const storing = storingOf(options);
    this[CODEC] = createCodec(options.classes === undefined ? {} : { classes: options.classes });
    this.#redact = redactOf(options.redact);
    const given = { name, version, durable: store !== undefined, milestones: milestonesOf(options) };
    const graph = buildGraph(neurons, registry === undefined ? given : { ...given, registry });
    this.total = options.total;
    this.#clock = clock;
    this.#logger = logger;
    this.#autoCleanup = autoCleanupContexts;
    this.#listeners = new Listeners(logger);
    this[FLOW] = createFlow(graph, { clock, global: global[0], cns: this });
    this.network = new Network(graph);
    this.#host = {
      logic: createLogic(this[FLOW]),
      inspect: options.inspect,
      onEnded: (run) => this.#onEnded(run),
      onFailure: (run, error) => this.#onFailure(run, error),
      handleOf: (run) => new Stimulation(run),
      checkSignal: (run, signal, given) => this.#checkSignal(run, signal, given),
    };
    this.#durability =
      store === undefined
        ? null
        : new DurableRuns({
            store,
            clock,
            logger,
            lease,
            policy,
            codec: this[CODEC],
            storing,
            owner: thisOwner(clock),
            flow: this[FLOW],
            migrate: options.migrate,
          });
  }

  /** Where its runs are stored; undefined when they live in memory only. */
  get store(): Store | undefined {
    return this.#durability?.store;
  }

  /**
   * Starts a run. Without a store, all work that needs no waiting is done when this returns; with one, nothing starts
   * before the entry is stored.
   * @returns the run; awaiting it gives its result
   * @throws UnknownCollateralError, InvalidPayloadError, InvalidArgumentError, UnserializableError, CNSClosedError; and
   *   RunExistsError when a run of this id is live here with another entry (one that is only stored rejects with it)
   */
  stimulate(signal: Signal | readonly Signal[], options: StimulateOptions = NO_OPTIONS): AwaitableStimulation {
    this.#assertOpen('stimulate');
    return this.#begin(checkEntry(this[FLOW].graph, signal, options), options);
  }

  /**
   * Starts a run with what another one has left: tasks or failed tasks, as they are or after JSON. Each runs under the
   * id that it had, on the dendrite that it was for; no tasks, and the run has completed.
   * @throws as `stimulate`
   */
  activate(tasks: readonly (Task | FailedTask)[], options: StimulateOptions = {}): AwaitableStimulation {
    this.#assertOpen('activate');
    return this.#begin(checkTasks(this[FLOW].graph, tasks, options), options);
  }

  #begin(given: Entry, options: StimulateOptions): AwaitableStimulation {
    const entry = this.#autoCleanup ? { ...given, options: { ...given.options, autoCleanup: true } } : given;
    const known = options.id === undefined ? undefined : this.#live.get(options.id);
    const durability = this.#durability;
    const told = durabilityOf('stimulate', options.durability, durability !== null);
    if (known !== undefined) return this.#attach(known, entry, options);

    const work = new Work(this[FLOW]);
    const run = new Run(work, this.#host);
    this.#listeners.attach(run, options);
    // it is no part of the entry: who starts the same again attaches, however the run is stored
    const kept = told === undefined ? entry : { ...entry, options: { ...entry.options, durability: told } };
    const isHeld = durability !== null && (told ?? this.#policy.durability) === 'sync';
    start(work, startInputOf(kept, options.id, isHeld, this.#clock));
    if (durability !== null) {
      const text = encodeEntry(entry, this[CODEC]);
      this.#live.set(work.id, { run, entry: text });
      durability.start(run, text, options.retry === true);
    } else if (options.id !== undefined) this.#live.set(options.id, { run, entry });
    if (options.abortSignal !== undefined) abortBy(run, options.abortSignal); // a handler of the first turn may fire it
    if (durability === null && !run.hasEnded) run.go();
    return new AwaitableStimulation(run);
  }

  /**
   * A signal from outside for a run, wherever it lives: here, in another process, or in the store alone. Of one that
   * does not live here it waits in the store until the run's owner looks, or until somebody rehydrates it.
   * @returns resolves when it is stored for the run
   * @throws UndeliverableSignalError when nothing takes it, UnknownRunError, UnknownCollateralError,
   *   InvalidPayloadError, UnserializableError, StoreRequiredError for a run that does not live here
   */
  async signal(id: string, signal: Signal, options: SignalOptions = {}): Promise<void> {
    this.#assertOpen('signal');
    const live = this.#live.get(id);
    if (live !== undefined) return live.run.signal(signal, options);
    const durability = this.#assertDurable('signal');
    const event = checkDelivery(this[FLOW].graph, id, signal, options);
    await durability.post(id, event, options.deliveryId ?? this.#clock.id());
  }

  /**
   * Aborts a run, wherever it lives: here at once; one that lives elsewhere when its owner looks, a third of its lease
   * later at most; one that nobody holds when it is recovered or rehydrated.
   * @returns resolves when it is stored for the run
   * @throws RunEndedError, UnknownRunError, GraphMismatchError for a run of another flow, NotSupportedError,
   *   StoreRequiredError for a run that does not live here
   */
  async abort(id: string, reason?: unknown, options: AbortRunOptions = {}): Promise<void> {
    this.#assertOpen('abort');
    const { compensate = false, deliveryId } = options;
    if (deliveryId !== undefined) checkDeliveryId('abort', deliveryId);
    const live = this.#live.get(id);
    if (live !== undefined) return live.run.checkpoint(() => live.run.abort(reason, compensate));
    const durability = this.#assertDurable('abort');
    await durability.postAbort(id, { type: 'engram.abort', reason, compensate }, deliveryId ?? this.#clock.id());
  }

  /**
   * A value as it may be shown: without what the option `redact` hides. A copy; what is stored stays as it is.
   * @param path what the value is, for a function: `'payload', 'order'`, or `'context', 'pay'`, or `'output'`
   */
  redacted(value: unknown, ...path: readonly string[]): unknown {
    return redacted(value, this.#redact, path);
  }

  /**
   * Tells a listener of every response of runs that start after this.
   * @returns removes it
   */
  addResponseListener(listener: ResponseListener): () => void {
    return this.#listeners.addResponse(listener);
  }

  /**
   * Tells a listener of the end of every synchronous turn of runs that start after this. What it throws is logged.
   * @returns removes it
   */
  addDrainListener(listener: DrainListener): () => void {
    return this.#listeners.addDrain(listener);
  }

  /**
   * Makes a stored run live again; it goes on from its last milestone. One that has ended comes back ended, unless
   * `retry` asks for what has failed to be done once more. Of checkpoints that are damaged the newest valid one is used,
   * and what was lost is logged and told to `onDamage`.
   * @returns undefined when the store holds no such run
   * @throws AlreadyOwnedError, NoValidCheckpointError, UnsupportedFormatError, GraphMismatchError, StoreRequiredError
   */
  async rehydrate(id: string, options: RehydrateOptions = {}): Promise<Stimulation | undefined> {
    this.#assertOpen('rehydrate');
    const durability = this.#assertDurable('rehydrate');
    return this.#rehydrate(durability, id, options);
  }

  /** As `rehydrate`, for one that is believed to be in the store, and to have something to do. */
  async [TAKE_UP](id: string, options: { readonly retryOf?: number | undefined }): Promise<Stimulation | undefined> {
    this.#assertOpen('rehydrate');
    return this.#rehydrate(this.#assertDurable('rehydrate'), id, { ...options, isListed: true });
  }

  /** Reads the inbox of a run that lives here now, instead of with its next renewal. */
  async [READ_INBOX](id: string): Promise<void> {
    const live = this.#live.get(id);
    if (live !== undefined) await this.#durability?.readInbox(live.run);
  }

  async #rehydrate(durability: DurableRuns, id: string, options: BringBackOptions): Promise<Stimulation | undefined> {
    return this.#handleOf(id) ?? durability.exclusively(id, () => this.#bringBack(durability, id, options));
  }

  /** A run that goes on here. One that is only being started may yet turn out to be refused. */
  #handleOf(id: string, entry?: string | null): Stimulation | undefined {
    const known = this.#live.get(id);
    const isKnown = known !== undefined && (known.run.status !== 'starting' || known.entry === entry);
    return isKnown ? new Stimulation(known.run) : undefined;
  }

  async #bringBack(
    durability: DurableRuns,
    id: string,
    { onDamage, ...options }: BringBackOptions,
  ): Promise<Stimulation | undefined> {
    const starting = this.#live.get(id);
    if (starting !== undefined) {
      const entry = await durability.entryOf(id);
      if (entry === undefined) return new Stimulation(starting.run);
      const handle = this.#handleOf(id, entry);
      if (handle !== undefined) return handle;
    }
    const loaded = await durability.load(id, options);
    if (loaded === undefined) return undefined;
    const raced = this.#live.get(id);
    if (raced !== undefined && raced.entry === loaded.entry) {
      // started meanwhile with the same entry: it attaches when it finds the run stored
      await durability.abandon(id, loaded);
      return new Stimulation(raced.run);
    }
    const run = new Run(loaded.work, this.#host);
    this.#listeners.attach(run, {});
    if (loaded.damaged !== null) onDamage?.(loaded.damaged);
    if (loaded.lease !== null) this.#live.set(id, { run, entry: loaded.entry });
    await durability.resume(run, loaded, options);
    return new Stimulation(run);
  }

  /**
   * Rehydrates all unfinished runs of this flow that nobody owns and that have something to do. Runs that only wait stay
   * as they are until the time that they wait for has come or a signal has arrived; call this again for those. Reports
   * what it could not bring back, and why.
   */
  recover(options: RecoverOptions = {}): Promise<RecoveryReport> {
    this.#assertOpen('recover');
    const durability = this.#assertDurable('recover');
    const world = {
      store: durability.store,
      owner: durability.owner,
      graph: this[FLOW].graph.name,
      now: this.#now,
      isWanted: (id: string) => !this.#closed && !this.#live.has(id),
      bringBack: (id: string, how: BringBackOptions) => this.#rehydrate(durability, id, how),
    };
    return recoverAll(world, options);
  }

  /**
   * Lets go of all durable runs, so that another process may take them at once, and starts nothing more. The
   * store stays open: it is yours.
   * @param options.grace as `stimulation.suspend` has it
   */
  async close({ grace = 0 }: SuspendOptions = {}): Promise<void> {
    checkGrace('close', grace);
    this.#closed = true;
    await this.#durability?.close(grace);
  }

  #attach({ run, entry }: LiveEntry, given: Entry, options: StimulateOptions): AwaitableStimulation {
    const encoded = entry === null || typeof entry === 'string' ? entry : this.#tryEncode(entry);
    if (encoded === undefined || encoded !== this.#tryEncode(given)) throw new RunExistsError(run.work.id);
    this.#listeners.join(run, options);
    if (options.abortSignal !== undefined) abortBy(run, options.abortSignal);
    return new AwaitableStimulation(run);
  }

  #tryEncode(entry: Entry): string | undefined {
    try {
      return encodeEntry(entry, this[CODEC]);
    } catch {
      return undefined; // entries that cannot be compared are not the same
    }
  }

  #checkSignal(run: Run, signal: Signal, options: SignalOptions) {
    const { work } = run;
    const refusal = run.hasEnded ? `it has ended (${run.status})` : refusalOf(work);
    const event = checkDelivery(this[FLOW].graph, work.id, signal, options);
    if (refusal !== undefined) {
      const { deliveryId } = options;
      const wasTaken = deliveryId !== undefined && work.rare?.deliveries.has(deliveryId) === true;
      if (wasTaken) return undefined; // and the answer to that was lost
      throw new UndeliverableSignalError(work.id, event.type, refusal);
    }
    // refused here, it costs nothing; in a checkpoint it would cost the run
    if (this.#durability !== null) this[CODEC].encode(event.payload, `payload of "${event.type}"`);
    return event;
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
