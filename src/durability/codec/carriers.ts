/**
 * What stands in the text for values that superjson (2.2) would refuse, change or lose, and the superjson instance that
 * knows how to write them. An instance of our own: the global default one belongs to the application.
 *
 * superjson alone refuses the keys `__proto__`, `constructor` and `prototype`, gives null-prototype objects the usual
 * prototype, drops own properties and the stack of errors, makes an invalid Date null, drops `lastIndex`, turns NaN in a
 * Float64Array into 0 and cannot read a BigInt64Array or a Buffer back. It takes a NaN or a BigInt that occurs twice for one
 * shared object, and setting that again empties maps on the way; nor does it keep references between errors and
 * registered classes. Hence our references are by number, superjson sees trees only, and its own are left out.
 */
import { types } from 'node:util';

import { SuperJSON } from 'superjson';

import { InvalidArgumentError } from '../../errors/index.js';
import { BYTES, bytesName } from './kinds.js';

/** A reference to `Linked.shared[n]`. */
export class Ref {
  constructor(readonly n: number) {}
}

/** A value some of whose objects stand apart. */
export class Linked {
  constructor(
    readonly root: unknown,
    readonly shared: readonly unknown[],
  ) {}
}

/** A part that is plain JSON in itself, and stands in the text as it is. */
export class Plain {
  constructor(readonly value: unknown) {}
}

/** The properties of an object whose keys or prototype superjson does not keep. */
export class Entries {
  constructor(
    readonly entries: readonly (readonly [string, unknown])[],
    readonly bare: boolean,
  ) {}
}

/** An object of a registered class. `fields`: a plain object or `Entries`. */
export class Instance {
  constructor(
    readonly name: string,
    readonly fields: unknown,
  ) {}
}

export class ErrorRecord {
  constructor(
    /** The built-in class that it comes back as. */
    readonly type: string,
    /** The registered class that it comes back as, or null. */
    readonly name: string | null,
    /** For errors of this library: what `instanceof` asks for, or null. */
    readonly brands: readonly string[] | null,
    readonly hidden: Readonly<Record<string, unknown>>,
    /** The enumerable properties: a plain object or `Entries`. */
    readonly fields: unknown,
  ) {}
}

const carriers = new SuperJSON();
type SuperJsonResult = ReturnType<typeof carriers.serialize>;
type Json = SuperJsonResult['json'];

carriers.registerClass(Ref, { identifier: 'ref' });
carriers.registerClass(Linked, { identifier: 'linked' });
carriers.registerClass(Entries, { identifier: 'entries' });
carriers.registerClass(Instance, { identifier: 'instance' });
carriers.registerClass(ErrorRecord, { identifier: 'error' });

const isObject = (value: unknown): value is object => typeof value === 'object' && value !== null;

carriers.registerCustom<Plain, Json>(
  {
    isApplicable: (value): value is Plain => value instanceof Plain,
    serialize: ({ value }) => value as Json,
    // What stands there is the value itself already, and nobody asks for its class again.
    deserialize: (value) => value as unknown as Plain,
  },
  'plain',
);

carriers.registerCustom<Date, null>(
  {
    isApplicable: (value): value is Date => types.isDate(value) && Number.isNaN(value.getTime()),
    serialize: () => null,
    deserialize: () => new Date(Number.NaN),
  },
  'invalid-date',
);

carriers.registerCustom<RegExp, [string, string, number]>(
  {
    isApplicable: (value): value is RegExp => types.isRegExp(value) && value.lastIndex !== 0,
    serialize: (value) => [value.source, value.flags, value.lastIndex],
    deserialize: ([source, flags, lastIndex]) => Object.assign(new RegExp(source, flags), { lastIndex }),
  },
  'regexp-at',
);

carriers.registerCustom<object, [string, string]>(
  {
    isApplicable: (value): value is object => isObject(value) && bytesName(value) !== undefined,
    serialize: (value) => {
      const bytes = ArrayBuffer.isView(value)
        ? Buffer.from(value.buffer, value.byteOffset, value.byteLength)
        : Buffer.from(value as ArrayBuffer);
      return [bytesName(value) as string, bytes.toString('base64')];
    },
    deserialize: ([name, text]) => {
      const type = BYTES[name];
      if (type === undefined)
        throw new InvalidArgumentError(`there is no kind of bytes "${name}"`, {
          hint: 'read it with the version of engram that wrote it',
        });
      const bytes = Buffer.from(text, 'base64');
      return type.make(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
    },
  },
  'bytes',
);

export interface Written {
  readonly json: unknown;
  readonly meta?: { readonly values?: unknown; readonly v?: number };
}

/** @param tree in which no object is met twice */
export function write(tree: unknown): Written {
  const { json, meta } = carriers.serialize(tree);
  return meta?.values === undefined ? { json } : { json, meta: { values: meta.values, v: meta.v ?? 1 } };
}

/** Takes what it is given apart. */
export function read({ json, meta }: Written): unknown {
  const values = { values: meta?.values, v: meta?.v ?? 1 };
  return carriers.deserialize({ json, meta: values } as SuperJsonResult, { inPlace: true });
}
