/** One run of a flow in a world of its own, killed where it is told to be and brought back each time, until its end. */
import { memoryStore } from '../../../adapters/memory.js';
import { systemClock } from '../../clock/clock.js';
import { LONGEST_TIMER } from '../../clock/long-timer.js';
import type { Codec } from '../../durability/codec.js';
import type { SettledEvent } from '../../durability/events.js';
import type { Store } from '../../durability/store.js';
import { describeError, StimulationFailedError } from '../../errors/index.js';
import { CODEC } from '../../stimulation/seams.js';
import type { CNS } from '../../stimulation/cns.js';
import type { RunShape } from '../../stimulation/options.js';
import type { Stimulation } from '../../stimulation/stimulation.js';
import { SimulatedClock } from '../clock/simulated-clock.js';
import { SimulatedProcess } from '../process/process.js';
import type { Watch } from '../process/watched-store.js';
import { type Handled, recorded } from './handled.js';
import { Idleness } from './idleness.js';
import type { CheckCrashesOptions, CheckedFlow } from './options.js';
import { Countdown, type Point } from './points.js';
import { effectsOf, type Snapshot, snapshotOf } from './snapshots.js';

const RUN_ID = 'checked';
/** What keeps a run alive is asked for again so often, and no more. */
const MOST_STEPS = 10_000;
const PATIENCE = 2000;

/** How a run has ended. */
export interface End {
  readonly status: string;
  readonly output: Snapshot;
  readonly context: Snapshot;
  /** What has failed, `<neuron>: <message>`, or why it could not be brought back. */
  readonly errors: readonly string[];
}

/** All that was seen of one run. */
export interface Trace {
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

class World {
  readonly #flow: CheckedFlow;
  readonly #options: CheckCrashesOptions;
  readonly #plan: Plan;
  readonly #clock: SimulatedClock;
  readonly #store: Store;
  readonly #dead = new Set<string>();
  readonly #handled: Handled[] = [];
  readonly #lives: (readonly Point[])[] = [];
  #idleness: Idleness;
  /** The causes of activations whose settlement is stored. */
  readonly #stored = new Set<string>();
  readonly #sent = new Set<number>();
  #ticks = 0;
  #codec: Codec | undefined;

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
      if (end === undefined) continue;
      const { effects } = this.#options;
      const { kills } = this.#plan;
      const seen = effects === undefined ? undefined : effectsOf(this.#codec as Codec, await effects());
      return { kills, handled: this.#handled, lives: this.#lives, end, effects: seen };
    }
  }

  /** One for each life: what hangs in one that was killed holds up nobody. */
  #newIdleness(): Idleness {
    return new Idleness(systemClock, this.#options.patience ?? PATIENCE);
  }

  async close(): Promise<void> {
    await this.#store.close();
  }

  /** @returns undefined when the process was killed */
  async #live(life: number): Promise<End | undefined> {
    const cns = typeof this.#flow === 'function' ? await this.#flow() : this.#flow;
    const countdown = new Countdown(this.#plan.kills[life]);
    const codec = (this.#codec ??= (cns as CNS)[CODEC]);
    const { effects } = this.#options;
    const idleness = (this.#idleness = this.#newIdleness());
    const process: SimulatedProcess = new SimulatedProcess(
      cns,
      { clock: this.#clock, store: this.#store, dead: this.#dead },
      {
        options: { lease: LONGEST_TIMER }, // the death of a process is known, and renewals would only take time
        watch: this.#watch(idleness, countdown, () => process.kill()),
        around: (subscriber, response) =>
          recorded(subscriber, response, {
            codec,
            life,
            record: (handled) => this.#handled.push(handled),
            die: () => process.kill(),
            tick: () => this.#ticks++,
            wasStored: (activation) => this.#stored.has(causeOf(activation)),
            began: () => idleness.began(),
            ended: ({ neuron }) => {
              idleness.ended();
              if (countdown.pass(neuron, ['after']) !== undefined) process.kill();
            },
            probe:
              this.#plan.probes === true && effects !== undefined
                ? async () => effectsOf(codec, await effects())
                : undefined,
          }),
      },
    );
    try {
      return await this.#follow(process);
    } finally {
      this.#lives.push(countdown.passed);
      await idleness.rest(); // what a handler does at its death it has done before it
    }
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
        for (const text of request?.events ?? []) this.#stored.add((JSON.parse(text) as SettledEvent).activation);
        return answer;
      } finally {
        idleness.ended();
        if (death === 'after') kill();
      }
    };
  }

  async #follow(process: SimulatedProcess): Promise<End | undefined> {
    const begun = follow(this.#begin(process.cns, this.#lives.length > 0));
    await this.#until(process, () => begun.isSettled);
    if (process.isDead) return undefined;
    if (begun.value === undefined) return this.#ending('stuck', begun.error ?? 'it was never brought up');
    const { run } = begun.value;
    const over = follow(run.waitUntilComplete());
    await this.#until(
      process,
      () => over.isSettled,
      () => this.#answer(process, run),
    );
    if (process.isDead) return undefined;
    if (!over.isSettled) return this.#ending(run.status, 'it waits for what never comes', run);
    return this.#ending(run.status, over.error, run, over.value?.output);
  }

  /** A stored run is brought back; one that is not there yet is started, once more by whoever wanted it. */
  async #begin(cns: CNS, isBack: boolean): Promise<{ readonly run: Stimulation }> {
    const back = isBack ? await cns.rehydrate(RUN_ID) : undefined;
    const { signal } = this.#options;
    return { run: back ?? cns.stimulate(signal, { ...shapeOf(this.#options), id: RUN_ID }) };
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
  #answer(process: SimulatedProcess, run: Stimulation): boolean {
    const { answers = [] } = this.#options;
    const waitedFor = new Set(run.getOutstandingTasks().map(({ expects }) => expects));
    const nth = answers.findIndex(({ collateral }, n) => !this.#sent.has(n) && waitedFor.has(collateral.name));
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
    };
  }
}

/** What shapes the run, without what is for the checker alone. */
function shapeOf(options: CheckCrashesOptions): RunShape {
  const { signal: _signal, answers: _answers, store: _store, reset: _reset, effects: _effects, ...rest } = options;
  const { pairs: _pairs, at: _at, patience: _patience, ...shape } = rest;
  return shape;
}

const causeOf = (activation: string): string => activation.slice(activation.lastIndexOf('/') + 1);

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
