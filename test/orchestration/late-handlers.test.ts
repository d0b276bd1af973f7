import { runInNewContext } from 'node:vm';
import { CNS, collateral, neuron, withCtx, type NeuronContext } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { begin, failuresOf, forms, frontierOf } from '../support/forms.js';
import { ManualClock, quiet } from '../support/manual-clock.js';

const start = collateral<number>('start');
const next = collateral<string>('next');

type Axon = { readonly next: { createSignal(payload: string): unknown } };

/** `maker` answers whatever `answer` gives; `sink` notes what reached it. */
function flow(trace: string[], answer: (axon: Axon, ctx: NeuronContext<number, unknown>) => unknown) {
  const maker = withCtx<number>()
    .neuron('maker', { next })
    .dendrite({ collateral: start, response: (_n, axon, ctx) => answer(axon, ctx) as undefined });
  const sink = neuron('sink', {}).dendrite({ collateral: next, response: (what) => void trace.push(what) });
  return new CNS([maker, sink]);
}

const foreign = <T>(code: string, given: object = {}): T => runInNewContext(code, { ...given }) as T;

type Then = (resolve: (value: unknown) => void, reject: (error: unknown) => void) => void;
const thenable = (then: Then): unknown => ({ then });
const callable = (then: Then): unknown => Object.assign(() => undefined, { then });

describe.each(forms)('what can be awaited is awaited, %s:', (form) => {
  it.each<readonly [string, (axon: Axon) => unknown]>([
    [
      'a promise of another realm',
      (axon) => foreign('Promise.resolve(signal)', { signal: axon.next.createSignal('a') }),
    ],
    [
      'a thenable',
      (axon) => thenable((resolve) => void Promise.resolve().then(() => resolve(axon.next.createSignal('a')))),
    ],
    ['a thenable that resolves at once', (axon) => thenable((resolve) => resolve(axon.next.createSignal('a')))],
    ['a function with a then', (axon) => callable((resolve) => resolve(axon.next.createSignal('a')))],
    [
      'a thenable of another realm that resolves with a promise',
      (axon) =>
        foreign('({ then(resolve) { resolve(Promise.resolve(signal)) } })', { signal: axon.next.createSignal('a') }),
    ],
    [
      'a promise for an array of another realm',
      (axon) => foreign('Promise.resolve([signal])', { signal: axon.next.createSignal('a') }),
    ],
    [
      'a thenable that resolves twice, and rejects and throws after that',
      (axon) =>
        thenable((resolve, reject) => {
          resolve(axon.next.createSignal('a'));
          resolve(axon.next.createSignal('b'));
          reject(new RangeError('too late'));
          throw new RangeError('too late as well');
        }),
    ],
  ])('%s', async (_what, answer) => {
    const trace: string[] = [];
    const run = begin(form, flow(trace, answer), start.createSignal(1));
    expect(frontierOf(run)).toEqual(['maker running']);
    await quiet();
    expect(trace).toEqual(['a']);
    expect(run.context).toMatchObject({ status: 'completed', settled: 2, failed: [] });
  });

  it('an array of another realm that is given at once', () => {
    const trace: string[] = [];
    const cns = flow(trace, (axon) =>
      foreign('[a, b]', { a: axon.next.createSignal('a'), b: axon.next.createSignal('b') }),
    );
    const run = begin(form, cns, start.createSignal(1));
    expect(trace).toEqual(['a', 'b']);
    expect(run.context.status).toBe('completed');
  });

  it.each<readonly [string, () => unknown]>([
    ['a promise of another realm that rejects', () => foreign("Promise.reject(new RangeError('broken'))")],
    ['a thenable that rejects', () => thenable((_resolve, reject) => reject(new RangeError('broken')))],
    [
      'a thenable that throws',
      () =>
        thenable(() => {
          throw new RangeError('broken');
        }),
    ],
    [
      'a then that cannot be read',
      () => ({
        get then(): never {
          throw new RangeError('broken');
        },
      }),
    ],
  ])('%s makes the activation fail with its error', async (_what, answer) => {
    const run = begin(form, flow([], answer), start.createSignal(1));
    await quiet();
    expect(failuresOf(run)).toEqual(['maker broken']);
    expect(run.context).toMatchObject({ status: 'failed', frontier: [], settled: 1 });
  });
});

