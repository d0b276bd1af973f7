/** What a stub answers in the place of a handler, as its outcome says. */
import { NonRetryableError, RetryAfterError } from '../../errors/index.js';
import type { AnyCollateral, Collateral } from '../../graph/collateral.js';
import type { Duration } from '../../graph/duration.js';
import { expect } from '../../graph/expectation.js';
import type { GraphNeuron } from '../../graph/graph.js';
import { expectedChannel } from '../../propagation/answer.js';
import type { Outcome } from '../paths/outcome.js';

interface Aborts {
  readonly stimulation?: { abort(reason?: unknown): void } | undefined;
}

/**
 * @param payload of a signal of this collateral of the axon
 * @throws (as the handler) NonRetryableError, RetryAfterError
 */
export function stubAnswer(
  neuron: GraphNeuron,
  outcome: Outcome,
  payload: (collateral: string) => unknown,
  ctx: unknown,
): unknown {
  switch (outcome.kind) {
    case 'fails':
      throw new NonRetryableError(`the stub of neuron "${neuron.name}" fails`);
    case 'retries':
      throw new RetryAfterError(
        `the stub of neuron "${neuron.name}" asks for another attempt`,
        neuron.policy.retry?.initial ?? 0,
      );
    case 'aborts':
      (ctx as Aborts).stimulation?.abort(`the stub of neuron "${neuron.name}" aborts the run`);
      return Promise.resolve(); // a run that is stored hears of the abort when this turn is over
    default:
      return answerOf(neuron, outcome, payload);
  }
}

function answerOf(neuron: GraphNeuron, { items }: Outcome, payload: (collateral: string) => unknown): unknown {
  const signal = (name: string, delay?: string) => {
    const collateral = neuron.channelOf(name)?.collateral as Collateral<unknown>;
    return collateral.createSignal(payload(name), delay === undefined ? {} : { delay: delay as Duration });
  };
  const answers = items.map((item) => {
    if (item.kind === 'signal') return signal(item.collateral, item.delay);
    const { within, otherwise } = item;
    return expect(expectedChannel(neuron, item.collateral)?.collateral as AnyCollateral, {
      ...(within === undefined ? {} : { within: within as Duration }),
      ...(otherwise === undefined ? {} : { otherwise: signal(otherwise) as never }),
    });
  });
  return answers.length === 1 ? answers[0] : answers;
}
