/**
 * The fast path: checks that a value is plain JSON and writes its text in the same pass. Plain means that `JSON.parse`
 * gives back exactly this value: no undefined, NaN, infinity, -0, accessor, hidden or symbol property, foreign prototype,
 * hole, or object that is met twice.
 *
 * The writing is ours and not `JSON.stringify`: the check must read every property's descriptor anyway (an own getter
 * would be stored as the value it happens to give), and a second reading of the value costs more than the text does.
 * Recursion ends at `MAX_DEPTH`: whatever lies deeper is left to the full walk, which refuses it with its path.
 */
import { quote } from './text.js';

/** How many levels of objects may lie within each other. */
export const MAX_DEPTH = 1000;

const { getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf } = Object;
const KEYS_KEPT = 2000;
const keys = new Map<string, string>();

/** Keys recur from object to object and from checkpoint to checkpoint; their texts are kept, up to a number. */
function keyText(key: string): string {
  let text = keys.get(key);
  if (text === undefined) {
    text = `${quote(key)}:`;
    if (keys.size >= KEYS_KEPT) keys.clear();
    keys.set(key, text);
  }
  return text;
}

function valueText(value: unknown, seen: Set<object>, depth: number): string | undefined {
  switch (typeof value) {
    case 'string':
      return quote(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      return Number.isFinite(value) && (value !== 0 || 1 / value > 0) ? String(value) : undefined;
    case 'object': {
      if (value === null) return 'null';
      const met = seen.size;
      seen.add(value);
      if (seen.size === met || depth >= MAX_DEPTH) return undefined;
      return Array.isArray(value) ? arrayText(value, seen, depth + 1) : objectText(value, seen, depth + 1);
    }
    default:
      return undefined;
  }
}

function arrayText(array: readonly unknown[], seen: Set<object>, depth: number): string | undefined {
  if (getPrototypeOf(array) !== Array.prototype) return undefined;
  let text = '[';
  for (let i = 0; i < array.length; i++) {
    const item = valueText(array[i], seen, depth);
    if (item === undefined) return undefined;
    text += i === 0 ? item : `,${item}`;
  }
  // More keys than items: `match()` gives such arrays.
  return Object.keys(array).length === array.length ? `${text}]` : undefined;
}

function objectText(object: object, seen: Set<object>, depth: number): string | undefined {
  if (getPrototypeOf(object) !== Object.prototype || getOwnPropertySymbols(object).length !== 0) return undefined;
  const names = getOwnPropertyNames(object);
  let text = '{';
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const property = getOwnPropertyDescriptor(object, name) as PropertyDescriptor;
    // The value of an accessor is undefined, which is not plain.
    const value = property.enumerable === true ? valueText(property.value, seen, depth) : undefined;
    if (value === undefined) return undefined;
    text += i === 0 ? keyText(name) + value : `,${keyText(name)}${value}`;
  }
  return `${text}}`;
}

/** @returns the JSON text, or undefined when the value is not plain JSON */
export const plainText = (value: unknown): string | undefined => valueText(value, new Set(), 0);
