import { createInterface } from 'node:readline';
import { Readable } from 'node:stream';
import { isDeepStrictEqual } from 'node:util';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decode, encode } from '../../src/durability/codec.js';
import { RunExistsError, SaveFailedError } from '../../src/errors/index.js';

const there = (value: unknown): unknown => decode(encode(value, 'value'), 'a test');
/** For values whose type is the same on the way back. */
const same = <T>(value: T): T => there(value) as T;

const key = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.constantFrom('', 'a.b', 'a\\.b', '\\', '__proto__', 'constructor', 'prototype', 'json', 'meta', '0', 'then'),
);
const bytes = fc.uint8Array({ maxLength: 32, size: 'max' }).map((b) => Uint8Array.from(b));
const whole = (size: number) => bytes.map((b) => b.slice(0, b.length - (b.length % size)).buffer);
const error = fc
  .tuple(fc.constantFrom(Error, TypeError, RangeError), fc.string(), fc.option(fc.string(), { nil: undefined }), key)
  .map(([type, message, code, name]) => {
    const made = new type(message, code === undefined ? undefined : { cause: { code } });
    return code === undefined ? made : Object.assign(made, { code, [`own ${name}`]: 1n });
  });
const leaf = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, false, NaN, Infinity, -Infinity, -0, 0, '', '\ud800', '\u2028\u2029'),
  fc.double(),
  fc.integer(),
  fc.bigInt(),
  fc.string({ unit: 'binary' }),
  fc.date({ noInvalidDate: true }),
  fc.webUrl().map((url) => new URL(url)),
  fc.constantFrom(/a\/b/giu, /[/]\n/s, /(?:)/, new RegExp('x\\\\', 'y')),
  bytes,
  bytes.map((b) => Buffer.from(b)),
  bytes.map((b) => b.buffer),
  bytes.map((b) => new DataView(b.buffer)),
  bytes.map((b) => new Uint8ClampedArray(b)),
  whole(2).map((b) => new Int16Array(b)),
  whole(4).map((b) => new Float32Array(b)),
  whole(8).map((b) => new Float64Array(b)),
  whole(8).map((b) => new BigInt64Array(b)),
  whole(8).map((b) => new BigUint64Array(b)),
  error,
);
const { value: anything } = fc.letrec((tie) => ({
  value: fc.oneof({ maxDepth: 5, depthSize: 'medium' }, leaf, tie('array'), tie('object'), tie('map'), tie('set')),
  array: fc.array(tie('value'), { maxLength: 5 }),
  object: fc.dictionary(key, tie('value'), { maxKeys: 5, noNullPrototype: false }),
  map: fc.array(fc.tuple(tie('value'), tie('value')), { maxLength: 4 }).map((entries) => new Map(entries)),
  set: fc.array(tie('value'), { maxLength: 4 }).map((items) => new Set(items)),
}));

describe('values of all kinds', () => {
  it('come back deeply and strictly equal, from a text of one line', () => {
    fc.assert(
      fc.property(anything, (value) => {
        const text = encode(value, 'value');
        expect(text).not.toMatch(/[\n\r\u2028\u2029]/);
        expect(() => void JSON.parse(text)).not.toThrow();
        const back = decode(text, 'a test');
        expect(isDeepStrictEqual(back, value)).toBe(true);
        expect(encode(back, 'value')).toBe(text);
      }),
      { numRuns: 300 },
    );
  });

  it('come back with objects that are met twice met twice again', () => {
    fc.assert(
      fc.property(anything, anything, (first, second) => {
        const shared = { first, second };
        const value = {
          list: [shared, shared],
          map: new Map<unknown, unknown>([[shared, shared]]),
          set: new Set([shared]),
        };
        const back = same(value);
        expect(isDeepStrictEqual(back.list[0], shared)).toBe(true);
        expect(back.list[1]).toBe(back.list[0]);
        expect([...back.map][0]).toEqual([back.list[0], back.list[0]]);
        expect(back.map.get(back.list[0])).toBe(back.list[0]);
        expect(back.set.has(back.list[0] as typeof shared)).toBe(true);
      }),
      { numRuns: 150 },
    );
  });

  it('keep a graph of any shape, with every edge to the same object', () => {
    const edges = fc.array(fc.tuple(fc.nat(19), fc.nat(19), fc.constantFrom('to', 'a.b', '__proto__')), {
      maxLength: 60,
    });
    fc.assert(
      fc.property(edges, (list) => {
        interface Node {
          id: number;
          out: Map<unknown, Node>;
          seen: Set<Node>;
          own: Record<string, Node>;
        }
        const nodes = Array.from({ length: 20 }, (_, id): Node => ({ id, out: new Map(), seen: new Set(), own: {} }));
        for (const [from, to, name] of list) {
          const [a, b] = [nodes[from] as Node, nodes[to] as Node];
          a.out.set(b, a).set(name, b);
          a.seen.add(b);
          Object.defineProperty(a.own, name, { value: b, enumerable: true, configurable: true, writable: true });
        }
        const back = same(nodes);
        back.forEach((node, i) => {
          const before = nodes[i] as Node;
          const at = (other: unknown): unknown => (typeof other === 'object' ? (other as Node).id : other);
          expect([...node.out].map((e) => e.map(at))).toEqual([...before.out].map((e) => e.map(at)));
          for (const other of [...node.seen, ...Object.values(node.own)]) expect(other).toBe(back[other.id]);
          for (const other of node.out.values()) expect(other).toBe(back[other.id]);
          expect(Object.keys(node.own)).toEqual(Object.keys(before.own));
          expect([...node.seen].map(at)).toEqual([...before.seen].map(at));
        });
      }),
      { numRuns: 300 },
    );
  });
});

