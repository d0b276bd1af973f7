import { CNS, collateral, InvalidArgumentError, InvalidGraphError, neuron, SealedNeuronError } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { collateralNameProblem, neuronNameProblem } from '../../src/graph/names.js';

type Neurons = ConstructorParameters<typeof CNS>[0];

function problemsOf(neurons: readonly unknown[], isDurable = false): readonly string[] {
  try {
    new CNS(neurons as Neurons, isDurable ? { store: memoryStore() } : {});
  } catch (error) {
    expect(error).toBeInstanceOf(InvalidGraphError);
    return (error as InvalidGraphError).problems;
  }
  return [];
}

const nothing = () => undefined;

describe('names', () => {
  it.each(['a', '_', 'A-1', 'order_line', 'x'.repeat(200)])('a neuron may be called %s', (name) => {
    expect(neuronNameProblem(name)).toBeUndefined();
  });

  it.each([
    '',
    '1a',
    '-a',
    'a.b',
    'a:b',
    'a@b',
    'a*',
    'a b',
    'ä',
    '__proto__',
    'constructor',
    'prototype',
    'x'.repeat(201),
  ])('a neuron may not be called %j', (name) => expect(neuronNameProblem(name)).toBeDefined());

  it.each(['a', 'order.placed', '_x-1.y', 'xstate', 'doner.x'])('a collateral may be called %s', (name) => {
    expect(collateralNameProblem(name)).toBeUndefined();
  });

  it.each(['', '.a', '1', 'a:b', 'a@b', '*', 'a b', 'xstate.init', 'engram.abort', 'done.x', 'error.x', '__proto__'])(
    'a collateral may not be called %j',
    (name) => expect(collateralNameProblem(name)).toBeDefined(),
  );

  it('a collateral without a name is called after the neuron and the axon key that it comes from', () => {
    const first = neuron('first', { output: collateral() });
    const second = neuron('second', { output: collateral() }).dendrite({
      collateral: first.axon.output,
      response: nothing,
    });
    expect(new CNS([first, second]).network.collaterals).toEqual(['first.output', 'second.output']);
  });

  it('neurons and collaterals without any are numbered in a graph without a store', () => {
    const cns = new CNS([neuron({}).dendrite({ collateral: [collateral(), collateral()], response: nothing })]);
    expect(cns.network.neurons).toEqual(['neuron-1']);
    expect(cns.network.collaterals).toEqual(['collateral-1', 'collateral-2']);
  });
});

describe('I6: a graph that cannot be built is refused, for', () => {
  const out = collateral('out');

  it('no neurons', () => {
    expect(problemsOf([])).toEqual(['there are no neurons']);
  });

  it('what is no neuron', () => {
    for (const odd of [null, undefined, {}, 'n', out]) {
      expect(problemsOf([odd])).toEqual(['the entry at index 0 is no neuron; make one with neuron(name, axon)']);
    }
  });

  it('a neuron that is listed twice', () => {
    const one = neuron('one', {});
    expect(problemsOf([one, one])).toEqual(['neuron "one" is listed twice']);
  });

  it('two neurons of one name', () => {
    expect(problemsOf([neuron('one', {}), neuron('two', {}), neuron('one', {})])).toEqual([
      'two neurons are named "one" (index 0 and 2)',
    ]);
  });

  it('two collaterals of one name, wherever they are', () => {
    const one = neuron('one', { a: collateral('same') });
    const two = neuron('two', {}).dendrite({ collateral: collateral('same'), response: nothing });
    expect(problemsOf([one, two])).toEqual(['two collaterals are named "same" (the second: neuron "two", dendrite 0)']);
  });

  it('a name that no neuron or collateral may have', () => {
    const [first, second] = problemsOf([neuron('a b', { x: collateral('engram.x') })]);
    expect(first).toMatch(/^neuron "a b": a name begins with/);
    expect(second).toMatch(/^collateral "engram\.x" \(neuron "a b", axon key "x"\): the prefixes/);
  });

  it('what is no collateral', () => {
    const axon = neuron('one', { x: {} as typeof out });
    const listens = neuron('two', {}).dendrite({ collateral: 'out' as unknown as typeof out, response: nothing });
    expect(problemsOf([axon, listens])).toEqual([
      `neuron "one", axon key "x" is no collateral; make one with collateral<Payload>('name')`,
      `neuron "two", dendrite 0 is no collateral; make one with collateral<Payload>('name')`,
    ]);
  });

  it('what is no collateral in a join or in expects, by its place among all that the neuron listens to', () => {
    const odd = {} as typeof out;
    const one = neuron('one', {}).dendrite({ collateral: out, response: nothing }).join({ out, odd }, nothing);
    expect(problemsOf([one, neuron('two', {}).expects([out, odd])])).toEqual([
      `neuron "one", dendrite 2 is no collateral; make one with collateral<Payload>('name')`,
      `neuron "two", expects 1 is no collateral; make one with collateral<Payload>('name')`,
    ]);
  });

  it('a join with one collateral in two slots, or with a slot of a reserved name', () => {
    const twice = neuron('twice', {}).join({ out, again: out }, nothing);
    const reserved = neuron('reserved', {}).join({ ['__proto__']: out }, nothing);
    expect(problemsOf([twice, reserved])).toEqual([
      'neuron "twice" has a join with one collateral in two slots',
      'neuron "reserved" has a join with the slot "__proto__", a reserved name',
    ]);
  });

  it('collaterals that are only waited for or joined, without the name that a stored run would need', () => {
    const waits = () => [
      neuron('waits', {}).expects(collateral()),
      neuron('joins', {}).join({ a: collateral() }, nothing),
    ];
    expect(problemsOf(waits())).toEqual([]);
    expect(problemsOf(waits(), true)).toEqual([
      'neuron "waits", expects 0 is a collateral without a name, and a stored run refers to collaterals by name',
      'neuron "joins", dendrite 0 is a collateral without a name, and a stored run refers to collaterals by name',
    ]);
  });

  it('two collaterals of one name, of which one is only waited for', () => {
    expect(problemsOf([neuron('one', { out }).expects(collateral('out'))])).toEqual([
      'two collaterals are named "out" (the second: neuron "one", expects 0)',
    ]);
  });

  it('names that a stored run would need, and only with a store', () => {
    const nameless = () => [
      neuron({}),
      neuron('two', { kept: collateral() }).dendrite({ collateral: collateral(), response: nothing }),
    ];
    expect(problemsOf(nameless())).toEqual([]);
    expect(problemsOf(nameless(), true)).toEqual([
      'the neuron at index 0 has no name, and a stored run refers to neurons by name',
      'neuron "two", dendrite 0 is a collateral without a name, and a stored run refers to collaterals by name',
    ]);
  });

  it('every problem that there is, at once, each on a line of the message', () => {
    const twin = () => neuron('twin', {});
    const bad = [null, twin(), twin(), neuron('1', { x: collateral('x'), y: collateral('x') }), neuron({})];
    const problems = problemsOf(bad, true);
    expect(problems).toHaveLength(5);
    const message = new InvalidGraphError(problems).message;
    expect(message).toContain('5 problems');
    for (const problem of problems) expect(message).toContain(`\n  - ${problem}`);
  });
});

