import type { CrashProblem, CrashProblemKind } from './options.js';

/** @param at the crash that shows it; none where it shows by itself */
export function problem(
  kind: CrashProblemKind,
  neuron: string | undefined,
  message: string,
  hint: string,
  at: readonly string[] = [],
): CrashProblem {
  return { kind, neuron, message, hint, at };
}
