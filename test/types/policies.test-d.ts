import {
  CNS,
  collateral,
  neuron,
  neuronFactory,
  withGlobal,
  type AnyNeuron,
  type Neuron,
  type NeuronContext,
  type Signal,
  type StimulationHandle,
} from 'engram';
import { describe, expectTypeOf, it } from 'vitest';

const order = collateral<number>('order');
const paid = collateral<number>('paid');

describe('the setters of a neuron', () => {
  it('take numbers and durations', () => {
    neuron('n', {}).setConcurrency(2).setMaxDuration('10s').setMaxDuration(500).milestone();
    // @ts-expect-error -- a text is no number
    neuron('n', {}).setConcurrency('2');
    // @ts-expect-error -- no duration
    neuron('n', {}).setMaxDuration('10 seconds');
  });

  it('take a retry policy, of which only attempts must be there', () => {
    neuron('n', {}).retry({ attempts: 3 });
    neuron('n', {}).retry({
      attempts: 3,
      backoff: 'linear',
      initial: '1s',
      max: 60_000,
      jitter: 0.5,
      retryIf: (error, attempt) => {
        expectTypeOf(error).toBeUnknown();
        expectTypeOf(attempt).toBeNumber();
        return attempt < 2;
      },
    });
    // @ts-expect-error -- attempts are missing
    neuron('n', {}).retry({ backoff: 'linear' });
    // @ts-expect-error -- there is no such backoff
    neuron('n', {}).retry({ attempts: 3, backoff: 'cubic' });
    // @ts-expect-error -- no duration
    neuron('n', {}).retry({ attempts: 3, initial: 'soon' });
    // @ts-expect-error -- it answers at once
    neuron('n', {}).retry({ attempts: 3, retryIf: async () => true });
    // @ts-expect-error -- there is no such option
    neuron('n', {}).retry({ attempts: 3, maxAttempts: 5 });
  });

  it('keep the type of the neuron', () => {
    const n = neuron('n', { paid });
    expectTypeOf(n.setConcurrency(1)).toEqualTypeOf(n);
    expectTypeOf(n.setMaxDuration(1)).toEqualTypeOf(n);
    expectTypeOf(n.retry({ attempts: 1 })).toEqualTypeOf(n);
    expectTypeOf(n.expects(order)).toEqualTypeOf(n);
    expectTypeOf(n.compensate(() => undefined)).toEqualTypeOf(n);
  });

  it('give a neuron that may be declared by its axon alone', () => {
    const declared: Neuron<{ paid: typeof paid }> = neuron('n', { paid })
      .dendrite({ collateral: order, response: () => undefined })
      .join({ order }, () => undefined)
      .setConcurrency(1);
    declared.compensate((payload) => void expectTypeOf(payload).toBeUnknown());
    const none: Neuron<{ paid: typeof paid }> = neuron('n', { paid });
    expectTypeOf(none.axon.paid).toEqualTypeOf<typeof paid>();
  });
});

interface Services {
  readonly db: string;
}

describe('neuronFactory', () => {
  it('types the context value and the global', () => {
    const factory = neuronFactory<{ count: number }, Services>();
    const counts = factory.neuron('counts', { paid }).dendrite({
      collateral: order,
      response: (_o, axon, ctx) => {
        expectTypeOf(ctx.get()).toEqualTypeOf<{ count: number } | undefined>();
        expectTypeOf(ctx.global).toEqualTypeOf<Services>();
        return axon.paid.createSignal(1);
      },
    });
    new CNS([counts], {}, { db: 'x' });
    // @ts-expect-error -- the global is forgotten
    new CNS([counts]);
    expectTypeOf(factory.neuron({ paid })).toEqualTypeOf<
      Neuron<{ paid: typeof paid }, { count: number }, Services, never>
    >();
  });
});

describe('a list of neurons', () => {
  it('of any kind may be in a CNS, where none asks for a global', () => {
    const all: AnyNeuron[] = [
      neuron('one', { paid }),
      neuron('two', {}).dendrite({ collateral: paid, response: () => undefined }),
    ];
    new CNS(all);
    new CNS(all, {});
  });

  it('says which global it asks for', () => {
    const uses = withGlobal<Services>().neuron('uses', {});
    // @ts-expect-error -- it asks for one
    const none: AnyNeuron[] = [uses];
    const all: AnyNeuron<Services>[] = [uses, neuron('plain', {})];
    new CNS(all, {}, { db: 'x' });
    // @ts-expect-error -- it is forgotten
    new CNS(all);
    // @ts-expect-error -- it does not fit
    new CNS(all, {}, { db: 1 });
    expectTypeOf(none).toBeArray();
  });
});

describe('what a handler is given', () => {
  type Given = NeuronContext<number, Services>;

  it('says where it is: attempt, run, and what the run was started with', () => {
    expectTypeOf<Given['attempt']>().toBeNumber();
    expectTypeOf<Given['abortSignal']>().toEqualTypeOf<AbortSignal>();
    expectTypeOf<Given['undoes']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<Given['modality']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<Given['afferentPath']>().toEqualTypeOf<string | undefined>();
    expectTypeOf<Given['stimulationContext']>().toBeUnknown();
    expectTypeOf<Given['cns']>().toBeUnknown();
    expectTypeOf<Given['stimulation']>().toEqualTypeOf<StimulationHandle | undefined>();
    expectTypeOf<ReturnType<StimulationHandle['signal']>>().toEqualTypeOf<Promise<void>>();
  });

  it('starts a child with what that takes, and gets what that gives', () => {
    const child = {
      stimulate: (signal: Signal | readonly Signal[], options: { readonly id?: string } = {}) => ({ signal, options }),
    };
    neuron('n', {}).dendrite({
      collateral: order,
      response: (_o, _axon, ctx) => {
        const run = ctx.stimulate(child, order.createSignal(1), { id: 'x' });
        expectTypeOf(run).toEqualTypeOf<ReturnType<typeof child.stimulate>>();
        ctx.stimulate(child, [order.createSignal(1)]);
        // @ts-expect-error -- a collateral is no signal
        ctx.stimulate(child, order);
        // @ts-expect-error -- there is no such option
        ctx.stimulate(child, order.createSignal(1), { ids: 'x' });
        // @ts-expect-error -- that cannot be stimulated
        ctx.stimulate({}, order.createSignal(1));
      },
    });
  });
});
