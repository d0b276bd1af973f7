import fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import { digestOf, StateDigest } from '../../src/durability/digest.js';

// printf 'a\0{}' | sha256sum
const SHA_OF_A = '6d8a39a291dba279b0299a38b5835a23958de12a951f847f1f5ec91e743b3ad4';
const EMPTY = 'A'.repeat(43);
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
        const digest = new StateDigest();
        const state = new Map<string, string>();
        for (const [name, text] of changes) {
          if (text === null) {
            digest.delete(name);
            state.delete(name);
          } else {
            digest.set(name, text);
            state.set(name, text);
          }
          expect(digest.toString()).toBe(digestOf(state));
        }
        for (const name of state.keys()) digest.delete(name);
        expect(digest.toString()).toBe(EMPTY);
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

  it('is 43 characters of base64url, and that of one part is its sha-256', () => {
    expect(digestOf([])).toBe(EMPTY);
    expect(Buffer.from(digestOf([['a', '{}']]), 'base64url').toString('hex')).toBe(SHA_OF_A);
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
