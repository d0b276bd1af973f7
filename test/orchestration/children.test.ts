import { getEventListeners } from 'node:events';
import {
  CNS,
  collateral,
  neuron,
  NonRetryableError,
  type CNSOptions,
  type StimulationFailedError,
  type Store,
} from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { begin, failuresOf, forms, reasonOf } from '../support/forms.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';

const order = collateral<number>('order');
const item = collateral<number>('item');
const packed = collateral<string>('packed');
const shipped = collateral<string>('shipped');

interface World {
  /** What was done, in order. */
  readonly trace: string[];
  /** Lets what waits under a name go on, or fail. */
  readonly doors: Map<string, { readonly open: () => void; readonly fail: (error: unknown) => void }>;
  /** Names at which the child waits. */
  readonly closed: Set<string>;
}

const world = (...closed: string[]): World => ({ trace: [], doors: new Map(), closed: new Set(closed) });

/** item -> pick -> pack: `pack 1` waits where the world says so. */
function childOf({ trace, doors, closed }: World, options: CNSOptions = {}) {
  const picked = collateral<number>('picked');
  const pick = neuron('pick', { picked })
    .milestone()
    .dendrite({
      collateral: item,
      response: (n, axon) => {
        trace.push(`pick ${n}`);
        return axon.picked.createSignal(n);
      },
    });
  const pack = neuron('pack', { packed }).dendrite({
    collateral: picked,
    response: async (n, axon, { abortSignal }) => {
      const name = `pack ${n}`;
      trace.push(name);
      if (closed.has(name)) {
        await new Promise<void>((resolve, reject) => {
          doors.set(name, { open: resolve, fail: reject });
          abortSignal.addEventListener('abort', () => {
            trace.push(`${name} aborted`);
            reject(abortSignal.reason as Error);
          });
        });
      }
      return axon.packed.createSignal(`box ${n}`);
    },
  });
  return new CNS([pick, pack], { name: 'child', logger: recordingLogger(), ...options });
}

/** order -> ship: has as many children as the order says, one after another. */
const parentOf = (child: CNS, { trace }: World) =>
  neuron('ship', { shipped }).dendrite({
    collateral: order,
    response: async (count, axon, ctx) => {
      const boxes: unknown[] = [];
      for (let n = 1; n <= count; n++) {
        const run = ctx.stimulate(child, item.createSignal(n), { output: packed });
        trace.push(run.id.replace(ctx.activationId, '<activation>'));
        boxes.push((await run).output);
      }
      return axon.shipped.createSignal(boxes.join(', '));
    },
  });

const sinkOf = ({ trace }: World) =>
  neuron('sink', {}).dendrite({ collateral: shipped, response: (boxes) => void trace.push(`shipped ${boxes}`) });

const flowOf = (w: World, child: CNS, options: CNSOptions = {}) =>
  new CNS([parentOf(child, w), sinkOf(w)], { name: 'parent', logger: recordingLogger(), ...options });

describe.each(forms)('a child run, %s', (form) => {
  it('has the id of the activation and the index of the call; several go in order, and their results come back', async () => {
    const w = world();
    const run = begin(form, flowOf(w, childOf(w)), order.createSignal(2), { output: shipped });
    await quiet();
    expect(w.trace).toEqual([
      'pick 1',
      'pack 1',
      '<activation>/0',
      'pick 2',
      'pack 2',
      '<activation>/1',
      'shipped box 1, box 2',
    ]);
    expect(run.context).toMatchObject({ status: 'completed', output: 'box 1, box 2', settled: 2 });
  });

  it('that fails makes the activation fail, with the cause', async () => {
    const w = world('pack 2');
    const run = begin(form, flowOf(w, childOf(w)), order.createSignal(2));
    await quiet();
    w.doors.get('pack 2')?.fail(new RangeError('torn box'));
    await quiet();
    expect(failuresOf(run)).toEqual(['ship STIMULATION_FAILED']);
    const error = run.context.failed[0]?.error as StimulationFailedError;
    expect(error.stimulationId).toBe(`run/${run.context.failed[0]?.activation ?? ''}/1`);
    expect(error.errors.map(reasonOf)).toEqual(['torn box']);
    expect((error.cause as Error).message).toBe('torn box');
    expect(error.message).toContain('neuron "pack" on "picked": torn box');
    expect(w.trace.at(-1)).toBe('<activation>/1');
  });

  it('is aborted with its parent, by the same reason, and the parent ends when it has ended', async () => {
    const w = world('pack 1');
    const run = begin(form, flowOf(w, childOf(w)), order.createSignal(2));
    await quiet();
    run.send({ type: 'engram.abort', reason: 'enough' });
    await quiet();
    expect(w.trace).toEqual(['pick 1', 'pack 1', '<activation>/0', 'pack 1 aborted']);
    expect(run.context.status).toBe('aborted');
    const [failed] = run.context.failed;
    expect(failed?.error).toMatchObject({ code: 'STIMULATION_ABORTED', reason: 'enough' });
    expect(run.context.failed).toHaveLength(1);
  });

  it('may be a run of the same CNS, and of any depth', async () => {
    const seen: string[] = [];
    const nest = neuron('nest', { packed }).dendrite({
      collateral: order,
      response: async (depth, axon, ctx) => {
        seen.push(ctx.stimulationId.replaceAll(/[0-9a-f]{16}/g, '*'));
        if (depth > 0) await ctx.stimulate(ctx.cns as CNS, order.createSignal(depth - 1));
        return axon.packed.createSignal(String(depth));
      },
    });
    const run = begin(form, new CNS([nest]), order.createSignal(2));
    await quiet();
    expect(seen).toEqual(['run', 'run/*/0', 'run/*/0/*/0']);
    expect(run.context.status).toBe('completed');
  });
});

