/**
 * The naive oracle: the semantics of a run once more, over plain lists, as slow as it likes. It shares no code with the
 * library, only the types of the two shapes it is compared by (I7). Every rule is written where it is read; nothing is
 * indexed, cached or reused. There are no handlers here: the harness sends the outcomes.
 */
import type { PendingActivation, RunContext } from '../../src/propagation/context.js';
import type {
  AbortEvent,
  ActivationEvent,
  Effect,
  FailedEvent,
  InitEvent,
  RespondedEvent,
  RunEvent,
  SignalEvent,
  StartInput,
  TaskData,
  TickEvent,
} from '../../src/propagation/events.js';
import { fail, respond } from './oracle-answers.js';
import { hasDendrite, isExpected, neuronIn, type OracleGraph, subscribersOf } from './oracle-graph.js';
import { ABORTED, byPlace, type Causes, detailsOf, type Draft, type Made, plainOf, Turn } from './oracle-placing.js';

export type RegionValue = 'idle' | 'waiting' | 'responding' | 'checkpointing';
export type OracleValue = 'completed' | 'failed' | 'aborted' | { running: Record<string, RegionValue> };

/** In flight, then the queue, then what waits for something else, then what is held; each by n. */
const inRestartOrder = (frontier: readonly PendingActivation[]): PendingActivation[] => {
  const of = (...states: string[]) => frontier.filter(({ state }) => states.includes(state)).sort(byPlace);
  return [
    ...of('starting', 'running'),
    ...of('asking', 'queued', 'granted'),
    ...of('gated', 'parked', 'delayed', 'waiting'),
    ...of('held'),
  ];
};

const isInFlight = ({ state }: PendingActivation): boolean => state === 'starting' || state === 'running';

/** The neuron and the outcome in `<neuron>:<outcome>`; null for any other type. */
const outcomeIn = (type: string): { neuron: string; outcome: string } | null => {
  const [neuron, outcome, ...rest] = type.split(':');
  return neuron === undefined || outcome === undefined || rest.length > 0 ? null : { neuron, outcome };
};

/** The states in which an activation takes what the host says of its gate or of a listener. */
const TAKEN_IN: Record<string, string[]> = {
  'engram.granted': ['asking', 'gated'],
  'engram.gated': ['asking'],
  'engram.parked': ['queued', 'granted', 'starting'],
  'engram.unparked': ['parked'],
};
/** An outcome may have been decided elsewhere: what did not start yet may settle as well. */
const OPEN = ['queued', 'granted', 'starting', 'running', 'gated', 'parked'];

const isDue = (each: PendingActivation, now: number): boolean =>
  (each.state === 'delayed' || each.state === 'waiting') && each.due !== undefined && each.due <= now;

/** What is counted is there once something was counted. */
const contextOf = ({ hops, ...run }: Draft): RunContext => (Object.keys(hops).length === 0 ? run : { ...run, hops });

/** Of a run that has not begun. */
export const empty: RunContext = {
  id: '',
  status: 'running',
  hold: false,
  next: 1,
  settled: 0,
  frontier: [],
  barriers: [],
  values: {},
  failed: [],
  deliveries: [],
  outputFrom: null,
  owed: [],
  early: [],
  joined: [],
};

export class Oracle {
  private run = empty;

  constructor(
    private readonly graph: OracleGraph,
    private readonly causes: Causes,
  ) {}

  /** Each read is a new object, and no step changes what an earlier one returned. */
  get context(): RunContext {
    return { ...this.run };
  }

  /** Goes on from what a snapshot says. */
  restore(context: RunContext): void {
    this.run = context;
  }

  /** Applies one event, then starts at most one activation, then ends the run if nothing is left. */
  send(event: RunEvent): Effect[] {
    if (!this.accepts(this.run, event)) return [];
    const turn = new Turn(this.graph, this.causes, { ...this.run, hops: this.run.hops ?? {} });
    this.apply(turn, event);
    turn.finish();
    const { run } = turn;
    run.frontier = inRestartOrder(run.frontier);
    run.barriers = [...run.barriers].sort(byPlace);
    this.run = contextOf(run);
    return turn.effects;
  }

