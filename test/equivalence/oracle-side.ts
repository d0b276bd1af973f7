/**
 * The oracle, driven: it asks for starts, and what the handler would have answered is sent to it, one event per hop.
 * Context calls, answers and the order of promises are carried out here once more, in the plainest way.
 */
import { hashText } from '../../src/graph/hash.js';
import { causeText, deliveryCause, deriveCause, ENTRY, OUTSIDE, parseCause } from '../../src/propagation/cause.js';
import type { RunContext } from '../../src/propagation/context.js';
import type { RunEvent, SignalData, StartInput } from '../../src/propagation/events.js';
import type { GraphPlan } from './arbitrary-graph.js';
import {
  added,
  type Behaviour,
  behave,
  type ContextCall,
  type Dendrite,
  FOREIGN,
  throwsWhenRead,
} from './behaviour.js';
import { listenersOf, readLine, startLine } from './handlers.js';
import { type CauseOf, Oracle, type OracleGraph } from './oracle.js';

/** A handler that has answered, or has yet to. */
interface Answering {
  readonly activation: string;
  readonly id: string;
  readonly neuron: string;
  readonly behaviour: Behaviour;
  /** All calls on `ctx` so far. */
  calls: readonly ContextCall[];
}

export class OracleSide {
  readonly oracle: Oracle;
  readonly trace: string[] = [];
  /** The context after each event, and after each turn. */
  readonly hops: RunContext[] = [];
  readonly turns: RunContext[] = [];
  /** The turns that were more than an answer which came too late. */
  readonly countedTurns: RunContext[] = [];
  readonly #plan: GraphPlan;
  readonly #graph: OracleGraph;
  readonly #listeners: Readonly<Record<string, number>>;
  #entering = false;
  #parked = new Map<string, Answering>();
  /** Promises that have settled and were not told yet. */
  #told: Answering[] = [];

  constructor(plan: GraphPlan, graph: OracleGraph) {
    this.#plan = plan;
    this.#graph = graph;
    this.#listeners = listenersOf(plan);
    const causeOf: CauseOf = (parent, index, subscriber, deliveryId) => {
      const cause = { cause1: 0, cause2: 0 };
      const from = { cause1: 0, cause2: 0 };
      if (parent !== null) parseCause(from, parent);
      const outside = deliveryId === undefined ? OUTSIDE : deliveryCause(deliveryId);
      const origin = parent !== null ? from : this.#entering ? ENTRY : outside;
      deriveCause(cause, origin, index, hashText(subscriber));
      return causeText(cause);
    };
    this.oracle = new Oracle(graph, causeOf);
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
    this.#follow(first.flatMap((effect) => (effect.type === 'start' ? [this.#call(effect.activation)] : [])));
  }

  /** An event, and all that follows from it at once. */
  send(event: RunEvent): void {
    if (this.context.status === 'running') this.#follow([event]);
  }

  /** The process is gone, and another goes on from here or from an earlier hop. */
  rehydrate(from: RunContext): void {
    this.#parked = new Map();
    // the oracle has no way back by itself: it is put where the snapshot was
    (this.oracle as unknown as { run: RunContext }).run = from;
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
    }
  }

  #follow(events: RunEvent[]): void {
    for (let event = events.shift(); event !== undefined; event = events.shift()) {
      if (this.context.status !== 'running') break;
      const effects = this.oracle.send(event);
      this.hops.push(this.context);
      for (const effect of effects) if (effect.type === 'start') events.push(this.#call(effect.activation));
    }
    this.turns.push(this.context);
    this.countedTurns.push(this.context);
  }

  /** Calls the handler. @returns what becomes of it at once */
  #call(activation: string): RunEvent {
    const { frontier, id: run, values } = this.context;
    const started = frontier.find((each) => each.activation === activation);
    if (started === undefined) throw new Error(`the oracle started ${activation}, which is not in its frontier`);
    const { neuron, payload } = started;
    const emits = this.#graph.neurons.find(({ name }) => name === neuron)?.emits ?? [];
    const dendrite: Dendrite = { neuron, key: started.dendrite, emits, listeners: this.#listeners };
    const id = `${run}/${activation}`;
    const value = values[neuron];
    this.trace.push(startLine(id, dendrite, payload, value));
    const behaviour = behave(this.#plan.seed, dendrite, payload, value);
    const answering: Answering = { activation, id, neuron, behaviour, calls: behaviour.calls };
    if (!throwsWhenRead(answering.calls)) this.trace.push(readLine(id, 'own', this.#staged(answering)));
    if (behaviour.when === 'sync') return this.#outcome(answering);
    if (behaviour.when === 'resolved') this.#told.push(answering);
    else this.#parked.set(id, answering);
    return { type: `${neuron}:pending`, activation };
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
    const { activation, neuron, calls } = answering;
    const { answer } = answering.behaviour;
    const failed = (error: unknown): RunEvent => ({ type: `${neuron}:failed`, activation, error });
    if (answer.kind === 'throw') return failed(answer.error);
    if (answer.kind === 'junk') return failed({ code: 'INVALID_ANSWER' });
    const signals: SignalData[] =
      answer.kind === 'nothing' ? [] : answer.kind === 'one' ? [answer.signal] : [...answer.signals];
    const type = `${neuron}:responded`;
    if (signals.some(({ collateral }) => collateral === FOREIGN)) return { type, activation, signals };
    if (calls.length === 0) return { type, activation, signals };
    try {
      return { type, activation, signals, writes: { value: this.#staged(answering) } };
    } catch (error) {
      return failed(error);
    }
  }
}