describe('children', () => {
  it('side by side are told apart by the order of the calls, and are as many as one likes', async () => {
    const warnings: unknown[] = [];
    const warned = (warning: unknown) => void warnings.push(warning);
    process.on('warning', warned);
    const w = world();
    const child = childOf(w);
    const ids: string[] = [];
    const fan = neuron('fan', {})
      .setMaxDuration('1m')
      .dendrite({
        collateral: order,
        response: async (count, _axon, ctx) => {
          const runs = Array.from({ length: count }, (_, n) => ctx.stimulate(child, item.createSignal(n)));
          ids.push(...runs.map(({ id }) => id.slice(id.lastIndexOf('/') + 1)));
          await Promise.all(runs);
        },
      });
    await new CNS([fan], { clock: new ManualClock() }).stimulate(order.createSignal(40));
    await quiet();
    process.off('warning', warned);
    expect(ids).toEqual(Array.from({ length: 40 }, (_, n) => String(n)));
    expect(warnings).toEqual([]);
  });

  it('are aborted by a signal of their own as well as with the parent', async () => {
    const w = world('pack 1', 'pack 2');
    const child = childOf(w);
    const own = new AbortController();
    const both = neuron('both', {}).dendrite({
      collateral: order,
      response: async (_n, _axon, ctx) => {
        const runs = [1, 2].map((n) =>
          ctx.stimulate(child, item.createSignal(n), n === 1 ? { abortSignal: own.signal } : {}),
        );
        const ends = await Promise.all(runs.map((run) => caught(run)));
        w.trace.push(...ends.map((end) => String((end as { reason?: unknown }).reason)));
      },
    });
    const run = new CNS([both]).stimulate(order.createSignal(1));
    const ended = caught(run);
    await quiet();
    own.abort('own');
    await quiet();
    expect(w.trace).toEqual(['pick 1', 'pack 1', 'pick 2', 'pack 2', 'pack 1 aborted']);
    run.abort('all');
    await ended;
    expect(w.trace.slice(5)).toEqual(['pack 2 aborted', 'own', 'all']);
  });

  it('leave nothing behind on the signal of their parent when they have ended', async () => {
    const w = world();
    const child = childOf(w);
    let left = -1;
    const many = neuron('many', {}).dendrite({
      collateral: order,
      response: async (count, _axon, ctx) => {
        for (let n = 0; n < count; n++) await ctx.stimulate(child, item.createSignal(n));
        left = getEventListeners(ctx.abortSignal, 'abort').length;
      },
    });
    await new CNS([many]).stimulate(order.createSignal(25));
    expect(left).toBe(0);
  });
});

interface Process {
  readonly parent: CNS;
  readonly child: CNS;
  close(): Promise<void>;
}

/** A process of its own on a store. */
function processOn(
  w: World,
  store: Store,
  parentOptions: (child: CNS) => readonly ReturnType<typeof parentOf>[],
): Process {
  const child = childOf(w, { store });
  const parent = new CNS([...parentOptions(child), sinkOf(w)], { name: 'parent', store, logger: recordingLogger() });
  return {
    parent,
    child,
    close: async () => {
      await parent.close();
      await child.close();
    },
  };
}

const plain = (w: World, store: Store) => processOn(w, store, (child) => [parentOf(child, w)]);

