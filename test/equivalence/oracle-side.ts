/**
 * The oracle, driven: it asks for starts, and what the handler would have answered is sent to it, one event per hop.
 * Context calls, answers and the order of promises are carried out here once more, in the plainest way.
 */
import { hashText } from '../../src/graph/hash.js';
import {
  type Caused,
  causeText,
  deliveryCause,
  deriveCause,
  ENTRY,
  joinCause,
  OUTSIDE,
  parseCause,
} from '../../src/propagation/cause.js';
import type { RunContext } from '../../src/propagation/context.js';
import type { Effect, RunEvent, StartInput } from '../../src/propagation/events.js';
import type { GraphPlan } from './arbitrary-graph.js';
import {
  added,
  type Behaviour,
  behave,
  type Call,
  type ContextCall,
  type Dendrite,
  throwsWhenRead,
} from './behaviour.js';
import { NOW } from './entry.js';
import { featuresOf } from './features.js';
import { listenersOf, readLine, startLine, WAIT } from './handlers.js';
import { Oracle } from './oracle.js';
import { OracleGates } from './oracle-gates.js';
import { joinOf, neuronIn, type OracleGraph } from './oracle-graph.js';
import { arrivalOutcome, attemptIn, dataOf, grantedEvent, isWrong } from './oracle-outcomes.js';
import type { Causes } from './oracle-placing.js';

/** A handler that has answered, or has yet to. */
interface Answering {
  readonly activation: string;
  readonly id: string;
  readonly neuron: string;
  readonly attempt: number;
  readonly behaviour: Behaviour;
  /** Whether it has a slot of its neuron's gate, until it has answered. */
  readonly hasSlot: boolean;
  /** All calls on `ctx` so far. */
  calls: readonly ContextCall[];
}

const causedBy = (text: string): Caused => {
  const cause = { cause1: 0, cause2: 0 };
  parseCause(cause, text);
  return cause;
};

export class OracleSide {
  readonly oracle: Oracle;
  readonly trace: string[] = [];
  /** The context after each event, and after each turn. */
  readonly hops: RunContext[] = [];
  readonly turns: RunContext[] = [];
  /** The turns that were more than an answer which came too late. */
  readonly countedTurns: RunContext[] = [];
  /** How often each kind of thing has happened. */
  readonly features: Record<string, number> = {};
  readonly #plan: GraphPlan;
  readonly #graph: OracleGraph;
  readonly #listeners: Readonly<Record<string, number>>;
  #gates: OracleGates;
  #now = NOW;
  #entering = false;
  #isGranting = false;
  #parked = new Map<string, Answering>();
  /** Promises that have settled and were not told yet. */
  #told: Answering[] = [];

  constructor(plan: GraphPlan, graph: OracleGraph) {
    this.#plan = plan;
    this.#graph = graph;
    this.#listeners = listenersOf(plan);
    this.#gates = new OracleGates(plan);
    const causes: Causes = {
      of: (parent, index, subscriber, deliveryId) => {
        const cause = { cause1: 0, cause2: 0 };
        const outside = deliveryId === undefined ? OUTSIDE : deliveryCause(deliveryId);
        const origin = parent !== null ? causedBy(parent) : this.#entering ? ENTRY : outside;
        deriveCause(cause, origin, deliveryId === undefined ? index : 0, hashText(subscriber));
        return causeText(cause);
      },
      ofJoin: (parents, subscriber) => {
        const cause = { cause1: 0, cause2: 0 };
        const from = parents.map((slot) => slot.map(causedBy));
        joinCause(cause, from, hashText(subscriber));
        return causeText(cause);
      },
    };
    this.oracle = new Oracle(graph, causes);
  }

  get context(): RunContext {
    return this.oracle.context;
  }

