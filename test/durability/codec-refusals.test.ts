import { Readable } from 'node:stream';

import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { decode, encode } from '../../src/durability/codec.js';
import { CorruptCheckpointError, UnserializableError, UnsupportedFormatError } from '../../src/errors/index.js';

class Money {
  constructor(
    readonly amount: number,
    readonly currency: string,
  ) {}
}

function refusalOf(value: unknown, path = 'context/order'): UnserializableError {
  try {
    encode(value, path);
  } catch (error) {
    if (error instanceof UnserializableError) return error;
    throw error;
  }
  return expect.unreachable('the value was stored');
}

describe('what cannot be stored without loss', () => {
  const hidden = Object.defineProperty({ a: 1 }, 'secret', { value: 2, enumerable: false });
  class Stamp extends Date {}
  it.each<[string, unknown, string]>([
    ['a function', { lines: [0, 1, 2, { price: () => 1 }] }, 'context/order.lines[3].price'],
    ['a symbol', { a: { b: Symbol('x') } }, 'context/order.a.b'],
    ['a symbol as a key', { a: { [Symbol('tag')]: 1 } }, 'context/order.a[Symbol(tag)]'],
    ['a class that is not registered', { price: new Money(1, 'EUR') }, 'context/order.price'],
    [
      'a getter',
      {
        a: {
          get b() {
            return 1;
          },
        },
      },
      'context/order.a.b',
    ],
    [
      'a getter beside a value that needs superjson',
      {
        at: new Date(),
        get b() {
          return 1;
        },
      },
      'context/order.b',
    ],
    ['a property that is not enumerable', { hidden }, 'context/order.hidden.secret'],
    ['a hole', { list: [1, , 3] }, 'context/order.list[1]'],
    ['a property of an array', { m: /b/.exec('abc') }, 'context/order.m.index'],
    ['a property of a Map', { m: Object.assign(new Map(), { x: 1 }) }, 'context/order.m'],
    ['a subclass of Date', { d: new Stamp() }, 'context/order.d'],
    ['a subclass of Array', { d: new (class List extends Array {})() }, 'context/order.d'],
    ['a WeakMap', [new WeakMap()], 'context/order[0]'],
    ['a Promise', { p: Promise.resolve(1) }, 'context/order.p'],
    ['a stream', { s: Readable.from([]) }, 'context/order.s'],
    ['a boxed primitive', { n: Object(1) as unknown }, 'context/order.n'],
    ['shared memory', { m: new Uint8Array(new SharedArrayBuffer(1)) }, 'context/order.m'],
    ['a function in a Map', { m: new Map([['a.b', () => 1]]) }, 'context/order.m.get("a.b")'],
    ['a function in a Map under an object', { m: new Map([[{}, () => 1]]) }, 'context/order.m.values()[0]'],
    [
      'a function in the key of a Map',
      {
        m: new Map([
          [1, 1],
          [{ f: () => 1 }, 1],
        ] as never),
      },
      'context/order.m.keys()[1].f',
    ],
    ['a function in a Set', new Set([1, () => 1]), 'context/order.values()[1]'],
    ['a function in a cause', { e: new Error('x', { cause: { f: () => 1 } }) }, 'context/order.e.cause.f'],
    ['a function on an error', { e: Object.assign(new Error('x'), { f: () => 1 }) }, 'context/order.e.f'],
    ['a function in an AggregateError', new AggregateError([1, () => 1]), 'context/order.errors[1]'],
    ['a function under odd keys', { 'a.b': { 'c d': [[() => 1]] } }, 'context/order["a.b"]["c d"][0][0]'],
    [
      'a function in a large plain part',
      { at: 1n, lines: [...Array<number>(40).fill(1), { f: () => 1 }] },
      'context/order.lines[40].f',
    ],
    ['a function by itself', () => 1, 'context/order'],
    [
      'arguments',
      (function () {
        // eslint-disable-next-line prefer-rest-params -- the arguments object is what is tested
        return arguments;
      })(),
      'context/order.length',
    ],
  ])('%s is refused with its path', (_name, value, path) => {
    expect(refusalOf(value).path).toBe(path);
  });

  it('is named in the message, with what to do', () => {
    const error = refusalOf({ price: new Money(1, 'EUR') });
    expect(error.message).toContain('context/order.price is an instance of Money');
    expect(error.hint).toContain('plain data');
  });

  it.each(['a', '__proto__'])('too deep is refused and does not overflow the stack (key %s)', (name) => {
    const deep = (levels: number, end: unknown): unknown => {
      let value = end;
      for (let i = 0; i < levels; i++) value = Object.defineProperty({}, name, { value, enumerable: true });
      return value;
    };
    expect(refusalOf(deep(100_000, 1)).message).toMatch(
      /^context\/order(\.\w+){12}… is nested more than 1000 levels deep/,
    );
    expect(refusalOf(deep(100_000, 1n)).what).toContain('nested');
    for (const end of [1, 1n, undefined]) {
      let back = decode(encode(deep(1000, end), 'value'), 'a test');
      for (let i = 0; i < 1000; i++) back = Object.getOwnPropertyDescriptor(back, name)?.value as unknown;
      expect(back).toBe(end);
    }
  });

  it('leaves the value as it was', () => {
    const value = { at: Object.freeze([new Date(1)]), m: new Map([[1, Object.freeze({ x: 1n })]]) };
    const before = structuredClone(value);
    encode(value, 'v');
    expect(value).toEqual(before);
  });
});

describe('a text that is not what encode gives', () => {
  it.each([
    '',
    'x',
    'null',
    '1',
    '[]',
    '{}',
    '{"v":1,"s":{}}',
    '{"s":1}',
    '{"s":{}}',
    '{"x":1}',
    '{"v":1',
    '{"s":{"json":{"n":0},"meta":{"values":[["class","ref"]],"v":1}}}',
    '{"s":{"json":{"a":{}},"meta":{"values":{"a":["set"]},"v":1}}}',
    '{"s":{"json":["x","AA"],"meta":{"values":[["custom","bytes"]],"v":1}}}',
    '{"s":{"json":1,"meta":{"values":["no such type"],"v":1}}}',
    '{"s":{"json":{"a":{}},"meta":{"values":{"__proto__.x":["undefined"]},"v":1}}}',
  ])('is refused with its place: %s', (text) => {
    expect(() => decode(text, 'part context/x of run "r"')).toThrow(CorruptCheckpointError);
    expect(() => decode(text, 'part context/x of run "r"')).toThrow(/^part context\/x of run "r" is damaged: /);
  });

  it('never gives anything but a value or a typed error', () => {
    const text = encode({ e: new Error('x'), m: new Map([[1n, new Set([undefined])]]), s: Array(2).fill(/x/y) }, 'v');
    let refused = 0;
    fc.assert(
      fc.property(fc.nat(text.length - 1), fc.string({ minLength: 0, maxLength: 2 }), (at, put) => {
        try {
          decode(text.slice(0, at) + put + text.slice(at + 1), 'a test');
        } catch (error) {
          refused += 1;
          expect(error).toSatisfy((e) => e instanceof CorruptCheckpointError || e instanceof UnsupportedFormatError);
        }
      }),
      { numRuns: 1000 },
    );
    expect(refused).toBeGreaterThan(300);
  });
});
