/** Collaterals are typed channels between neurons; a signal is one payload on its way through one. */
import type { ZodType } from 'zod';

/** Where the types keep what values do not: never read at run time. */
declare const PAYLOAD: unique symbol;

/** A collateral of any payload. */
export interface AnyCollateral {
  readonly name: string | undefined;
  readonly schema: ZodType | undefined;
}

/** The payload can be left out where it may be `undefined`. */
export type PayloadArgs<T> = undefined extends T ? [payload?: T] : [payload: T];

export interface Collateral<T = undefined> extends AnyCollateral {
  readonly [PAYLOAD]?: () => T;
  createSignal(...args: PayloadArgs<T>): Signal<T>;
}

export type PayloadOf<C> = C extends { readonly [PAYLOAD]?: () => infer T } ? T : never;

/** One payload on its way through a collateral. Data only. */
export interface Signal<T = unknown> {
  readonly collateral: AnyCollateral;
  readonly payload: T;
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

class CollateralOf<T> implements Collateral<T> {
  readonly name: string | undefined;
  readonly schema: ZodType | undefined;
  constructor(name: string | undefined, schema: ZodType | undefined) {
    this.name = name;
    this.schema = schema;
  }
  createSignal(payload?: T): Signal<T> {
    return new SignalOf<T>(this, payload as T);
  }
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
  typeof value === 'object' && value !== null && 'collateral' in value && !Array.isArray(value);
