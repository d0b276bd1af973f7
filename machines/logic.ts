/**
 * The logic: the flow compiled to an XState ActorLogic. It behaves as the statechart does, event by event, at a cost
 * that does not grow with the graph.
 *
 * A turn is one event and all that follows from it at once. It runs in `scope.defer`: after the transition and before
 * observers, and never in the inert scopes of `transition()` and `@xstate/graph`, so that exploring a flow runs no
 * handlers. The working set belongs to one actor; any other scope gets a copy.
 */
import { type Actor, type ActorLogic, type ActorScope, createActor, type InspectionEvent, type Observer } from 'xstate';
import { RunSuspendedError } from '../src/errors/index.js';
import { type Activation, ASKING } from '../src/propagation/activation.js';
import { finish } from '../src/propagation/ending.js';
import type { RunEvent, StartInput } from '../src/propagation/events.js';
import { thaw } from '../src/propagation/image.js';
import { begin, unbegin } from '../src/propagation/lists.js';
import type { Flow } from '../src/propagation/operations.js';
import { drain } from '../src/propagation/respond.js';
import { beginTurn } from '../src/propagation/rewind.js';
import { grantedIn } from '../src/propagation/step.js';
import { apply, start } from '../src/propagation/transition.js';
import { type Views, Work } from '../src/propagation/work.js';
import { ActorHost, type HasStimulation } from './actor-host.js';
import { hop } from './hop.js';
import { Settlement } from './outcome.js';
import { persist, type PersistedRun, RunSnapshot, type RunSnapshotView } from './snapshot.js';
import { createStatechartConfig, type StatechartConfig } from './statechart-config.js';

export interface LogicOptions {
  /** `turn`: one notification per turn. `event`: one mailbox event per hop. Unless told, `event` for inspected actors. */
  readonly hops?: 'turn' | 'event';
}

export interface RunLogic extends ActorLogic<RunSnapshotView, RunEvent, StartInput | undefined> {
  /** The statechart's config, for those who draw it. */
  readonly config: StatechartConfig;
  /**
   * An actor, not started, of a run that has been going on without one.
   * Not through the `snapshot` option: any option beside clock and logger makes `createActor` several times dearer.
   */
  adopt(work: Work, inspect?: InspectionObserver, run?: HasStimulation): Actor<RunLogic>;
}

export type InspectionObserver = Observer<InspectionEvent> | ((event: InspectionEvent) => void);

/** With the host of its handlers. */
interface ActorViews extends Views {
  readonly host: ActorHost;
  /** Whether each hop is an event. */
  readonly perHop: boolean;
  /** What was in flight when it was persisted is not, here. */
  readonly restored: boolean;
  /** What begins the turn that was deferred, and what goes on with it: one for all turns, each ends before the next. */
  first: Activation | null;
  readonly deferred: () => void;
}

type Scope = ActorScope<RunSnapshotView, RunEvent>;

