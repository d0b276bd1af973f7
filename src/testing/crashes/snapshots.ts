/** Values as texts, so that they can be compared when the values themselves have changed. */
import { inspect, isDeepStrictEqual } from 'node:util';
import type { Codec } from '../../durability/codec.js';
import { UnserializableError } from '../../errors/index.js';

/** A value as it was when it was looked at. */
export interface Snapshot {
  readonly text: string;
  /** Why it cannot be stored; undefined when it can. */
  readonly refusal?: string;
}

export function snapshotOf(codec: Codec, value: unknown, path: string): Snapshot {
  try {
    return { text: codec.encode(value, path) };
  } catch (error) {
    if (!(error instanceof UnserializableError)) throw error;
    return { text: inspect(value, { depth: 20, sorted: true }), refusal: error.message };
  }
}

/** Where two values differ, and what stands there. */
export interface Difference {
  /** E.g. `.items[2].price`; empty for the values themselves. */
  readonly path: string;
  readonly left: string;
  readonly right: string;
}

/** The first difference of two snapshots; undefined when they hold the same. */
export function differenceOf(codec: Codec, left: Snapshot, right: Snapshot): Difference | undefined {
  if (left.text === right.text) return undefined;
  if (left.refusal !== undefined || right.refusal !== undefined) return difference('', left.text, right.text);
  return firstDifference(codec.decode(left.text, 'value'), codec.decode(right.text, 'value'), '', 0);
}

const DEEPEST = 50;

function firstDifference(left: unknown, right: unknown, path: string, depth: number): Difference | undefined {
  if (isDeepStrictEqual(left, right)) return undefined;
  const keys = depth < DEEPEST ? sharedForm(left, right) : undefined;
  if (keys === undefined) return difference(path, shownValue(left), shownValue(right));
  for (const key of keys) {
    const [a, b] = [(left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]];
    const inner = firstDifference(a, b, `${path}${Array.isArray(left) ? `[${key}]` : `.${key}`}`, depth + 1);
    if (inner !== undefined) return inner;
  }
  return difference(path, shownValue(left), shownValue(right));
}

/** The keys to look under, where both are arrays or both are plain objects. */
function sharedForm(left: unknown, right: unknown): readonly string[] | undefined {
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return undefined;
  const prototype: unknown = Object.getPrototypeOf(left);
  if (prototype !== Object.getPrototypeOf(right)) return undefined;
  if (prototype !== Object.prototype && prototype !== null && !Array.isArray(left)) return undefined;
  return [...new Set([...Object.keys(left), ...Object.keys(right)])];
}

const difference = (path: string, left: string, right: string): Difference => ({ path, left, right });

const LONGEST = 120;

export function shownValue(value: unknown): string {
  const text = inspect(value, { depth: 3, breakLength: Infinity });
  return text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text;
}

/** What stands outside, without the order of what is listed there. */
export function effectsOf(codec: Codec, effects: unknown): Snapshot {
  return snapshotOf(codec, unordered(codec, effects), 'effects');
}

function unordered(codec: Codec, effects: unknown): unknown {
  if (Array.isArray(effects)) {
    const texts = effects.map((each) => [snapshotOf(codec, each, 'effects').text, each as unknown] as const);
    return texts.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0)).map(([, each]) => each);
  }
  if (typeof effects !== 'object' || effects === null || Object.getPrototypeOf(effects) !== Object.prototype) {
    return effects;
  }
  const entries = Object.entries(effects as Record<string, unknown>);
  return Object.fromEntries(
    entries.map(([key, value]) => [key, Array.isArray(value) ? unordered(codec, value) : value]),
  );
}
