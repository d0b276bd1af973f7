/** The journal on its own: what it is told, and which invariant it then says is broken. */
import { CNS, collateral, neuron } from 'engram';
import { beforeEach, describe, expect, it } from 'vitest';
import type { SaveRequest } from '../../../src/durability/store.js';
import type { Subscriber } from '../../../src/graph/graph.js';
import { FLOW } from '../../../src/propagation/operations.js';
import { Journal, Knowledge } from '../../../src/testing/simulation/journal.js';

const begin = collateral<string>('begin');
const next = collateral<string>('next');
const one = neuron('one', { next })
  .dendrite({ collateral: begin, response: (text, axon) => axon.next.createSignal(text) })
  .milestone();
const two = neuron('two', {}).dendrite({ collateral: next, response: () => undefined });
const { neurons } = new CNS([one, two])[FLOW].graph;
const [ofOne, ofTwo] = neurons.map(({ dendrites }) => dendrites[0]) as [Subscriber, Subscriber];

const FIRST = '0123456789abcdef';
const of = (n: string): Subscriber => (n === 'one' ? ofOne : ofTwo);
const textOf = (n: string, payload: string): string =>
  `{"n":1,"neuron":"${n}","dendrite":"${of(n).key}","collateral":"${of(n).channel.name}","payload":"${payload}"}`;
const settled = (activation: string, n = 'one', outcome = 'responded'): string =>
  JSON.stringify({ activation, neuron: n, dendrite: 'begin#1', outcome, emitted: [], settledAt: 0 });

let journal: Journal;
let process1: Knowledge;
beforeEach(() => {
  journal = new Journal({ holds: true, isArrival: () => false, encode: (payload) => JSON.stringify(payload) });
  process1 = new Knowledge('process 1');
  journal.onGranted(process1, 1);
  store({ seq: 1, parts: new Map([[`frontier/${FIRST}`, textOf('one', 'x')]]) });
});

function store(more: Partial<SaveRequest>, by = process1): void {
  journal.onStored(by, {
    id: 'run',
    seq: journal.stored.seq + 1,
    fence: by.fence,
    head: '',
    parent: journal.stored.seq,
    parts: new Map(),
    whole: false,
    events: [],
    ackInbox: [],
    index: { status: 'running', graph: 'flow', due: null },
    release: false,
    ...more,
  });
}
/** What `one` emits, under the id that it has. */
function child(): string {
  journal.onAnswered(process1, ofOne, `run/${FIRST}`, next.createSignal('x'));
  return process1.children.get(FIRST)?.[0] as string;
}
const broken = () => journal.violation?.invariant;
const storeChild = (cause: string): void =>
  store({
    parts: new Map([
      [`frontier/${FIRST}`, null],
      [`frontier/${cause}`, textOf('two', 'x')],
    ]),
    events: [settled(FIRST)],
  });

describe('the journal', () => {
  it('finds nothing in a run as it should be', () => {
    journal.onCalled(process1, ofOne, `run/${FIRST}`, 'x');
    const cause = child();
    storeChild(cause);
    journal.onCalled(process1, ofTwo, `run/${cause}`, 'x');
    store({ parts: new Map([[`frontier/${cause}`, null]]), events: [settled(cause, 'two')] });
    expect(journal.violation).toBe(undefined);
  });

  it('I1: what was emitted is missing', () => {
    child();
    store({ parts: new Map([[`frontier/${FIRST}`, null]]), events: [settled(FIRST)] });
    expect(broken()).toBe('I1');
  });

  it('I1: what was emitted is there before its emitter has settled', () => {
    store({ parts: new Map([[`frontier/${child()}`, textOf('two', 'x')]]) });
    expect(broken()).toBe('I1');
  });

  it('I1: a context value is there without a settlement', () => {
    store({ parts: new Map([['context/one', '1']]) });
    expect(broken()).toBe('I1');
  });

  it('I2: what was pending is gone', () => {
    store({ parts: new Map([[`frontier/${FIRST}`, null]]) });
    expect(journal.violation).toEqual({
      invariant: 'I2',
      message: `activation ${FIRST} of "one" was pending in checkpoint 1, and in checkpoint 2 it is neither pending nor settled`,
    });
  });

  it('I2: what was pending is gone from a checkpoint that is whole', () => {
    store({ whole: true });
    expect(broken()).toBe('I2');
  });

  it('I2: what was pending is run with another payload', () => {
    journal.onCalled(process1, ofOne, `run/${FIRST}`, 'y');
    expect(broken()).toBe('I2');
  });

  it('I2: the store gives back what it was not given', () => {
    journal.onLoaded(process1, { id: 'run', seq: 1, head: '', parts: new Map([['frontier/x', '']]) });
    expect(broken()).toBe('I2');
  });

  it('I2: the store gives back nothing', () => {
    journal.onLoaded(process1, undefined);
    expect(broken()).toBe('I2');
  });

  it('I3: a number that was stored before', () => {
    store({ seq: 1 });
    expect(broken()).toBe('I3');
  });

  it('I3: a fence that was given out before', () => {
    journal.onGranted(new Knowledge('process 2'), 1);
    expect(broken()).toBe('I3');
  });

  it('I4: what a milestone holds starts before the milestone is stored', () => {
    journal.onCalled(process1, ofTwo, `run/${child()}`, 'x');
    expect(broken()).toBe('I4');
  });

  it('I4: not asked where runs do not hold', () => {
    const free = new Journal({ holds: false, isArrival: () => false, encode: String });
    free.onGranted(process1, 1);
    const cause = child();
    free.onCalled(process1, ofTwo, `run/${cause}`, 'x');
    expect(free.violation).toBe(undefined);
  });

  it('I5: a checkpoint, or a call, of who has lost the run', () => {
    journal.onGranted(new Knowledge('process 2'), 2);
    store({ fence: 1 });
    expect(broken()).toBe('I5');
  });

  it('I5: a handler is called by who has lost the run', () => {
    journal.onGranted(new Knowledge('process 2'), 2);
    journal.onCalled(process1, ofOne, `run/${FIRST}`, 'x');
    expect(broken()).toBe('I5');
  });

  it('settled once: what is stored as settled is called again', () => {
    storeChild(child());
    journal.onCalled(process1, ofOne, `run/${FIRST}`, 'x');
    expect(broken()).toBe('settled once');
  });

  it('says what was broken first', () => {
    journal.violate('I1', 'first');
    journal.violate('I2', 'second');
    expect(journal.violation).toEqual({ invariant: 'I1', message: 'first' });
  });
});