  /** Whether the event would do anything but be ignored. A run that has ended accepts nothing. */
  accepts(context: RunContext, event: RunEvent): boolean {
    if (context.status !== 'running') return false;
    const { type } = event;
    // A run starts once, and has an id from then on. (XState sends the first event a single time.)
    if (type === 'xstate.init') return context.id === '' && (event as InitEvent).input !== undefined;
    if (type === 'engram.abort') return context.ending?.status !== 'aborted';
    if (type === 'engram.resume') return true;
    if (type === 'engram.tick') return context.frontier.some((each) => isDue(each, (event as TickEvent).now));
    const { activation, attempt, deliveryId } = event as ActivationEvent & SignalEvent;
    const states = TAKEN_IN[type];
    if (states !== undefined) {
      return context.frontier.some((each) => each.activation === activation && states.includes(each.state));
    }
    if (this.graph.collaterals.includes(type)) {
      if (context.ending !== undefined) return false;
      if (deliveryId !== undefined && context.deliveries.includes(deliveryId)) return false;
      return isExpected(this.graph, type) || subscribersOf(this.graph, type).length > 0;
    }
    const parts = outcomeIn(type);
    if (parts === null) return false;
    const isMeant = (each: { activation: string; neuron: string }): boolean =>
      each.activation === activation && each.neuron === parts.neuron;
    if (parts.outcome === 'checkpointed') return context.barriers.some(isMeant);
    const pending = context.frontier.find(isMeant);
    if (pending === undefined || (attempt ?? 1) !== (pending.attempt ?? 1)) return false;
    if (parts.outcome === 'pending') return pending.state === 'starting';
    return (parts.outcome === 'responded' || parts.outcome === 'failed') && OPEN.includes(pending.state);
  }

  /** The value of the statechart in this context. */
  valueOf(context: RunContext = this.run): OracleValue {
    if (context.status !== 'running') return context.status;
    const running: Record<string, RegionValue> = {};
    for (const { name } of this.graph.neurons) {
      const states = context.frontier.flatMap(({ neuron, state }) => (neuron === name ? [state] : []));
      const hasBarrier = context.barriers.some((each) => each.neuron === name);
      const works = states.some((state) => !['held', 'delayed', 'waiting'].includes(state));
      const waits = states.includes('delayed') || states.includes('waiting');
      running[name] = hasBarrier ? 'checkpointing' : works ? 'responding' : waits ? 'waiting' : 'idle';
    }
    return { running };
  }

  /** The event is accepted; this does what it says. */
  private apply(turn: Turn, event: RunEvent): void {
    const { type } = event;
    if (type === 'xstate.init') return this.init(turn, (event as InitEvent).input as StartInput);
    if (type === 'engram.abort') return this.abort(turn, event as AbortEvent);
    if (type === 'engram.resume') return this.resume(turn);
    if (type === 'engram.tick') return this.tick(turn, event as TickEvent);
    if (this.graph.collaterals.includes(type)) return this.signal(turn, event);
    const { activation } = event as ActivationEvent;
    const outcome = outcomeIn(type)?.outcome;
    if (outcome === 'checkpointed') return this.checkpointed(turn, activation);
    const entry = turn.run.frontier.find((each) => each.activation === activation);
    if (entry === undefined) throw new Error(`The oracle's frontier has no activation ${activation}`);
    if (outcome === 'pending') return turn.move(entry, 'running');
    if (outcome === 'responded') return respond(turn, entry, event as RespondedEvent);
    if (outcome === 'failed') return fail(turn, entry, event as FailedEvent);
    if (type === 'engram.unparked') return turn.requeue(entry);
    if (type === 'engram.parked') return turn.move(entry, 'parked');
    if (type === 'engram.gated') return turn.move(entry, 'gated');
    if (entry.state === 'gated') return turn.move(entry, 'granted', { n: turn.takePlace() });
    turn.move(entry, 'starting');
    turn.effects.push({ type: 'start', activation, neuron: entry.neuron });
  }

  private init(turn: Turn, input: StartInput): void {
    const { run } = turn;
    run.id = input.id ?? '';
    run.hold = input.hold ?? false;
    run.outputFrom = input.output ?? null;
    run.values = { ...input.values };
    if (input.options !== undefined) run.options = input.options;
    input.signals.forEach((signal, index) => turn.emit(signal, { parent: null, index }));
    const tasks = input.tasks ?? [];
    tasks.forEach((task, at) => {
      const isRepeated = tasks
        .slice(0, at)
        .some((each) => each.activation === task.activation && each.origin === task.origin);
      if (task.activation === undefined || !isRepeated) this.task(turn, task, input.signals.length + at);
    });
    if (tasks.length > 0) turn.effects.push({ type: 'moved' });
  }

