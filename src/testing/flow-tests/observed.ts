/** What a real handler answered, in the notation of outcomes; how long it waits is left open. */
import { type Expectation, isExpectation } from '../../graph/expectation.js';
import type { GraphNeuron } from '../../graph/graph.js';
import type { Signal } from '../../graph/collateral.js';
import { answerProblem, expectedChannel } from '../../propagation/answer.js';
import { answerOutcome, type AwaitedItem, type EmittedItem, NOTHING, type Outcome } from '../paths/outcome.js';

const SOME_TIME = 'some';

/** Undefined for an answer that the engine does not take: it fails with that. */
export function observedOutcome(neuron: GraphNeuron, answer: unknown): Outcome | undefined {
  if (answerProblem(neuron, answer) !== null) return undefined;
  if (answer === undefined || answer === null) return NOTHING;
  const list = (Array.isArray(answer) ? answer : [answer]) as readonly (Signal | Expectation)[];
  return list.length === 0 ? NOTHING : answerOutcome(list.map((item) => itemOf(neuron, item)));
}

function itemOf(neuron: GraphNeuron, item: Signal | Expectation): EmittedItem | AwaitedItem {
  const nameOf = (collateral: unknown) => neuron.channelOf(collateral)?.name ?? '';
  if (!isExpectation(item)) {
    const { collateral, delay } = item;
    return { kind: 'signal', collateral: nameOf(collateral), delay: delay === undefined ? undefined : SOME_TIME };
  }
  return {
    kind: 'wait',
    collateral: expectedChannel(neuron, item.collateral)?.name ?? '',
    within: item.within === undefined ? undefined : SOME_TIME,
    otherwise: item.otherwise === undefined ? undefined : nameOf(item.otherwise.collateral),
  };
}

/** Whether two outcomes are the same but for how long they take. */
export const isAlike = (a: Outcome, b: Outcome): boolean => timeless(a) === timeless(b);

function timeless({ text, items }: Outcome): string {
  if (items.length === 0) return text;
  return answerOutcome(
    items.map((item) =>
      item.kind === 'signal'
        ? { ...item, delay: item.delay === undefined ? undefined : SOME_TIME }
        : { ...item, within: item.within === undefined ? undefined : SOME_TIME },
    ),
  ).text;
}
