import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { digestOf, digestText, exchanged, partSum } from '../../src/durability/digest.js';

const EMPTY = '0';
const parts = fc.uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), fc.json()), {
  selector: ([name]) => name,
  maxLength: 12,
});

describe('the digest of a state', () => {
  it('does not depend on the order of the parts', () => {
    fc.assert(
      fc.property(
        parts.chain((p) => fc.tuple(fc.constant(p), fc.shuffledSubarray(p, { minLength: p.length }))),
        ([a, b]) => {
          expect(digestOf(b)).toBe(digestOf(a));
        },
      ),
    );
  });

  it('is after any changes what it is when made anew', () => {
    const change = fc.tuple(fc.constantFrom('a', 'b', 'c', 'd'), fc.option(fc.json()));
    fc.assert(
      fc.property(fc.array(change, { maxLength: 30 }), (changes) => {
        let digest = 0;
        const state = new Map<string, string>();
        const sumOf = (name: string): number => {
          const text = state.get(name);
          return text === undefined ? 0 : partSum(name, text).digest;
        };
        for (const [name, text] of changes) {
          const before = sumOf(name);
          if (text === null) state.delete(name);
          else state.set(name, text);
          digest = exchanged(digest, before, sumOf(name));
          expect(digestText(digest)).toBe(digestOf(state));
        }
        for (const name of state.keys()) digest = exchanged(digest, sumOf(name), 0);
        expect(digestText(digest)).toBe(EMPTY);
      }),
    );
  });

  it('counts the bytes that a text has in UTF-8, wherever it is cut while it is read', () => {
    const unit = fc.constantFrom('a', '\u00e9', '\u20ac', '\ud83d\ude00', '\ud83d');
    const text = fc.tuple(fc.nat(4_200), fc.array(unit, { maxLength: 6 }), fc.nat(4_200));
    fc.assert(
      fc.property(text, ([before, odd, after]) => {
        const whole = `${'x'.repeat(before)}${odd.join('')}${'y'.repeat(after)}`;
        expect(partSum('name', whole).bytes).toBe(Buffer.byteLength(whole));
      }),
    );
  });

  it('is written as a number is', () => {
    const digests = fc.oneof(fc.maxSafeNat(), fc.nat(), fc.constantFrom(99_999_999, 100_000_000, 100_000_001, 0));
    fc.assert(
      fc.property(digests, (digest) => {
        expect(digestText(digest)).toBe(String(digest));
      }),
    );
  });

  it('differs when a part is missing, changed, renamed, or two have each other’s text', () => {
    const whole = digestOf([
      ['a', '1'],
      ['b', '2'],
    ]);
    const others: [string, string][][] = [
      [],
      [['a', '1']],
      [
        ['a', '1'],
        ['b', '3'],
      ],
      [
        ['a', '1'],
        ['c', '2'],
      ],
      [
        ['a', '2'],
        ['b', '1'],
      ],
      [
        ['a', '1'],
        ['b', '2'],
        ['c', ''],
      ],
    ];
    expect(new Set([whole, ...others.map((other) => digestOf(other))]).size).toBe(others.length + 1);
  });

  it('differs for 300,000 texts that are nearly the same', () => {
    const base =
      '{"n":0,"neuron":"charge","payload":{"amount":1000,"currency":"EUR","note":"\u00e9\ud83d\ude00"}}'.repeat(3);
    const texts = new Set<string>();
    for (let i = 0; i < 60_000; i++) texts.add(base.replace('"n":0', `"n":${i}`));
    for (let i = 0; i < 60_000; i++) texts.add(`${base}${String.fromCharCode(i)}`);
    for (let i = 0; i < base.length; i++) {
      for (let bit = 0; bit < 16; bit++) {
        const flipped = String.fromCharCode(base.charCodeAt(i) ^ (1 << bit));
        texts.add(base.slice(0, i) + flipped + base.slice(i + 1));
      }
      for (let j = i + 1; j < base.length; j++) {
        if (base[i] === base[j]) continue;
        texts.add(base.slice(0, i) + (base[j] ?? '') + base.slice(i + 1, j) + (base[i] ?? '') + base.slice(j + 1));
      }
    }
    for (let length = 0; texts.size < 300_000; length++) texts.add('0'.repeat(length % 400) + String(length));
    const digests = new Set([...texts].map((text) => digestOf([['a', text]])));
    expect(digests.size).toBe(texts.size);
  });

  it('differs for 90,000 states in which two parts have taken a letter from each other', () => {
    const texts = Array.from({ length: 300 }, (_, i) => JSON.stringify({ n: i, payload: i * 7 }));
    const states = texts.flatMap((a) =>
      texts.map((b) =>
        digestOf([
          ['a', a],
          ['b', b],
        ]),
      ),
    );
    expect(new Set(states).size).toBe(texts.length ** 2);
  });

  it('counts a name that is given twice once, with its last text', () => {
    expect(
      digestOf([
        ['a', '1'],
        ['a', '2'],
      ]),
    ).toBe(digestOf([['a', '2']]));
  });
});
