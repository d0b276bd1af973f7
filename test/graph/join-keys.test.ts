import { collateral, InvalidArgumentError, neuron } from 'engram';
import { describe, expect, it } from 'vitest';
import type { GraphNeuron, Subscriber } from '../../src/graph/graph.js';
import { hashText } from '../../src/graph/hash.js';
import { JoinedAt } from '../../src/graph/join.js';
import { caught } from '../support/caught.js';
import { built, graphOf } from './graph-of.js';

const nothing = () => undefined;
const a = collateral<number>('a');
const b = collateral<string>('b');
const c = collateral('c');

const keysOf = ({ dendrites }: GraphNeuron) => dendrites.map(({ key, arrival }) => [key, arrival?.slot ?? null]);
const firingsOf = ({ joins }: GraphNeuron) => joins.map(({ subscriber }) => subscriber.key);

describe('the dendrites of a join', () => {
  it('are counted together with the other dendrites on their collaterals, in order of declaration', () => {
    const n = built(
      neuron('n', {})
        .dendrite({ collateral: a, response: nothing })
        .join({ left: a, right: b }, nothing)
        .dendrite({ collateral: [b, a], response: nothing })
        .join({ first: b, second: c }, nothing),
    );
    expect(keysOf(n)).toEqual([
      ['a#0', null],
      ['a#1', 'left'],
      ['b#0', 'right'],
      ['b#1', null],
      ['a#2', null],
      ['b#2', 'first'],
      ['c#0', 'second'],
    ]);
    expect(n.listens).toEqual(['a', 'b', 'c']);
  });

  it('subscribe to the channels of their collaterals like any other, and know their join', () => {
    const { channels, neurons } = graphOf([
      neuron('one', {}).dendrite({ collateral: a, response: nothing }),
      neuron('two', {}).join({ left: a, right: b }, nothing),
    ]);
    const [, two] = neurons as [GraphNeuron, GraphNeuron];
    expect(channels.get('a')?.subscribers.map(({ neuron: { name }, key }) => `${name}/${key}`)).toEqual([
      'one/a#0',
      'two/a#0',
    ]);
    for (const dendrite of two.dendrites) expect(dendrite.arrival?.join).toBe(two.joins[0]);
  });

  it('are never called plainly, while the response to a complete set may be', () => {
    const free = built(neuron('n', {}).join({ a, b }, nothing));
    expect(free.dendrites.map(({ plain }) => plain)).toEqual([false, false]);
    expect(free.joins[0]?.subscriber.plain).toBe(true);
    expect(built(neuron('n', {}).join({ a, b }, nothing).setConcurrency(1)).joins[0]?.subscriber.plain).toBe(false);
  });
});

describe('what a complete set starts', () => {
  it('is called after the collaterals of the slots and counted among the joins of the same ones', () => {
    const n = built(
      neuron('n', {})
        .join({ left: a, right: b }, nothing)
        .join({ right: b, left: a }, nothing)
        .join({ other: a, names: b }, nothing)
        .join({ c, a }, nothing),
    );
    expect(firingsOf(n)).toEqual(['a+b#0', 'b+a#0', 'a+b#1', 'c+a#0']);
    expect(n.joins.map(({ slots }) => slots)).toEqual([
      ['left', 'right'],
      ['right', 'left'],
      ['other', 'names'],
      ['c', 'a'],
    ]);
  });

  it('has a key that no dendrite has, where there is one slot only', () => {
    const n = built(
      neuron('n', {})
        .join({ all: a }, nothing, { size: () => 3 })
        .dendrite({ collateral: a, response: nothing }),
    );
    expect([...keysOf(n).map(([key]) => key), ...firingsOf(n)]).toEqual(['a#0', 'a#1', 'a+#0']);
    expect(n.joins[0]?.subscriber.channel.name).toBe('a+');
  });

  it('has a channel of its own, that the graph does not list, and the hash of its own key', () => {
    const response = () => undefined;
    const { channels, neurons } = graphOf([neuron('n', {}).join({ a, b }, response)]);
    const { subscriber, sized } = neurons[0]?.joins[0] as { subscriber: Subscriber; sized: boolean };
    expect([...channels.keys()]).toEqual(['a', 'b']);
    expect(subscriber.channel).toMatchObject({ name: 'a+b', subscribers: [subscriber], expected: false });
    expect(subscriber).toMatchObject({ key: 'a+b#0', arrival: null, ...hashText('n/a+b#0') });
    expect(subscriber.response).toBe(response);
    expect(subscriber.neuron).toBe(neurons[0]);
    expect(sized).toBe(false);
  });
});