describe('plain JSON', () => {
  it('is written as JSON.stringify writes it', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 6, stringUnit: 'binary' }), (value) => {
        fc.pre(!hasNegativeZero(value));
        const stringified = JSON.stringify(value).replaceAll('\u2028', '\\u2028').replaceAll('\u2029', '\\u2029');
        expect(encode(value, 'value')).toBe(`{"v":${stringified}}`);
      }),
    );
  });

  it.each([
    ['undefined', undefined],
    ['a property that is undefined', { a: undefined }],
    ['undefined in an array', [1, undefined]],
    ['-0', [-0]],
    ['a shared object', Array(2).fill({ a: 1 })],
    ['a Date', { at: new Date(0) }],
  ])('is not what %s is taken for', (_name, value) => {
    expect(encode(value, 'value')).toMatch(/^\{"s":\{"json":/);
  });

  it('keeps own __proto__, constructor and prototype keys, and pollutes nothing', () => {
    const value = JSON.parse('{"__proto__":{"polluted":1},"constructor":{"prototype":2}}') as object;
    expect(Object.keys(same(value))).toEqual(['__proto__', 'constructor']);
    expect(Object.keys(same({ value, and: 1n }).value)).toEqual(['__proto__', 'constructor']);
    expect(same({ value, and: 1n }).value).toEqual(value);
    expect(({} as { polluted?: number }).polluted).toBeUndefined();
  });

  it('is one line for readers that end lines at U+2028 and U+2029', async () => {
    for (const value of ['a\u2028b\u2029c', { at: new Date(0), 'x\u2028': '\u2029'.repeat(60) }]) {
      const lines: string[] = [];
      for await (const line of createInterface({ input: Readable.from([encode(value, 'value')]) })) lines.push(line);
      expect(lines).toHaveLength(1);
      expect(decode(lines[0] as string, 'a line')).toEqual(value);
    }
  });
});

function hasNegativeZero(value: unknown): boolean {
  if (typeof value === 'object' && value !== null) return Object.values(value).some(hasNegativeZero);
  return Object.is(value, -0);
}

describe('a plain part beside one that is not', () => {
  const lines = Array.from({ length: 40 }, (_, i) => ({ sku: `s${i}`, constructor: i, tags: ['a'] }));

  it('comes back as it was, and apart from it what it shares with the rest', () => {
    const value = { at: new Date(1), lines, more: { lines: structuredClone(lines) } };
    expect(there(value)).toStrictEqual(value);
    const late = same({ ...value, first: lines[3], list: lines });
    expect(late).toStrictEqual({ ...value, first: lines[3], list: lines });
    expect(late.list).toBe(late.lines);
    expect(late.first).toBe(late.lines[3]);
  });

  it('is no plain part when anything in it is not', () => {
    expect(there({ at: 1n, lines: [...lines, undefined, -0, NaN] })).toStrictEqual({
      at: 1n,
      lines: [...lines, undefined, -0, NaN],
    });
  });
});

describe('NaN and BigInt', () => {
  it('may occur any number of times, in keys of maps too', () => {
    const value = {
      list: [[1, new Map([[NaN, 0]])], [NaN, 2n], 2n],
      map: new Map<unknown, unknown>([
        [NaN, 2n],
        [2n, NaN],
      ]),
    };
    expect(there(value)).toStrictEqual(value);
    expect(encode(value, 'value')).not.toContain('referentialEqualities');
  });
});

describe('undefined', () => {
  it('is told apart from absent', () => {
    expect(Object.keys(same({ a: undefined, b: 1 }))).toEqual(['a', 'b']);
    expect(same([undefined, null])).toStrictEqual([undefined, null]);
    expect(there(undefined)).toBeUndefined();
  });
});

