/**
 * Copies for the eyes: plain JSON of whatever users put into payloads and values.
 *
 * Rules: bounded in depth, breadth, number and length, whatever is given, and so is the work, save that the keys of a
 * huge object are listed once in its life (the language lists all of them or none); what is nearer to the root is shown
 * first; nothing of the user's is called, no getter, no method, no trap and no `toJSON`, save the `redact` that was given
 * for it; a copy shares nothing with what was copied. What `redact` hides is hidden before anything else is done.
 */
import { types } from 'node:util';
import { type Ask, askOf, type Redact } from '../stimulation/redact.js';
import {
  bigintText,
  entriesOfMap,
  HUGE,
  type Keys,
  knownKeys,
  leafText,
  listKeys,
  nameOf,
  nameOfError,
  ownValue,
  sizeOfMap,
  sizeOfSet,
  valuesOfSet,
} from './peek.js';

/** A value of the user's among ours: from here on down it is redacted, by its path. */
export class UserValue {
  // told from what the user gives without a look at its prototypes
  readonly #isOurs = true;
  constructor(
    readonly value: unknown,
    readonly path: readonly string[],
  ) {}

  static is(value: unknown): value is UserValue {
    return typeof value === 'object' && value !== null && #isOurs in value;
  }
}

/** A list of which only what is shown is looked at. */
export class Listed {
  readonly length: number;
  readonly #at: (index: number) => unknown;
  constructor(length: number, at: (index: number) => unknown) {
    this.length = length;
    this.#at = at;
  }

  static is(value: object): value is Listed {
    return #at in value;
  }

  static of<T>(list: readonly T[], as: (item: T) => unknown): Listed {
    return new Listed(list.length, (index) => as(list[index] as T));
  }

  at(index: number): unknown {
    return this.#at(index);
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
/** How many keys may be listed for each value that may be shown, those of huge objects aside. */
const KEYS_PER_VALUE = 20;
/** How many keys of huge objects that were never met before. */
const MOST_HUGE_KEYS = 2_000_000;
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
  /** How many keys may still be listed. */
  #keys: number;
  #hugeKeys = MOST_HUGE_KEYS;
  /** Those of objects that are not small: they may be met often. */
  readonly #listed = new Map<object, Keys>();
  size = 0;

  constructor(ask: Ask | null, { values, text }: Limits) {
    this.#ask = ask;
    this.#values = values;
    this.#text = text;
    this.#keys = values * KEYS_PER_VALUE;
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
    if (UserValue.is(given)) {
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
    if (types.isProxy(value)) return '[Proxy]';
    if (typeof value === 'function') return `[function ${this.#cut(nameOf(value), LONGEST_KEY)}]`;
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
    const list = listOf(value);
    if (list !== undefined) return this.#list(spot, value, list);
    const parts = this.#partsOf(spot, value);
    if (parts === undefined) return MORE;
    const json = {};
    this.#pairs(spot, value, parts, (key) => {
      const name = this.#cut(key, LONGEST_KEY);
      return (made) =>
        // whatever the key is: `__proto__` is one like any other
        Object.defineProperty(json, name, { value: made, enumerable: true, writable: true, configurable: true });
    });
    return json;
  }

  #list(spot: Spot, value: object, { length, items }: List): unknown[] {
    const json: unknown[] = [];
    let place = 0;
    for (const item of items) {
      const at = place;
      if (at >= MOST_ITEMS || !this.#later(spot, value, String(at), item, (made) => (json[at] = made ?? null))) break;
      place++;
    }
    if (place < length) json[place] = `${MORE} ${length - place} more`;
    return json;
  }

  #pairs(spot: Spot, value: object, { length, pairs }: Pairs, into: (key: string) => (made: unknown) => void): void {
    let place = 0;
    for (const [key, item] of pairs) {
      if (place >= MOST_ITEMS || !this.#later(spot, value, key, item, into(key))) break;
      place++;
    }
    // a huge one was counted when it was met for the first time
    if (place < length) into(MORE)(`${length > HUGE && !types.isMap(value) ? 'about ' : ''}${length - place} more`);
  }

  /** Undefined when none of them could be shown, or too many keys were listed already. */
  #partsOf(spot: Spot, value: object): Pairs | undefined {
    if (types.isMap(value)) return { length: sizeOfMap(value), pairs: entriesOf(value, spot) };
    const keys = this.#keysOf(value);
    if (keys === undefined) return undefined;
    if (types.isNativeError(value)) return errorParts(value, keys);
    return { length: keys.count, pairs: valuesOf(value, keys.first) };
  }

  #keysOf(value: object): Keys | undefined {
    if (this.#values <= 0) return undefined;
    const known = knownKeys(value) ?? this.#listed.get(value);
    if (known !== undefined) return known;
    if (this.#keys <= 0 || this.#hugeKeys <= 0) return undefined;
    const keys = listKeys(value);
    if (keys.count > HUGE) this.#hugeKeys -= keys.count;
    else this.#keys -= keys.count;
    if (keys.count > MOST_ITEMS) this.#listed.set(value, keys);
    return keys;
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

interface List {
  readonly length: number;
  readonly items: Iterable<unknown>;
}

function listOf(value: object): List | undefined {
  if (types.isSet(value)) return { length: sizeOfSet(value), items: valuesOfSet(value) };
  if (Listed.is(value)) return { length: value.length, items: itemsOf(value.length, (index) => value.at(index)) };
  if (Array.isArray(value)) return { length: value.length, items: itemsOf(value.length, (i) => ownValue(value, i)) };
  return undefined;
}

function* itemsOf(length: number, at: (index: number) => unknown): Generator<unknown, void> {
  for (let i = 0; i < length; i++) yield at(i);
}

interface Pairs {
  readonly length: number;
  readonly pairs: Iterable<readonly [string, unknown]>;
}

/** What is told of an error anyway, and what is not told. */
const ERROR_KEYS = ['name', 'message', 'stack'];

function errorParts(error: Error, { first, count }: Keys): Pairs {
  const isShown = (key: string) => Object.prototype.propertyIsEnumerable.call(error, key);
  const hidden = ['cause', 'errors'].filter((key) => Object.hasOwn(error, key) && !isShown(key));
  const told = ['name', 'message', ...hidden, ...first.filter((key) => !ERROR_KEYS.includes(key))];
  return {
    length: 2 + hidden.length + count - ERROR_KEYS.filter(isShown).length,
    pairs: told.map((key) => [key, key === 'name' ? nameOfError(error) : ownValue(error, key)]),
  };
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
  for (const [key, item] of entriesOfMap(map)) {
    const asked = ask === null ? key : ask([...path, `keys()[${place}]`], key, start);
    const isName = Object.is(asked, key) && (typeof key === 'string' || typeof key === 'number');
    yield [isName ? String(key) : String(place), item];
    place++;
  }
}
