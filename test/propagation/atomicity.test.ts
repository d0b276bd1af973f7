import { runInNewContext } from 'node:vm';
import { CNS, collateral, neuron, withCtx, type CNSOptions } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';

const start = collateral<number>('start');
const next = collateral<number>('next');

type Context = Parameters<
  Parameters<ReturnType<ReturnType<typeof withCtx<number>>['neuron']>['dendrite']>[0]['response']
>[2];
type Handler = (n: number, ctx: Context) => unknown;

/** One neuron with a number as its context, and a second that sees what was committed when `next` comes. */
function run(handler: Handler, entries: readonly number[] = [1], options: CNSOptions = {}) {
  const work = withCtx<number>()
    .neuron('work', { next })
    .dendrite({ collateral: start, response: (n, _axon, ctx) => handler(n, ctx) as undefined });
  const sink = neuron('sink', {}).dendrite({ collateral: next, response: () => undefined });
  const cns = new CNS([work, sink], { logger: recordingLogger(), ...options });
  return cns.stimulate(entries.map((n) => start.createSignal(n)));
}

const contextOf = async (handler: Handler, entries?: readonly number[], options?: CNSOptions): Promise<unknown> => {
  const stimulation = run(handler, entries, options);
  await stimulation.waitUntilComplete().catch(() => undefined);
  return stimulation.getContext().getAll();
};

const forms: readonly (readonly [string, () => CNSOptions])[] = [
  ['without an actor', () => ({})],
  ['inspected', () => ({ inspect: () => undefined })],
  ['with a store', () => ({ store: memoryStore() })],
];

describe.each(forms)('I1: context writes, %s', (_form, options) => {
  it('are seen by the handler that makes them, and by nobody else before it settles', async () => {
    const read: unknown[] = [];
    const values = await contextOf(
      async (n, ctx) => {
        read.push(ctx.get());
        ctx.set(n);
        read.push(ctx.get());
        await null;
        ctx.update((value = 0) => value * 10);
        read.push(ctx.get());
      },
      [1, 2],
      options(),
    );
    expect(read).toEqual([undefined, 1, undefined, 2, 10, 20]);
    expect(values).toEqual({ work: 20 });
  });

  it('of a failing attempt are not committed, whenever it fails', async () => {
    const late = async (_n: number, ctx: Context) => {
      ctx.set(5);
      await null;
      throw new RangeError('late');
    };
    const now = (_n: number, ctx: Context) => {
      ctx.update(() => 5);
      throw new RangeError('now');
    };
    expect(await contextOf(late, [1], options())).toEqual({});
    expect(await contextOf(now, [1], options())).toEqual({});
  });

  it('by ctx.update of 50 activations at once lose nothing', async () => {
    const entries = Array.from({ length: 50 }, (_, i) => i + 1);
    const handler = async (n: number, ctx: Context) => {
      ctx.update((sum = 0) => sum + n);
      for (let i = 0; i < n % 7; i++) await null;
    };
    expect(await contextOf(handler, entries, options())).toEqual({ work: 1275 });
  });

  it('by a ctx.update that throws make the activation fail, with that error, and commit nothing', async () => {
    const stimulation = run(
      async (_n, ctx) => {
        ctx.set(1);
        ctx.update(() => {
          throw new RangeError('in update');
        });
      },
      [1],
      options(),
    );
    expect(await caught(stimulation)).toMatchObject({ errors: [{ message: 'in update' }] });
    expect(stimulation.getContext().getAll()).toEqual({});
  });

  it('that come after the handler has ended change nothing', async () => {
    let late!: () => void;
    const stimulation = run(
      (n, ctx) => {
        const { set, update } = ctx; // may be destructured
        ctx.set(n);
        late = () => {
          set(99);
          update((value = 0) => value + 99);
        };
      },
      [1],
      options(),
    );
    await stimulation;
    late();
    await quiet();
    expect(stimulation.getContext().getAll()).toEqual({ work: 1 });
  });

  it('take the last of set and delete, with the updates after it', async () => {
    const last = (what: (ctx: Context) => void) => contextOf((_n, ctx) => what(ctx), [1], options());
    expect(await last((ctx) => (ctx.update((v = 1) => v + 1), ctx.set(10), ctx.update((v = 1) => v * 3)))).toEqual({
      work: 30,
    });
    expect(await last((ctx) => (ctx.set(10), ctx.delete()))).toEqual({});
    expect(await last((ctx) => (ctx.set(10), ctx.delete(), ctx.update((v = 7) => v)))).toEqual({ work: 7 });
  });

  it('become visible together with the signals: whoever gets the signal reads the value', async () => {
    const seen: unknown[] = [];
    const writer = withCtx<number>()
      .neuron('writer', { next })
      .dendrite({
        collateral: start,
        response: async (n, axon, ctx) => {
          ctx.set(n);
          await null;
          return axon.next.createSignal(n);
        },
      });
    const reader = neuron('reader', {}).dendrite({
      collateral: next,
      response: () => void seen.push(stimulation.getContext().get(writer)),
    });
    const stimulation = new CNS([writer, reader], options()).stimulate([start.createSignal(1), start.createSignal(2)]);
    await stimulation;
    expect(seen).toHaveLength(2);
    expect(seen[0]).not.toBeUndefined();
  });
});