describe.each(forms)('a handler that goes on after its activation has ended, %s,', (form) => {
  /** Writes in every way there is. */
  const scribble = ({ set, update, delete: drop }: NeuronContext<number, unknown>): void => {
    set(99);
    update(() => 100);
    drop();
    set(101);
  };

  it('changes nothing when it had answered at once', async () => {
    const kept: NeuronContext<number, unknown>[] = [];
    const trace: string[] = [];
    const cns = flow(trace, (axon, ctx) => {
      ctx.set(1);
      kept.push(ctx);
      void Promise.resolve().then(() => scribble(ctx));
      return axon.next.createSignal('a');
    });
    const run = begin(form, cns, start.createSignal(1));
    for (const ctx of kept) scribble(ctx);
    await quiet();
    for (const ctx of kept) scribble(ctx);
    expect(run.context).toMatchObject({ status: 'completed', values: { maker: 1 }, settled: 2 });
    expect(trace).toEqual(['a']);
  });

  it('changes nothing when its promise had been answered, nor for another activation of its neuron', async () => {
    const doors: (() => void)[] = [];
    const kept: NeuronContext<number, unknown>[] = [];
    const cns = flow([], async (_axon, ctx) => {
      kept.push(ctx);
      ctx.update((before = 0) => before + 1);
      await new Promise<void>((resolve) => doors.push(resolve));
    });
    const run = begin(form, cns, [start.createSignal(1), start.createSignal(2)]);
    doors[0]?.();
    await quiet();
    expect(run.context.values).toEqual({ maker: 1 });
    scribble(kept[0] as NeuronContext<number, unknown>);
    doors[1]?.();
    await quiet();
    expect(run.context).toMatchObject({ status: 'completed', values: { maker: 2 } });
  });

  it('changes nothing when it had thrown', async () => {
    const kept: NeuronContext<number, unknown>[] = [];
    const cns = flow([], (_axon, ctx) => {
      kept.push(ctx);
      throw new RangeError('broken');
    });
    const run = begin(form, cns, start.createSignal(1));
    for (const ctx of kept) scribble(ctx);
    await quiet();
    expect(run.context).toMatchObject({ status: 'failed', values: {} });
  });

  it('changes nothing when it was given up: neither its writes nor its answer count, nor those of the attempt before', async () => {
    const clock = new ManualClock();
    const doors: (() => void)[] = [];
    const trace: string[] = [];
    const slow = withCtx<number>()
      .neuron('slow', { next })
      .setMaxDuration(10)
      .retry({ attempts: 2, backoff: 'constant', initial: 5 })
      .dendrite({
        collateral: start,
        response: async (_n, axon, { attempt, set, abortSignal }) => {
          trace.push(`attempt ${attempt}`);
          abortSignal.addEventListener('abort', () => trace.push(`attempt ${attempt} given up`));
          set(attempt);
          await new Promise<void>((resolve) => doors.push(resolve));
          trace.push(`attempt ${attempt} answers`);
          set(attempt * 10);
          return axon.next.createSignal(`from attempt ${attempt}`);
        },
      });
    const sink = neuron('sink', {}).dendrite({ collateral: next, response: (what) => void trace.push(what) });
    const run = begin(form, new CNS([slow, sink], { clock }), start.createSignal(1));
    await clock.pass(15);
    doors[0]?.();
    await quiet();
    expect(run.context).toMatchObject({ status: 'running', values: {}, settled: 0 });
    doors[1]?.();
    await quiet();
    expect(run.context).toMatchObject({ status: 'completed', values: { slow: 20 }, settled: 2, failed: [] });
    expect(trace).toEqual([
      'attempt 1',
      'attempt 1 given up',
      'attempt 2',
      'attempt 1 answers',
      'attempt 2 answers',
      'from attempt 2',
    ]);
    expect(clock.timers).toBe(0);
  });

  it('may change the array that it has returned: what was in it counts', async () => {
    const trace: string[] = [];
    const cns = flow(trace, (axon) => {
      const answer = [axon.next.createSignal('a')];
      queueMicrotask(() => answer.push(axon.next.createSignal('b')));
      return answer;
    });
    const run = begin(form, cns, start.createSignal(1));
    await quiet();
    expect(trace).toEqual(['a']);
    expect(run.context.settled).toBe(2);
  });
});

describe('after its run', () => {
  it('a handler cannot send it a signal: the run has ended, and says so', async () => {
    const kept: NeuronContext<number, unknown>[] = [];
    const cns = flow([], (_axon, ctx) => void kept.push(ctx));
    await cns.stimulate(start.createSignal(1), { id: 'run' });
    const [ctx] = kept;
    expect(ctx?.stimulation?.status).toBe('completed');
    expect(await caught(() => ctx?.stimulation?.signal(next.createSignal('late')))).toMatchObject({
      code: 'UNDELIVERABLE_SIGNAL',
    });
    ctx?.stimulation?.abort('late');
    expect(ctx?.stimulation?.status).toBe('completed');
    expect(ctx?.get()).toBeUndefined();
  });

  it('a handler whose process has let the run go changes neither the store nor the run that goes on elsewhere', async () => {
    const store = memoryStore();
    const make = () => {
      const doors: (() => void)[] = [];
      const trace: string[] = [];
      const maker = withCtx<string>()
        .neuron('maker', { next })
        .dendrite({
          collateral: start,
          response: async (_n, axon, { set }) => {
            await new Promise<void>((resolve) => doors.push(resolve));
            set('written');
            return axon.next.createSignal('a');
          },
        });
      const sink = neuron('sink', {}).dendrite({ collateral: next, response: (what) => void trace.push(what) });
      return { cns: new CNS([maker, sink], { store }), doors, trace };
    };
    const first = make();
    const letGo = caught(first.cns.stimulate(start.createSignal(1), { id: 'run' }));
    await quiet();
    await first.cns.close();
    expect(await letGo).toMatchObject({ code: 'RUN_SUSPENDED' });
    const second = make();
    const run = await second.cns.rehydrate('run');
    const before = await store.load('run');
    first.doors[0]?.();
    await quiet();
    expect(await store.load('run')).toEqual(before);
    expect(first.trace).toEqual([]);
    expect(run?.getContext().getAll()).toEqual({});
    second.doors[0]?.();
    expect((await run?.waitUntilComplete())?.context).toEqual({ maker: 'written' });
    expect(second.trace).toEqual(['a']);
  });
});
