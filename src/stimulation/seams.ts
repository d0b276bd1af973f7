/** What the tools of this package reach into a CNS by; nobody else's. */
import type { AnyNeuron } from '../graph/neuron.js';
import type { CNSOptions } from './options.js';

/** How the values of its runs are written. */
export const CODEC = Symbol.for('engram.codec');

/** How workers bring up a run that a queue has told of. */
export const TAKE_UP = Symbol.for('engram.take-up');
export const READ_INBOX = Symbol.for('engram.read-inbox');

/** What it was made of, for tests that make another one of the same. */
export const GIVEN = Symbol.for('engram.given');

export interface Given {
  readonly neurons: readonly AnyNeuron<never>[];
  readonly options: CNSOptions;
  readonly global: unknown;
}