describe('a handler may return', () => {
  const elsewhere = (code: string): unknown => runInNewContext(code);
  const count = async (answer: () => unknown): Promise<unknown[]> => {
    const got: unknown[] = [];
    const work = neuron('work', { next }).dendrite({ collateral: start, response: () => answer() as undefined });
    const sink = neuron('sink', {}).dendrite({ collateral: next, response: (n) => void got.push(n) });
    // the run goes on for a while, so that what comes too late finds it running
    const slow = neuron('slow', {}).dendrite({ collateral: start, response: () => quiet() });
    const run = new CNS([work, sink, slow]).stimulate([start.createSignal(1)]);
    await run;
    expect(run.getOutstandingTasks()).toEqual([]);
    return got;
  };
  const signal = next.createSignal(7);

  it('a promise of another realm, which is awaited', async () => {
    const later = elsewhere('(value) => new Promise((resolve) => resolve(value))') as (value: unknown) => unknown;
    expect(await count(() => later(signal))).toEqual([7]);
    expect(await count(() => later([signal, signal]))).toEqual([7, 7]);
    const never = elsewhere('() => Promise.reject(new RangeError("far"))') as () => unknown;
    expect(await caught(count(never))).toMatchObject({ errors: [{ message: 'far' }] });
  });

  it('a thenable that is no promise, object or function, which is awaited', async () => {
    const then = (resolve: (value: unknown) => void) => resolve(signal);
    expect(await count(() => ({ then }))).toEqual([7]);
    expect(await count(() => Object.assign(() => undefined, { then }))).toEqual([7]);
  });

  it('a thenable that calls back twice, or with both ends, which counts once', async () => {
    const twice = { then: (resolve: (value: unknown) => void) => (resolve(signal), resolve(signal)) };
    const both = {
      then: (resolve: (value: unknown) => void, reject: (error: unknown) => void) => {
        resolve(signal);
        reject(new RangeError('too late'));
      },
    };
    expect(await count(() => twice)).toEqual([7]);
    expect(await count(() => both)).toEqual([7]);
  });

  it('a subclass of Promise that calls back twice, which counts once', async () => {
    class Twice extends Promise<unknown> {
      override then<A = unknown, B = never>(
        yes?: ((value: unknown) => A | PromiseLike<A>) | null,
        no?: ((error: unknown) => B | PromiseLike<B>) | null,
      ): Promise<A | B> {
        void super.then(yes, no);
        return super.then(yes, no);
      }
    }
    expect(await count(() => Twice.resolve(signal))).toEqual([7]);
  });

  it('a thenable whose `then` throws, which is a failure; unless it had called back before', async () => {
    const boom = () => {
      throw new RangeError('then');
    };
    expect(await caught(count(() => ({ then: boom })))).toMatchObject({ errors: [{ message: 'then' }] });
    const hidden = Object.defineProperty({}, 'then', { get: boom });
    expect(await caught(count(() => hidden))).toMatchObject({ errors: [{ message: 'then' }] });
    const late = { then: (resolve: (value: unknown) => void) => (resolve(signal), boom()) };
    expect(await count(() => late)).toEqual([7]);
  });

  it('a promise of a promise, an array that comes later, and nothing', async () => {
    expect(await count(() => Promise.resolve(Promise.resolve(signal)))).toEqual([7]);
    expect(await count(async () => [signal, next.createSignal(8)])).toEqual([7, 8]);
    expect(await count(async () => undefined)).toEqual([]);
    expect(await count(() => null)).toEqual([]);
    expect(await count(() => [])).toEqual([]);
  });
});