describe('a neuron', () => {
  const a = collateral<number>('a');
  const b = collateral<number>('b');

  it('that belongs to a CNS cannot be changed any more', () => {
    const sealed = neuron('sealed', {}).dendrite({ collateral: a, response: nothing });
    new CNS([sealed]);
    expect(() => sealed.milestone()).toThrow(SealedNeuronError);
    expect(() => sealed.dendrite({ collateral: a, response: nothing })).toThrow(/"sealed" already belongs to a CNS/);
    expect(() => sealed.bind({ a }, { a: nothing })).toThrow(SealedNeuronError);
    expect(new CNS([sealed]).network.neurons).toEqual(['sealed']); // but may be in several
  });

  it('that binds must answer each collateral of the map once: what is missing and what is too much is named', () => {
    const bind = (bindings: object) => () => neuron('n', {}).bind({ a, b }, bindings as never);
    expect(bind({ a: nothing })).toThrow(InvalidArgumentError);
    expect(bind({ a: nothing })).toThrow('no response for "b"');
    expect(bind({ a: nothing, b: nothing, c: nothing })).toThrow('no collateral for "c"');
    expect(bind({ a: nothing, c: nothing })).toThrow('no response for "b"; no collateral for "c"');
    expect(bind({ a: nothing, b: {} })).toThrow('the binding of "b" has no response');
    expect(bind({ a: nothing, b: 5 })).toThrow('the binding of "b" has no response');
    expect(bind(Object.create({ a: nothing, b: nothing }) as object)).toThrow('no response for "a", "b"');
  });

  it('that binds the axon of another hears each of its collaterals with the response of its own', () => {
    const heard: string[] = [];
    const source = neuron('source', { a, b });
    const bound = neuron('bound', {}).bind(source.axon, {
      a: (n) => void heard.push(`a ${n}`),
      b: { response: (n) => void heard.push(`b ${n}`) },
    });
    new CNS([source, bound]).stimulate([b.createSignal(2), a.createSignal(1)]);
    expect(heard).toEqual(['b 2', 'a 1']);
  });

  it('is refused a dendrite on no collateral, or without a response, and an axon that is none', () => {
    expect(() => neuron('n', {}).dendrite({ collateral: [], response: nothing })).toThrow('listens to no collateral');
    expect(() => neuron('n', {}).dendrite({ collateral: a } as never)).toThrow(
      'neuron "n": a dendrite has no response',
    );
    expect(() => neuron('n', undefined as never)).toThrow('neuron "n" has no axon');
    expect(() => neuron('n', null as never)).toThrow(InvalidArgumentError);
  });

  it('with a list of collaterals has a dendrite for each, and one for each time that it names one', () => {
    let calls = 0;
    const many = neuron('many', {}).dendrite({ collateral: [a, b, a], response: () => void (calls += 1) });
    const run = new CNS([many]).stimulate([a.createSignal(1), b.createSignal(1)]);
    expect([run.status, calls]).toEqual(['completed', 3]);
  });
});
