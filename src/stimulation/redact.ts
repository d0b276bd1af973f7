/**
 * What is not shown of a value. Makes a copy for the eyes: what is stored and what handlers see stays as it is.
 * A function that throws shows nothing.
 */
import { types } from 'node:util';
import { InvalidArgumentError } from '../errors/index.js';

/**
 * Names of properties (and keys of maps) that are hidden wherever they stand; or a function, asked of every value on the
 * way down, that returns it to show it, or what to show instead. A path begins with what the value is:
 * `['payload', 'order', 'card']`, `['context', 'pay', ...]`, `['output', ...]`, `['error', 'message']`, `['reason', ...]`
 * of an abort, `['stimulationContext', ...]`; the key of what waits at a join `['payload', 'order', 'key']`, which the
 * inspector hides whatever the names are: it may be made of what they name.
 */
export type Redact = readonly string[] | ((path: readonly string[], value: unknown) => unknown);

/** What was given to a CNS, checked. @throws InvalidArgumentError */
export function redactOf(given: Redact | undefined): Redact | undefined {
  const isNames = Array.isArray(given) && given.every((name) => typeof name === 'string');
  if (given === undefined || typeof given === 'function' || isNames) return given;
  throw new InvalidArgumentError('redact is neither a list of names nor a function', {
    hint: "name the properties to hide, e.g. redact: ['card', 'password']",
  });
}

export const REDACTED = '[redacted]';

/**
 * Asked of every value on the way down: returns it to show it, or what to show instead.
 * @param start how long the path was that the way began with
 */
export type Ask = (path: readonly string[], value: unknown, start: number) => unknown;

export function askOf(redact: Redact): Ask {
  if (typeof redact === 'function') return safely(redact);
  const names = new Set(redact);
  return (path, value, start) => (path.length > start && names.has(path.at(-1) ?? '') ? REDACTED : value);
}

/**
 * @param path where the value stands, for a function
 * @returns the value itself when there is nothing to hide by, else a copy
 */
export function redacted(value: unknown, redact: Redact | undefined, path: readonly string[] = []): unknown {
  if (redact === undefined) return value;
  const ask = askOf(redact);
  const start = path.length;
  return copyOf(value, path, (at, each) => ask(at, each, start), new Map(), typeof redact === 'function');
}

const safely =
  (redact: (path: readonly string[], value: unknown) => unknown): Ask =>
  (path, value) => {
    try {
      return redact(path, value);
    } catch {
      return REDACTED;
    }
  };

type AskHere = (path: readonly string[], value: unknown) => unknown;

/** @param known what was copied already; where the path decides, only what lies around a value is known there */
function copyOf(
  value: unknown,
  path: readonly string[],
  ask: AskHere,
  known: Map<object, unknown>,
  byPath: boolean,
): unknown {
  const shown = ask(path, value);
  if (!Object.is(shown, value)) return shown;
  if (typeof value !== 'object' || value === null || isLeaf(value)) return value;
  const before = known.get(value);
  if (before !== undefined) return before;
  const copy = emptyLike(value);
  known.set(value, copy);
  const below = (key: string, item: unknown): unknown => copyOf(item, [...path, key], ask, known, byPath);
  fill(copy, value, below);
  if (byPath) known.delete(value);
  return copy;
}

function emptyLike(value: object): object {
  if (Array.isArray(value)) return [];
  if (types.isMap(value)) return new Map();
  if (types.isSet(value)) return new Set();
  if (types.isNativeError(value))
    return Object.setPrototypeOf(new Error(), Object.getPrototypeOf(value) as object) as object;
  return Object.create(Object.getPrototypeOf(value) as object | null) as object;
}

function fill(copy: object, value: object, below: (key: string, item: unknown) => unknown): void {
  if (types.isMap(value)) {
    let place = 0;
    for (const [key, item] of value) {
      const name = typeof key === 'string' || typeof key === 'number' ? String(key) : String(place);
      (copy as Map<unknown, unknown>).set(below(`keys()[${place++}]`, key), below(name, item));
    }
  } else if (types.isSet(value)) {
    let place = 0;
    for (const item of value) (copy as Set<unknown>).add(below(String(place++), item));
  } else {
    for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(value))) {
      if (Array.isArray(value) && key === 'length') continue;
      // what a getter would give is not asked for
      const item: unknown = 'value' in property ? below(key, property.value) : REDACTED;
      const { enumerable = true } = property;
      Object.defineProperty(copy, key, { value: item, enumerable, writable: true, configurable: true });
    }
  }
}

/** Shown as a whole, or not at all. */
const isLeaf = (value: object): boolean =>
  types.isDate(value) ||
  types.isRegExp(value) ||
  types.isBoxedPrimitive(value) ||
  types.isPromise(value) ||
  types.isProxy(value) ||
  types.isAnyArrayBuffer(value) ||
  ArrayBuffer.isView(value) ||
  value instanceof URL;
