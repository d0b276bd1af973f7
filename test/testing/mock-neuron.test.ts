import { CNS, collateral, neuron, withCtx } from 'engram';
import { mockNeuron } from 'engram/testing';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';

const go = collateral<number>('go');
const more = collateral<string>('more');
const one = collateral<string>('one');
const two = collateral<number>('two');
const real = (): never => {
  throw new TypeError('the real handler was run');
};

describe('mockNeuron', () => {
  it('answers in the place of every handler, typed by the axon, and notes what it got', async () => {
    const work = withCtx<number>()
      .neuron('work', { one })
      .dendrite({ collateral: go, response: real })
      .dendrite({ collateral: more, response: real });
    const seen: string[] = [];
    const read = neuron('read', {}).dendrite({ collateral: one, response: (text) => void seen.push(text) });
    const mocked = mockNeuron(work, (payload, axon, ctx) => {
      ctx.set(1);
      // @ts-expect-error a signal of a collateral that is not in the axon
      const _wrong: ReturnType<typeof axon.one.createSignal> = two.createSignal(1);
      return axon.one.createSignal(`got ${payload satisfies number | string}`);
    });
    const { context } = await new CNS([mocked, read]).stimulate([go.createSignal(5), more.createSignal('x')]);
    expect(seen).toEqual(['got 5', 'got x']);
    expect(context).toEqual({ work: 1 });
    expect(mocked.calls.map(({ got, payload }) => [got, payload])).toEqual([
      ['go', 5],
      ['more', 'x'],
    ]);
  });

  it('keeps the name, the joins and the policies, and answers nothing unless told', async () => {
    const work = neuron('work', { one })
      .join({ go, more }, real, { key: () => 'k' })
      .milestone()
      .setConcurrency(1);
    const mocked = mockNeuron(work);
    const cns = new CNS([mocked]);
    expect(cns.network.neurons).toEqual(['work']);
    expect((await cns.stimulate([go.createSignal(5), more.createSignal('x')])).status).toBe('completed');
    expect(mocked.calls.map(({ got, payload }) => [got, payload])).toEqual([['go+more', { go: 5, more: 'x' }]]);
  });

  it('undoes nothing, and notes that it was asked to', async () => {
    const work = neuron('work', { one }).dendrite({ collateral: go, response: real }).compensate(real);
    const mocked = mockNeuron(work, (_payload, axon) => axon.one.createSignal('x'));
    const fails = neuron('fails', {}).dendrite({ collateral: one, response: real });
    await caught(new CNS([mocked, fails]).stimulate(go.createSignal(5)));
    expect(mocked.undone.map(({ got, payload }) => [got, payload])).toEqual([['undo', 5]]);
  });
});
