/** Joins, as they are declared, and what becomes of a payload that arrives at one. Not its job: keeping sets. */
import { InvalidArgumentError } from '../errors/index.js';
import type { AnyCollateral, PayloadOf } from './collateral.js';
import { shown } from './shown.js';
import type { AnyResponse } from './types.js';

/** The collaterals of a join, by slot. */
export type JoinSlots = Readonly<Record<string, AnyCollateral>>;

/** A complete set: a payload of each slot. */
export type JoinedPayloads<S extends JoinSlots> = { readonly [K in keyof S]: PayloadOf<S[K]> };

/** A complete set of a sized join: as many payloads of each slot as the first of them said, oldest first. */
export type JoinedLists<S extends JoinSlots> = { readonly [K in keyof S]: PayloadOf<S[K]>[] };

type OfArrival<S extends JoinSlots, R> = (payload: PayloadOf<S[keyof S]>, slot: keyof S & string) => R;

export interface JoinOptions<S extends JoinSlots> {
  /** Which payloads belong together: those of equal keys. All of them, when it is left out. */
  readonly key?: OfArrival<S, string | number>;
  readonly size?: undefined;
}

export interface SizedJoinOptions<S extends JoinSlots> {
  readonly key?: OfArrival<S, string | number>;
  /** How many payloads its slot must collect, whole and at least 1; the first of a set decides. */
  readonly size: OfArrival<S, number>;
}

/** A join as it was declared. */
export interface JoinSpec {
  readonly kind: 'join';
  /** In the order of declaration. */
  readonly slots: readonly (readonly [slot: string, collateral: AnyCollateral])[];
  readonly response: AnyResponse;
  readonly key: ((payload: unknown, slot: string) => unknown) | undefined;
  readonly size: ((payload: unknown, slot: string) => unknown) | undefined;
}

/** What the dendrite of a join answers: to which set the payload belongs. Never a user's answer. */
export class JoinedAt {
  readonly key: string;
  /** How many its slot must collect; undefined where the join is not sized. */
  readonly size: number | undefined;

  constructor(key: string, size: number | undefined) {
    this.key = key;
    this.size = size;
  }
}

/**
 * The response of one dendrite of a join; it answers a `JoinedAt`.
 * @throws (the response) InvalidArgumentError when the user's `key` or `size` gives what cannot be one
 */
export function arrivalResponse(neuron: string, slot: string, { key, size }: JoinSpec): AnyResponse {
  const place = `neuron "${neuron}", slot "${slot}" of a join`;
  return (payload) =>
    new JoinedAt(
      key === undefined ? '' : checkedKey(place, key(payload, slot)),
      size === undefined ? undefined : checkedSize(place, size(payload, slot)),
    );
}

function checkedKey(place: string, key: unknown): string {
  if (typeof key === 'string') return key;
  if (typeof key === 'number' && Number.isFinite(key)) return String(key);
  throw new InvalidArgumentError(`${place}: key gave ${shown(key)}`, {
    hint: 'a key is a text or a finite number, given at once',
  });
}

function checkedSize(place: string, size: unknown): number {
  if (typeof size === 'number' && Number.isSafeInteger(size) && size >= 1) return size;
  throw new InvalidArgumentError(`${place}: size gave ${shown(size)}`, {
    hint: 'a size is a whole number from 1, given at once',
  });
}
