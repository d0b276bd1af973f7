/** The sides that have handlers: the statechart, the logic in both ways of running, and the run whose actor comes late. */
import { type Actor, type AnyActorLogic, createActor, transition } from 'xstate';
import type { PersistedRun, RunSnapshotView } from '../../machines/snapshot.js';
import type { Clock } from '../../src/clock/clock.js';
import type { Graph } from '../../src/graph/graph.js';
import type { StimulationHandle } from '../../src/graph/types.js';
import type { RunContext } from '../../src/propagation/context.js';
import type { RunEvent, StartInput } from '../../src/propagation/events.js';
import type { Flow } from '../../src/propagation/operations.js';
import type { Run, RunHost } from '../../src/stimulation/run.js';
import type { LatePlan } from './arbitrary-graph.js';
import { Environment } from './handlers.js';
import type { Library } from './library.js';
import { Divergence } from './same.js';
import { SideClock } from './side-clock.js';

/** What is asked of the snapshots of any form. */
export type Shown = Pick<RunSnapshotView, 'context' | 'value' | 'tags' | 'hasTag' | 'can' | 'matches' | 'status'>;

export interface Side {
  readonly name: string;
  readonly environment: Environment;
  /** The snapshots that observers were given. */
  readonly seen: Shown[];
  start(input: StartInput): void;
  send(event: RunEvent): void;
  /** Time goes on, in milliseconds. */
  pass(ms: number): void;
  persisted(): PersistedRun;
  /** Leaves everything behind and goes on from a persisted snapshot. */
  rehydrate(persisted: PersistedRun): void;
}

export const flowOf = (library: Library, graph: Graph, clock: Clock, environment: Environment): Flow =>
  library.createFlow(graph, { clock, global: environment });

/** The statechart, and the logic. */
export class ActorSide implements Side {
  readonly environment = new Environment();
  seen: Shown[] = [];
  readonly #library: Library;
  readonly #graph: Graph;
  readonly #logicOf: (flow: Flow) => AnyActorLogic;
  /** A statechart that was restored goes on when it is told to. */
  readonly #isStatechart: boolean;
  #clock = new SideClock();
  #flow: Flow;
  #logic: AnyActorLogic;
  #actor: Actor<AnyActorLogic> | null = null;

  constructor(
    readonly name: string,
    library: Library,
    graph: Graph,
    logicOf: (flow: Flow) => AnyActorLogic,
  ) {
    this.#library = library;
    this.#graph = graph;
    this.#logicOf = logicOf;
    this.#flow = flowOf(library, graph, this.#clock, this.environment);
    this.#logic = logicOf(this.#flow);
    this.#isStatechart = name === 'statechart';
  }

  get flow(): Flow {
    return this.#flow;
  }

