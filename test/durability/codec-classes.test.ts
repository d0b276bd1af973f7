import { inspect } from 'node:util';
import { SuperJSON } from 'superjson';
import { describe, expect, it } from 'vitest';

import { createCodec, decode } from '../../src/durability/codec.js';
import { InvalidArgumentError, UnsupportedFormatError } from '../../src/errors/index.js';

class Money {
  constructor(
    readonly amount: number,
    readonly currency: string,
  ) {}
  get label(): string {
    return `${this.amount} ${this.currency}`;
  }
}

describe('registered classes', () => {
  const codec = createCodec({ classes: { Money } });

  it('come back as instances, shared ones as one', () => {
    const price = new Money(5, 'EUR');
    const back = codec.decode(codec.encode({ price, again: price, at: [new Money(1, 'x')] }, 'v'), 'a test') as {
      price: Money;
      again: Money;
      at: Money[];
    };
    expect(back.price).toBeInstanceOf(Money);
    expect(back.price.label).toBe('5 EUR');
    expect(back.again).toBe(back.price);
    expect(back.at[0]?.label).toBe('1 x');
  });

  it('may be errors, which stay errors', () => {
    class Declined extends Error {
      constructor(readonly reason: { readonly self?: unknown }) {
        super('declined');
      }
      get short(): string {
        return `${this.message}!`;
      }
    }
    const own = createCodec({ classes: { Declined } });
    const back = own.decode(own.encode(new Declined({ self: 1n }), 'v'), 'a test') as Declined;
    expect(back).toBeInstanceOf(Declined);
    expect(back.short).toBe('declined!');
    expect(back.reason).toEqual({ self: 1n });
    expect(Object.prototype.toString.call(back)).toBe('[object Error]');
  });

  it('that the reading side does not know are named, and are no damage', () => {
    const text = codec.encode([new Money(1, 'EUR')], 'v');
    expect(() => decode(text, 'part context/x')).toThrow(UnsupportedFormatError);
    expect(() => decode(text, 'part context/x')).toThrow(/part context\/x .*"Money"/);
  });

  it('that the reading side does not know are shown under their name where they are only to be shown', () => {
    const text = codec.encode({ price: new Money(1, 'EUR') }, 'v');
    const shown = createCodec({ isForShow: true }).decode(text, 'here') as { price: object };
    expect(shown.price).toMatchObject({ amount: 1 });
    expect(inspect(shown.price)).toMatch(/^Money \{/);
  });

  it('are refused when they can never be right', () => {
    expect(() => createCodec({ classes: { Money, Cash: Money } })).toThrow(InvalidArgumentError);
    expect(() => createCodec({ classes: { Date } })).toThrow(InvalidArgumentError);
    expect(() => createCodec({ classes: { f: (() => 1) as never } })).toThrow(InvalidArgumentError);
  });

  it('do not reach the default instance of superjson', () => {
    expect(SuperJSON.serialize({ m: new Money(1, 'x') }).meta).toBeUndefined();
  });

  it('that extend a built-in container are refused', () => {
    class Bag extends Map<string, number> {}
    const bags = createCodec({ classes: { Bag } });
    expect(() => bags.encode({ bag: new Bag() }, 'v')).toThrow(/v\.bag is an instance of Bag/);
  });
});
