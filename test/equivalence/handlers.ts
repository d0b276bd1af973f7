/** A graph plan made real: neurons of the library whose handlers carry out `behave`. */
import type { Graph } from '../../src/graph/graph.js';
import type { Collateral } from '../../src/graph/collateral.js';
import type { NeuronContext } from '../../src/graph/types.js';
import {
  collateralName,
  dendritePlansOf,
  emitsOf,
  expectsOf,
  type GraphPlan,
  type NeuronPlan,
  neuronName,
} from './arbitrary-graph.js';
import {
  added,
  type AnswerPlan,
  type Awaited,
  behave,
  type Call,
  type ContextCall,
  type Dendrite,
  type Emitted,
  type EmittedSignal,
  FOREIGN,
  isAwaited,
  keyOf,
  sizeOf,
  throwsWhenRead,
} from './behaviour.js';
import type { Library } from './library.js';
import { dendritesOf, firingOf, type OracleDendrite, type OracleGraph, type OracleNeuron } from './oracle-graph.js';
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

/** How long is waited before the second and every later attempt, in milliseconds. */
export const WAIT = 10;

/** One graph for all sides: `ctx.global` says whose handler is called. */
export function graphOf(library: Library, plan: GraphPlan): Graph {
  const collaterals = new Map<string, Collateral<unknown>>();
  for (let i = 0; i < plan.collaterals; i++) {
    collaterals.set(`c${i}`, library.collateral<unknown>(collateralName(plan, i)));
  }
  collaterals.set(FOREIGN, library.collateral<unknown>(FOREIGN));
  const of = (name: string) => collaterals.get(name) as Collateral<unknown>;
  const toEmit: ToEmit = {
    signal: ({ collateral, payload, delay }) =>
      of(collateral).createSignal(payload, delay === undefined ? undefined : { delay }),
    expectation: ({ expects, within, otherwise }) =>
      library.expect(of(expects), {
        within,
        otherwise: otherwise === undefined ? undefined : of(otherwise.collateral).createSignal(otherwise.payload),
      }),
  };
  const listeners = listenersOf(plan);
  const neurons = oracleNeuronsOf(plan).map((described, at) => {
    const { name, emits, expects } = described;
    const { gate, attempts } = plan.neurons[at] as NeuronPlan;
    const made = library.neuron(name, Object.fromEntries(emits.map((each) => [each, of(each)])));
    const respondAs = (key: string) => {
      const dendrite: Dendrite = { neuron: name, key, emits, expects, listeners };
      return (payload: unknown, _axon: unknown, ctx: unknown) =>
        carryOut(plan.seed, dendrite, payload, ctx as Context, toEmit) as undefined;
    };
    const keys = dendritesOf(described);
    for (const each of described.dendrites) {
      if (typeof each === 'string') {
        const { key } = keys.shift() as OracleDendrite;
        made.dendrite({ collateral: of(each), response: respondAs(key) });
        continue;
      }
      const slots = Object.fromEntries(Object.entries(each.slots).map(([slot, collateral]) => [slot, of(collateral)]));
      keys.splice(0, Object.keys(slots).length);
      const response = respondAs(firingOf(described, each).dendrite);
      const key = keyOf as () => string;
      if (each.sized) made.join(slots, response, { key, size: sizeOf });
      else made.join(slots, response, { key });
    }
    if (described.milestone) made.milestone();
    if (expects.length > 0) made.expects(expects.map(of));
    if (described.compensates) made.compensate(respondAs('undo'));
    if (gate !== null) made.setConcurrency(gate);
    if (attempts !== null) made.retry({ attempts, backoff: 'constant', initial: WAIT });
    return made;
  });
  return library.buildGraph(neurons, { name: 'random', version: '1', durable: true });
}

export function listenersOf(plan: GraphPlan): Record<string, number> {
  const listeners: Record<string, number> = {};
  for (const { collateral } of oracleNeuronsOf(plan).flatMap(dendritesOf)) {
    listeners[collateral] = (listeners[collateral] ?? 0) + 1;
  }
  return listeners;
}

