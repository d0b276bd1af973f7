/** What an engine did that was not on the path, as an error that every test runner shows well. */
import { AssertionError } from 'node:assert';
import type { PathScript, ScriptStep } from './script.js';
import { isNeuronScript, isSignalScript } from './script.js';

export interface Place {
  readonly script: PathScript;
  /** Of the step, from 0; the number of steps for the end. */
  readonly at: number;
}

export interface Seen {
  readonly expected: unknown;
  readonly actual: unknown;
}

export function difference(
  { script: { title, steps }, at }: Place,
  what: string,
  { expected, actual }: Seen,
): AssertionError {
  const where = at < steps.length ? `step ${at + 1} of ${steps.length}` : `at the end, after ${steps.length} steps`;
  const named = title === undefined ? '' : `path "${title}", `;
  const before = steps.slice(0, at).map((step, i) => `\n  ${i + 1}. ${stepText(step)}`);
  const told = before.length === 0 ? '' : `\nUntil then it went as planned:${before.join('')}`;
  return assertionError(`${named}${where}: ${what}${told}`, { expected, actual });
}

/** Node adds both values to a message that is given; runners show them anyway. */
export function assertionError(message: string, { expected, actual }: Seen): AssertionError {
  const error = new AssertionError({ message, expected, actual, operator: 'deepStrictEqual' });
  error.message = message;
  return error;
}

export function stepText(step: ScriptStep): string {
  if (isNeuronScript(step)) {
    return `"${step.neuron}" gets ${step.got === undefined ? 'something' : `"${step.got}"`} and answers "${step.answers}"`;
  }
  return isSignalScript(step) ? `"${step.signal}" comes from outside` : 'time passes';
}