export function createLogic(flow: Flow, options: LogicOptions = {}): RunLogic {
  let config: StatechartConfig | undefined;

  const publish = (work: Work, snapshot: RunSnapshot): RunSnapshotView => {
    if (work.views !== null) work.views.snapshot = snapshot;
    snapshot.refresh();
    return snapshot as unknown as RunSnapshotView;
  };
  const open = (work: Work, scope: Scope, restored = false): RunSnapshotView => {
    const snapshot = new RunSnapshot(work, 'active');
    viewsFor(work, snapshot, scope, restored);
    return publish(work, snapshot);
  };
  /** The working set that a snapshot shows, if it is this actor's and the snapshot its newest; else a copy. */
  const take = (snapshot: RunSnapshot, scope: Scope): Work => {
    const { work } = snapshot;
    const { views } = work;
    if (views !== null && views.snapshot === snapshot && views.owner === scope.self) return work;
    const copy = thaw(flow, snapshot.context);
    viewsFor(copy, null, scope);
    return copy;
  };
  const viewsFor = (work: Work, snapshot: RunSnapshot | null, scope: Scope, restored = false): void => {
    const perHop = options.hops === 'event' || (options.hops === undefined && isInspected(scope));
    const host = new ActorHost(work, perHop, scope.self, adopting === null ? undefined : adopting.run);
    const views: ActorViews = {
      snapshot,
      owner: scope.self,
      turn: null,
      turning: false,
      stopped: false,
      host,
      perHop,
      restored,
      first: null,
      deferred: () => {
        runTurn(work, scope, views.first);
        publish(work, views.snapshot as RunSnapshot);
      },
    };
    work.views = views;
  };
  const runTurn = (work: Work, scope: Scope, first: Activation | null): void => {
    const views = work.views as ActorViews;
    const { host } = views;
    views.turning = true;
    const next = work.recorder === null ? first : afterFlush(work, first);
    if (!views.perHop) drain(work, host, next);
    else if (next !== null) hop(host, next, (event) => scope.self.send(event));
    host.endTurn();
    views.turning = false;
  };

  let adopting: { readonly work: Work; readonly run: HasStimulation | undefined } | null = null;
  const logic: RunLogic = {
    get config() {
      return (config ??= createStatechartConfig(flow.graph));
    },

    adopt(work, inspect, run) {
      adopting = { work, run };
      try {
        return inspect === undefined ? createActor(logic) : createActor(logic, { inspect });
      } finally {
        adopting = null;
      }
    },

    getInitialSnapshot(scope, input) {
      if (adopting !== null) return open(adopting.work, scope as Scope);
      const work = new Work(flow);
      if (input !== undefined) {
        start(work, input);
        begin(work);
        finish(work);
      }
      return open(work, scope as Scope);
    },

    restoreSnapshot(persisted, scope) {
      return open(thaw(flow, (persisted as unknown as PersistedRun).context), scope as Scope, true);
    },

    getPersistedSnapshot: (snapshot) => persist(asRun(snapshot)) as never,

    start(view, scope) {
      const snapshot = asRun(view);
      const { work } = snapshot;
      if (work.views === null) return; // a stopped run is not started again
      const { host, restored } = work.views as ActorViews;
      host.takeOver(); // not before: until now a turn without an actor may have gone on
      if (restored) apply(work, { type: 'engram.resume' });
      runTurn(work, scope as Scope, work.starting ?? begin(work));
      publish(work, snapshot);
    },

    transition(view, event, scope) {
      const snapshot = asRun(view);
      if (event.type === 'xstate.stop') return stopped(snapshot, scope.self);
      if (snapshot.status !== 'active') return view;
      const work = take(snapshot, scope as Scope);
      const views = work.views as ActorViews;
      const next = new RunSnapshot(work, 'active', snapshot);
      const settles = event instanceof Settlement;
      const turn = beginTurn(work, views, !settles && 'deliveryId' in event);
      if (work === snapshot.work) snapshot.supersede(next, turn);
      if (settles && event.applyTo(work)) finish(work);
      else apply(work, event);
      const first = begin(work) ?? (settles ? null : grantedIn(work, event));
      if (first !== null || work.recorder !== null || work.rare !== null) {
        views.first = first;
        scope.defer(views.deferred);
      }
      return publish(work, next);
    },
  };
  return logic;
}

/** Whether an actor was stopped, also before it was started: XState tells the first by its snapshot, the other by nothing public. */
export function isStopped(actor: Actor<RunLogic>): boolean {
  const { _processingStatus: processing } = actor as unknown as { readonly _processingStatus?: number };
  return processing === 2 && actor.getSnapshot().status !== 'done';
}

const asRun = (view: unknown): RunSnapshot => view as RunSnapshot;

/** Shows for ever what was true when its actor stopped. */
function stopped(snapshot: RunSnapshot, self: unknown): RunSnapshotView {
  const { work } = snapshot;
  if (work.views !== null && work.views.owner === self) {
    work.views.stopped = true;
    if (work.rare !== null) work.rare.bodies?.close(new RunSuspendedError(work.id));
  }
  const last = new RunSnapshot(thaw(work.flow, snapshot.context), 'stopped');
  return last as unknown as RunSnapshotView;
}

/** Listeners are told before anything more starts; what they hold, or stop, does not start. */
function afterFlush(work: Work, first: Activation | null): Activation | null {
  if (first !== null && first.state === ASKING) unbegin(work); // one that is held does not ask for a slot
  work.recorder?.flush();
  if (work.rare !== null && work.rare.paused) unbegin(work);
  if (first !== null && work.starting === first) return first;
  return work.starting === null ? begin(work) : work.starting;
}

/** Whether anybody inspects the actor's system: the `inspect` option stands on its root. */
function isInspected(scope: Scope): boolean {
  let root: { readonly _parent?: unknown; readonly options?: { readonly inspect?: unknown } } = scope.self;
  while (root._parent !== undefined) root = root._parent as typeof root;
  return root.options?.inspect !== undefined;
}