  get actor(): Actor<AnyActorLogic> {
    if (this.#actor === null) throw new Error(`${this.name} was not started`);
    return this.#actor;
  }

  get shown(): Shown {
    return this.actor.getSnapshot() as Shown;
  }

  start(input: StartInput): void {
    this.#actor = createActor(this.#logic, { input });
    this.#watch();
    this.#actor.start();
  }

  send(event: RunEvent): void {
    this.actor.send(event);
  }

  pass(ms: number): void {
    this.#clock.pass(ms);
  }

  persisted(): PersistedRun {
    return this.actor.getPersistedSnapshot() as unknown as PersistedRun;
  }

  /** Where an event would lead, without sending it. */
  explored(event: RunEvent): Shown {
    return transition(this.#logic, this.actor.getSnapshot() as never, event as never)[0] as Shown;
  }

  /** What an observer was shown, as it would be persisted. */
  persistedOf(shown: Shown): PersistedRun {
    return this.#logic.getPersistedSnapshot(shown) as unknown as PersistedRun;
  }

  rehydrate(persisted: PersistedRun): void {
    const late = this.environment.forget();
    this.actor.stop();
    const stopped = this.actor.getSnapshot() as Shown;
    const before = stopped.context;
    for (const release of late.values()) muted(this.environment, release);
    if (stopped.context !== before) throw new Divergence('a stopped actor', 'an answer that came late changed it');
    // another process: nothing of the gates and timers of this one is left
    this.#clock = new SideClock(this.#clock.now());
    this.#flow = flowOf(this.#library, this.#graph, this.#clock, this.environment);
    this.#logic = this.#logicOf(this.#flow);
    this.#actor = createActor(this.#logic, { snapshot: persisted as never });
    if (!this.#isStatechart) this.#watch();
    this.#actor.start();
    if (!this.#isStatechart) return;
    this.#watch();
    this.#actor.send({ type: 'engram.resume' });
  }

  #watch(): void {
    this.actor.subscribe({
      next: (snapshot: unknown) => void this.seen.push(snapshot as Shown),
      error: (error: unknown) => {
        this.environment.broken ??= { error };
      },
    });
  }
}

/** A run of the library without a store. It has no actor until somebody looks. */
export class LateSide implements Side {
  readonly name = 'late';
  readonly environment = new Environment();
  seen: Shown[] = [];
  ends = 0;
  readonly #library: Library;
  readonly #graph: Graph;
  #clock = new SideClock();
  #run: Run | null = null;
  #watched: Run | null = null;

  constructor(library: Library, graph: Graph, plan: LatePlan) {
    this.#library = library;
    this.#graph = graph;
    if (plan.in === 'handler') {
      this.environment.onCall = (calls) => {
        if (calls === plan.at + 1) this.look();
      };
    }
  }

  get run(): Run {
    if (this.#run === null) throw new Error('the late run was not started');
    return this.#run;
  }

  get hasActor(): boolean {
    return this.#watched === this.#run;
  }

  get context(): RunContext {
    return this.#library.freeze(this.run.work);
  }

  start(input: StartInput): void {
    const flow = this.#newFlow();
    const work = new this.#library.Work(flow);
    this.#library.start(work, input);
    this.#begin(work, flow);
  }

  /** Makes the actor. */
  look(): void {
    const { run } = this;
    if (this.#watched === run) return;
    this.#watched = run;
    const { actor } = run;
    actor.subscribe({
      next: (snapshot) => void this.seen.push(snapshot),
      error: (error) => {
        this.environment.broken ??= { error };
      },
    });
  }

  send(event: RunEvent): void {
    this.look();
    this.run.actor.send(event);
  }

  pass(ms: number): void {
    this.#clock.pass(ms);
  }

  persisted(): PersistedRun {
    this.look();
    return this.run.actor.getPersistedSnapshot() as unknown as PersistedRun;
  }

  rehydrate(persisted: PersistedRun): void {
    this.environment.forget();
    if (this.hasActor) this.run.actor.stop();
    this.#clock = new SideClock(this.#clock.now());
    const flow = this.#newFlow();
    const work = this.#library.thaw(flow, persisted.context);
    this.#library.apply(work, { type: 'engram.resume' });
    this.#begin(work, flow);
  }

  #newFlow(): Flow {
    return flowOf(this.#library, this.#graph, this.#clock, this.environment);
  }

  #begin(work: Run['work'], flow: Flow): void {
    this.ends = 0;
    this.#run = new this.#library.Run(
      work,
      hostOf(this.#library, flow, () => this.ends++),
    );
    this.#run.go();
  }
}

/** The host of a run that belongs to no CNS: nobody asks for the run as its user sees it. */
export const hostOf = (library: Library, flow: Flow, onEnded: () => void = () => undefined): RunHost => ({
  logic: library.createLogic(flow),
  inspect: undefined,
  onEnded,
  onFailure: () => undefined,
  handleOf: () => NOBODY,
  checkSignal: () => ({ type: 'none' }),
});

const NOBODY: StimulationHandle = {
  id: 'run',
  status: 'running',
  abort: () => undefined,
  signal: () => Promise.resolve(),
};

/** What is answered to a process that is gone leaves no trace. */
function muted(environment: Environment, release: () => void): void {
  const { length } = environment.trace;
  release();
  environment.trace.length = length;
}