describe('errors', () => {
  it('keep message, name, stack, cause, errors and their own properties', () => {
    const cause = Object.assign(new RangeError('inner'), { code: 'E_INNER', at: new Date(5) });
    const value = Object.assign(new AggregateError([cause, 'text', undefined], 'outer', { cause }), { retry: 2n });
    const back = same(value);
    expect(back).toBeInstanceOf(AggregateError);
    expect(back).toMatchObject({ name: 'AggregateError', message: 'outer', stack: value.stack, retry: 2n });
    expect(back.errors).toHaveLength(3);
    expect(back.errors[0]).toBe(back.cause);
    expect(back.cause).toBeInstanceOf(RangeError);
    expect(back.cause).toMatchObject({ message: 'inner', stack: cause.stack, code: 'E_INNER', at: new Date(5) });
    expect(Object.keys(back)).toEqual(['retry']);
    expect(isDeepStrictEqual(back, value)).toBe(true);
  });

  it('of a class that is not registered come back as their built-in class under their name', () => {
    class PaymentError extends TypeError {
      override name = 'PaymentError';
      readonly order = { id: 7 };
    }
    class Quiet extends Error {
      override get name(): string {
        return 'Quiet';
      }
      override get message(): string {
        return 'from the class';
      }
    }
    const value = new PaymentError('declined');
    const back = same(value);
    expect(back).toBeInstanceOf(TypeError);
    expect(back).toMatchObject({ name: 'PaymentError', message: 'declined', stack: value.stack, order: { id: 7 } });
    expect(String(same(new Quiet()))).toBe('Quiet: from the class');
  });

  it('of this library keep their code, hint and class', () => {
    const value = new SaveFailedError('run', 3, new RunExistsError('run'));
    const back = same(value);
    expect(back).toMatchObject({
      code: 'SAVE_FAILED',
      hint: value.hint,
      seq: 3,
      retryable: false,
      name: 'SaveFailedError',
    });
    expect(back).toBeInstanceOf(SaveFailedError);
    expect(back).not.toBeInstanceOf(RunExistsError);
    expect(back.cause).toBeInstanceOf(RunExistsError);
    expect(same(back)).toBeInstanceOf(SaveFailedError);
  });

  it('may be their own cause', () => {
    const value = new Error('round');
    value.cause = { value };
    const back = same(value);
    expect(back.cause).toEqual({ value: back });
    expect((back.cause as { value: Error }).value).toBe(back);
  });

  it('that an abort or Node itself made come back as what they were', () => {
    const aborted = AbortSignal.abort().reason as DOMException;
    expect(same(aborted)).toBeInstanceOf(DOMException);
    expect(same(aborted)).toMatchObject({ name: 'AbortError', message: aborted.message, stack: aborted.stack });
    let invalid: unknown;
    try {
      Buffer.alloc('x' as unknown as number);
    } catch (thrown) {
      invalid = thrown;
    }
    expect(there(invalid)).toBeInstanceOf(TypeError);
    expect(there(invalid)).toMatchObject({ code: 'ERR_INVALID_ARG_TYPE', message: (invalid as Error).message });
  });

  it('without a stack or with a message of another type stay so', () => {
    const value = new Error('x');
    delete (value as { stack?: string }).stack;
    expect(same(value).stack).toBeUndefined();
    expect((there(Object.assign(new Error('y'), { name: null })) as { name: unknown }).name).toBeNull();
  });
});

describe('bytes', () => {
  const raw = Uint8Array.from([0, 0, 192, 127, 1, 2, 3, 255, 0, 0, 0, 0, 0, 0, 248, 127]);
  it.each([
    Int8Array,
    Uint8Array,
    Uint8ClampedArray,
    Int16Array,
    Uint16Array,
    Int32Array,
    Uint32Array,
    Float32Array,
    Float64Array,
    BigInt64Array,
    BigUint64Array,
    DataView,
  ])('%o come back bit by bit, and only what the view shows', (type) => {
    const view = new (type as typeof Uint8Array)(
      raw.buffer,
      8,
      8 / ((type as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1),
    );
    const back = same(view);
    expect(Object.getPrototypeOf(back)).toBe(type.prototype);
    expect(new Uint8Array(back.buffer, back.byteOffset, back.byteLength)).toEqual(raw.slice(8));
    expect(back.buffer.byteLength).toBe(8);
  });

  it('of a Buffer come back as a Buffer, of an ArrayBuffer as an ArrayBuffer', () => {
    expect(Buffer.isBuffer(same(Buffer.from('pool')))).toBe(true);
    expect(same(Buffer.from('pool')).toString()).toBe('pool');
    expect(same(raw.buffer)).toEqual(raw.buffer);
    expect(same(raw.buffer)).toBeInstanceOf(ArrayBuffer);
  });
});

describe('other built-in kinds', () => {
  it('keep what JSON and superjson by itself would lose', () => {
    expect(same(new Date(NaN)).getTime()).toBeNaN();
    expect(same(new Date(-8.64e15)).getTime()).toBe(-8.64e15);
    const sticky = /a/gy;
    sticky.lastIndex = 3;
    expect(same(sticky)).toMatchObject({ source: 'a', flags: 'gy', lastIndex: 3 });
    expect(Object.getPrototypeOf(same(Object.assign(Object.create(null), { a: 1 })))).toBeNull();
    expect(same(new URL('https://u:p@ex.org:81/%20?q=ä#h')).href).toBe('https://u:p@ex.org:81/%20?q=%C3%A4#h');
  });
});
