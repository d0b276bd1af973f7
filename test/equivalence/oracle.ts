/**
 * The naive oracle: the semantics of a run once more, over plain lists, as slow as it likes. It shares no code with the
 * library, only the types of the two shapes it is compared by (I7). Every rule is written where it is read; nothing is
 * indexed, cached or reused. There are no handlers here: the harness sends the outcomes.
 */
import type { Barrier, FailedActivation, PendingActivation, RunContext } from '../../src/propagation/context.js';
import type {
  AbortEvent,
  ActivationEvent,
  Effect,
  FailedEvent,
  InitEvent,
  RespondedEvent,
  RunEvent,
  SignalData,
  SignalEvent,
  StartInput,
} from '../../src/propagation/events.js';

export interface OracleNeuron {
  name: string;
  milestone: boolean;
  /** The collaterals of its axon. */
  emits: string[];
  /** The collateral of each dendrite, in order. */
  dendrites: string[];
}

export interface OracleGraph {
  neurons: OracleNeuron[];
  collaterals: string[];
}

/** Names an activation. `parent` is the cause of the activation that answered, null for a signal from outside. */
export type CauseOf = (parent: string | null, index: number, subscriber: string, deliveryId?: string) => string;

export type RegionValue = 'idle' | 'responding' | 'checkpointing';
export type OracleValue = 'completed' | 'failed' | 'aborted' | { running: Record<string, RegionValue> };

/** A context whose fields may be replaced; what a field holds is never changed in place. */
type Draft = { -readonly [K in keyof RunContext]: RunContext[K] };

/** Where a signal comes from, and the milestone activation that holds it, if any. */
interface Origin {
  parent: string | null;
  deliveryId?: string | undefined;
  heldBy?: string;
}

const byPlace = (a: { n: number }, b: { n: number }): number => a.n - b.n;

/** In flight by n, then queued by n, then held by n. */
const inRestartOrder = (frontier: readonly PendingActivation[]): PendingActivation[] => [
  ...frontier.filter((each) => each.state === 'starting' || each.state === 'running').sort(byPlace),
  ...frontier.filter((each) => each.state === 'queued').sort(byPlace),
  ...frontier.filter((each) => each.state === 'held').sort(byPlace),
];

const failure = (of: PendingActivation, error: unknown, aborted: boolean): FailedActivation => ({
  activation: of.activation,
  neuron: of.neuron,
  dendrite: of.dendrite,
  collateral: of.collateral,
  payload: of.payload,
  error,
  aborted,
});

/** The neuron and the outcome in `<neuron>:<outcome>`; null for any other type. */
const outcomeIn = (type: string): { neuron: string; outcome: string } | null => {
  const [neuron, outcome, ...rest] = type.split(':');
  return neuron === undefined || outcome === undefined || rest.length > 0 ? null : { neuron, outcome };
};

export class Oracle {
  private readonly graph: OracleGraph;
  private readonly causeOf: CauseOf;
  private run: RunContext = {
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
    output: undefined,
    reason: undefined,
  };

  constructor(graph: OracleGraph, causeOf: CauseOf) {
    this.graph = graph;
    this.causeOf = causeOf;
  }

  /** Each read is a new object, and no step changes what an earlier one returned. */
  get context(): RunContext {
    return { ...this.run };
  }

  /** Applies one event, then starts at most one activation, then ends the run if nothing is left. */
  send(event: RunEvent): Effect[] {
    if (!this.accepts(this.run, event)) return [];
    const draft: Draft = { ...this.run };
    const effects: Effect[] = [];
    this.apply(draft, event, effects);
    this.startOne(draft, effects);
    this.endIfDone(draft, effects);
    draft.frontier = inRestartOrder(draft.frontier);
    draft.barriers = [...draft.barriers].sort(byPlace);
    this.run = draft;
    return effects;
  }

