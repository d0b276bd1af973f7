/**
 * Copies for the eyes: plain JSON of whatever users put into payloads and values.
 *
 * Rules: bounded in depth, breadth, number and length, whatever is given; what is nearer to the root is shown first;
 * nothing of the user's is called, no getter and no `toJSON`, save the `redact` that was given for it; a copy shares
 * nothing with what was copied. What `redact` hides is hidden before anything else is done.
 */
import { types } from 'node:util';
import { type Ask, askOf, REDACTED, type Redact } from '../stimulation/redact.js';

/** A value of the user's among ours: from here on down it is redacted, by its path. */
export class UserValue {
  constructor(
    readonly value: unknown,
    readonly path: readonly string[],
  ) {}
}

/** A list of which only what is shown is looked at. */
export class Listed {
  readonly length: number;
  readonly at: (index: number) => unknown;
  constructor(length: number, at: (index: number) => unknown) {
    this.length = length;
    this.at = at;
  }

  static of<T>(list: readonly T[], as: (item: T) => unknown): Listed {
    return new Listed(list.length, (index) => as(list[index] as T));
  }
}

export interface Limits {
  /** How many values in all. */
  readonly values: number;
  /** How many characters in all. */
  readonly text: number;
}

export interface Shown {
  readonly json: unknown;
  /** About how many characters it has. */
  readonly size: number;
}

const DEEPEST = 16;
const MOST_ITEMS = 100;
const LONGEST_TEXT = 4096;
const LONGEST_KEY = 200;
const MORE = '…';

/** A place in the copy that is to be filled. */
interface Spot {
  readonly value: unknown;
  readonly path: readonly string[];
  /** How long the path was where the user's value began. */
  readonly start: number;
  readonly ask: Ask | null;
  readonly depth: number;
  /** The container that it stands in, and that one's, and so on: what is met again among these is a cycle. */
  readonly above: { readonly container: object; readonly above: Spot['above'] } | null;
  readonly put: (json: unknown) => void;
}

/** @param redact of the user's values in it */
export function shown(root: unknown, redact: Redact | undefined, limits: Limits): Shown {
  const copy = new Copy(redact === undefined ? null : askOf(redact), limits);
  return { json: copy.of(root), size: copy.size };
}

class Copy {
  readonly #ask: Ask | null;
  readonly #queue: Spot[] = [];
  #values: number;
  #text: number;
  size = 0;

  constructor(ask: Ask | null, { values, text }: Limits) {
    this.#ask = ask;
    this.#values = values;
    this.#text = text;
  }

  of(root: unknown): unknown {
    let json: unknown;
    this.#queue.push({
      value: root,
      path: [],
      start: 0,
      ask: null,
      depth: 0,
      above: null,
      put: (made) => (json = made),
    });
    for (let next = 0; next < this.#queue.length; next++) this.#fill(this.#queue[next] as Spot);
    return json;
  }

  #fill(spot: Spot): void {
    const { value: given } = spot;
    if (given instanceof UserValue) {
      const { value, path } = given;
      this.#fill({ ...spot, value, path, start: path.length, ask: this.#ask });
      return;
    }
    const value = spot.ask === null ? given : spot.ask(spot.path, given, spot.start);
    // what is shown instead is not asked for again
    const here = Object.is(value, given) ? spot : { ...spot, value, ask: null };
    if (typeof value !== 'object' || value === null) spot.put(this.#primitive(value));
    else spot.put(this.#object(here, value));
  }

  #primitive(value: unknown): unknown {
    if (typeof value === 'string') return this.#cut(value, LONGEST_TEXT);
    this.size += 8;
    if (typeof value === 'number') return Number.isFinite(value) ? value : String(value);
    if (typeof value === 'bigint') return this.#cut(`${bigintText(value)}n`, LONGEST_TEXT);
    if (typeof value === 'function') return `[function ${nameOf(value)}]`;
    if (typeof value === 'symbol') return this.#cut(String(value), LONGEST_TEXT);
    return value;
  }

  #cut(text: string, longest: number): string {
    const length = Math.min(text.length, longest, this.#text);
    this.#text -= length;
    this.size += length + 8;
    return length === text.length ? text : `${text.slice(0, length)}${MORE} ${text.length - length} more`;
  }

  #object(spot: Spot, value: object): unknown {
    const whole = leafText(value);
    if (whole !== undefined) return this.#cut(whole, LONGEST_TEXT);
    for (let at = spot.above; at !== null; at = at.above) if (at.container === value) return '[circular]';
    if (spot.depth >= DEEPEST) return MORE;
    if (Array.isArray(value) || value instanceof Listed || types.isSet(value)) return this.#list(spot, value);
    const json = {};
    this.#pairs(spot, value, (key) => {
      const name = this.#cut(key, LONGEST_KEY);
      return (made) =>
        // whatever the key is: `__proto__` is one like any other
        Object.defineProperty(json, name, { value: made, enumerable: true, writable: true, configurable: true });
    });
    return json;
  }

  #list(spot: Spot, value: readonly unknown[] | Listed | Set<unknown>): unknown[] {
    const json: unknown[] = [];
    const length = value instanceof Set ? value.size : value.length;
    const items = value instanceof Set ? value.values() : itemsOf(value);
    let place = 0;
    for (const item of items) {
      const at = place;
      if (at >= MOST_ITEMS || !this.#later(spot, value, String(at), item, (made) => (json[at] = made ?? null))) break;
      place++;
    }
    if (place < length) json[place] = `${MORE} ${length - place} more`;
    return json;
  }

  #pairs(spot: Spot, value: object, into: (key: string) => (made: unknown) => void): void {
    const { length, pairs } = pairsOf(value, spot);
    let place = 0;
    for (const [key, item] of pairs) {
      if (place >= MOST_ITEMS || !this.#later(spot, value, key, item, into(key))) break;
      place++;
    }
    if (place < length) into(MORE)(`${length - place} more`);
  }

  /** @returns false when there is no room for it */
  #later(spot: Spot, container: object, key: string, value: unknown, put: (json: unknown) => void): boolean {
    if (this.#values <= 0) return false;
    this.#values--;
    const { path, start, ask, depth, above } = spot;
    const at = ask === null ? path : [...path, key];
    this.#queue.push({ value, path: at, start, ask, depth: depth + 1, above: { container, above }, put });
    return true;
  }
}

