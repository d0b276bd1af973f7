import { collateral, neuron, withCtx, type AnyNeuron } from 'engram';
import { describe, expect, it } from 'vitest';
import {
  causeText,
  deliveryCause,
  deriveCause,
  ENTRY,
  OUTSIDE,
  parseCause,
  type Caused,
} from '../../src/propagation/cause.js';
import { hashText } from '../../src/graph/hash.js';
import { graphOf } from './graph-of.js';

const nothing = () => undefined;
const fingerprintOf = (...neurons: readonly AnyNeuron[]): string => graphOf(neurons).fingerprint;

const order = () => collateral<number>('order');
const paid = () => collateral<number>('paid');

/** The same shape from parts that are made anew. */
function parts({ pay = 'pay', key = 'paid' } = {}) {
  const [in_, out] = [order(), paid()];
  return {
    in: in_,
    out,
    pay: neuron(pay, { [key]: out, order: in_ }).dendrite({ collateral: in_, response: nothing }),
    ship: neuron('ship', {}).dendrite({ collateral: out, response: nothing }),
  };
}

describe('the fingerprint of a graph', () => {
  const base = parts();
  const expected = fingerprintOf(base.pay, base.ship);

  it('is a short text, pinned: stored runs carry it', () => {
    expect(expected).toMatch(/^[\w-]{22}$/);
    expect(expected).toMatchInlineSnapshot(`"_l95K4hIDAbtTPE_1Bvt9r"`);
  });

  it('does not depend on the order of neurons, the order and the names of axon keys, or what handlers do', () => {
    const other = parts({ key: 'renamed' });
    expect(fingerprintOf(other.ship, other.pay)).toBe(expected);
    const [in_, out] = [order(), paid()];
    const turned = neuron('pay', { order: in_, paid: out }).dendrite({
      collateral: in_,
      response: async () => undefined,
    });
    const ship = neuron('ship', {}).dendrite({ collateral: out, response: () => [] });
    expect(fingerprintOf(turned, ship)).toBe(expected);
  });

  it('changes with a neuron more or less, a name, a milestone, a dendrite, and what is emitted', () => {
    const seen = new Set([expected]);
    const isNew = (...neurons: readonly AnyNeuron[]) => {
      const fingerprint = fingerprintOf(...neurons);
      expect(seen.has(fingerprint)).toBe(false);
      seen.add(fingerprint);
    };
    isNew(parts().pay);
    const more = parts();
    isNew(more.pay, more.ship, neuron('more', {}));
    const renamed = parts({ pay: 'payment' });
    isNew(renamed.pay, renamed.ship);
    const milestone = parts();
    isNew(milestone.pay.milestone(), milestone.ship);
    const twice = parts();
    isNew(twice.pay, twice.ship.dendrite({ collateral: twice.out, response: nothing }));
    const deaf = parts();
    isNew(neuron('pay', { paid: deaf.out, order: deaf.in }), deaf.ship);
    const quietly = parts();
    isNew(neuron('pay', { paid: quietly.out }).dendrite({ collateral: quietly.in, response: nothing }), quietly.ship);
  });

  it('changes with a join: its collaterals, their order, its slots, whether it is sized, and from dendrites', () => {
    const [a, b] = [order(), paid()];
    const one = () => neuron('pay', {});
    const each = [
      one().join({ a, b }, nothing),
      one().join({ b, a }, nothing),
      one().join({ other: a, b }, nothing),
      one().join({ a, b }, nothing, { size: () => 1 }),
      one().join({ a }, nothing).join({ b }, nothing),
      one().join({ a, b }, nothing).join({ a, b }, nothing),
      one().dendrite({ collateral: [a, b], response: nothing }),
    ];
    expect(new Set(each.map((pay) => fingerprintOf(pay))).size).toBe(each.length);
    expect(fingerprintOf(one().join({ a, b }, () => [], { key: () => 'k' }))).toBe(
      fingerprintOf(one().join({ a, b }, nothing)),
    );
  });

  it('changes with what is waited for, in any order, and with whether a neuron can be undone', () => {
    const [a, b] = [order(), paid()];
    const one = () => neuron('pay', {}).dendrite({ collateral: [a, b], response: nothing });
    const each = [one(), one().expects(a), one().expects(b), one().expects([a, b]), one().compensate(nothing)];
    expect(new Set(each.map((pay) => fingerprintOf(pay))).size).toBe(each.length);
    expect(fingerprintOf(one().expects([b, a]))).toBe(fingerprintOf(one().expects(a).expects(b)));
    expect(fingerprintOf(one().compensate(async () => {}))).toBe(fingerprintOf(one().compensate(nothing)));
  });

  it('does not change with limits, durations and retries', () => {
    const limited = parts();
    limited.pay.setConcurrency(2).setMaxDuration('1m').retry({ attempts: 3 });
    expect(fingerprintOf(limited.pay, limited.ship)).toBe(expected);
  });

  it('does not change with a context type or a schema', () => {
    const { in: in_, out, ship } = parts();
    const typed = withCtx<number>().neuron('pay', { paid: out, order: in_ });
    expect(fingerprintOf(typed.dendrite({ collateral: in_, response: nothing }), ship)).toBe(expected);
  });
});