  /** Whether the event would do anything but be ignored. A run that has ended accepts nothing. */
  accepts(context: RunContext, event: RunEvent): boolean {
    if (context.status !== 'running') return false;
    const { type } = event;
    // A run starts once, and has an id from then on. (XState sends the first event a single time.)
    if (type === 'xstate.init') return context.id === '' && (event as InitEvent).input !== undefined;
    if (type === 'engram.abort' || type === 'engram.resume') return true;
    if (this.graph.collaterals.includes(type)) {
      const { deliveryId } = event as SignalEvent;
      return deliveryId === undefined || !context.deliveries.includes(deliveryId);
    }
    const parts = outcomeIn(type);
    if (parts === null) return false;
    const isMeant = (each: { activation: string; neuron: string }): boolean =>
      each.activation === (event as ActivationEvent).activation && each.neuron === parts.neuron;
    const pending = context.frontier.find(isMeant);
    if (parts.outcome === 'pending') return pending?.state === 'starting';
    // A queued one may settle as well: its outcome came in from elsewhere.
    if (parts.outcome === 'responded' || parts.outcome === 'failed') {
      return pending !== undefined && pending.state !== 'held';
    }
    return parts.outcome === 'checkpointed' && context.barriers.some(isMeant);
  }

  /** The value of the statechart in this context. */
  valueOf(context: RunContext = this.run): OracleValue {
    if (context.status !== 'running') return context.status;
    const running: Record<string, RegionValue> = {};
    for (const { name } of this.graph.neurons) {
      const waits = context.barriers.some((each) => each.neuron === name);
      const works = context.frontier.some((each) => each.neuron === name && each.state !== 'held');
      running[name] = waits ? 'checkpointing' : works ? 'responding' : 'idle';
    }
    return { running };
  }

  /** The event is accepted; this does what it says. */
  private apply(draft: Draft, event: RunEvent, effects: Effect[]): void {
    const { type } = event;
    if (type === 'xstate.init') return this.init(draft, (event as InitEvent).input as StartInput, effects);
    if (type === 'engram.abort') return this.abort(draft, event as AbortEvent);
    if (type === 'engram.resume') return this.resume(draft);
    if (this.graph.collaterals.includes(type)) return this.signal(draft, event, effects);
    const outcome = outcomeIn(type)?.outcome;
    if (outcome === 'pending') return this.pending(draft, event as ActivationEvent);
    if (outcome === 'responded') return this.responded(draft, event as RespondedEvent, effects);
    if (outcome === 'failed') return this.fail(draft, event as FailedEvent);
    return this.checkpointed(draft, event as ActivationEvent, effects);
  }

  private init(draft: Draft, input: StartInput, effects: Effect[]): void {
    draft.id = input.id ?? '';
    draft.hold = input.hold ?? false;
    draft.outputFrom = input.output ?? null;
    input.signals.forEach((signal, index) => this.enqueue(draft, signal, index, { parent: null }, effects));
  }

  /** A signal from outside. Its index is the place that was next when it came. */
  private signal(draft: Draft, event: SignalEvent, effects: Effect[]): void {
    const { type, payload, deliveryId } = event;
    if (deliveryId !== undefined) draft.deliveries = [...draft.deliveries, deliveryId].slice(-1000);
    this.enqueue(draft, { collateral: type, payload }, draft.next, { parent: null, deliveryId }, effects);
  }

  private pending(draft: Draft, { activation }: ActivationEvent): void {
    const found = this.find(draft, activation);
    draft.frontier = draft.frontier.map((each) => (each === found ? { ...each, state: 'running' } : each));
  }

  /** One settlement: all of it, or, with a signal that the neuron may not emit, a failure and nothing else. */
  private responded(draft: Draft, event: RespondedEvent, effects: Effect[]): void {
    const settled = this.find(draft, event.activation);
    const neuron = this.graph.neurons.find((each) => each.name === settled.neuron);
    if (neuron === undefined) throw new Error(`The oracle's graph has no neuron ${settled.neuron}`);
    const signals = event.signals ?? [];
    if (signals.some((each) => !neuron.emits.includes(each.collateral))) {
      return this.fail(draft, { activation: settled.activation, error: { code: 'FOREIGN_COLLATERAL' } });
    }
    this.leave(draft, settled);
    if (event.writes !== undefined) {
      const others = Object.entries(draft.values).filter(([name]) => name !== neuron.name);
      const { value } = event.writes;
      draft.values = Object.fromEntries(value === undefined ? others : [...others, [neuron.name, value]]);
    }
    const origin: Origin = { parent: settled.activation };
    if (neuron.milestone && draft.hold) {
      const barrier: Barrier = { activation: settled.activation, n: settled.n, neuron: neuron.name };
      draft.barriers = [...draft.barriers, barrier];
      origin.heldBy = settled.activation;
    }
    signals.forEach((each, index) => this.enqueue(draft, each, index, origin, effects));
  }