describe('a durable child run', () => {
  it('is not aborted when the process of its parent closes; what is finished does not run again, the other goes on', async () => {
    const store = memoryStore();
    const w = world('pack 2');
    const first = plain(w, store);
    first.parent.stimulate(order.createSignal(3), { id: 'run' });
    await quiet();
    expect(w.trace.splice(0)).toEqual(['<activation>/0', 'pick 1', 'pack 1', '<activation>/1', 'pick 2', 'pack 2']);
    await first.close();
    expect(w.trace.splice(0)).toEqual(['pack 2 aborted']); // its body was told; the run was only let go
    w.closed.clear();
    const second = plain(w, store);
    const run = await second.parent.rehydrate('run');
    await run?.waitUntilComplete();
    expect(w.trace).toEqual([
      '<activation>/0',
      '<activation>/1',
      'pack 2',
      '<activation>/2',
      'pick 3',
      'pack 3',
      'shipped box 1, box 2, box 3',
    ]);
  });

  it('goes on by itself while its parent is nowhere, and gives its result to the parent that asks again', async () => {
    const store = memoryStore();
    const w = world('pack 1');
    const first = plain(w, store);
    first.parent.stimulate(order.createSignal(1), { id: 'run' });
    await quiet();
    await first.parent.close();
    w.doors.get('pack 1')?.open();
    await quiet();
    const [stored] = (await store.list({ graph: 'child' })).runs;
    expect(stored?.index.status).toBe('completed');
    w.trace.length = 0;
    const second = plain(w, store);
    await (await second.parent.rehydrate('run'))?.waitUntilComplete();
    expect(w.trace).toEqual(['<activation>/0', 'shipped box 1']);
  });

  it('that has failed makes the stored activation fail, and a retry of the parent does once more only what had failed', async () => {
    const store = memoryStore();
    const w = world('pack 2');
    const first = plain(w, store);
    const failed = caught(first.parent.stimulate(order.createSignal(2), { id: 'run' }));
    await quiet();
    w.doors.get('pack 2')?.fail(new RangeError('torn box'));
    expect(await failed).toMatchObject({ code: 'STIMULATION_FAILED' });
    await first.close();
    w.trace.length = 0;
    w.closed.clear();
    const second = plain(w, store);
    const run = await second.parent.rehydrate('run', { retry: true });
    await run?.waitUntilComplete();
    expect(w.trace).toEqual(['<activation>/0', '<activation>/1', 'pack 2', 'shipped box 1, box 2']);
  });

  it('that was aborted with its parent goes on when the parent is retried', async () => {
    const store = memoryStore();
    const w = world('pack 2');
    const first = plain(w, store);
    const aborted = first.parent.stimulate(order.createSignal(2), { id: 'run' });
    await quiet();
    aborted.abort('enough');
    expect(await caught(aborted)).toMatchObject({ code: 'STIMULATION_ABORTED', reason: 'enough' });
    const children = (await store.list({ graph: 'child' })).runs.map(({ index }) => index.status);
    expect(children.sort()).toEqual(['aborted', 'completed']);
    await first.close();
    w.trace.length = 0;
    w.closed.clear();
    const second = plain(w, store);
    await (await second.parent.rehydrate('run', { retry: true }))?.waitUntilComplete();
    expect(w.trace).toEqual(['<activation>/0', '<activation>/1', 'pack 2', 'shipped box 1, box 2']);
  });
});

