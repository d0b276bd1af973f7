/** Expectations: what a response returns beside its signals to keep the run open for a signal from outside. */
import { InvalidArgumentError } from '../errors/index.js';
import { type AnyCollateral, EXPECTATION, isCollateral, isSignal, type Signal } from './collateral.js';
import { type Duration, parseDuration } from './duration.js';

export interface ExpectOptions<O> {
  /** How long it is waited; for any time when it is left out. */
  readonly within?: Duration | undefined;
  /** Sent when the time is up; without it the activation fails. Of the neuron's own axon, and without a delay. */
  readonly otherwise?: O | undefined;
}

/** Made by `expect`. Data only. */
export class Expectation<O extends Signal = Signal> {
  readonly collateral: AnyCollateral;
  /** Milliseconds from the settlement; undefined for any time. */
  readonly within: number | undefined;
  readonly otherwise: O | undefined;

  constructor(collateral: AnyCollateral, within: number | undefined, otherwise: O | undefined) {
    this.collateral = collateral;
    this.within = within;
    this.otherwise = otherwise;
  }

  /** None of its own; that there is one tells it from a plain signal at one look. */
  get delay(): number {
    return 0;
  }

  get [EXPECTATION](): true {
    return true;
  }

  toJSON(): object {
    return { expects: this.collateral.name, within: this.within, otherwise: this.otherwise };
  }
}

/**
 * Keeps the run open for a signal of a collateral from outside; the neuron must have declared that with `.expects`.
 * @throws InvalidArgumentError for what is no collateral, a wrong duration, and an `otherwise` that is no signal or has
 *   a delay
 */
export function expect<O extends Signal = never>(
  collateral: AnyCollateral,
  { within, otherwise }: ExpectOptions<O> = {},
): Expectation<O> {
  if (!isCollateral(collateral)) {
    throw new InvalidArgumentError('expect: what is expected is no collateral', {
      hint: "expect(approved, { within: '7d' }), with a collateral",
    });
  }
  const place = `expect(${collateral.name ?? 'a collateral without a name'})`;
  const ms = within === undefined ? undefined : parseDuration(within, `${place}: within`);
  if (otherwise !== undefined) checkOtherwise(place, otherwise);
  return new Expectation<O>(collateral, ms, otherwise);
}

function checkOtherwise(place: string, otherwise: Signal): void {
  if (!isSignal(otherwise)) {
    throw new InvalidArgumentError(`${place}: otherwise is no signal`, {
      hint: 'make it through the axon: { otherwise: axon.expired.createSignal(…) }',
    });
  }
  if (otherwise.delay !== undefined) {
    throw new InvalidArgumentError(`${place}: otherwise has a delay`, {
      hint: 'make it without one; how long is waited before it is sent is what `within` says',
    });
  }
}

/** Whether a value was made by `expect`, of this or another copy of the library. */
export const isExpectation = (value: unknown): value is Expectation =>
  typeof value === 'object' && value !== null && EXPECTATION in value;
