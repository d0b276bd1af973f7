import { describeError } from '../errors/index.js';
import type { FailedActivation } from '../propagation/context.js';

/** The message of a failed run: every cause with its place. */
export function failureLines(
  failed: readonly FailedActivation[],
  listenerErrors: readonly unknown[],
): { readonly lines: readonly string[]; readonly hint: string } {
  const lines = [
    ...failed.map(({ neuron, collateral, error }) => `neuron "${neuron}" on "${collateral}": ${describeError(error)}`),
    ...listenerErrors.map((error) => `a response listener threw: ${describeError(error)}`),
  ];
  return { lines, hint: '`errors` holds every cause; `stimulation.getFailedTasks()` what was not done' };
}
