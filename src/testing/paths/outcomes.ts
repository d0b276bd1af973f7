/** Which outcomes each dendrite of a flow may have: all there are, unless they were narrowed. */
import { InvalidArgumentError, listed } from '../../errors/index.js';
import type { Graph, GraphNeuron, Subscriber } from '../../graph/graph.js';
import { answerOutcome, type Outcome, NOTHING, joinsOutcome, parseOutcome, shownDendrite } from './outcome.js';

/**
 * By neuron: what it may answer, on each of its dendrites; or by what it gets. The first is what it usually answers.
 *
 *     { charge: ['charged', 'fails'], approve: { reserved: ['cleared', 'waits for approved within 7d, otherwise expired'] } }
 *
 * By what it gets means the name of the collateral, `a+b` for a complete set of a join, `undo` for its compensation.
 */
export type OutcomesByNeuron = Readonly<
  Record<string, readonly string[] | Readonly<Record<string, readonly string[]>>>
>;

/** How long an expectation waits unless it was told. */
const WITHIN = '1h';

/** Everything of a neuron that can be started. */
export function subscribersOf({ dendrites, joins, compensation }: GraphNeuron): readonly Subscriber[] {
  return [...dendrites, ...joins.map(({ subscriber }) => subscriber), ...(compensation === null ? [] : [compensation])];
}

/** @throws InvalidArgumentError for a neuron, a dendrite or an outcome that is not there */
export function outcomesOf(graph: Graph, given: OutcomesByNeuron = {}): ReadonlyMap<Subscriber, readonly Outcome[]> {
  const unknown = Object.keys(given).filter((name) => !graph.neuronByName.has(name));
  if (unknown.length > 0) {
    throw new InvalidArgumentError(`outcomes: ${listed('there is no neuron', unknown)}`, {
      hint: listed('the graph has', [...graph.neuronByName.keys()], 20),
    });
  }
  return new Map<Subscriber, readonly Outcome[]>(
    graph.neurons.flatMap((neuron) => {
      const narrowed = given[neuron.name];
      checkDendrites(neuron, narrowed);
      return subscribersOf(neuron).map((subscriber) => {
        const texts = textsFor(subscriber, narrowed);
        if (texts === undefined) return [subscriber, defaultsOf(subscriber)] as const;
        if (texts.length === 0) return [subscriber, [NOTHING]] as const;
        return [subscriber, distinct(texts.map((text) => parseOutcome(text, subscriber)))] as const;
      });
    }),
  );
}

const isList = (narrowed: OutcomesByNeuron[string] | undefined): narrowed is readonly string[] =>
  Array.isArray(narrowed);

function textsFor(subscriber: Subscriber, narrowed: OutcomesByNeuron[string] | undefined) {
  if (narrowed === undefined) return undefined;
  if (!isList(narrowed)) return narrowed[shownDendrite(subscriber)] ?? narrowed[subscriber.channel.name];
  return subscriber.arrival !== null || subscriber === subscriber.neuron.compensation ? undefined : narrowed;
}

function checkDendrites(neuron: GraphNeuron, narrowed: OutcomesByNeuron[string] | undefined): void {
  if (narrowed === undefined || isList(narrowed)) return;
  const known = subscribersOf(neuron).flatMap((subscriber) => [shownDendrite(subscriber), subscriber.channel.name]);
  const unknown = Object.keys(narrowed).filter((name) => !known.includes(name));
  if (unknown.length === 0) return;
  throw new InvalidArgumentError(`outcomes: neuron "${neuron.name}" ${listed('does not get', unknown)}`, {
    hint: listed('it gets', [...new Set(known)], 20),
  });
}

const distinct = (outcomes: readonly Outcome[]): Outcome[] => [
  ...new Map(outcomes.map((outcome) => [outcome.text, outcome])).values(),
];

/** Each signal, each wait with each end that it may have, nothing, and a failure. */
function defaultsOf(subscriber: Subscriber): Outcome[] {
  const { neuron, arrival } = subscriber;
  if (arrival !== null) return [joinsOutcome(arrival.join.sized ? 1 : undefined)];
  const fails = parseOutcome('fails', subscriber);
  if (subscriber === neuron.compensation) return [NOTHING, fails];
  const signals = neuron.emits.map(({ name: collateral }) =>
    answerOutcome([{ kind: 'signal', collateral, delay: undefined }]),
  );
  const ends = [undefined, ...neuron.emits.map(({ name }) => name)];
  const waits = neuron.expects.flatMap(({ name: collateral }) =>
    ends.map((otherwise) => answerOutcome([{ kind: 'wait', collateral, within: WITHIN, otherwise }])),
  );
  return [...signals, ...waits, NOTHING, fails];
}
