/**
 * Looks at objects of the user's and calls nothing of theirs: no getter, no method of a class of theirs, no trap of a
 * Proxy, wherever in the prototype chain it stands. What the built-in classes give is asked of their own prototypes.
 */
import { types } from 'node:util';
import { REDACTED } from '../stimulation/redact.js';

function getterOf<T>(prototype: object, name: PropertyKey): (of: object) => T {
  const property = Object.getOwnPropertyDescriptor(prototype, name) as { readonly get: (this: unknown) => T };
  const get = property.get;
  return (of) => Reflect.apply(get, of, []);
}

function methodOf<T>(prototype: object, name: PropertyKey): (of: object) => T {
  const property = Object.getOwnPropertyDescriptor(prototype, name) as { readonly value: (this: unknown) => T };
  const method = property.value;
  return (of) => Reflect.apply(method, of, []);
}

export const sizeOfMap = getterOf<number>(Map.prototype, 'size');
export const sizeOfSet = getterOf<number>(Set.prototype, 'size');
export const entriesOfMap = methodOf<Iterable<readonly [unknown, unknown]>>(Map.prototype, 'entries');
export const valuesOfSet = methodOf<Iterable<unknown>>(Set.prototype, 'values');

const timeOf = methodOf<number>(Date.prototype, 'getTime');
const isoOf = methodOf<string>(Date.prototype, 'toISOString');
const sourceOf = getterOf<string>(RegExp.prototype, 'source');
const hrefOf = getterOf<string>(URL.prototype, 'href');
const bytesOfArray = getterOf<number>(Object.getPrototypeOf(Uint8Array.prototype) as object, 'byteLength');
const bytesOfView = getterOf<number>(DataView.prototype, 'byteLength');
const bytesOfBuffer = getterOf<number>(ArrayBuffer.prototype, 'byteLength');
const bytesOfShared = getterOf<number>(SharedArrayBuffer.prototype, 'byteLength');

/** Each flag of a regular expression, in the order in which they are written. */
const FLAGS = Object.entries({
  hasIndices: 'd',
  global: 'g',
  ignoreCase: 'i',
  multiline: 'm',
  dotAll: 's',
  unicode: 'u',
  unicodeSets: 'v',
  sticky: 'y',
}).flatMap(([name, flag]) =>
  name in RegExp.prototype ? [{ isOn: getterOf<boolean>(RegExp.prototype, name), flag }] : [],
);

/** What an accessor would give is not asked for. */
export function ownValue(value: object, key: PropertyKey): unknown {
  const property = Object.getOwnPropertyDescriptor(value, key);
  return property === undefined || 'value' in property ? property?.value : REDACTED;
}

/** The keys of an object that can be enumerated. */
export interface Keys {
  /** The first of them. */
  readonly first: readonly string[];
  readonly count: number;
}

const FIRST_KEYS = 100;
/** Keys cannot be listed in part: those of an object of more than these are listed once in its life. */
export const HUGE = 10_000;
const ofHuge = new WeakMap<object, Keys>();

/** Undefined of one that was never listed, or is small enough to be listed anew. */
export const knownKeys = (value: object): Keys | undefined => ofHuge.get(value);

export function listKeys(value: object): Keys {
  const keys = Object.keys(value);
  const listed = { first: keys.slice(0, FIRST_KEYS), count: keys.length };
  if (keys.length > HUGE) ofHuge.set(value, listed);
  return listed;
}

const LONGEST_CHAIN = 100;

/** It, and what it inherits from, as far as that can be told. */
function* chainOf(value: object): Generator<object, void> {
  let at: object | null = value;
  for (let n = 0; at !== null && !types.isProxy(at) && n < LONGEST_CHAIN; n++) {
    yield at;
    at = Object.getPrototypeOf(at) as object | null;
  }
}

export function nameOf(value: object): string {
  const name = types.isProxy(value) ? undefined : ownValue(value, 'name');
  return typeof name === 'string' ? name : '';
}

/** Of an error: its own, or its class's. */
export function nameOfError(error: object): string {
  for (const at of chainOf(error)) {
    const name = ownValue(at, 'name');
    if (typeof name === 'string' && (name !== 'Error' || at === error)) return name;
    const made: unknown = at === error ? undefined : ownValue(at, 'constructor');
    if (typeof made === 'function') return nameOf(made) || 'Error';
  }
  return 'Error';
}

/** Of what has so many digits that to write them all would take time, only how large it is. */
export function bigintText(value: bigint): string {
  const isShort = BigInt.asIntN(4096, value) === value;
  return isShort ? String(value) : `${value < 0n ? '-' : ''}[more than 2^4095]`;
}

/** What is shown as a whole; undefined for what has parts. */
export function leafText(value: object): string | undefined {
  if (types.isProxy(value)) return '[Proxy]'; // any look at it would call somebody
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype === Object.prototype || prototype === Array.prototype) return undefined; // as most are
  if (types.isDate(value)) return Number.isNaN(timeOf(value)) ? 'Invalid Date' : isoOf(value);
  if (types.isRegExp(value)) return `/${sourceOf(value)}/${flagsOf(value)}`;
  if (types.isPromise(value)) return '[Promise]';
  if (types.isBoxedPrimitive(value)) return '[boxed]';
  if (types.isModuleNamespaceObject(value)) return '[Module]'; // what it has may not be there yet
  if (types.isAnyArrayBuffer(value) || ArrayBuffer.isView(value)) return `[${bytesOf(value)} bytes]`;
  return urlText(value);
}

const flagsOf = (value: RegExp): string => FLAGS.flatMap(({ isOn, flag }) => (isOn(value) ? [flag] : [])).join('');

function bytesOf(value: object): number {
  try {
    if (types.isTypedArray(value)) return bytesOfArray(value);
    if (types.isDataView(value)) return bytesOfView(value);
    return types.isSharedArrayBuffer(value) ? bytesOfShared(value) : bytesOfBuffer(value);
  } catch {
    return 0; // a view of what was given away
  }
}

function urlText(value: object): string | undefined {
  for (const at of chainOf(value)) {
    if (at !== URL.prototype) continue;
    try {
      return hrefOf(value);
    } catch {
      return undefined; // it inherits from it and is none
    }
  }
  return undefined;
}