  private task(turn: Turn, task: TaskData, index: number): void {
    const { neuron, dendrite, payload } = task;
    const activation = task.activation ?? this.causes.of(null, index, `${neuron}/${dendrite}`);
    const hash = dendrite.lastIndexOf('#');
    const collateral = hash < 0 ? dendrite : dendrite.slice(0, hash);
    const made: Made = { activation, neuron, dendrite, collateral, payload, ...detailsOf(task) };
    if (hasDendrite(this.graph, neuron, dendrite)) return turn.place(made);
    turn.takePlace();
    turn.settleBadly(made, { code: 'UNKNOWN_NEURON' });
  }

  /** A signal from outside. Its index is the place that was next when it came. */
  private signal(turn: Turn, { type, payload, deliveryId }: SignalEvent): void {
    const { run } = turn;
    if (deliveryId !== undefined) run.deliveries = [...run.deliveries, deliveryId].slice(-1000);
    const signal = { collateral: type, payload };
    if (isExpected(this.graph, type)) {
      const [oldest] = run.frontier.filter((each) => each.state === 'waiting' && each.expects === type).sort(byPlace);
      if (oldest === undefined) {
        const index = turn.takePlace();
        run.early = [...run.early, { ...signal, index, ...(deliveryId === undefined ? {} : { deliveryId }) }];
        return;
      }
      turn.leave(oldest);
      turn.effects.push({ type: 'closed', neuron: oldest.neuron, outcome: 'responded' });
    }
    turn.emit(signal, { parent: null, index: run.next, deliveryId });
  }

  /** The milestone is stored: what it held goes to the end of the queue, in its order. */
  private checkpointed(turn: Turn, activation: string): void {
    const { run } = turn;
    run.barriers = run.barriers.filter((each) => each.activation !== activation);
    for (const each of [...run.frontier].sort(byPlace)) {
      if (each.state !== 'held' || each.after !== activation) continue;
      if (each.expects === undefined) turn.requeue(each);
      else {
        turn.remove(each);
        turn.open(plainOf(each), turn.takePlace());
      }
    }
  }

  /** Those whose time has come: what was delayed is ready, what was waited for has not come. */
  private tick(turn: Turn, { now }: TickEvent): void {
    const due = turn.run.frontier.filter((each) => isDue(each, now));
    due.sort((a, b) => (a.due as number) - (b.due as number) || a.n - b.n);
    for (const entry of due) {
      const { due: _due, ...rest } = plainOf(entry);
      const { activation, neuron, otherwise, state } = entry;
      if (state === 'delayed') {
        turn.requeue(entry, rest);
      } else {
        turn.leave(entry);
        const isSent = otherwise !== undefined && neuronIn(this.graph, neuron).emits.includes(otherwise.collateral);
        turn.effects.push({ type: 'closed', neuron, outcome: isSent ? 'responded' : 'failed' });
        if (isSent) turn.emit(otherwise, { parent: activation, index: 0 });
        else turn.record(rest, { code: 'EXPECTATION_TIMEOUT' }, false);
      }
    }
  }

  /** Nothing more begins. What has not begun has failed; it does not count as settled. */
  private abort(turn: Turn, { reason, compensate }: AbortEvent): void {
    const { run } = turn;
    turn.effects.push({ type: 'moved' });
    run.ending = { status: 'aborted', compensate: compensate === true };
    if (reason !== undefined) run.reason = reason;
    const cut = run.frontier.filter((each) => !isInFlight(each));
    for (const each of [...inRestartOrder(cut), ...run.joined]) turn.record(each, ABORTED, true);
    run.frontier = run.frontier.filter(isInFlight);
    run.joined = [];
    run.barriers = [];
  }

  /** The process that had it in hand is gone: it is queued again in its place, unless the run was aborted. */
  private resume(turn: Turn): void {
    turn.effects.push({ type: 'moved' });
    for (const each of turn.run.frontier) {
      if (turn.run.ending?.status === 'aborted' && each.undoes === undefined && isInFlight(each)) {
        turn.remove(each);
        turn.record(each, ABORTED, true);
      } else if (isInFlight(each) || ['asking', 'gated', 'parked', 'granted'].includes(each.state)) {
        turn.move(each, 'queued');
      }
    }
  }
}
