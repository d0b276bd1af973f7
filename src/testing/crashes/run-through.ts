/** One run of a flow in a world of its own, killed where it is told to be and brought back each time, until its end. */
import { memoryStore } from '../../../adapters/memory.js';
import { type Clock, systemClock } from '../../clock/clock.js';
import { LONGEST_TIMER } from '../../clock/long-timer.js';
import type { Codec } from '../../durability/codec.js';
import type { Store } from '../../durability/store.js';
import { describeError, StimulationFailedError } from '../../errors/index.js';
import { FLOW } from '../../propagation/operations.js';
import type { Graph } from '../../graph/graph.js';
import { CODEC, GIVEN } from '../../stimulation/seams.js';
import type { CNS } from '../../stimulation/cns.js';
import type { RunShape } from '../../stimulation/options.js';
import type { Stimulation } from '../../stimulation/stimulation.js';
import { SimulatedClock } from '../clock/simulated-clock.js';
import { SimulatedProcess } from '../process/process.js';
import type { AnyCNS } from '../process/twin.js';
import type { Watch } from '../process/watched-store.js';
import { checkGiven, type Given, givenTo } from './given.js';
import { type Handled, recorded, type Recording } from './handled.js';
import { clearTimers, type Watched } from './outside.js';
import { Idleness } from './idleness.js';
import type { CheckCrashesOptions, CheckedFlow } from './options.js';
import { Countdown, type Point } from './points.js';
import { emittersIn, StoredView } from './stored-view.js';
import { effectsOf, type ShowingCodec, type Shown, type Snapshot, snapshotOf } from './snapshots.js';

const RUN_ID = 'checked';
/** What keeps a run alive is asked for again so often, and no more. */
const MOST_STEPS = 10_000;
const PATIENCE = 4000;
const MOST_HOPS = 10_000;
/** One that ends its own process each time would never come to an end. */
const MOST_LIVES = 20;
const KILLED = `a handler has ended its process ${MOST_LIVES} times`;

/** How a run has ended. */
export interface End {
  readonly status: string;
  readonly output: Snapshot;
  readonly context: Snapshot;
  /** What has failed, `<neuron>: <message>`, or why it could not be brought back. */
  readonly errors: readonly string[];
  /** The collaterals of signals from outside that it waits for. */
  readonly waitsFor: readonly string[];
}

/** All that was seen of one run. */
export interface Trace {
  /** Of the flow as its last process had it. */
  readonly codec: Codec;
  readonly graph: Graph;
  readonly kills: readonly Point[];
  readonly handled: readonly Handled[];
  /** For every life, the points that it has passed. */
  readonly lives: readonly (readonly Point[])[];
  readonly end: End;
  readonly effects: Snapshot | undefined;
}

export interface Plan {
  readonly kills: readonly Point[];
  /** Whether what stands outside is read around every handler. */
  readonly probes?: boolean;
}

export async function runThrough(flow: CheckedFlow, options: CheckCrashesOptions, plan: Plan): Promise<Trace> {
  await options.reset?.();
  const world = await World.open(flow, options, plan);
  try {
    return await world.run();
  } finally {
    await world.close();
  }
}

/** What belongs to one life of the run. */
interface Life {
  readonly life: number;
  readonly countdown: Countdown;
  readonly idleness: Idleness;
  /** Of flows that handlers have started, by what they were given. */
  readonly children: Map<AnyCNS, SimulatedProcess>;
}

class World {
  readonly #flow: CheckedFlow;
  readonly #options: CheckCrashesOptions;
  readonly #plan: Plan;
  readonly #clock: SimulatedClock;
  /** The engine draws the same whatever was killed before. */
  readonly #steady: Clock;
  readonly #store: Store;
  readonly #dead = new Set<string>();
  readonly #handled: Handled[] = [];
  readonly #watched: Watched[] = [];
  readonly #lives: (readonly Point[])[] = [];
  #idleness: Idleness;
  readonly #stored = new StoredView();
  readonly #sent = new Set<number>();
  #ticks = 0;
  #codec: Codec | undefined;
  #graph: Graph | undefined;