  /** The milestone is stored: what it held goes to the end of the queue, in its order. */
  private checkpointed(draft: Draft, { activation }: ActivationEvent, effects: Effect[]): void {
    draft.barriers = draft.barriers.filter((each) => each.activation !== activation);
    const held = draft.frontier.filter((each) => each.state === 'held' && each.after === activation).sort(byPlace);
    draft.frontier = draft.frontier.filter((each) => !held.includes(each));
    for (const each of held) {
      const { activation: id, neuron, dendrite, collateral, payload } = each;
      this.queue(draft, { activation: id, neuron, dendrite, collateral, payload }, effects);
    }
  }

  /** All that has not settled has failed; it does not count as settled. */
  private abort(draft: Draft, { reason }: AbortEvent): void {
    const cut = draft.frontier.map((each) => failure(each, { code: 'ABORTED' }, true));
    draft.failed = [...draft.failed, ...cut];
    draft.frontier = [];
    draft.barriers = [];
    draft.status = 'aborted';
    draft.reason = reason;
  }

  /** What was in flight is queued again and keeps its place, which is before all that has not started yet. */
  private resume(draft: Draft): void {
    draft.frontier = draft.frontier.map((each) =>
      each.state === 'starting' || each.state === 'running' ? { ...each, state: 'queued' } : each,
    );
  }

  private fail(draft: Draft, { activation, error }: Omit<FailedEvent, 'type'>): void {
    const failed = this.find(draft, activation);
    this.leave(draft, failed);
    draft.failed = [...draft.failed, failure(failed, error, false)];
  }

  private leave(draft: Draft, settled: PendingActivation): void {
    draft.frontier = draft.frontier.filter((each) => each !== settled);
    draft.settled += 1;
  }

  private find(draft: Draft, activation: string): PendingActivation {
    const found = draft.frontier.find((each) => each.activation === activation);
    if (found === undefined) throw new Error(`The oracle's frontier has no activation ${activation}`);
    return found;
  }

  /** One signal to all of its subscribers: neuron by neuron, dendrite by dendrite. */
  private enqueue(draft: Draft, signal: SignalData, index: number, origin: Origin, effects: Effect[]): void {
    const { collateral, payload } = signal;
    if (collateral === draft.outputFrom) draft.output = payload;
    for (const neuron of this.graph.neurons) {
      const listening = neuron.dendrites.filter((each) => each === collateral);
      for (const k of listening.keys()) {
        const dendrite = `${collateral}#${k}`;
        const subscriber = `${neuron.name}/${dendrite}`;
        const activation = this.causeOf(origin.parent, index, subscriber, origin.deliveryId);
        const fresh = { activation, neuron: neuron.name, dendrite, collateral, payload };
        if (origin.heldBy === undefined) {
          this.queue(draft, fresh, effects);
        } else {
          draft.frontier = [...draft.frontier, { ...fresh, n: draft.next, state: 'held', after: origin.heldBy }];
          draft.next += 1;
        }
      }
    }
  }

  /** To the end of the queue. */
  private queue(draft: Draft, fresh: Omit<PendingActivation, 'n' | 'state' | 'after'>, effects: Effect[]): void {
    draft.frontier = [...draft.frontier, { ...fresh, n: draft.next, state: 'queued' }];
    draft.next += 1;
    effects.push({ type: 'deliver', collateral: fresh.collateral, neuron: fresh.neuron });
  }

  /** The queued one with the smallest n starts, unless another is starting. */
  private startOne(draft: Draft, effects: Effect[]): void {
    if (draft.status !== 'running' || draft.frontier.some((each) => each.state === 'starting')) return;
    const [first] = draft.frontier.filter((each) => each.state === 'queued').sort(byPlace);
    if (first === undefined) return;
    draft.frontier = draft.frontier.map((each) => (each === first ? { ...each, state: 'starting' } : each));
    effects.push({ type: 'start', activation: first.activation, neuron: first.neuron });
  }

  /** Nothing pending, nothing to be stored: the run is over. */
  private endIfDone(draft: Draft, effects: Effect[]): void {
    if (draft.status === 'running' && draft.frontier.length === 0 && draft.barriers.length === 0) {
      draft.status = draft.failed.length > 0 ? 'failed' : 'completed';
    }
    if (draft.status !== 'running') effects.push({ type: 'end', status: draft.status });
  }
}
