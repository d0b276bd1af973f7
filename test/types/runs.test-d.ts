import { CNS, collateral, neuron, type AwaitableStimulation, type Result, type Stimulation } from 'engram';
import { describe, expectTypeOf, it } from 'vitest';

const order = collateral<number>('order');
const cns = new CNS([neuron('n', {}).dendrite({ collateral: order, response: () => undefined })]);

describe('stimulate', () => {
  it('gives a stimulation that can be awaited for its result', () => {
    const run = cns.stimulate(order.createSignal(1));
    expectTypeOf(run).toEqualTypeOf<AwaitableStimulation>();
    expectTypeOf(run).toExtend<PromiseLike<Result>>();
    expectTypeOf<Awaited<typeof run>>().toEqualTypeOf<Result>();
    expectTypeOf(run.waitUntilComplete()).toEqualTypeOf<Promise<Result>>();
    expectTypeOf(run.status).toEqualTypeOf<
      'starting' | 'running' | 'waiting' | 'completed' | 'failed' | 'aborted' | 'suspended'
    >();
  });

  it('takes signals only, and options that there are', () => {
    cns.stimulate([order.createSignal(1)], { id: 'r', output: order, onResponse: ({ neuron }) => neuron.length });
    // @ts-expect-error -- a collateral is no signal
    cns.stimulate(order);
    // @ts-expect-error -- an id is a text
    cns.stimulate(order.createSignal(1), { id: 5 });
    // @ts-expect-error -- there is no such option
    cns.stimulate(order.createSignal(1), { concurency: 5 });
  });

  it('gives results that are read only', async () => {
    const result = await cns.stimulate(order.createSignal(1));
    expectTypeOf(result.status).toEqualTypeOf<'completed'>();
    expectTypeOf(result.output).toBeUnknown();
    expectTypeOf(result.unclaimed).toEqualTypeOf<
      readonly { readonly collateral: string; readonly payload: unknown }[]
    >();
    // @ts-expect-error -- read only
    result.id = 'x';
  });
});

describe('rehydrate', () => {
  it('gives a stimulation that is no promise: awaiting rehydrate gives the run, not its end', () => {
    expectTypeOf(cns.rehydrate('r')).toEqualTypeOf<Promise<Stimulation | undefined>>();
    expectTypeOf<Stimulation>().not.toHaveProperty('then');
    expectTypeOf<Awaited<Stimulation>>().toEqualTypeOf<Stimulation>();
  });
});