export const oracleNeuronsOf = (plan: GraphPlan): OracleNeuron[] =>
  plan.neurons.map((neuron, at) => ({
    name: neuronName(at),
    milestone: neuron.milestone,
    emits: emitsOf(plan, neuron),
    dendrites: dendritePlansOf(plan, neuron),
    expects: expectsOf(plan, neuron),
    concurrency: neuron.gate !== null,
    compensates: neuron.compensates,
  }));

/** The same graph as the oracle reads it. */
export const oracleGraphOf = (plan: GraphPlan, graph: Graph): OracleGraph => ({
  neurons: oracleNeuronsOf(plan),
  collaterals: [...graph.channels.keys()],
});

/** Makes what handlers return. */
interface ToEmit {
  signal(emitted: EmittedSignal): unknown;
  expectation(awaited: Awaited): unknown;
}

/** More calls than any graph makes by itself: a fault makes it loop. */
const MOST_CALLS = 5000;

function carryOut(seed: number, dendrite: Dendrite, payload: unknown, ctx: Context, toEmit: ToEmit): unknown {
  const environment = ctx.global;
  environment.onCall?.(++environment.calls);
  if (environment.calls > MOST_CALLS) throw new Error('too many calls');
  const id = ctx.activationId;
  const call: Call = { payload, value: ctx.get(), attempt: ctx.attempt };
  environment.trace.push(startLine(id, dendrite, call, ctx.undoes));
  const { calls, when, laterCalls, answer } = behave(seed, dendrite, call);
  make(ctx, calls);
  if (!throwsWhenRead(calls)) environment.trace.push(readLine(id, 'own', ctx.get()));
  if (when === 'sync') {
    if (answer.kind === 'throw') throw answer.error;
    return answerOf(answer, toEmit);
  }
  if (when === 'resolved') {
    return new Promise((resolve, reject: (error: unknown) => void) => {
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors -- users reject with anything
      if (answer.kind === 'throw') reject(answer.error);
      else resolve(answerOf(answer, toEmit));
    });
  }
  const park = (resolve: (value: unknown) => void, reject: (error: unknown) => void): void => {
    environment.parked.set(id, () => {
      if (!throwsWhenRead(calls)) environment.trace.push(readLine(id, 'late', ctx.get()));
      make(ctx, laterCalls);
      if (answer.kind === 'throw') reject(answer.error);
      else resolve(answerOf(answer, toEmit));
    });
  };
  return when === 'thenable' ? { then: park } : new Promise(park);
}

export const startLine = (
  id: string,
  { neuron, key }: Dendrite,
  { payload, value, attempt }: Call,
  undoes: string | undefined,
): string =>
  `${id} ${neuron} ${key} ${show(payload)} reads ${show(value)}, attempt ${attempt}${undoes === undefined ? '' : `, undoes ${undoes}`}`;
export const readLine = (id: string, what: 'own' | 'late', value: unknown): string => `${id} ${what} ${show(value)}`;

function make(ctx: Context, calls: readonly ContextCall[]): void {
  for (const made of calls) {
    if (made.call === 'set') ctx.set(made.value);
    else if (made.call === 'delete') ctx.delete();
    else ctx.update((value) => added(value, made.add));
  }
}

function answerOf(answer: Exclude<AnswerPlan, { kind: 'throw' }>, toEmit: ToEmit): unknown {
  const made = (emitted: Emitted): unknown =>
    isAwaited(emitted) ? toEmit.expectation(emitted) : toEmit.signal(emitted);
  if (answer.kind === 'nothing') return undefined;
  if (answer.kind === 'one') return made(answer.emitted);
  if (answer.kind === 'many') return answer.emitted.map(made);
  return answer.alone ? { no: 'signal' } : [...answer.before.map(made), 7];
}
