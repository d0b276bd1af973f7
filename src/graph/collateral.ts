/** Collaterals are typed channels between neurons; a signal is one payload on its way through one. */
import type { ZodType } from 'zod';
import { InvalidArgumentError } from '../errors/index.js';
import { type Duration, parseDuration } from './duration.js';
import { shown } from './shown.js';

/** Where the types keep what values do not: never read at run time. */
declare const PAYLOAD: unique symbol;

/** A collateral of any payload. */
export interface AnyCollateral {
  readonly name: string | undefined;
  readonly schema: ZodType | undefined;
}

/** Marks what `expect` makes, so that it is never taken for a signal. */
export const EXPECTATION: unique symbol = Symbol.for('engram.expectation');

export interface SignalOptions {
  /** How long after the settlement (or the start) that sends it the signal is delivered; 0 is no delay. */
  readonly delay?: Duration | undefined;
}

/** The payload can be left out where it may be `undefined`. */
export type SignalArgs<T> = undefined extends T
  ? [payload?: T, options?: SignalOptions]
  : [payload: T, options?: SignalOptions];

export interface Collateral<T = undefined> extends AnyCollateral {
  readonly [PAYLOAD]?: () => T;
  /** @throws InvalidArgumentError when the delay is no duration */
  createSignal(...args: SignalArgs<T>): Signal<T>;
}

export type PayloadOf<C> = C extends { readonly [PAYLOAD]?: () => infer T } ? T : never;

/** One payload on its way through a collateral. Data only. */
export interface Signal<T = unknown> {
  readonly collateral: AnyCollateral;
  readonly payload: T;
  /** Milliseconds, more than 0; absent for a signal that is delivered at once. */
  readonly delay?: number;
}

export interface CollateralOptions<T> {
  /**
   * Checked where a run is started and where a stored one is brought back. A schema that checks and does not transform:
   * what it gives must be what it takes, because it is checked again when it comes back from a store.
   */
  readonly schema?: ZodType<T, T>;
}

class SignalOf<T> implements Signal<T> {
  readonly collateral: AnyCollateral;
  readonly payload: T;
  constructor(collateral: AnyCollateral, payload: T) {
    this.collateral = collateral;
    this.payload = payload;
  }
  toJSON(): object {
    return { collateral: this.collateral.name, payload: this.payload };
  }
}

/** Apart, so that a signal without a delay has two fields and one hidden class. */
class DelayedSignalOf<T> extends SignalOf<T> {
  readonly delay: number;
  constructor(collateral: AnyCollateral, payload: T, delay: number) {
    super(collateral, payload);
    this.delay = delay;
  }
  override toJSON(): object {
    return { ...super.toJSON(), delay: this.delay };
  }
}

class CollateralOf<T> implements Collateral<T> {
  readonly name: string | undefined;
  readonly schema: ZodType | undefined;
  constructor(name: string | undefined, schema: ZodType | undefined) {
    this.name = name;
    this.schema = schema;
  }
  createSignal(payload?: T, options?: SignalOptions): Signal<T> {
    const delay = options === undefined ? 0 : delayOf(this, options);
    return delay === 0 ? new SignalOf<T>(this, payload as T) : new DelayedSignalOf<T>(this, payload as T, delay);
  }
}

function delayOf(collateral: AnyCollateral, options: SignalOptions): number {
  const place = `createSignal of "${collateral.name ?? '(unnamed)'}"`;
  if (typeof options !== 'object' || (options as unknown) === null) {
    throw new InvalidArgumentError(`${place}: the options are ${shown(options)}`, {
      hint: "the second argument is an object: createSignal(payload, { delay: '10m' })",
    });
  }
  return options.delay === undefined ? 0 : parseDuration(options.delay, `${place}: delay`);
}

/**
 * Makes a collateral.
 * @param name letters, digits, `_`, `.` and `-`, beginning with a letter or `_`; unique in a graph. Without one it is
 *   named `<neuron>.<axon key>` after the neuron that emits it.
 * @param options.schema a zod schema of the payload, which checks and does not transform
 */
export function collateral<T = undefined>(name?: string, options: CollateralOptions<T> = {}): Collateral<T> {
  return new CollateralOf<T>(name, options.schema);
}

export const isCollateral = (value: unknown): value is AnyCollateral =>
  typeof value === 'object' && value !== null && typeof (value as Collateral<unknown>).createSignal === 'function';

/** Whether a value has the form of a signal; whether its collateral is one the graph knows is the graph's to say. */
export const isSignal = (value: unknown): value is Signal =>
  typeof value === 'object' &&
  value !== null &&
  'collateral' in value &&
  !(EXPECTATION in value) &&
  !Array.isArray(value);
