import {
  CNS,
  collateral,
  GraphMismatchError,
  neuron,
  withCtx,
  type AnyNeuron,
  type CNSOptions,
  type Migrate,
} from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { caught } from '../support/caught.js';
import { recordingLogger } from '../support/recording-logger.js';
import { storeAt, withOverrides } from '../support/stores.js';

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

  it('the payload that does not fit its schema, and where', async () => {
    const { message } = await refusal({ payload: z.object({ n: z.number().max(20) }) });
    expect(message).toMatch(/a payload of "next" does not fit its schema \(n: .*20/);
  });

  it('the context value that does not fit its schema', async () => {
    expect((await refusal({ context: z.number().negative() })).message).toContain(
      'the context of "first" does not fit',
    );
  });

  it('the flow that it is a run of', async () => {
    expect((await refusal({ options: { name: 'shipping' } })).message).toContain('it is a run of "flow"');
  });

  it('everything that is gone, at once', async () => {
    const error = await refusal({ second: 'renamed', output: 'result', context: z.number().negative() });
    expect([error.gone.length, error.misfits.length]).toEqual([2, 1]);
    expect(error.message).toContain('run "r" was stored by another graph: ');
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

describe('a run with a value that no schema of the graph takes', () => {
  it('is refused with a hint that says where schemas are not asked: what a handler emits and keeps', async () => {
    const store = await died();
    const { cns } = flow({ context: z.number().negative(), options: { store } });
    const error = (await caught(cns.rehydrate('r'))) as GraphMismatchError;
    expect([error.gone, error.misfits]).toEqual([[], [expect.stringContaining('the context of "first" does not fit')]]);
    expect(error.message).toContain('run "r" holds what this graph does not take');
    expect(error.hint).toContain('schemas are not asked of what its own neurons emit and keep');
    expect(error.hint).not.toContain('bring back what is gone');
  });
});

describe('migrate', () => {
  const renamed: Migrate = ({ context }) => ({
    ...context,
    frontier: context.frontier.map((one) => (one.neuron === 'second' ? { ...one, neuron: 'renamed' } : one)),
    values: { first: Number(context.values['first']) + 1 },
  });

  it('brings a stored run into the shape of the graph: it goes on, is told of, and is stored as it is now', async () => {
    const store = await died();
    const asked: unknown[] = [];
    const migrate: Migrate = (stored) => {
      asked.push(stored.graph.name, stored.context.frontier.length);
      return renamed(stored);
    };
    const { cns, logger } = flow({ second: 'renamed', options: { store, migrate } });
    const run = await cns.rehydrate('r');
    expect(await run?.waitUntilComplete()).toMatchObject({ output: 42, context: { first: 22 } });
    expect(asked).toEqual(['flow', 1]);
    expect(logger.warnings).toEqual(['run "r" was stored by another shape of "flow", and was migrated']);
    const migrated = await store.load('r', 3);
    expect([...(migrated?.parts ?? [])].map(([name]) => name.replace(/\/\w{16}$/, ''))).toEqual(
      expect.arrayContaining(['entry', 'run', 'context/first', 'frontier']),
    );
    const plain = flow({ second: 'renamed', options: { store } });
    expect(await (await plain.cns.rehydrate('r'))?.waitUntilComplete()).toMatchObject({ context: { first: 22 } });
    expect(plain.logger.warnings).toEqual([]);
  });

  it('I4: that cannot be stored leaves the run as it is, with SaveFailedError', async () => {
    const store = await died();
    const refuses = withOverrides(store, { save: () => Promise.reject(new RangeError('disk full')) });
    const { cns } = flow({ second: 'renamed', options: { store: refuses, migrate: renamed } });
    expect(await caught(cns.rehydrate('r'))).toMatchObject({ code: 'SAVE_FAILED' });
    expect(await store.history('r')).toEqual([2, 1]);
    expect((await store.list()).runs[0]?.lease).toBeNull();
  });

  it('is not asked about a run of the same shape, and leaves one alone for which it gives nothing', async () => {
    const same = flow({ options: { store: await died(), migrate: () => expect.fail('asked') } });
    expect(await (await same.cns.rehydrate('r'))?.waitUntilComplete()).toMatchObject({ output: 42 });
    const error = await refusal({ second: 'renamed', options: { migrate: () => undefined } });
    expect(error.gone).toEqual(['neuron "second" is gone']);
  });

  it('that leaves what the graph does not have is refused with GraphMismatchError', async () => {
    const migrate: Migrate = ({ context }) => ({ ...context, values: { nobody: 1 } });
    const error = await refusal({ second: 'renamed', options: { migrate } });
    expect(error.gone).toEqual([
      'neuron "second" is gone',
      'neuron "nobody", which has a stored context value, is gone',
    ]);
  });
});
