/** A graph plan made real: neurons of the library whose handlers carry out `behave`. */
import type { Graph } from '../../src/graph/graph.js';
import type { Collateral } from '../../src/graph/collateral.js';
import type { NeuronContext } from '../../src/graph/types.js';
import { collateralName, emitsOf, type GraphPlan, listensOf, neuronName } from './arbitrary-graph.js';
import {
  added,
  type AnswerPlan,
  behave,
  type ContextCall,
  type Dendrite,
  type EmittedSignal,
  FOREIGN,
  throwsWhenRead,
} from './behaviour.js';
import type { Library } from './library.js';
import type { OracleGraph } from './oracle.js';
import { show } from './same.js';

/** What the handlers of one side leave behind. */
export class Environment {
  readonly trace: string[] = [];
  /** Lets go of what is parked, by activation id. */
  parked = new Map<string, () => void>();
  calls = 0;
  /** An actor stopped with an error of its own: a bug. */
  broken: { readonly error: unknown } | null = null;
  /** Called inside a handler, before it does anything. */
  onCall: ((calls: number) => void) | null = null;

  /** The process is gone: what was parked is no longer there. */
  forget(): Map<string, () => void> {
    const { parked } = this;
    this.parked = new Map();
    return parked;
  }
}

type Context = NeuronContext<unknown, Environment>;

/** One graph for all sides: `ctx.global` says whose handler is called. */
export function graphOf(library: Library, plan: GraphPlan): Graph {
  const collaterals = new Map<string, Collateral<unknown>>();
  for (let i = 0; i < plan.collaterals; i++) {
    collaterals.set(`c${i}`, library.collateral<unknown>(collateralName(plan, i)));
  }
  collaterals.set(FOREIGN, library.collateral<unknown>(FOREIGN));
  const of = (name: string) => collaterals.get(name) as Collateral<unknown>;
  const listeners = listenersOf(plan);
  const neurons = plan.neurons.map((neuronPlan, at) => {
    const name = neuronName(at);
    const emits = emitsOf(plan, neuronPlan);
    const made = library.neuron(name, Object.fromEntries(emits.map((each) => [each, of(each)])));
    const seen = new Map<string, number>();
    for (const listens of listensOf(plan, neuronPlan)) {
      const nth = seen.get(listens) ?? 0;
      seen.set(listens, nth + 1);
      const dendrite: Dendrite = { neuron: name, key: `${listens}#${nth}`, emits, listeners };
      const response = (payload: unknown, _axon: unknown, ctx: unknown) =>
        carryOut(plan.seed, dendrite, payload, ctx as Context, of) as undefined;
      made.dendrite({ collateral: of(listens), response });
    }
    if (neuronPlan.milestone) made.milestone();
    return made;
  });
  return library.buildGraph(neurons, { name: 'random', version: '1', durable: true });
}

export function listenersOf(plan: GraphPlan): Record<string, number> {
  const listeners: Record<string, number> = {};
  for (const collateral of plan.neurons.flatMap((neuron) => listensOf(plan, neuron))) {
    listeners[collateral] = (listeners[collateral] ?? 0) + 1;
  }
  return listeners;
}

/** The same graph as the oracle reads it. */
export function oracleGraphOf(plan: GraphPlan, graph: Graph): OracleGraph {
  return {
    neurons: plan.neurons.map((neuron, at) => ({
      name: neuronName(at),
      milestone: neuron.milestone,
      emits: emitsOf(plan, neuron),
      dendrites: listensOf(plan, neuron),
    })),
    collaterals: [...graph.channels.keys()],
  };
}

/** More calls than any graph makes by itself: a fault makes it loop. */
const MOST_CALLS = 5000;

function carryOut(
  seed: number,
  dendrite: Dendrite,
  payload: unknown,
  ctx: Context,
  of: (name: string) => Collateral<unknown>,
): unknown {
  const environment = ctx.global;
  environment.onCall?.(++environment.calls);
  if (environment.calls > MOST_CALLS) throw new Error('too many calls');
  const id = ctx.activationId;
  const value = ctx.get();
  environment.trace.push(startLine(id, dendrite, payload, value));
  const { calls, when, laterCalls, answer } = behave(seed, dendrite, payload, value);
  make(ctx, calls);
  if (!throwsWhenRead(calls)) environment.trace.push(readLine(id, 'own', ctx.get()));
  if (when === 'sync') {
    if (answer.kind === 'throw') throw answer.error;
    return answerOf(answer, of);
  }
  if (when === 'resolved') {
    return new Promise((resolve, reject: (error: unknown) => void) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- users reject with anything
      if (answer.kind === 'throw') reject(answer.error);
      else resolve(answerOf(answer, of));
    });
  }
  const park = (resolve: (value: unknown) => void, reject: (error: unknown) => void): void => {
    environment.parked.set(id, () => {
      if (!throwsWhenRead(calls)) environment.trace.push(readLine(id, 'late', ctx.get()));
      make(ctx, laterCalls);
      if (answer.kind === 'throw') reject(answer.error);
      else resolve(answerOf(answer, of));
    });
  };
  return when === 'thenable' ? { then: park } : new Promise(park);
}

export const startLine = (id: string, { neuron, key }: Dendrite, payload: unknown, value: unknown): string =>
  `${id} ${neuron} ${key} ${show(payload)} reads ${show(value)}`;
export const readLine = (id: string, what: 'own' | 'late', value: unknown): string => `${id} ${what} ${show(value)}`;

function make(ctx: Context, calls: readonly ContextCall[]): void {
  for (const made of calls) {
    if (made.call === 'set') ctx.set(made.value);
    else if (made.call === 'delete') ctx.delete();
    else ctx.update((value) => added(value, made.add));
  }
}

function answerOf(answer: Exclude<AnswerPlan, { kind: 'throw' }>, of: (name: string) => Collateral<unknown>): unknown {
  const signal = ({ collateral, payload }: EmittedSignal) => of(collateral).createSignal(payload);
  if (answer.kind === 'nothing') return undefined;
  if (answer.kind === 'one') return signal(answer.signal);
  if (answer.kind === 'many') return answer.signals.map(signal);
  return answer.alone ? { no: 'signal' } : [...answer.before.map(signal), 7];
}
