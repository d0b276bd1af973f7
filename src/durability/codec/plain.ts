/**
 * The fast path: checks that a value is plain JSON and writes its text in the same pass. Plain means that `JSON.parse`
 * gives back exactly this value: no undefined, NaN, infinity, -0, accessor, hidden or symbol property, foreign prototype,
 * hole, or object that is met twice.
 *
 * The check must read every property's descriptor (an own getter would be stored as the value it happens to give), and
 * that costs nearly as much as `JSON.stringify`. So the text is written here too, byte by byte into one buffer: short
 * texts of latin1 and whole numbers are quicker so than through strings that are put together. Long texts, and those
 * that need an escape, are left to `JSON.stringify`.
 * Recursion ends at `MAX_DEPTH`: whatever lies deeper is left to the full walk, which refuses it with its path.
 */
import { quote } from './text.js';

/** How many levels of objects may lie within each other. */
export const MAX_DEPTH = 1000;

const { getOwnPropertyDescriptor, getOwnPropertyNames, getOwnPropertySymbols, getPrototypeOf, keys } = Object;
/** What a writer gives when the value is not plain. */
const NOT_PLAIN = -1;
const SHORT = 40;
/** Free before each value: for a key, a short text or a number, and for the end of everything that it lies in. */
const ROOM = MAX_DEPTH + 100;

const buffer = Buffer.allocUnsafeSlow(32 * 1024);
const FULL = buffer.length - ROOM;

/** What was written before that which stands in the buffer. */
let text = '';
let seen = new Set<object>();
let isBusy = false;

// Every writer takes where it is in the buffer, and gives where it is then, or NOT_PLAIN.

function flush(at: number): 0 {
  text += buffer.toString('latin1', 0, at);
  return 0;
}

function writeString(value: string, at: number): number {
  const { length } = value;
  if (length > SHORT) return writeQuoted(value, at);
  let end = at;
  buffer[end++] = 34; /* " */
  for (let i = 0; i < length; i++) {
    const code = value.charCodeAt(i);
    if (code < 32 || code === 34 /* " */ || code === 92 /* \ */ || code > 255) return writeQuoted(value, at);
    buffer[end++] = code;
  }
  buffer[end++] = 34; /* " */
  return end;
}

function writeQuoted(value: string, at: number): number {
  flush(at);
  text += quote(value);
  return 0;
}

function writeAscii(value: string, at: number): number {
  let end = at;
  for (let i = 0; i < value.length; i++) buffer[end++] = value.charCodeAt(i);
  return end;
}

function digitsOf(value: number): number {
  if (value < 1e4) return value < 100 ? (value < 10 ? 1 : 2) : value < 1000 ? 3 : 4;
  return value < 1e6 ? (value < 1e5 ? 5 : 6) : value < 1e7 ? 7 : value < 1e8 ? 8 : 9;
}

function writeNumber(value: number, at: number): number {
  // all that are left after this have at most nine digits
  if ((value | 0) !== value || value >= 1e9 || value <= -1e9) {
    return value - value === 0 ? writeAscii(String(value), at) : NOT_PLAIN;
  }
  if (value === 0 && 1 / value < 0) return NOT_PLAIN;
  let end = at;
  let rest = value;
  if (rest < 0) {
    buffer[end++] = 45; /* - */
    rest = -rest;
  }
  end += digitsOf(rest);
  let place = end;
  while (rest > 9) {
    const tens = (rest / 10) | 0;
    buffer[--place] = 48 /* 0 */ + rest - tens * 10;
    rest = tens;
  }
  buffer[--place] = 48 /* 0 */ + rest;
  return end;
}

function writeValue(value: unknown, given: number, depth: number): number {
  const at = given > FULL ? flush(given) : given;
  switch (typeof value) {
    case 'string':
      return writeString(value, at);
    case 'number':
      return writeNumber(value, at);
    case 'boolean':
      return writeAscii(value ? 'true' : 'false', at);
    case 'object': {
      if (value === null) return writeAscii('null', at);
      const met = seen.size;
      seen.add(value);
      if (seen.size === met || depth >= MAX_DEPTH) return NOT_PLAIN;
      return Array.isArray(value) ? writeArray(value, at, depth + 1) : writeObject(value, at, depth + 1);
    }
    default:
      return NOT_PLAIN;
  }
}

function writeArray(array: readonly unknown[], start: number, depth: number): number {
  if (getPrototypeOf(array) !== Array.prototype) return NOT_PLAIN;
  const { length } = array;
  let at = start;
  buffer[at++] = 91; /* [ */
  for (let i = 0; i < length; i++) {
    if (i > 0) buffer[at++] = 44; /* , */
    at = writeValue(array[i], at, depth);
    if (at < 0) return NOT_PLAIN;
  }
  buffer[at++] = 93; /* ] */
  // More keys than items: `match()` gives such arrays.
  return keys(array).length === length ? at : NOT_PLAIN;
}

function writeObject(object: object, start: number, depth: number): number {
  if (getPrototypeOf(object) !== Object.prototype || getOwnPropertySymbols(object).length !== 0) return NOT_PLAIN;
  const names = getOwnPropertyNames(object);
  let at = start;
  buffer[at++] = 123; /* { */
  for (let i = 0; i < names.length; i++) {
    const name = names[i] as string;
    const property = getOwnPropertyDescriptor(object, name) as PropertyDescriptor;
    if (property.enumerable !== true) return NOT_PLAIN;
    if (at > FULL) at = flush(at);
    if (i > 0) buffer[at++] = 44; /* , */
    at = writeString(name, at);
    buffer[at++] = 58; /* : */
    // The value of an accessor is undefined, which is not plain.
    const value: unknown = property.value;
    // the most frequent kinds, without a call more
    if (at > FULL) at = writeValue(value, at, depth);
    else if (typeof value === 'string') at = writeString(value, at);
    else if (typeof value === 'number') at = writeNumber(value, at);
    else at = writeValue(value, at, depth);
    if (at < 0) return NOT_PLAIN;
  }
  buffer[at++] = 125; /* } */
  return at;
}

/** @returns the JSON text, or undefined when the value is not plain JSON */
export function plainText(value: unknown): string | undefined {
  if (isBusy) return undefined; // a trap of a proxy, which is never plain, encodes something by itself
  isBusy = true;
  try {
    const at = writeValue(value, 0, 0);
    if (at < 0) return undefined;
    return text === '' ? buffer.toString('latin1', 0, at) : text + buffer.toString('latin1', 0, at);
  } finally {
    text = '';
    seen = new Set();
    isBusy = false;
  }
}
