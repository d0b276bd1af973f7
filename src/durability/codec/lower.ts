/**
 * Makes of a surveyed value the tree that superjson writes: a copy in which each object that superjson would mangle is
 * a carrier, and each object that stands apart is a reference. Touches nothing of the value itself.
 */
import { Entries, ErrorRecord, Instance, Linked, Plain, Ref } from './carriers.js';
import { BRAND, ERROR_TYPES, errorType, kindOf, type Classes } from './kinds.js';
import { HIDDEN, type Survey } from './survey.js';

/** superjson refuses these as a risk; `Entries` carries them. */
const REFUSED_KEYS = ['__proto__', 'constructor', 'prototype'];

const given = (type: string, key: string): unknown =>
  (ERROR_TYPES[type]?.prototype as Record<string, unknown> | undefined)?.[key];

export function lower(root: unknown, { apart, plain }: Survey, classes: Classes): unknown {
  const numbers = new Map<object, number>();
  const bodies: object[] = [];

  const child = (value: unknown): unknown => {
    if (typeof value !== 'object' || value === null) return value;
    if (plain.has(value)) return new Plain(value);
    if (!apart.has(value)) return body(value);
    let n = numbers.get(value);
    if (n === undefined) {
      n = bodies.push(value) - 1;
      numbers.set(value, n);
    }
    return new Ref(n);
  };

  const fields = (object: object, keys: readonly string[], bare = false): unknown => {
    const entries = keys.map((key): [string, unknown] => [key, child((object as Record<string, unknown>)[key])]);
    if (bare || keys.some((key) => REFUSED_KEYS.includes(key))) return new Entries(entries, bare);
    return Object.fromEntries(entries);
  };

  const error = (value: object): ErrorRecord => {
    const type = errorType(value);
    const name = classes.byPrototype.get(Object.getPrototypeOf(value) as object) ?? null;
    const brands = (value as { readonly [BRAND]?: unknown })[BRAND];
    const shown = Object.keys(value);
    const hidden: Record<string, unknown> = {};
    for (const key of HIDDEN) {
      if (!(key in value) || shown.includes(key)) continue;
      const held = (value as Record<string, unknown>)[key];
      // What the class gives comes back with the class: a registered one, or the built-in one.
      if (type !== 'DOMException' && !Object.hasOwn(value, key) && (name !== null || held === given(type, key)))
        continue;
      hidden[key] = child(held);
    }
    return new ErrorRecord(type, name, Array.isArray(brands) ? brands.map(String) : null, hidden, fields(value, shown));
  };

  const body = (value: object): unknown => {
    switch (kindOf(value, classes)) {
      case 'array':
        return (value as readonly unknown[]).map(child);
      case 'map':
        return new Map([...(value as Map<unknown, unknown>)].map(([key, item]) => [child(key), child(item)]));
      case 'set':
        return new Set([...(value as Set<unknown>)].map(child));
      case 'error':
        return error(value);
      case 'instance':
        return new Instance(
          classes.byPrototype.get(Object.getPrototypeOf(value) as object) as string,
          fields(value, Object.keys(value)),
        );
      case 'object':
        return fields(value, Object.keys(value));
      case 'bare':
        return fields(value, Object.keys(value), true);
      default:
        return value;
    }
  };

  const tree = child(root);
  if (bodies.length === 0) return tree;
  const shared: unknown[] = [];
  // Grows while it is walked: a body may refer to objects that nothing before it refers to.
  for (const value of bodies) shared.push(body(value));
  return new Linked(tree, shared);
}
