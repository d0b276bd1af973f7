/**
 * What kinds of objects can be stored. Rule: an object is known by its internal slots and by its exact prototype
 * together; a subclass of Map or Date, or a Date with properties of its own, would come back as less than it was.
 */
import { types } from 'node:util';

import { InvalidArgumentError } from '../../errors/index.js';

/** A class whose instances may be stored: own properties are kept, the constructor is not called on the way back. */
export type StorableClass = abstract new (...args: never[]) => object;

export interface Classes {
  readonly byName: ReadonlyMap<string, StorableClass>;
  readonly byPrototype: ReadonlyMap<object, string>;
}

export type Kind = 'object' | 'bare' | 'array' | 'map' | 'set' | 'error' | 'instance' | 'leaf';

export function classTable(classes: Readonly<Record<string, StorableClass>> = {}): Classes {
  const byName = new Map<string, StorableClass>();
  const byPrototype = new Map<object, string>();
  for (const [name, cls] of Object.entries(classes)) {
    const prototype: unknown = (cls as StorableClass | undefined)?.prototype;
    if (typeof prototype !== 'object' || prototype === null) {
      throw new InvalidArgumentError(`the class registered as "${name}" is no class`, {
        hint: 'give { classes: { Money } } with a class, by the name it is stored under',
      });
    }
    const other = BUILT_IN.has(prototype) ? 'a built-in class' : byPrototype.get(prototype);
    if (other !== undefined) {
      throw new InvalidArgumentError(`the class registered as "${name}" is known already as ${other}`, {
        hint: 'register each class of your own once, and no built-in class',
      });
    }
    byName.set(name, cls);
    byPrototype.set(prototype, name);
  }
  return { byName, byPrototype };
}

/** Under which the errors of this library say what `instanceof` asks for. */
export const BRAND = Symbol.for('engram.error');

export const ERROR_TYPES: Readonly<Record<string, { readonly prototype: Error }>> = {
  Error,
  TypeError,
  RangeError,
  SyntaxError,
  ReferenceError,
  EvalError,
  URIError,
  AggregateError,
};

/** The nearest built-in class of an error: what it comes back as. */
export function errorType(error: object): string {
  if (error instanceof DOMException) return 'DOMException';
  for (
    let proto: unknown = Object.getPrototypeOf(error);
    proto !== null;
    proto = Object.getPrototypeOf(proto) as unknown
  ) {
    for (const [name, type] of Object.entries(ERROR_TYPES)) if (type.prototype === proto) return name;
  }
  return 'Error';
}

/** Everything that is kept as its bytes, and how it is made again of them. */
export const BYTES: Readonly<Record<string, { readonly prototype: object; make(bytes: ArrayBuffer): object }>> = {
  Buffer: { prototype: Buffer.prototype as Buffer, make: (bytes) => Buffer.from(bytes) },
  ArrayBuffer: { prototype: ArrayBuffer.prototype, make: (bytes) => bytes },
  DataView: { prototype: DataView.prototype, make: (bytes) => new DataView(bytes) },
  ...Object.fromEntries(
    [
      Int8Array,
      Uint8Array,
      Uint8ClampedArray,
      Int16Array,
      Uint16Array,
      Int32Array,
      Uint32Array,
      Float32Array,
      Float64Array,
      BigInt64Array,
      BigUint64Array,
    ].map((type) => [type.name, { prototype: type.prototype, make: (bytes: ArrayBuffer) => new type(bytes) }]),
  ),
};

const BYTES_NAMES = new Map(Object.entries(BYTES).map(([name, { prototype }]) => [prototype, name]));

const BUILT_IN = new Set<object>([
  ...[Object, Array, Map, Set, Date, RegExp, URL, DOMException].map((type): object => type.prototype as object),
  ...Object.values(ERROR_TYPES).map((type) => type.prototype),
  ...BYTES_NAMES.keys(),
]);

/** The name in `BYTES` of what an object is, or undefined when it is none of these, or over memory that is shared. */
export function bytesName(value: object): string | undefined {
  const memory = ArrayBuffer.isView(value) ? value.buffer : value;
  return types.isArrayBuffer(memory) ? BYTES_NAMES.get(Object.getPrototypeOf(value) as object) : undefined;
}

/** Objects with slots that a prototype alone does not bring back, so that a registered class cannot either. */
const hasSlots = (value: object): boolean =>
  ArrayBuffer.isView(value) ||
  types.isAnyArrayBuffer(value) ||
  types.isMap(value) ||
  types.isSet(value) ||
  types.isDate(value) ||
  types.isRegExp(value) ||
  types.isPromise(value) ||
  types.isWeakMap(value) ||
  types.isWeakSet(value) ||
  types.isBoxedPrimitive(value) ||
  types.isNativeError(value) ||
  value instanceof URL ||
  value instanceof DOMException;

const bareOf = (value: object, ...allowed: string[]): boolean =>
  Reflect.ownKeys(value).every((key) => typeof key === 'string' && allowed.includes(key));

/** @returns undefined when it cannot be stored */
export function kindOf(value: object, classes: Classes): Kind | undefined {
  const proto: unknown = Object.getPrototypeOf(value);
  if (Array.isArray(value)) return proto === Array.prototype ? 'array' : undefined;
  if (proto === null) return hasSlots(value) ? undefined : 'bare';
  if (typeof proto === 'object' && classes.byPrototype.has(proto)) {
    if (types.isNativeError(value)) return 'error';
    return hasSlots(value) || typeof value === 'function' ? undefined : 'instance';
  }
  if (value instanceof Error) return 'error';
  if (proto === Object.prototype) return hasSlots(value) ? undefined : 'object';
  if (types.isMap(value)) return proto === Map.prototype && bareOf(value) ? 'map' : undefined;
  if (types.isSet(value)) return proto === Set.prototype && bareOf(value) ? 'set' : undefined;
  if (types.isDate(value)) return proto === Date.prototype && bareOf(value) ? 'leaf' : undefined;
  if (types.isRegExp(value)) return proto === RegExp.prototype && bareOf(value, 'lastIndex') ? 'leaf' : undefined;
  if (value instanceof URL) return proto === URL.prototype && bareOf(value) ? 'leaf' : undefined;
  return bytesName(value) === undefined ? undefined : 'leaf';
}

/** For the message of a refusal. */
export function describeRefused(value: object): string {
  const proto: unknown = Object.getPrototypeOf(value);
  const maker = typeof proto === 'object' && proto !== null ? (proto as { constructor?: unknown }).constructor : null;
  if (typeof maker === 'function' && BUILT_IN.has(proto as object)) {
    const memory = ArrayBuffer.isView(value) ? value.buffer : value;
    if (types.isSharedArrayBuffer(memory)) return `a ${maker.name} over shared memory`;
    return `a ${maker.name} that has properties of its own`;
  }
  return typeof maker === 'function' && maker.name !== ''
    ? `an instance of ${maker.name}`
    : 'an object of no known class';
}