/** What an accessor would give is not asked for. */
function ownValue(value: object, key: PropertyKey): unknown {
  const property = Object.getOwnPropertyDescriptor(value, key);
  return property === undefined || 'value' in property ? property?.value : REDACTED;
}

function* itemsOf(list: readonly unknown[] | Listed): Generator<unknown, void> {
  for (let i = 0; i < list.length; i++) yield list instanceof Listed ? list.at(i) : ownValue(list, i);
}

interface Pairs {
  readonly length: number;
  readonly pairs: Iterable<readonly [string, unknown]>;
}

function pairsOf(value: object, spot: Spot): Pairs {
  if (types.isMap(value)) return { length: value.size, pairs: entriesOf(value, spot) };
  const keys = Object.keys(value);
  if (types.isNativeError(value)) {
    const hidden = ['cause', 'errors'].filter((key) => Object.hasOwn(value, key) && !keys.includes(key));
    const told = ['name', 'message', ...hidden, ...keys.filter((key) => !['name', 'message', 'stack'].includes(key))];
    return {
      length: told.length,
      pairs: told.map((key) => [key, key === 'name' ? nameOfError(value) : ownValue(value, key)]),
    };
  }
  return { length: keys.length, pairs: valuesOf(value, keys) };
}

function* valuesOf(value: object, keys: readonly string[]): Generator<readonly [string, unknown], void> {
  for (const key of keys) yield [key, ownValue(value, key)];
}

/** A key may be hidden, and need not be a text. */
function* entriesOf(
  map: Map<unknown, unknown>,
  { ask, path, start }: Spot,
): Generator<readonly [string, unknown], void> {
  let place = 0;
  for (const [key, item] of map) {
    const asked = ask === null ? key : ask([...path, `keys()[${place}]`], key, start);
    const isName = Object.is(asked, key) && (typeof key === 'string' || typeof key === 'number');
    yield [isName ? String(key) : String(place), item];
    place++;
  }
}

function nameOf(value: object): string {
  const name = ownValue(value, 'name');
  return typeof name === 'string' ? name : '';
}

/** Of an error: its own, or its class's. */
function nameOfError(error: object): string {
  for (let at: object | null = error; at !== null; at = Object.getPrototypeOf(at) as object | null) {
    const name = ownValue(at, 'name');
    if (typeof name === 'string' && (name !== 'Error' || at === error)) return name;
    const made: unknown = at === error ? undefined : ownValue(at, 'constructor');
    if (typeof made === 'function') return nameOf(made) || 'Error';
  }
  return 'Error';
}

/** Of what has so many digits that to write them all would take time, only how large it is. */
function bigintText(value: bigint): string {
  const isShort = BigInt.asIntN(4096, value) === value;
  return isShort ? String(value) : `${value < 0n ? '-' : ''}[more than 2^4095]`;
}

/** What is shown as a whole; undefined for what has parts. */
function leafText(value: object): string | undefined {
  if (types.isProxy(value)) return '[Proxy]'; // any look at it would call somebody
  if (types.isDate(value)) {
    const time = Date.prototype.getTime.call(value);
    return Number.isNaN(time) ? 'Invalid Date' : Date.prototype.toISOString.call(value);
  }
  if (types.isRegExp(value)) return RegExp.prototype.toString.call(value);
  if (types.isPromise(value)) return '[Promise]';
  if (types.isBoxedPrimitive(value)) return '[boxed]';
  if (types.isAnyArrayBuffer(value)) return `[${value.byteLength} bytes]`;
  if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
  if (value instanceof URL) return URL.prototype.toString.call(value);
  return undefined;
}