describe('another attempt of the parent', () => {
  /** Three attempts without a wait; `handle` is called after the children of an attempt. */
  const retrying =
    (w: World, handle: (attempt: number) => void = () => undefined) =>
    (child: CNS) => [
      neuron('ship', { shipped })
        .retry({ attempts: 3, backoff: 'constant', initial: 0 })
        .dendrite({
          collateral: order,
          response: async (count, axon, ctx) => {
            w.trace.push(`attempt ${ctx.attempt}`);
            const boxes: unknown[] = [];
            for (let n = 1; n <= count; n++) {
              boxes.push((await ctx.stimulate(child, item.createSignal(n), { output: packed })).output);
            }
            handle(ctx.attempt);
            return axon.shipped.createSignal(boxes.join(', '));
          },
        }),
    ];

  it('meets the children of the one before: what they have finished does not run again', async () => {
    const w = world();
    const { parent } = processOn(
      w,
      memoryStore(),
      retrying(w, (attempt) => {
        if (attempt < 3) throw new RangeError('after the children');
      }),
    );
    await parent.stimulate(order.createSignal(2), { id: 'run' });
    expect(w.trace).toEqual([
      'attempt 1',
      'pick 1',
      'pack 1',
      'pick 2',
      'pack 2',
      'attempt 2',
      'attempt 3',
      'shipped box 1, box 2',
    ]);
  });

  it('is made after a child has failed, and tries again what had failed in the child, and nothing else', async () => {
    const w = world('pack 2');
    const { parent } = processOn(w, memoryStore(), retrying(w));
    const run = parent.stimulate(order.createSignal(2), { id: 'run' });
    await quiet();
    w.closed.clear();
    w.doors.get('pack 2')?.fail(new RangeError('torn box'));
    await run;
    expect(w.trace).toEqual([
      'attempt 1',
      'pick 1',
      'pack 1',
      'pick 2',
      'pack 2',
      'attempt 2',
      'pack 2',
      'shipped box 1, box 2',
    ]);
  });

  it('is not made when nothing that failed in the child is worth it', async () => {
    const w = world('pack 1');
    const { parent } = processOn(w, memoryStore(), retrying(w));
    const failed = caught(parent.stimulate(order.createSignal(1), { id: 'run' }));
    await quiet();
    w.doors.get('pack 1')?.fail(new NonRetryableError('never'));
    const error = (await failed) as StimulationFailedError;
    expect(error.errors.map(reasonOf)).toEqual(['STIMULATION_FAILED']);
    expect(w.trace).toEqual(['attempt 1', 'pick 1', 'pack 1']);
  });

  it('goes on with a child that the time limit of the one before has aborted', async () => {
    const w = world('pack 1');
    const clock = new ManualClock();
    const store = memoryStore();
    const child = childOf(w, { store, clock });
    const ship = neuron('ship', { shipped })
      .setMaxDuration(100)
      .retry({ attempts: 2, backoff: 'constant', initial: 50 })
      .dendrite({
        collateral: order,
        response: async (n, axon, ctx) => {
          w.trace.push(`attempt ${ctx.attempt}`);
          const { output } = await ctx.stimulate(child, item.createSignal(n), { output: packed });
          return axon.shipped.createSignal(String(output));
        },
      });
    const parent = new CNS([ship, sinkOf(w)], { name: 'parent', store, clock, logger: recordingLogger() });
    const run = parent.stimulate(order.createSignal(1), { id: 'run' });
    await quiet();
    w.closed.clear();
    await clock.pass(150);
    await run;
    expect(w.trace).toEqual([
      'attempt 1',
      'pick 1',
      'pack 1',
      'pack 1 aborted',
      'attempt 2',
      'pack 1',
      'shipped box 1',
    ]);
  });

  it('that asks a child for something else fails: the id stands for what was asked for first', async () => {
    const w = world();
    const differs = (child: CNS) => [
      neuron('ship', { shipped })
        .retry({ attempts: 2, backoff: 'constant', initial: 0 })
        .dendrite({
          collateral: order,
          response: async (_n, axon, ctx) => {
            await ctx.stimulate(child, item.createSignal(ctx.attempt));
            if (ctx.attempt === 1) throw new RangeError('once more');
            return axon.shipped.createSignal('never');
          },
        }),
    ];
    const { parent } = processOn(w, memoryStore(), differs);
    const error = (await caught(parent.stimulate(order.createSignal(1), { id: 'run' }))) as StimulationFailedError;
    expect(error.errors.map(reasonOf)).toEqual(['RUN_EXISTS']);
    expect(w.trace).toEqual(['pick 1', 'pack 1']);
  });
});

describe('stimulate with retry', () => {
  it('of a stored run that has failed does once more what failed; of one that has completed, nothing', async () => {
    const store = memoryStore();
    const w = world('pack 1');
    const cns = childOf(w, { store });
    const failed = caught(cns.stimulate(item.createSignal(1), { id: 'run' }));
    await quiet();
    w.doors.get('pack 1')?.fail(new RangeError('torn box'));
    await failed;
    expect(await caught(cns.stimulate(item.createSignal(1), { id: 'run' }))).toMatchObject({
      code: 'STIMULATION_FAILED',
    });
    expect(w.trace).toEqual(['pick 1', 'pack 1']);
    w.closed.clear();
    await cns.stimulate(item.createSignal(1), { id: 'run', retry: true });
    await cns.stimulate(item.createSignal(1), { id: 'run', retry: true });
    expect(w.trace).toEqual(['pick 1', 'pack 1', 'pack 1']);
  });

  it('refuses another entry all the same', async () => {
    const cns = childOf(world(), { store: memoryStore() });
    await cns.stimulate(item.createSignal(1), { id: 'run' });
    const again = cns.stimulate(item.createSignal(2), { id: 'run', retry: true });
    expect(await caught(again)).toMatchObject({ code: 'RUN_EXISTS' });
  });
});