  private constructor(
    flow: CheckedFlow,
    options: CheckCrashesOptions,
    plan: Plan,
    store: Store,
    clock: SimulatedClock,
  ) {
    this.#flow = flow;
    this.#options = options;
    this.#plan = plan;
    this.#store = store;
    this.#clock = clock;
    this.#steady = {
      now: () => clock.now(),
      monotonic: () => clock.monotonic(),
      after: (ms, callback, more) => clock.after(ms, callback, more),
      id: () => clock.id(),
      random: () => 0.5,
    };
    this.#idleness = this.#newIdleness();
  }

  static async open(flow: CheckedFlow, options: CheckCrashesOptions, plan: Plan): Promise<World> {
    const clock = new SimulatedClock();
    const store = options.store === undefined ? memoryStore({ clock }) : await options.store();
    return new World(flow, options, plan, store, clock);
  }

  async run(): Promise<Trace> {
    for (let life = 0; ; life++) {
      const end = await this.#live(life);
      if (end === undefined && life < MOST_LIVES) continue;
      const { effects } = this.#options;
      const { kills } = this.#plan;
      const codec = this.#codec as Codec;
      const seen = effects === undefined ? undefined : effectsOf(codec, await effects());
      const graph = this.#graph as Graph;
      return {
        codec,
        graph,
        kills,
        handled: this.#handled,
        lives: this.#lives,
        end: end ?? this.#ending('stuck', KILLED),
        effects: seen,
      };
    }
  }

  #codecOf(cns: CNS): ShowingCodec {
    const shown: Shown = (value, ...path) => cns.redacted(value, ...path);
    return { ...cns[CODEC], shown: this.#options.shown ?? shown };
  }

  /** One for each life: what hangs in one that was killed holds up nobody. */
  #newIdleness(): Idleness {
    return new Idleness(systemClock, this.#options.patience ?? PATIENCE);
  }

  async close(): Promise<void> {
    for (const watched of this.#watched) clearTimers(watched);
    await this.#store.close();
  }

  /** @returns undefined when the process was killed */
  async #live(life: number): Promise<End | undefined> {
    const host = { store: this.#store, clock: this.#clock };
    const cns = typeof this.#flow === 'function' ? await this.#flow(host) : this.#flow;
    const countdown = new Countdown(this.#plan.kills[life]);
    this.#codec = this.#codecOf(cns as CNS); // a fresh import has other classes
    this.#graph = cns[FLOW].graph;
    const idleness = (this.#idleness = this.#newIdleness());
    const process = this.#start(cns, { life, countdown, idleness, children: new Map() });
    try {
      const given = givenTo(process.cns, this.#options, typeof this.#flow === 'function');
      if (life === 0) checkGiven(process.cns, given);
      return await this.#follow(process, given);
    } finally {
      this.#lives.push(countdown.passed);
      await idleness.rest(); // what a handler does at its death it has done before it
    }
  }

  /** A process, or what runs in it for a flow that a handler has started as a child. */
  #start(cns: AnyCNS, at: Life, parent?: SimulatedProcess): SimulatedProcess {
    const { life, countdown, idleness, children } = at;
    const codec = this.#codecOf(cns as CNS);
    const emitters = isHeld(cns) ? emittersIn(cns[FLOW].graph) : null;
    const { effects } = this.#options;
    const isProbed = this.#plan.probes === true && effects !== undefined;
    const kill = (): void => {
      for (const each of [parent ?? process, ...children.values()]) each.kill();
      // who waits for a child that is dead does so for ever
      const waiting = this.#handled.filter((one) => one.life === life && one.hasChild === true && one.to === undefined);
      for (const one of waiting) idleness.leave(one);
    };
    const childOf = (child: AnyCNS): CNS => {
      const known = children.get(child) ?? this.#start(child, at, parent ?? process);
      children.set(child, known);
      return known.cns;
    };
    const recording = (): Recording => ({
      codec,
      life,
      record: (handled, watched) => {
        this.#handled.push(handled);
        this.#watched.push(watched);
      },
      die: kill,
      childOf,
      isAlone: () => idleness.isAlone,
      tick: () => this.#ticks++,
      refusalOf: (call) => this.#stored.refusalOf({ ...call, now: this.#clock.now() }, emitters),
      began: () => idleness.began(),
      ended: (handled) => {
        idleness.leave(handled);
        if (countdown.pass(handled.neuron, ['after']) !== undefined) kill();
      },
      probe: isProbed ? async () => effectsOf(codec, await effects()) : undefined,
    });
    const isStored = parent === undefined || cns.store !== undefined;
    const process: SimulatedProcess = new SimulatedProcess(
      cns,
      { clock: this.#steady, store: isStored ? this.#store : undefined, dead: this.#dead },
      {
        // the death of a process is known, and renewals would only take time
        options: isStored ? { lease: LONGEST_TIMER } : {},
        watch: this.#watch(idleness, countdown, kill),
        around: (subscriber, response) => recorded(subscriber, response, recording()),
      },
    );
    return process;
  }

  /** Counts the calls of one life to the store. Renewals come with time, and what they find is there to be lost. */
  #watch(idleness: Idleness, countdown: Countdown, kill: () => void): Watch {
    return async ({ method, request }, perform) => {
      const death = method === 'renew' || method === 'close' ? undefined : countdown.pass(method, ['before', 'after']);
      if (death === 'before') {
        kill();
        return perform(); // never
      }
      idleness.began();
      try {
        const answer = await perform();
        if (request !== undefined) this.#stored.onStored(request);
        return answer;
      } finally {
        idleness.ended();
        if (death === 'after') kill();
      }
    };
  }

  async #follow(process: SimulatedProcess, given: Given): Promise<End | undefined> {
    const begun = follow(this.#begin(process.cns, given));
    await this.#until(process, () => begun.isSettled);
    if (process.isDead) return undefined;
    if (begun.value === undefined) return this.#ending('stuck', begun.error ?? 'it was never brought up');
    const { run } = begun.value;
    const over = follow(run.waitUntilComplete());
    await this.#until(
      process,
      () => over.isSettled,
      () => this.#answer(process, run, given),
    );
    if (process.isDead) return undefined;
    if (!over.isSettled) return { ...this.#ending(run.status, unendedText(run), run), waitsFor: expectedBy(run) };
    return this.#ending(run.status, over.error, run, over.value?.output);
  }

  /** A stored run is brought back; one that is not there yet is started, once more by whoever wanted it. */
  async #begin(cns: CNS, { signal, shape }: Given): Promise<{ readonly run: Stimulation }> {
    const back = this.#lives.length > 0 ? await cns.rehydrate(RUN_ID) : undefined;
    return { run: back ?? cns.stimulate(signal, { ...this.#limits, ...shape, id: RUN_ID }) };
  }

  /** A loop ends some day; what is looked at from outside is one handler at a time. */
  get #limits(): RunShape {
    return { maxNeuronHops: MOST_HOPS, ...(this.#plan.probes === true ? { concurrency: 1 } : {}) };
  }

  /** Lets things go on, and time pass where nothing else does. @param help what may go on otherwise */
  async #until(process: SimulatedProcess, isDone: () => boolean, help?: () => boolean): Promise<void> {
    for (let step = 0; step < MOST_STEPS; step++) {
      await this.#idleness.rest(() => process.isDead || isDone());
      if (process.isDead || isDone()) return;
      if (help?.() === true) continue;
      const next = this.#clock.next;
      if (next === undefined || this.#clock.timers === 0) return;
      await this.#clock.advance(Math.max(0, next - this.#clock.now()));
    }
  }

  /** Sends the next signal from outside that the run waits for. */
  #answer(process: SimulatedProcess, run: Stimulation, { answers }: Given): boolean {
    const waitedFor = expectedBy(run);
    const { channelByCollateral } = process.cns[FLOW].graph;
    const names = answers.map(({ collateral }) => channelByCollateral.get(collateral)?.name);
    const nth = names.findIndex((name, n) => name !== undefined && !this.#sent.has(n) && waitedFor.includes(name));
    const signal = answers[nth];
    if (signal === undefined) return false;
    const sending = process.cns.signal(RUN_ID, signal, { deliveryId: `answer-${nth}` });
    void sending.then(
      () => this.#sent.add(nth),
      () => this.#sent.add(nth), // a run that has ended meanwhile takes nothing
    );
    return true;
  }

  #ending(status: string, error: unknown, run?: Stimulation, output?: unknown): End {
    const codec = this.#codec as Codec;
    return {
      status,
      output: snapshotOf(codec, output, 'output'),
      context: snapshotOf(codec, run?.getContext().getAll() ?? {}, 'context'),
      errors: errorsOf(error, run),
      waitsFor: [],
    };
  }
}

/** What it waits for from outside. */
const expectedBy = (run: Stimulation): readonly string[] => [
  ...new Set(run.getOutstandingTasks().flatMap(({ expects }) => expects ?? [])),
];

function unendedText(run: Stimulation): string {
  const waitsFor = expectedBy(run);
  if (waitsFor.length > 0) return `it waits for ${waitsFor.join(', ')}, which nobody sends`;
  const neurons = [...new Set(run.getOutstandingTasks().map(({ neuron }) => neuron))];
  return `${neurons.length === 0 ? 'it' : neurons.join(', ')} waits for what never comes`;
}

/** Whether milestones hold what follows them. */
function isHeld(cns: AnyCNS): boolean {
  const { durability = 'sync', onSaveFailure = 'fail' } = cns[GIVEN].options;
  return durability === 'sync' && onSaveFailure === 'fail';
}

function errorsOf(error: unknown, run: Stimulation | undefined): readonly string[] {
  const failed = run?.getFailedTasks() ?? [];
  if (failed.length > 0 || error instanceof StimulationFailedError) {
    return failed.map(({ task, error: reason }) => `${task.neuron}: ${describeError(reason)}`).sort();
  }
  return error === undefined ? [] : [describeError(error)];
}

interface Followed<T> {
  isSettled: boolean;
  value?: T;
  error?: unknown;
}

function follow<T>(promise: Promise<T>): Followed<T> {
  const followed: Followed<T> = { isSettled: false };
  void promise.then(
    (value) => Object.assign(followed, { isSettled: true, value }),
    (error: unknown) => Object.assign(followed, { isSettled: true, error }),
  );
  return followed;
}