describe('causes', () => {
  const derive = (parent: Readonly<Caused>, index: number, subscriber: string): Caused => {
    const target = { cause1: 0, cause2: 0 };
    deriveCause(target, parent, index, hashText(subscriber));
    return target;
  };

  it('are pinned: the ids of stored activations, and keys that users gave to other systems, are made of them', () => {
    const first = derive(ENTRY, 0, 'pay/order#0');
    const pinned = [
      first,
      derive(ENTRY, 1, 'pay/order#0'),
      derive(first, 0, 'ship/paid#0'),
      derive(OUTSIDE, 7, 'pay/order#0'),
      derive(deliveryCause('d-1'), 1, 'pay/order#0'),
      derive(derive(first, 2, 'ship/paid#1'), 0, 'log/ä#0'),
    ].map(causeText);
    expect(pinned).toMatchInlineSnapshot(`
      [
        "cb6bd2c3e12bfa1a",
        "71929f8d9b3a9bc6",
        "d0896fb62a965304",
        "03e888e12986c6e8",
        "9c11139b9f5dda73",
        "d03f795c5dedebaa",
      ]
    `);
  });

  it('are 16 hex digits, and are read back as they were', () => {
    for (let i = 0; i < 1000; i++) {
      const cause = derive(ENTRY, i, `n${i}`);
      expect(causeText(cause)).toMatch(/^[0-9a-f]{16}$/);
      const read = { cause1: 0, cause2: 0 };
      parseCause(read, causeText(cause));
      expect(read).toEqual(cause);
    }
  });

  it('of a million activations are a million: siblings, a long chain, and the same subscriber again', () => {
    const seen = new Set<bigint>();
    const key = ({ cause1, cause2 }: Caused) => (BigInt(cause1 >>> 0) << 32n) | BigInt(cause2 >>> 0);
    const subscribers = ['a/x#0', 'a/x#1', 'b/x#0', 'b/y#0'].map(hashText);
    let at: Caused = ENTRY;
    for (let level = 0; level < 25_000; level++) {
      const children: Caused[] = [];
      for (let index = 0; index < 10; index++) {
        for (const subscriber of subscribers) {
          const child = { cause1: 0, cause2: 0 };
          deriveCause(child, at, index, subscriber);
          seen.add(key(child));
          children.push(child);
        }
      }
      at = children[level % 40] as Caused;
    }
    expect(seen.size).toBe(1_000_000);
  });

  it('spread evenly: every bit of 100,000 is set about half of the time', () => {
    const counts = new Uint32Array(64);
    const subscriber = hashText('loop/next#0');
    let at: Caused = ENTRY;
    for (let i = 0; i < 100_000; i++) {
      const child = { cause1: 0, cause2: 0 };
      deriveCause(child, at, 0, subscriber);
      at = child;
      for (let bit = 0; bit < 32; bit++) {
        counts[bit] = (counts[bit] as number) + ((at.cause1 >>> bit) & 1);
        counts[bit + 32] = (counts[bit + 32] as number) + ((at.cause2 >>> bit) & 1);
      }
    }
    for (const count of counts) expect(Math.abs(count - 50_000)).toBeLessThan(1000);
  });
});
