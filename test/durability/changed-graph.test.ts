import { CNS, collateral, GraphMismatchError, neuron, withCtx, type AnyNeuron, type CNSOptions } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { caught } from '../support/caught.js';
import { recordingLogger } from '../support/recording-logger.js';
import { storeAt } from '../support/stores.js';

interface Shape {
  readonly second?: string;
  readonly more?: readonly AnyNeuron[];
  readonly payload?: z.ZodType<{ n: number }, { n: number }>;
  readonly context?: z.ZodType<number, number>;
  readonly options?: CNSOptions;
  readonly listens?: string;
  readonly output?: string;
}

/** `first` is a milestone that writes its context; `second` is behind it. */
function flow({ second = 'second', more = [], payload, context, options, listens = 'next', output = 'out' }: Shape) {
  const logger = recordingLogger();
  const start = collateral<number>('start');
  const next = collateral<{ n: number }>('next', payload === undefined ? {} : { schema: payload });
  const elsewhere = collateral<{ n: number }>('elsewhere');
  const out = collateral<number>(output);
  const one = withCtx<number>(context)
    .neuron('first', { next, elsewhere })
    .milestone()
    .dendrite({
      collateral: start,
      response: (n, axon, ctx) => {
        ctx.set(n);
        return axon.next.createSignal({ n });
      },
    });
  const two = neuron(second, { out }).dendrite({
    collateral: listens === 'next' ? next : elsewhere,
    response: ({ n }, axon) => axon.out.createSignal(n * 2),
  });
  return { cns: new CNS([one, two, ...more], { logger, ...options }), logger, start, out };
}

/** A store with a run that died behind the milestone. */
async function died() {
  const whole = memoryStore();
  const { cns, start, out } = flow({ options: { store: whole } });
  await cns.stimulate(start.createSignal(21), { id: 'r', output: out });
  return storeAt(whole, 'r', 2);
}

async function refusal(shape: Shape): Promise<GraphMismatchError> {
  const store = await died();
  const before = await store.history('r');
  const { cns } = flow({ ...shape, options: { store, ...shape.options } });
  const error = await caught(cns.rehydrate('r'));
  expect(error).toBeInstanceOf(GraphMismatchError);
  expect(await store.history('r')).toEqual(before);
  expect((await store.list()).runs[0]?.lease).toBeNull(); // whoever has the right graph may take it at once
  return error as GraphMismatchError;
}

describe('I6: a run that was stored by another graph is refused with GraphMismatchError, which names', () => {
  it('the neuron that was renamed', async () => {
    expect((await refusal({ second: 'renamed' })).gone).toEqual(['neuron "second" is gone']);
  });

  it('the dendrite that is gone', async () => {
    expect((await refusal({ listens: 'elsewhere' })).gone).toEqual(['"second" has no dendrite "next#0"']);
  });

  it('the collateral of the output that is gone', async () => {
    expect((await refusal({ output: 'result' })).message).toContain('"out" is gone');
  });

  it('the payload that no longer fits its schema, and where', async () => {
    const { message } = await refusal({ payload: z.object({ n: z.number().max(20) }) });
    expect(message).toMatch(/a payload of "next" no longer fits its schema \(n: .*20/);
  });

  it('the context value that no longer fits its schema', async () => {
    expect((await refusal({ context: z.number().negative() })).message).toContain(
      'the context of "first" no longer fits',
    );
  });

  it('the flow that it is a run of', async () => {
    expect((await refusal({ options: { name: 'shipping' } })).message).toContain('it is a run of "flow"');
  });

  it('everything that is gone, at once', async () => {
    const error = await refusal({ second: 'renamed', output: 'result', context: z.number().negative() });
    expect(error.gone).toHaveLength(3);
  });
});

describe('a run that was stored by another graph goes on', () => {
  it('with a warning, when a neuron was added', async () => {
    const store = await died();
    const audit = neuron('audit', {}).dendrite({ collateral: collateral('audited'), response: () => undefined });
    const { cns, logger } = flow({ more: [audit], options: { store } });
    const run = await cns.rehydrate('r');
    expect(await run?.waitUntilComplete()).toMatchObject({ output: 42, context: { first: 21 } });
    expect(logger.warnings).toHaveLength(1);
    expect(logger.warnings[0]).toContain('"r" was stored by another shape of "flow"');
  });

  it('without a warning, when the graph is the same in another order', async () => {
    const store = await died();
    const { cns, logger } = flow({ options: { store } });
    expect(await (await cns.rehydrate('r'))?.waitUntilComplete()).toMatchObject({ output: 42 });
    expect(logger.warnings).toEqual([]);
  });
});
