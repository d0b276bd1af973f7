import { CNS, collateral, neuron, type StimulateOptions, type StimulationFailedError } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { begin, failuresOf, forms } from '../support/forms.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';

const go = collateral<number>('go');
const left = collateral<string>('left');
const right = collateral<string>('right');

/** Emits what it listens to, for ever. */
const loop = (trace: string[], isAsync = false) =>
  neuron('loop', { go }).dendrite({
    collateral: go,
    response: (n, axon) => {
      trace.push(`loop ${n}`);
      const next = axon.go.createSignal(n + 1);
      return isAsync ? Promise.resolve(next) : next;
    },
  });

describe.each(forms)('maxNeuronHops, %s', (form) => {
  it.each([['sync', false] as const, ['async', true] as const])(
    'stops a %s self-loop: as many visits as the limit, and the next one is a failed activation',
    async (_how, isAsync) => {
      const trace: string[] = [];
      const run = begin(form, new CNS([loop(trace, isAsync)]), go.createSignal(1), { maxNeuronHops: 3 });
      await quiet();
      expect(trace).toEqual(['loop 1', 'loop 2', 'loop 3']);
      expect(run.context).toMatchObject({ status: 'failed', settled: 4, frontier: [], hops: { loop: 4 } });
      expect(run.context.failed).toMatchObject([
        { neuron: 'loop', dendrite: 'go#0', payload: 4, aborted: false, error: { neuron: 'loop', maxNeuronHops: 3 } },
      ]);
      expect(failuresOf(run)).toEqual(['loop HOP_LIMIT']);
    },
  );

  it('refuses the one over it, and everything else runs on, what the refused answer emitted beside it as well', () => {
    const trace: string[] = [];
    const fork = neuron('fork', { left, right }).dendrite({
      collateral: go,
      response: (n, axon) => {
        trace.push(`fork ${n}`);
        return [axon.left.createSignal(`l${n}`), axon.right.createSignal(`r${n}`)];
      },
    });
    const few = neuron('few', { go }).dendrite({
      collateral: left,
      response: (text, axon) => {
        trace.push(`few ${text}`);
        return text === 'l3' ? undefined : axon.go.createSignal(Number(text.slice(1)) + 1);
      },
    });
    const many = neuron('many', {}).dendrite({
      collateral: [right, go],
      response: (what) => void trace.push(`many ${what}`),
    });
    const run = begin(form, new CNS([fork, few, many]), go.createSignal(1), { maxNeuronHops: 3 });
    // `many` is reached by go 1, r1, go 2, r2, go 3, r3: the last three are too many
    expect(trace).toEqual(['fork 1', 'many 1', 'few l1', 'many r1', 'fork 2', 'many 2', 'few l2', 'fork 3', 'few l3']);
    expect(failuresOf(run)).toEqual(['many HOP_LIMIT', 'many HOP_LIMIT', 'many HOP_LIMIT']);
    expect(run.context.failed.map(({ dendrite, payload }) => [dendrite, payload])).toEqual([
      ['right#0', 'r2'],
      ['go#0', 3],
      ['right#0', 'r3'],
    ]);
    expect(run.context).toMatchObject({ status: 'failed', hops: { fork: 3, few: 3, many: 6 }, settled: 12 });
  });

  it('counts visits by entry signals and by all dendrites of a neuron together', () => {
    const trace: string[] = [];
    const sink = neuron('sink', {})
      .dendrite({ collateral: go, response: (n) => void trace.push(`go ${n}`) })
      .dendrite({ collateral: left, response: (text) => void trace.push(text) });
    const signals = [go.createSignal(1), left.createSignal('l'), go.createSignal(2)];
    const run = begin(form, new CNS([sink]), signals, { maxNeuronHops: 2 });
    expect(trace).toEqual(['go 1', 'l']);
    expect(run.context).toMatchObject({ status: 'failed', settled: 3, hops: { sink: 3 } });
  });

  it('of exactly what is visited lets the run complete, and without a limit nothing is counted', () => {
    const trace: string[] = [];
    const sink = neuron('sink', {}).dendrite({ collateral: go, response: (n) => void trace.push(`go ${n}`) });
    const signals = [go.createSignal(1), go.createSignal(2)];
    expect(begin(form, new CNS([sink]), signals, { maxNeuronHops: 2 }).context).toMatchObject({
      status: 'completed',
      hops: { sink: 2 },
    });
    const free = begin(form, new CNS([loopTo(5, trace)]), go.createSignal(1)).context;
    expect(free.status).toBe('completed');
    expect('hops' in free).toBe(false);
  });

  it('counts a visit once, however often it is attempted', async () => {
    const attempts: number[] = [];
    const clock = new ManualClock();
    const weak = neuron('weak', {})
      .retry({ attempts: 3, backoff: 'constant', initial: 10 })
      .dendrite({
        collateral: go,
        response: (_n, _axon, { attempt }) => {
          attempts.push(attempt);
          if (attempt < 3) throw new RangeError('weak');
        },
      });
    const run = begin(form, new CNS([weak], { clock }), go.createSignal(1), { maxNeuronHops: 1 });
    await clock.pass(20);
    expect(attempts).toEqual([1, 2, 3]);
    expect(run.context).toMatchObject({ status: 'completed', hops: { weak: 1 }, settled: 1 });
  });

  it('counts what a join fires, not what arrives at it', () => {
    const trace: string[] = [];
    const both = neuron('both', {}).join({ left, right }, ({ left: l, right: r }) => void trace.push(`${l}+${r}`));
    const signals = ['1', '2'].flatMap((k) => [left.createSignal(`l${k}`), right.createSignal(`r${k}`)]);
    const run = begin(form, new CNS([both]), signals, { maxNeuronHops: 1 });
    expect(trace).toEqual(['l1+r1']);
    expect(run.context).toMatchObject({ status: 'failed', hops: { both: 2 } });
    expect(run.context.failed).toMatchObject([{ dendrite: 'left+right#0', payload: { left: 'l2', right: 'r2' } }]);
  });
});

