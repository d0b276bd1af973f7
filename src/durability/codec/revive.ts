/**
 * The way back: makes the value of the tree that superjson read. Rule: first the empty object, then, from a list of what
 * is still to do, its contents; so cycles close by themselves and no depth can overflow the stack.
 */
import { CorruptCheckpointError, UnsupportedFormatError } from '../../errors/index.js';
import { Entries, ErrorRecord, Instance, Linked, Ref } from './carriers.js';
import { BRAND, ERROR_TYPES, type Classes, type StorableClass } from './kinds.js';

const define = (target: object, key: PropertyKey, value: unknown, enumerable: boolean): void => {
  Object.defineProperty(target, key, { value, enumerable, writable: true, configurable: true });
};

/** @param isForShow a class that is not registered is made up */
export function revive(tree: unknown, classes: Classes, where: string, isForShow = false): unknown {
  const shared = tree instanceof Linked ? tree.shared : [];
  const made = new Map<number, unknown>();
  const todo: (() => void)[] = [];

  const classOf = (name: string): StorableClass => {
    const cls = classes.byName.get(name);
    if (cls !== undefined) return cls;
    if (isForShow) return Object.defineProperty(function () {}, 'name', { value: name }) as unknown as StorableClass;
    const known = [...classes.byName.keys()].map((known) => `"${known}"`).join(', ');
    throw new UnsupportedFormatError(
      where,
      `an instance of the class "${name}"`,
      known === '' ? 'no such class, because none is registered' : `the registered classes ${known} only`,
    );
  };

  const fill = (target: object, fields: unknown): void => {
    const entries = fields instanceof Entries ? fields.entries : Object.entries(fields as object);
    for (const [key, value] of entries) define(target, key, make(value), true);
  };

  const error = (record: ErrorRecord): object => {
    const { hidden } = record;
    let target: object;
    if (record.type === 'DOMException') target = new DOMException(String(hidden['message']), String(hidden['name']));
    else {
      target = new Error();
      const type = ERROR_TYPES[record.type];
      if (type === undefined)
        throw new CorruptCheckpointError(where, `it names an unknown kind of error "${record.type}"`);
      Object.setPrototypeOf(target, record.name === null ? type.prototype : (classOf(record.name).prototype as object));
    }
    if (!('stack' in hidden)) delete (target as { stack?: unknown }).stack;
    todo.push(() => {
      for (const [key, value] of Object.entries(hidden)) {
        const given = record.type === 'DOMException' && (key === 'name' || key === 'message');
        if (!given) define(target, key, make(value), false);
      }
      if (record.brands !== null) define(target, BRAND, record.brands, false);
      fill(target, record.fields);
    });
    return target;
  };

  const make = (node: unknown): unknown => {
    if (typeof node !== 'object' || node === null) return node;
    if (node instanceof Ref) {
      if (!(node.n in shared))
        throw new CorruptCheckpointError(where, `it refers to a shared object ${node.n} that is not there`);
      if (!made.has(node.n)) made.set(node.n, make(shared[node.n]));
      return made.get(node.n);
    }
    if (node instanceof ErrorRecord) return error(node);
    if (node instanceof Instance || node instanceof Entries) {
      const proto = node instanceof Instance ? (classOf(node.name).prototype as object) : Object.prototype;
      const target = Object.create(node instanceof Entries && node.bare ? null : proto) as object;
      todo.push(() => {
        fill(target, node instanceof Instance ? node.fields : node);
      });
      return target;
    }
    if (Array.isArray(node)) {
      todo.push(() => {
        for (let i = 0; i < node.length; i++) node[i] = make(node[i]);
      });
    } else if (node instanceof Map) {
      todo.push(() => {
        const entries = [...node];
        node.clear();
        for (const [key, item] of entries) node.set(make(key), make(item));
      });
    } else if (node instanceof Set) {
      todo.push(() => {
        const items = [...node];
        node.clear();
        for (const item of items) node.add(make(item));
      });
    } else if (Object.getPrototypeOf(node) === Object.prototype) {
      const record = node as Record<string, unknown>;
      todo.push(() => {
        for (const key of Object.keys(record)) record[key] = make(record[key]);
      });
    }
    return node;
  };

  const root = make(tree instanceof Linked ? tree.root : tree);
  for (let next = todo.pop(); next !== undefined; next = todo.pop()) next();
  return root;
}