  /** The ids of what waits to be let go, oldest first. */
  get parked(): string[] {
    return [...this.#parked.keys()];
  }

  /** What is sent in here makes activations of the entry. */
  readonly entering = <T>(send: () => T): T => {
    this.#entering = true;
    const result = send();
    this.#entering = false;
    return result;
  };

  start(input: StartInput): void {
    const first = this.entering(() => this.oracle.send({ type: 'xstate.init', input }));
    this.hops.push(this.context);
    this.#follow(this.#after(first));
  }

  /** An event, and all that follows from it at once. */
  send(event: RunEvent): void {
    if (this.context.status === 'running') this.#follow([event]);
  }

  /** Time goes on; what is due then is told to the run. */
  pass(ms: number): void {
    this.#now += ms;
    const tick: RunEvent = { type: 'engram.tick', now: this.#now };
    if (this.oracle.accepts(this.context, tick)) this.send(tick);
  }

  /** The process is gone, and another goes on from here or from an earlier hop. */
  rehydrate(from: RunContext): void {
    this.#parked = new Map();
    this.#gates = new OracleGates(this.#plan);
    this.oracle.restore(from);
    this.send({ type: 'engram.resume' });
  }

  release(id: string): void {
    const answering = this.#parked.get(id);
    if (answering === undefined) return;
    this.#parked.delete(id);
    if (!throwsWhenRead(answering.calls)) this.trace.push(readLine(id, 'late', this.#staged(answering)));
    answering.calls = [...answering.calls, ...answering.behaviour.laterCalls];
    this.#told.push(answering);
  }

  /** Promises are told in the order in which they settled. */
  tick(): void {
    for (let next = this.#told.shift(); next !== undefined; next = this.#told.shift()) {
      const outcome = this.#outcome(next);
      const counts = this.oracle.accepts(this.context, outcome);
      this.send(outcome);
      if (!counts && this.countedTurns.length > 0 && this.context.status === 'running') this.countedTurns.pop();
      if (next.hasSlot) this.#gates.release(next.neuron);
      // what is given back meanwhile goes on when this one's turn is over
      this.#isGranting = true;
      for (let to = this.#gates.granted(); to !== undefined; to = this.#gates.granted()) this.send(grantedEvent(to));
      this.#isGranting = false;
    }
  }

  #follow(events: RunEvent[]): void {
    for (let next = events.shift(); next !== undefined; next = events.shift()) {
      if (this.context.status !== 'running') break;
      const before = this.context;
      const accepted = this.oracle.accepts(before, next);
      const effects = this.oracle.send(next);
      this.hops.push(this.context);
      const features = featuresOf({ event: next, before, after: this.context, effects, accepted });
      for (const feature of features) this.features[feature] = (this.features[feature] ?? 0) + 1;
      if (accepted) events.push(...this.#after(effects));
    }
    this.turns.push(this.context);
    this.countedTurns.push(this.context);
  }

  /** What the host does after a step, in the order in which the run is told. */
  #after(effects: readonly Effect[]): RunEvent[] {
    const next: RunEvent[] = [];
    for (const effect of effects) {
      if (effect.type === 'start') next.push(...this.#call(effect.activation));
      if (effect.type === 'acquire') next.push(this.#ask(effect));
    }
    const states = ['asking', 'granted', 'gated', 'starting'];
    const wanted = this.context.frontier.filter(({ state }) => states.includes(state));
    this.#gates.prune(wanted.map(({ activation }) => activation));
    next.push(...this.#grants());
    return next;
  }

  /** Who is granted a slot that was given back just now. */
  #grants(): RunEvent[] {
    const events: RunEvent[] = [];
    if (this.#isGranting) return events;
    for (let to = this.#gates.granted(); to !== undefined; to = this.#gates.granted()) events.push(grantedEvent(to));
    return events;
  }

  #ask({ activation, neuron }: { readonly activation: string; readonly neuron: string }): RunEvent {
    return { type: this.#gates.acquire({ neuron, activation }) ? 'engram.granted' : 'engram.gated', activation };
  }

  /** Calls the handler. @returns what becomes of it at once */
  #call(activation: string): RunEvent[] {
    const { frontier, id: run, values } = this.context;
    const started = frontier.find((each) => each.activation === activation);
    if (started === undefined) throw new Error(`the oracle started ${activation}, which is not in its frontier`);
    const { neuron, payload, attempt = 1, origin, undoes } = started;
    const join = joinOf(this.#graph, started);
    if (join !== undefined) return [arrivalOutcome(started, join)];
    const { emits, expects } = neuronIn(this.#graph, neuron);
    const dendrite: Dendrite = { neuron, key: started.dendrite, emits, expects, listeners: this.#listeners };
    // one that was of another run keeps the id that it had there; only a whole id has a slash
    const id = origin ?? `${run}/${activation}`;
    const undone = undoes?.includes('/') === false ? `${run}/${undoes}` : undoes;
    const call: Call = { payload, value: values[neuron], attempt };
    this.trace.push(startLine(id, dendrite, call, undone));
    const behaviour = behave(this.#plan.seed, dendrite, call);
    const hasSlot = this.#gates.take(activation);
    const { calls } = behaviour;
    const answering: Answering = { activation, id, neuron, attempt, behaviour, hasSlot, calls };
    if (!throwsWhenRead(answering.calls)) this.trace.push(readLine(id, 'own', this.#staged(answering)));
    if (behaviour.when === 'sync') {
      if (hasSlot) this.#gates.release(neuron);
      return [this.#outcome(answering), ...this.#grants()];
    }
    if (behaviour.when === 'resolved') this.#told.push(answering);
    else this.#parked.set(id, answering);
    return [{ type: `${neuron}:pending`, activation, ...attemptIn(attempt) }];
  }

  /** What the calls make of the value that is committed now. */
  #staged({ neuron, calls }: Answering): unknown {
    let value = this.context.values[neuron];
    // what came before the last set or delete is not even tried
    const last = calls.findLastIndex(({ call }) => call !== 'update');
    for (const made of calls.slice(Math.max(last, 0))) {
      if (made.call === 'set') value = made.value;
      else if (made.call === 'delete') value = undefined;
      else value = added(value, made.add);
    }
    return value;
  }

  #outcome(answering: Answering): RunEvent {
    const { activation, neuron, attempt, calls } = answering;
    const { answer } = answering.behaviour;
    if (answer.kind === 'throw') return this.#failure(answering, answer.error);
    // what is no signal is found before what is awaited is looked at
    if (answer.kind === 'junk') return this.#failure(answering, { code: 'INVALID_ANSWER' });
    const all = answer.kind === 'nothing' ? [] : answer.kind === 'one' ? [answer.emitted] : answer.emitted;
    const base = { type: `${neuron}:responded`, activation, ...attemptIn(attempt), ...dataOf(all, this.#now) };
    // a wrong answer is that, whatever is thrown when what is to be written is read
    if (calls.length === 0 || isWrong(neuronIn(this.#graph, neuron), answering.behaviour, all)) return base;
    try {
      return { ...base, writes: { value: this.#staged(answering) } };
    } catch (error) {
      return this.#failure(answering, error);
    }
  }

  /** A failed attempt, with the time of the next one where there will be one. */
  #failure({ activation, neuron, attempt }: Answering, error: unknown): RunEvent {
    const attempts = this.#plan.neurons[Number(neuron.slice(1))]?.attempts ?? 1;
    const isFinal = typeof (error as { code?: unknown } | null | undefined)?.code === 'string';
    const retry = attempt < attempts && !isFinal ? { retryAt: this.#now + WAIT } : {};
    return { type: `${neuron}:failed`, activation, ...attemptIn(attempt), error, ...retry };
  }
}