/** A loop that ends by itself. */
const loopTo = (last: number, trace: string[]) =>
  neuron('loop', { go }).dendrite({
    collateral: go,
    response: (n, axon) => {
      trace.push(`loop ${n}`);
      return n < last ? axon.go.createSignal(n + 1) : undefined;
    },
  });

describe.each(forms)('maxFrontier, %s', (form) => {
  const items = (trace: string[]) => {
    const fan = neuron('fan', { left }).dendrite({
      collateral: go,
      response: (n, axon) => Array.from({ length: n }, (_, i) => axon.left.createSignal(`item ${i}`)),
    });
    const work = neuron('work', {}).dendrite({ collateral: left, response: (item) => void trace.push(item) });
    return new CNS([fan, work]);
  };

  it('refuses each activation that would be one too many, and what fits runs', () => {
    const trace: string[] = [];
    const run = begin(form, items(trace), go.createSignal(5), { maxFrontier: 3 });
    expect(trace).toEqual(['item 0', 'item 1', 'item 2']);
    expect(failuresOf(run)).toEqual(['work FRONTIER_LIMIT', 'work FRONTIER_LIMIT']);
    expect(run.context.failed.map(({ payload, aborted }) => [payload, aborted])).toEqual([
      ['item 3', false],
      ['item 4', false],
    ]);
    expect(run.context).toMatchObject({ status: 'failed', settled: 6, frontier: [] });
  });

  it('of exactly what is unsettled at once lets the run complete, as often as it is reached', () => {
    const trace: string[] = [];
    const run = begin(form, items(trace), [go.createSignal(2), go.createSignal(1)], { maxFrontier: 3 });
    expect(run.context).toMatchObject({ status: 'completed', settled: 5 });
    expect(trace).toEqual(['item 0', 'item 1', 'item 0']);
  });

  it('counts what waits for a time as unsettled', async () => {
    const clock = new ManualClock();
    const trace: string[] = [];
    const later = neuron('later', { left }).dendrite({
      collateral: go,
      response: (n, axon) => Array.from({ length: n }, (_, i) => axon.left.createSignal(`item ${i}`, { delay: 10 })),
    });
    const work = neuron('work', {}).dendrite({ collateral: left, response: (item) => void trace.push(item) });
    const run = begin(form, new CNS([later, work], { clock }), go.createSignal(3), { maxFrontier: 2 });
    expect(failuresOf(run)).toEqual(['work FRONTIER_LIMIT']);
    await clock.pass(10);
    expect(trace).toEqual(['item 0', 'item 1']);
    expect(run.context.status).toBe('failed');
  });
});

it('the frontier holds a million activations unless told otherwise; one more is a failed activation', async () => {
  const fan = neuron('fan', { left }).dendrite({
    collateral: go,
    response: (n, axon) => {
      const signal = axon.left.createSignal('item');
      return Array.from({ length: n }, () => signal);
    },
  });
  let worked = 0;
  const work = neuron('work', {}).dendrite({ collateral: left, response: () => void worked++ });
  const run = new CNS([fan, work]).stimulate(go.createSignal(1_000_001));
  const error = (await caught(run)) as StimulationFailedError;
  expect(worked).toBe(1_000_000);
  expect(error.errors).toMatchObject([{ code: 'FRONTIER_LIMIT', maxFrontier: 1_000_000 }]);
});

it('what is over the limit names the neuron, the limit and what to do, in the rejection', async () => {
  const trace: string[] = [];
  const run = new CNS([loop(trace)]).stimulate(go.createSignal(1), { maxNeuronHops: 1 });
  const error = (await caught(run)) as StimulationFailedError;
  expect(error.message).toContain('neuron "loop" was reached more than 1 times');
  expect(error.errors).toMatchObject([{ code: 'HOP_LIMIT', hint: expect.stringContaining('maxNeuronHops') as string }]);
});

describe.each(['maxNeuronHops', 'maxFrontier', 'concurrency'] as const)('%s', (option) => {
  const bad = [0, -1, 1.5, Number.NaN, Number.POSITIVE_INFINITY, '3' as unknown as number, null as unknown as number];

  it.each(bad)('of %s is refused at once, and nothing has started or is stored', async (value) => {
    const trace: string[] = [];
    const store = memoryStore();
    const cns = new CNS([loop(trace)], { store, logger: recordingLogger() });
    const options = { id: 'run', [option]: value } as StimulateOptions;
    expect(() => cns.stimulate(go.createSignal(1), options)).toThrow(
      expect.objectContaining({
        code: 'INVALID_ARGUMENT',
        message: expect.stringContaining(option) as string,
      }) as Error,
    );
    expect(() => cns.activate([], options)).toThrow(`activate: ${option}`);
    await quiet();
    expect(trace).toEqual([]);
    expect((await store.list({})).runs).toEqual([]);
  });
});
