import { CNS, neuron } from 'engram';
import { describe, expect, it } from 'vitest';
import { forked, places, start } from './listening.js';

describe.each(places)('cns.addResponseListener, %s', (_place, options) => {
  it('tells of every run that starts after it, beside the onResponse of the run, in the order in which they were added', async () => {
    const heard: string[] = [];
    const sink = neuron('sink', {}).dendrite({ collateral: start, response: () => undefined });
    const cns = new CNS([sink], options());
    cns.addResponseListener(({ stimulation }) => void heard.push(`first ${stimulation.id}`));
    cns.addResponseListener(({ stimulation }) => void heard.push(`second ${stimulation.id}`));
    await cns.stimulate(start.createSignal(1), { id: 'a' });
    await cns.stimulate(start.createSignal(1), { id: 'b', onResponse: () => void heard.push('own') });
    expect(heard).toEqual(['first a', 'second a', 'first b', 'second b', 'own']);
  });

  it('added during a run hears nothing of that run, whether or not somebody else listens to it', async () => {
    const heard: string[] = [];
    const cns = forked([], options());
    const late = () => void cns.addResponseListener(({ stimulation }) => void heard.push(`late ${stimulation.id}`));
    const remove = cns.addResponseListener(({ neuron }) => (neuron === 'fork' ? late() : undefined));
    await cns.stimulate(start.createSignal(1), { id: 'a' });
    expect(heard).toEqual([]);
    remove();
    await cns.stimulate(start.createSignal(1), { id: 'b' });
    expect(new Set(heard)).toEqual(new Set(['late b']));
  });

  it('removed while it is called skips nobody, and is not called again', async () => {
    const heard: string[] = [];
    const cns = forked([], options());
    const removers: (() => void)[] = [];
    for (const name of ['first', 'second', 'third']) {
      const remove = cns.addResponseListener(({ neuron }) => {
        heard.push(`${name} ${neuron}`);
        if (name === 'second') removers[1]?.();
      });
      removers.push(remove);
    }
    await cns.stimulate(start.createSignal(1), {});
    expect(heard.filter((what) => what.endsWith('fork'))).toEqual([
      'first fork',
      'second fork',
      'third fork',
      'first fork',
      'third fork',
    ]);
    expect(heard.filter((what) => what.startsWith('second'))).toEqual(['second fork']);
    expect(heard.filter((what) => what.startsWith('third'))).toHaveLength(7);
  });

  it('of one function added twice calls it twice, and removing takes one away', async () => {
    let calls = 0;
    const listener = () => void calls++;
    const sink = neuron('sink', {}).dendrite({ collateral: start, response: () => undefined });
    const cns = new CNS([sink], options());
    const remove = cns.addResponseListener(listener);
    cns.addResponseListener(listener);
    await cns.stimulate(start.createSignal(1));
    expect(calls).toBe(2);
    remove();
    remove();
    await cns.stimulate(start.createSignal(1));
    expect(calls).toBe(3);
  });

  it('refuses what is no function', () => {
    const cns = forked([], options());
    expect(() => cns.addResponseListener(7 as never)).toThrow('addResponseListener: the listener is no function');
  });
});