describe('an arrival', () => {
  type Of = (payload: never, slot: string) => unknown;
  const arrive = (payload: unknown, slot: 'left' | 'right', options: { key?: Of; size?: Of }) => {
    const n = built(neuron('pair', {}).join({ left: a, right: b }, nothing, options as never));
    const dendrite = n.dendrites.find(({ arrival }) => arrival?.slot === slot) as Subscriber;
    return dendrite.response(payload, n.axon, {});
  };

  it('belongs to the one set of an empty key where there is no key, and has no size', () => {
    expect(arrive(1, 'left', {})).toEqual(new JoinedAt('', undefined));
    expect(arrive(1, 'left', {})).toBeInstanceOf(JoinedAt);
  });

  it('belongs to the set of its key, which is told the payload and the slot; a number is a text', () => {
    expect(arrive('x', 'right', { key: (payload, slot) => `${slot} ${String(payload)}` })).toEqual(
      new JoinedAt('right x', undefined),
    );
    expect(arrive(7, 'left', { key: (payload) => payload })).toEqual(new JoinedAt('7', undefined));
    expect(arrive(-0, 'left', { key: (payload) => payload })).toEqual(new JoinedAt('0', undefined));
  });

  it('says how many of its slot are wanted, where the join is sized', () => {
    expect(arrive(3, 'left', { key: () => 'k', size: (payload) => payload })).toEqual(new JoinedAt('k', 3));
    expect(arrive('x', 'right', { size: (_payload, slot) => slot.length })).toEqual(new JoinedAt('', 5));
    expect(built(neuron('n', {}).join({ a }, nothing, { size: () => 1 })).joins[0]?.sized).toBe(true);
  });

  it.each([
    ['undefined', undefined],
    ['null', null],
    ['NaN', NaN],
    ['Infinity', Infinity],
    ['an object', {}],
    ['an object', Promise.resolve('k')],
    ['true', true],
    ['1n', 1n],
  ])('fails on a key that is %s, naming neuron, slot and what came', async (shown, key) => {
    const error = await caught(() => arrive(1, 'right', { key: () => key }));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect((error as Error).message).toBe(`neuron "pair", slot "right" of a join: key gave ${shown}`);
  });

  it.each([0, -1, 1.5, NaN, Infinity, undefined, null])('fails on a size of %s', async (size) => {
    const error = await caught(() => arrive(1, 'left', { size: () => size }));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect((error as Error).message).toBe(`neuron "pair", slot "left" of a join: size gave ${String(size)}`);
  });

  it('fails with what key or size throw', () => {
    const throws = () => {
      throw new RangeError('mine');
    };
    expect(() => arrive(1, 'left', { key: throws })).toThrow(RangeError);
    expect(() => arrive(1, 'left', { size: throws })).toThrow(RangeError);
  });
});

describe('a join is refused', () => {
  it('no slots, no response, and a key or size that is no function', () => {
    const n = neuron('n', {});
    expect(() => n.join({}, nothing)).toThrow('neuron "n": a join has no slots');
    expect(() => n.join(undefined as never, nothing)).toThrow('neuron "n": a join has no slots');
    expect(() => n.join({ a }, undefined as never)).toThrow('neuron "n": a join has no response');
    expect(() => n.join({ a }, nothing, { key: 'id' as never })).toThrow(`neuron "n": a join's key is no function`);
    expect(() => n.join({ a }, nothing, { size: 3 as never })).toThrow(`neuron "n": a join's size is no function`);
    expect(built(n).dendrites).toEqual([]);
  });
});
