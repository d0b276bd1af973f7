/**
 * The full walk over a value that is not plain JSON: refuses what cannot be stored, with its path, and finds
 *  - the objects that have to stand apart in the text because they are met more than once, or lie so deep that the text
 *    would nest too far for the readers that recurse;
 *  - the larger parts that are plain JSON in themselves, which superjson (about a microsecond a value) need not see.
 * After it, nothing in the value can fail to be written.
 */
import { BRAND, describeRefused, kindOf, type Classes } from './kinds.js';
import { refuse, refuseDepth, type Step } from './path.js';
import { MAX_DEPTH } from './plain.js';

const APART_EVERY = 64;
/** From how many values on a plain part is worth the note in the text that says so. */
const WORTH = 16;

/** The properties of an error that are kept although they are not enumerable. */
export const HIDDEN = ['name', 'message', 'stack', 'cause', 'errors'] as const;

export interface Survey {
  readonly apart: ReadonlySet<object>;
  readonly plain: ReadonlySet<object>;
}

export function survey(root: unknown, path: string, classes: Classes): Survey {
  const seen = new Set<object>();
  const apart = new Set<object>();
  const plain = new Set<object>();
  const trail: Step[] = [];
  const found = { shared: false };

  const refuseAt = (step: Step, what: string): never => refuse(path, [...trail, step], what);

  const child = (step: Step, value: unknown, depth: number): number => {
    trail.push(step);
    const weight = visit(value, depth);
    trail.pop();
    return weight;
  };

  const properties = (object: object, depth: number): number => {
    let weight = 1;
    for (const key of Reflect.ownKeys(object)) {
      const property = Object.getOwnPropertyDescriptor(object, key) as PropertyDescriptor;
      if (typeof key === 'symbol') refuseAt(key, 'a property under a symbol');
      if (!('value' in property)) refuseAt(key, 'an accessor (get/set)');
      if (property.enumerable !== true) refuseAt(key, 'a property that is not enumerable');
      weight = sum(weight, child(key, property.value, depth));
    }
    return weight;
  };

  const items = (array: readonly unknown[], depth: number): number => {
    let weight = 1;
    for (let i = 0; i < array.length; i++) {
      if (!(i in array)) refuseAt(i, 'a hole in an array');
      weight = sum(weight, child(i, array[i], depth));
    }
    const extra = Object.keys(array)[array.length];
    if (extra !== undefined) refuseAt(extra, 'a property of an array');
    return weight;
  };

  const errorParts = (error: object, depth: number): void => {
    for (const key of HIDDEN) {
      if (key in error) child(key, (error as Record<string, unknown>)[key], depth);
    }
    for (const [key, property] of Object.entries(Object.getOwnPropertyDescriptors(error))) {
      if (property.enumerable !== true || (HIDDEN as readonly string[]).includes(key)) continue;
      if (!('value' in property)) refuseAt(key, 'an accessor (get/set)');
      child(key, property.value, depth);
    }
    const symbol = Object.getOwnPropertySymbols(error).find(
      (key) => key !== BRAND && Object.prototype.propertyIsEnumerable.call(error, key),
    );
    if (symbol !== undefined) refuseAt(symbol, 'a property under a symbol');
  };

  /** @returns how many values of plain JSON it is, or 0 when it is anything else */
  const object = (value: object, depth: number): number => {
    let position = 0;
    switch (kindOf(value, classes)) {
      case undefined:
        return refuse(path, trail, describeRefused(value));
      case 'array':
        return items(value as readonly unknown[], depth);
      case 'object':
        return properties(value, depth);
      case 'bare':
      case 'instance':
        properties(value, depth);
        return 0;
      case 'map':
        for (const [key, item] of value as Map<unknown, unknown>) {
          child({ of: 'key', position }, key, depth);
          child({ of: 'value', position, key }, item, depth);
          position += 1;
        }
        return 0;
      case 'set':
        for (const item of value as Set<unknown>) child({ of: 'value', position: position++ }, item, depth);
        return 0;
      case 'error':
        errorParts(value, depth);
        return 0;
      case 'leaf':
        return 0;
    }
  };

  const visit = (value: unknown, depth: number): number => {
    if (typeof value === 'function') refuse(path, trail, 'a function');
    if (typeof value === 'symbol') refuse(path, trail, 'a symbol');
    if (typeof value === 'number') return Number.isFinite(value) && !Object.is(value, -0) ? 1 : 0;
    if (typeof value === 'undefined' || typeof value === 'bigint') return 0;
    if (typeof value !== 'object' || value === null) return 1;
    if (seen.has(value)) {
      apart.add(value);
      found.shared = true;
      return 0;
    }
    seen.add(value);
    if (depth >= MAX_DEPTH) refuseDepth(path, trail, `nested more than ${MAX_DEPTH} levels deep`);
    const weight = object(value, depth + 1);
    if (depth > 0 && depth % APART_EVERY === 0) {
      apart.add(value);
      return 0;
    }
    if (weight >= WORTH) plain.add(value);
    return weight;
  };

  visit(root, 0);
  // A part that seemed plain may hold an object that was met again later, somewhere else.
  if (found.shared) plain.clear();
  return { apart, plain };
}

const sum = (weight: number, more: number): number => (weight === 0 || more === 0 ? 0 : weight + more);
