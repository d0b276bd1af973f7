import { CNS, collateral, neuron, StimulationFailedError, withCtx, type CNSOptions, type ResponseInfo } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { recordingLogger } from '../support/recording-logger.js';

const start = collateral<number>('start');
const left = collateral<string>('left');
const right = collateral<string>('right');

/** `fork` answers with two signals; `sink` with none; `weak` fails on `right`. */
function flow(options: CNSOptions = {}) {
  const fork = withCtx<number>()
    .neuron('fork', { left, right })
    .dendrite({
      collateral: start,
      response: (n, axon, ctx) => {
        ctx.set(n);
        return [axon.left.createSignal('l'), axon.right.createSignal('r')];
      },
    });
  const sink = neuron('sink', {}).dendrite({ collateral: left, response: async () => undefined });
  const weak = neuron('weak', {}).dendrite({
    collateral: right,
    response: () => {
      throw new RangeError('weak');
    },
  });
  return new CNS([fork, sink, weak], { logger: recordingLogger(), ...options });
}

const keep = (info: ResponseInfo): ResponseInfo => ({ ...info }); // reads what is read when asked for

describe.each([
  ['in memory', () => ({})],
  ['inspected', () => ({ inspect: () => undefined })],
  ['with a store', () => ({ store: memoryStore() })],
])('onResponse, %s', (_where, options: () => CNSOptions) => {
  it('is called once per signal, once for an answer of none, and once for a failure, with what came in and out', async () => {
    const heard: ResponseInfo[] = [];
    const run = flow(options()).stimulate(start.createSignal(7), { onResponse: (info) => heard.push(keep(info)) });
    await caught(run);
    const told = heard.map(({ neuron, inputSignal, outputSignal, error }) => [
      neuron,
      inputSignal.collateral,
      inputSignal.payload,
      outputSignal?.collateral.name,
      outputSignal?.payload,
      error === undefined ? undefined : (error as Error).message,
    ]);
    expect(told.slice(0, 2)).toEqual([
      ['fork', 'start', 7, 'left', 'l', undefined],
      ['fork', 'start', 7, 'right', 'r', undefined],
    ]);
    expect(told.slice(2).sort()).toEqual([
      ['sink', 'left', 'l', undefined, undefined, undefined],
      ['weak', 'right', 'r', undefined, undefined, 'weak'],
    ]);
    expect(heard[0]?.contextValue).toBe(7);
    expect(heard[0]?.activationId).toBe(heard[1]?.activationId);
    expect(new Set(heard.map(({ activationId }) => activationId)).size).toBe(3);
  });

  it('sees a queueLength that is pending + active, never negative, and 0 exactly on the last response', async () => {
    const lengths: number[] = [];
    const onResponse = ({ queueLength, pendingActivations, activeActivations }: ResponseInfo) => {
      expect(queueLength).toBe(pendingActivations + activeActivations);
      lengths.push(queueLength);
    };
    await caught(flow(options()).stimulate([start.createSignal(1), start.createSignal(2)], { onResponse }));
    expect(lengths).toHaveLength(8);
    expect(lengths.at(-1)).toBe(0);
    expect(lengths.slice(0, -1).every((length) => length > 0)).toBe(true);
  });

  it('that throws rejects the run at its end, after everything else has run, with the listener error among the causes', async () => {
    const heard: string[] = [];
    const onResponse = ({ neuron }: ResponseInfo) => {
      heard.push(neuron);
      if (neuron === 'fork') throw new TypeError('listener');
    };
    const run = flow(options()).stimulate(start.createSignal(1), { onResponse });
    const error = (await caught(run)) as StimulationFailedError;
    expect(error).toBeInstanceOf(StimulationFailedError);
    expect(error.errors.map((cause) => (cause as Error).message)).toEqual(['weak', 'listener', 'listener']);
    expect(error.message).toContain('a response listener threw: listener');
    expect([...heard].sort()).toEqual(['fork', 'fork', 'sink', 'weak']);
    expect(run.getFailedTasks()).toHaveLength(1);
  });
});

it('onResponse counts the signals of an answer that are still to be told: 0 only for the very last', async () => {
  const lengths: number[] = [];
  const ends = neuron('ends', { left, right }).dendrite({
    collateral: start,
    response: (_n, axon) => [axon.left.createSignal('a'), axon.right.createSignal('b'), axon.left.createSignal('c')],
  });
  const onResponse = ({ queueLength }: ResponseInfo) => lengths.push(queueLength);
  await new CNS([ends]).stimulate(start.createSignal(1), { onResponse });
  expect(lengths).toEqual([2, 1, 0]);
});

it('onResponse tells of each activation between hops: what follows has not run yet', () => {
  const trace: string[] = [];
  const second = collateral('second');
  const one = neuron('one', { second }).dendrite({
    collateral: start,
    response: (_n, axon) => {
      trace.push('one');
      return axon.second.createSignal();
    },
  });
  const two = neuron('two', {}).dendrite({ collateral: second, response: () => void trace.push('two') });
  new CNS([one, two]).stimulate(start.createSignal(1), { onResponse: ({ neuron }) => trace.push(`heard ${neuron}`) });
  expect(trace).toEqual(['one', 'heard one', 'two', 'heard two']);
});

it('onResponse may start further runs', async () => {
  const cns = flow();
  const more: unknown[] = [];
  const onResponse = ({ neuron }: ResponseInfo) => {
    if (neuron === 'sink') more.push(caught(cns.stimulate(start.createSignal(1))));
  };
  await caught(cns.stimulate(start.createSignal(1), { onResponse }));
  expect(await Promise.all(more)).toMatchObject([{ code: 'STIMULATION_FAILED' }]);
});
