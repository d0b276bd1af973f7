/** What whoever waits for a run is told at its end. */
import { describeError, StimulationAbortedError, StimulationFailedError } from '../errors/index.js';
import type { EarlySignal, FailedActivation, RunContext } from '../propagation/context.js';
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
  const { id, status, rare } = work;
  const error = errorOf({ id, status, failed: failedOf(work), reason: rare?.reason }, listenerErrors);
  return error === undefined ? { result: resultOf(work, outputOf(work), unclaimedOf(rare?.early ?? [])) } : { error };
}

/** The same of a run as it is stored; undefined for one that goes on. */
export function storedOutcomeOf(context: RunContext): Outcome | undefined {
  const { id, status, output, values, early } = context;
  if (status === 'running') return undefined;
  const error = errorOf(context, []);
  if (error !== undefined) return { error };
  return { result: { id, status: 'completed', output, context: values, unclaimed: unclaimedOf(early) } };
}

const unclaimedOf = (early: readonly EarlySignal[]): Result['unclaimed'] =>
  early.map(({ collateral, payload }) => ({ collateral, payload }));

type Ended = Pick<RunContext, 'id' | 'status' | 'failed' | 'reason'>;

/** Why a run has not completed; undefined when it has. */
function errorOf({ id, status, failed, reason }: Ended, listenerErrors: readonly unknown[]): Error | undefined {
  if (status === 'aborted') {
    const errors = failed.filter(({ aborted }) => !aborted).map(({ error }) => error);
    return new StimulationAbortedError(id, reason, errors);
  }
  const errors = [...new Set([...failed.map(({ error }) => error), ...listenerErrors])];
  if (errors.length === 0 && status !== 'failed') return undefined;
  return new StimulationFailedError(id, errors, failureLines(failed, listenerErrors));
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
