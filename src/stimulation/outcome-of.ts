/** What whoever waits for a run is told at its end. */
import { describeError, StimulationAbortedError, StimulationFailedError } from '../errors/index.js';
import type { FailedActivation } from '../propagation/context.js';
import { failedOf, outputOf } from '../propagation/rare.js';
import type { Work } from '../propagation/work.js';
import type { Result } from './results.js';

export type Outcome = { readonly result: Result } | { readonly error: unknown };

const NO_SIGNALS: Result['unclaimed'] = [];

export function outcomeOf(work: Work, listenerErrors: readonly unknown[]): Outcome {
  if (work.rare === null && listenerErrors.length === 0) return { result: resultOf(work, undefined, NO_SIGNALS) };
  return rareOutcomeOf(work, listenerErrors);
}

const resultOf = (work: Work, output: unknown, unclaimed: Result['unclaimed']): Result => ({
  id: work.id,
  status: 'completed',
  output,
  context: work.values === null ? {} : Object.fromEntries(work.values),
  unclaimed,
});

function rareOutcomeOf(work: Work, listenerErrors: readonly unknown[]): Outcome {
  const failed = failedOf(work);
  if (work.status === 'aborted') {
    const errors = failed.filter(({ aborted }) => !aborted).map(({ error }) => error);
    return { error: new StimulationAbortedError(work.id, work.rare?.reason, errors) };
  }
  const errors = [...new Set([...failed.map(({ error }) => error), ...listenerErrors])];
  if (errors.length > 0) {
    return { error: new StimulationFailedError(work.id, errors, failureLines(failed, listenerErrors)) };
  }
  const unclaimed = (work.rare?.early ?? []).map(({ collateral, payload }) => ({ collateral, payload }));
  return { result: resultOf(work, outputOf(work), unclaimed) };
}

/** The message of a failed run: every cause with its place. One error of many activations is told once. */
function failureLines(
  failed: readonly FailedActivation[],
  listenerErrors: readonly unknown[],
): { readonly lines: readonly string[]; readonly hint: string } {
  const first = new Map(failed.map((failure) => [failure.error, failure] as const).reverse());
  const told = failed.filter((failure) => first.get(failure.error) === failure);
  return {
    lines: [
      ...told.map(lineOf),
      ...listenerErrors.map((error) => `a response listener threw: ${describeError(error)}`),
    ],
    hint: '`errors` holds every cause; `stimulation.getFailedTasks()` what was not done',
  };
}

const lineOf = ({ neuron, collateral, error, undoes }: FailedActivation): string =>
  `neuron "${neuron}" ${undoes === undefined ? `on "${collateral}"` : 'when it was to undo what it did'}: ${describeError(error)}`;
