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

/** What is shown of a value, given what it is: `'payload', …`. */
export type Shown = (value: unknown, ...path: readonly string[]) => unknown;

/** Reads and writes values, and knows what of them may be shown. */
export interface ShowingCodec extends Codec {
  readonly shown?: Shown;
}

export function snapshotOf(codec: ShowingCodec, value: unknown, path: string): Snapshot {
  try {
    return { text: codec.encode(value, path) };
  } catch (error) {
    if (!(error instanceof UnserializableError)) throw error;
    const { shown = asItIs } = codec;
    return { text: inspect(shown(value, path), { depth: 20, sorted: true }), refusal: error.message };
  }
}

const asItIs: Shown = (value) => value;

/** Where two values differ, and what stands there. */
export interface Difference {
  /** E.g. `.items[2].price`; empty for the values themselves. */
  readonly path: string;
  readonly left: string;
  readonly right: string;
}

/**
 * The first difference of two snapshots; undefined when they hold the same.
 * @param what they are of, for what may not be shown
 */
export function differenceOf(
  codec: ShowingCodec,
  left: Snapshot,
  right: Snapshot,
  what = 'payload',
): Difference | undefined {
  if (left.text === right.text) return undefined;
  if (left.refusal !== undefined || right.refusal !== undefined) {
    return { path: '', left: shortened(left.text), right: shortened(right.text) };
  }
  const [a, b] = [left, right].map(({ text }) => codec.decode(text, 'value'));
  const keys = firstDifference(a, b, []);
  if (keys === undefined) return undefined;
  const { shown = asItIs } = codec;
  const [leftText, rightText] = [a, b].map((value) => shownValue(valueAt(shown(value, what), keys)));
  return { path: pathText(a, keys), left: leftText as string, right: rightText as string };
}

const DEEPEST = 50;

/** The keys that lead there. */
function firstDifference(left: unknown, right: unknown, path: readonly string[]): readonly string[] | undefined {
  if (isDeepStrictEqual(left, right)) return undefined;
  const keys = path.length < DEEPEST ? sharedForm(left, right) : undefined;
  for (const key of keys ?? []) {
    const [a, b] = [(left as Record<string, unknown>)[key], (right as Record<string, unknown>)[key]];
    const inner = firstDifference(a, b, [...path, key]);
    if (inner !== undefined) return inner;
  }
  return path;
}

/** As far down as it is shown. */
function valueAt(value: unknown, keys: readonly string[]): unknown {
  let at = value;
  for (const key of keys) {
    if (typeof at !== 'object' || at === null) return at;
    at = (at as Record<string, unknown>)[key];
  }
  return at;
}

function pathText(value: unknown, keys: readonly string[]): string {
  return keys.map((key, n) => (Array.isArray(valueAt(value, keys.slice(0, n))) ? `[${key}]` : `.${key}`)).join('');
}

/** The keys to look under, where both are arrays or both are plain objects. */
function sharedForm(left: unknown, right: unknown): readonly string[] | undefined {
  if (typeof left !== 'object' || typeof right !== 'object' || left === null || right === null) return undefined;
  const prototype: unknown = Object.getPrototypeOf(left);
  if (prototype !== Object.getPrototypeOf(right)) return undefined;
  if (prototype !== Object.prototype && prototype !== null && !Array.isArray(left)) return undefined;
  return [...new Set([...Object.keys(left), ...Object.keys(right)])];
}

const LONGEST = 120;

const shortened = (text: string): string => (text.length > LONGEST ? `${text.slice(0, LONGEST)}…` : text);
export const shownValue = (value: unknown): string => shortened(inspect(value, { depth: 3, breakLength: Infinity }));

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
