/**
 * The codec: a value to a JSON text of one line and back, without loss or not at all.
 *
 * Two forms, told apart in the text: `{"v":…}` holds a value that is plain JSON; `{"s":{"json":…,"meta":…}}` is superjson.
 *
 * Kept: what JSON keeps, undefined (a property that is undefined is not one that is absent), NaN, infinities, -0, BigInt,
 * Date (invalid too), RegExp with `lastIndex`, URL, Map, Set, typed arrays, Buffer, DataView, ArrayBuffer, null-prototype
 * objects, keys of any kind, shared references and cycles within one value, instances of registered classes, and errors:
 * their nearest built-in class, name, message, stack, cause, `errors` and enumerable properties. What an error hides
 * beyond these (a function of Node's own errors, for example) is not part of it.
 *
 * Not part of a value, so not kept: frozen or sealed, `writable: false`, `#private` fields, that two typed arrays lie over
 * one buffer, and properties of arrays and typed arrays that are hidden or under symbols. Everything else is refused with its path: functions, symbols, accessors, properties that are not
 * enumerable, holes, properties of arrays, maps and dates, shared memory, instances of classes that are not registered,
 * and more than 1,000 levels of nesting.
 */
import { CorruptCheckpointError, describeError, UnserializableError, UnsupportedFormatError } from '../errors/index.js';
import { read, write, type Written } from './codec/carriers.js';
import { classTable, type StorableClass } from './codec/kinds.js';
import { lower } from './codec/lower.js';
import { plainText } from './codec/plain.js';
import { revive } from './codec/revive.js';
import { survey } from './codec/survey.js';
import { oneLine } from './codec/text.js';

export interface CodecOptions {
  /** Classes whose instances may be stored, by the name they are stored under. The name must not change later. */
  readonly classes?: Readonly<Record<string, StorableClass>>;
  /**
   * For showing only: an instance of a class that is not registered is read as one of an empty class of that name,
   * instead of being refused.
   */
  readonly isForShow?: boolean;
}

export interface Codec {
  /**
   * @param path what the value is, e.g. `context/order`: where the path of a refusal begins
   * @throws UnserializableError with the exact path
   */
  readonly encode: (value: unknown, path: string) => string;
  /**
   * @param where what the text is, for the message
   * @throws CorruptCheckpointError when the text is not one that `encode` gives
   * @throws UnsupportedFormatError when it holds an instance of a class that is not registered here
   */
  readonly decode: (text: string, where: string) => unknown;
  /** The same for a text that stood in another one and was parsed with it. Takes what it is given apart. */
  readonly decodeParsed: (outer: unknown, where: string) => unknown;
}

function parsed(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new CorruptCheckpointError(where, 'it is not JSON', cause);
  }
}

/** A codec's output is in two forms; anything else is damage. */
function formOf(outer: unknown, where: string): { readonly v: unknown } | { readonly s: Written } {
  if (typeof outer === 'object' && outer !== null && Object.keys(outer).length === 1) {
    if ('v' in outer) return { v: outer.v };
    if ('s' in outer && typeof outer.s === 'object' && outer.s !== null && 'json' in outer.s) {
      return { s: outer.s };
    }
  }
  throw new CorruptCheckpointError(where, 'it is in neither of the two forms {"v":…} and {"s":…}');
}

export function createCodec(options: CodecOptions = {}): Codec {
  const classes = classTable(options.classes);
  const { isForShow = false } = options;
  const decodeParsed = (value: unknown, where: string): unknown => {
    const outer = formOf(value, where);
    if ('v' in outer) return outer.v;
    try {
      return revive(read(outer.s), classes, where, isForShow);
    } catch (error) {
      if (error instanceof UnsupportedFormatError || error instanceof CorruptCheckpointError) throw error;
      throw new CorruptCheckpointError(where, `it cannot be read back: ${describeError(error)}`, error);
    }
  };
  return {
    encode(value, path) {
      try {
        const plain = plainText(value);
        if (plain !== undefined) return `{"v":${plain}}`;
        const tree = lower(value, survey(value, path, classes), classes);
        return `{"s":${oneLine(JSON.stringify(write(tree)))}}`;
      } catch (error) {
        if (!(error instanceof RangeError)) throw error;
        throw new UnserializableError(path, `too large to be written as one text (${error.message})`);
      }
    },
    decode: (text, where) => decodeParsed(parsed(text, where), where),
    decodeParsed,
  };
}

/** The codec without registered classes. */
export const { encode, decode } = createCodec();
