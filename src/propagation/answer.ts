/** What a handler returned, checked before any of it is committed (I1, I6). */
import { ForeignCollateralError, InvalidAnswerError } from '../errors/index.js';
import { type AnyCollateral, isSignal } from '../graph/collateral.js';
import type { GraphNeuron } from '../graph/graph.js';

/** A signal of a known collateral, given as itself or by name. */
export interface AnswerSignal {
  readonly collateral: AnyCollateral | string;
  readonly payload: unknown;
}

/** A signal, several, or nothing. */
export type CheckedAnswer = AnswerSignal | readonly AnswerSignal[] | null | undefined;

/** What is wrong with an answer, or null; then it is a `CheckedAnswer`. */
export function answerProblem(neuron: GraphNeuron, answer: unknown): Error | null {
  if (answer === undefined || answer === null) return null;
  if (!Array.isArray(answer)) return signalProblem(neuron, answer);
  for (let i = 0; i < answer.length; i++) {
    const problem = signalProblem(neuron, answer[i]);
    if (problem !== null) return problem;
  }
  return null;
}

function signalProblem(neuron: GraphNeuron, signal: unknown): Error | null {
  if (!isSignal(signal)) return new InvalidAnswerError(neuron.name, nameOfValue(signal));
  const { collateral } = signal as AnswerSignal;
  if (neuron.channelOf(collateral) !== undefined) return null;
  const name = typeof collateral === 'string' ? collateral : collateral?.name;
  return new ForeignCollateralError(neuron.name, name ?? '(unnamed)');
}

function nameOfValue(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array in an array';
  if (typeof value === 'object') return `an object (${value.constructor?.name ?? 'no prototype'})`;
  return typeof value === 'string' ? `the string ${JSON.stringify(value.slice(0, 40))}` : `a ${typeof value}`;
}

export const isThenable = (value: unknown): value is PromiseLike<unknown> =>
  value !== null &&
  (typeof value === 'object' || typeof value === 'function') &&
  typeof (value as { then?: unknown }).then === 'function';
