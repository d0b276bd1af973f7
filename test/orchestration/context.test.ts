import {
  CNS,
  CNSStimulationContextStore,
  collateral,
  createPersistRegistry,
  neuron,
  neuronFactory,
  withCtx,
  withGlobal,
  type CNSOptions,
  type Result,
} from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { begin, failuresOf, forms } from '../support/forms.js';
import { ManualClock, quiet } from '../support/manual-clock.js';

const start = collateral<number>('start');
const next = collateral<number>('next');
const done = collateral<number>('done');

interface Shop {
  readonly prices: ReadonlyMap<string, number>;
}
const shop: Shop = { prices: new Map([['tea', 3]]) };

describe.each(forms)('ctx, %s', (form) => {
  it('has the value of its own neuron, and the global of the CNS, also destructured', () => {
    const seen: unknown[] = [];
    const made = [
      withCtx<number>()
        .withGlobal<Shop>()
        .neuron('one', {})
        .dendrite({
          collateral: start,
          response: (n, _axon, { get, set, global }) => {
            set(n + (global.prices.get('tea') ?? 0));
            seen.push(get());
          },
        }),
      withGlobal<Shop>()
        .withCtx<number>()
        .neuron('two', {})
        .dendrite({ collateral: start, response: (n, _axon, { set, global }) => set(n * global.prices.size) }),
      neuronFactory<number, Shop>()
        .neuron('three', {})
        .dendrite({
          collateral: start,
          response: (_n, _axon, ctx) => {
            const { update, get, delete: drop } = ctx;
            update((value = 0) => value + 1);
            update((value = 0) => value + 10);
            seen.push(get());
            drop();
            seen.push(get());
            update((value = 100) => value + 1);
          },
        }),
    ];
    const run = begin(form, new CNS(made, {}, shop), start.createSignal(4));
    expect(seen).toEqual([7, 11, undefined]);
    expect(run.context.values).toEqual({ one: 7, two: 4, three: 101 });
  });

  it('reads what its own handler wrote, and nobody else sees that before it has settled (I1)', async () => {
    const seen: unknown[] = [];
    let go: () => void = () => undefined;
    const writer = withCtx<number>()
      .neuron('writer', {})
      .dendrite({
        collateral: start,
        response: async (n, _axon, { get, set }) => {
          set(n);
          seen.push(['writer', get()]);
          await new Promise<void>((resolve) => (go = resolve));
        },
      })
      .dendrite({ collateral: next, response: (_n, _axon, { get }) => void seen.push(['reader', get()]) });
    const run = begin(form, new CNS([writer]), [start.createSignal(5), next.createSignal(0)]);
    expect(seen).toEqual([
      ['writer', 5],
      ['reader', undefined],
    ]);
    expect(run.context.values).toEqual({});
    go();
    await quiet();
    expect(run.context).toMatchObject({ status: 'completed', values: { writer: 5 } });
  });

  it('update is evaluated on what is committed when it settles: parallel activations lose nothing', async () => {
    const waits: (() => void)[] = [];
    const adds = withCtx<readonly number[]>()
      .neuron('adds', {})
      .dendrite({
        collateral: start,
        response: async (n, _axon, { update }) => {
          update((all = []) => [...all, n]);
          await new Promise<void>((resolve) => waits.push(resolve));
        },
      });
    const run = begin(
      form,
      new CNS([adds]),
      [1, 2, 3].map((n) => start.createSignal(n)),
    );
    for (const i of [2, 0, 1]) waits[i]?.();
    await quiet();
    expect(run.context.values).toEqual({ adds: [3, 1, 2] });
  });

  it('a failed handler, and an update that throws, commit nothing (I1)', async () => {
    const weak = withCtx<number>()
      .neuron('weak', { next })
      .dendrite({
        collateral: start,
        response: (n, axon, { set, update }) => {
          set(n);
          if (n === 1) throw new RangeError('handler');
          if (n === 2) {
            update(() => {
              throw new RangeError('update');
            });
          }
          return axon.next.createSignal(n);
        },
      });
    const follow: number[] = [];
    const sink = neuron('sink', {}).dendrite({ collateral: next, response: (n) => void follow.push(n) });
    const run = begin(
      form,
      new CNS([weak, sink]),
      [1, 2].map((n) => start.createSignal(n)),
    );
    await quiet();
    expect(failuresOf(run)).toEqual(['weak handler', 'weak update']);
    expect(run.context.values).toEqual({});
    expect(follow).toEqual([]);
  });

  it('tells the run, the activation and what the run was started with', () => {
    const seen: Record<string, unknown>[] = [];
    const eye = neuron('eye', {}).dendrite({
      collateral: start,
      response: (_n, _axon, ctx) => {
        const { activationId, stimulationId, attempt, undoes, modality, afferentPath, stimulationContext } = ctx;
        seen.push({ activationId, stimulationId, attempt, undoes, modality, afferentPath, stimulationContext });
      },
    });
    const stimulationContext = { tenant: 'blue', flags: ['a'] };
    const run = begin(form, new CNS([eye]), start.createSignal(1), { stimulationContext });
    expect(seen).toEqual([
      {
        activationId: expect.stringMatching(/^run\/[0-9a-f]{16}$/) as string,
        stimulationId: 'run',
        attempt: 1,
        undoes: undefined,
        modality: undefined,
        afferentPath: undefined,
        stimulationContext,
      },
    ]);
    expect(run.context.options).toEqual({ stimulationContext });
  });

  it('begins with the contextValues of the run', () => {
    const seen: unknown[] = [];
    const count = withCtx<number>()
      .neuron('count', {})
      .dendrite({
        collateral: start,
        response: (n, _axon, { get, set }) => {
          seen.push(get());
          set((get() ?? 0) + n);
        },
      });
    const run = begin(form, new CNS([count]), start.createSignal(2), { contextValues: { count: 40 } });
    expect(seen).toEqual([40]);
    expect(run.context.values).toEqual({ count: 42 });
  });
});

/** `start` -> first -> `next` -> second (async) -> `done` -> third; each keeps a value; `other` is apart. */
function chain(trace: string[], options: CNSOptions = {}) {
  const release = { open: (): void => undefined };
  const first = withCtx<string>()
    .neuron('first', { next })
    .dendrite({
      collateral: start,
      response: (n, axon, { set }) => {
        set(`first ${n}`);
        return axon.next.createSignal(n);
      },
    });
  const second = withCtx<string>()
    .neuron('second', { done })
    .dendrite({
      collateral: next,
      response: async (n, axon, { set, get }) => {
        trace.push(`second had ${String(get())}`);
        set(`second ${n}`);
        await new Promise<void>((resolve) => (release.open = resolve));
        return axon.done.createSignal(n);
      },
    });
  const third = withCtx<string>()
    .neuron('third', {})
    .dendrite({
      collateral: done,
      response: (n, _axon, { set, get }) => {
        trace.push(`third had ${String(get())}`);
        set(`third ${n}`);
      },
    });
  const other = withCtx<string>().neuron('other', {});
  return { cns: new CNS([first, second, third, other], { autoCleanupContexts: true, ...options }), release };
}

describe('autoCleanupContexts', () => {
  const given = { first: 'f', second: 's', third: 't', other: 'o' };

  it('drops the value of a neuron when nothing pending can reach it, and of nobody else', async () => {
    const trace: string[] = [];
    const { cns, release } = chain(trace);
    const run = cns.stimulate(start.createSignal(1), { contextValues: given });
    expect(run.getContext().getAll()).toEqual({ second: 's', third: 't' });
    release.open();
    const result = await run;
    // what was pending last is a sink as well
    expect(result.context).toEqual({});
    expect(trace).toEqual(['second had s', 'third had t']);
  });

  it('never touches the value of what is queued, delayed, between attempts, waiting, or behind a join', async () => {
    const clock = new ManualClock();
    const trace: string[] = [];
    const late = withCtx<string>()
      .neuron('late', {})
      .dendrite({ collateral: next, response: (_n, _axon, { get }) => void trace.push(`late has ${String(get())}`) });
    const weak = withCtx<string>()
      .neuron('weak', {})
      .retry({ attempts: 2, backoff: 'constant', initial: 20 })
      .dendrite({
        collateral: done,
        response: (_n, _axon, { get, attempt }) => {
          trace.push(`weak ${attempt} has ${String(get())}`);
          if (attempt === 1) throw new RangeError('weak');
        },
      });
    const root = withCtx<string>()
      .neuron('root', { next, done })
      .dendrite({
        collateral: start,
        response: (n, axon) => [axon.done.createSignal(n), axon.next.createSignal(n, { delay: 10 })],
      });
    const both = withCtx<string>()
      .neuron('both', {})
      .join({ next, start }, (_both, _axon, { get }) => void trace.push(`both has ${String(get())}`));
    const cns = new CNS([root, late, weak, both], { clock, autoCleanupContexts: true });
    const contextValues = { root: 'r', late: 'l', weak: 'w', both: 'b' };
    const run = cns.stimulate(start.createSignal(1), { contextValues });
    expect(run.getContext().getAll()).toEqual({ late: 'l', weak: 'w', both: 'b' });
    await clock.pass(10);
    expect(run.getContext().getAll()).toEqual({ weak: 'w' });
    await clock.pass(10);
    expect((await run).context).toEqual({});
    expect(trace).toEqual(['weak 1 has w', 'late has l', 'both has b', 'weak 2 has w']);
  });

  it('keeps what a loop may reach until the loop has ended', async () => {
    const seen: unknown[] = [];
    const loop = withCtx<number>()
      .neuron('loop', { next })
      .dendrite({
        collateral: next,
        response: (n, axon, { get, set }) => {
          seen.push(get());
          set(n);
          return n < 3 ? axon.next.createSignal(n + 1) : undefined;
        },
      });
    const result = await new CNS([loop], { autoCleanupContexts: true }).stimulate(next.createSignal(1));
    expect(seen).toEqual([undefined, 1, 2]);
    expect(result.context).toEqual({});
  });

  it('holds for a durable run across a rehydration, and what was dropped is not in the store', async () => {
    const store = memoryStore();
    const trace: string[] = [];
    const first = chain(trace, { store });
    const begun = first.cns.stimulate(start.createSignal(1), { id: 'run', contextValues: given });
    await quiet();
    await begun.checkpoint();
    await first.cns.close();
    const stored = [...((await store.load('run'))?.parts.keys() ?? [])].filter((part) => part.startsWith('context/'));
    expect(stored.sort()).toEqual(['context/second', 'context/third']);
    const second = chain(trace, { store });
    const run = await second.cns.rehydrate('run');
    expect(run?.getContext().getAll()).toEqual({ second: 's', third: 't' });
    second.release.open();
    expect((await run?.waitUntilComplete())?.context).toEqual({});
    expect(trace).toEqual(['second had s', 'second had s', 'third had t']);
  });

  it('is not done unless asked for', async () => {
    const { cns, release } = chain([], { autoCleanupContexts: false });
    const run = cns.stimulate(start.createSignal(1), { contextValues: given });
    release.open();
    expect((await run).context).toEqual({ first: 'first 1', second: 'second 1', third: 'third 1', other: 'o' });
  });

  it('costs no deep recursion: a chain of 20,000 neurons is walked and cleaned', async () => {
    const links = Array.from({ length: 20_001 }, (_, i) => collateral<number>(`c${i}`));
    const neurons = Array.from({ length: 20_000 }, (_, i) =>
      withCtx<number>()
        .neuron(`n${i}`, { out: links[i + 1] as (typeof links)[number] })
        .dendrite({
          collateral: links[i] as (typeof links)[number],
          response: (n, axon, { set }) => {
            set(n);
            return axon.out.createSignal(n + 1);
          },
        }),
    );
    let most = 0;
    const cns = new CNS(neurons, { autoCleanupContexts: true });
    const run = cns.stimulate((links[0] as (typeof links)[number]).createSignal(1), {
      onResponse: ({ stimulation }) => (most = Math.max(most, Object.keys(stimulation.getContext().getAll()).length)),
    });
    expect((await run).context).toEqual({});
    expect(most).toBeLessThanOrEqual(1);
  });
});

describe('context values to begin with', () => {
  const counting = () =>
    withCtx<number>()
      .neuron('count', {})
      .dendrite({ collateral: start, response: (n, _axon, { update }) => update((before = 0) => before + n) });

  it('go from one run to the next by a store, which keeps them as a text and is not changed by the run', async () => {
    const count = counting();
    const cns = new CNS([count]);
    const first: Result = await cns.stimulate(start.createSignal(1));
    const store = new CNSStimulationContextStore({ values: first.context });
    const text = store.serialize();
    const restored = CNSStimulationContextStore.restore(text);
    expect(restored.get(count)).toBe(1);
    expect(restored.get('count')).toBe(1);
    const second = await cns.stimulate(start.createSignal(10), { ctx: restored });
    expect(second.context).toEqual({ count: 11 });
    expect(restored.getAll()).toEqual({ count: 1 });
  });

  it('of a neuron that only the registry has a name for go by that name', async () => {
    const unnamed = withCtx<Date>()
      .neuron({})
      .dendrite({
        collateral: start,
        response: (_n, _axon, { update }) => update((at = new Date(0)) => new Date(at.getTime() + 1)),
      });
    const registry = createPersistRegistry({ clockwork: unnamed });
    const ctx = new CNSStimulationContextStore({ registry });
    ctx.set(unnamed, new Date(41));
    const again = CNSStimulationContextStore.restore(ctx.serialize(), { registry });
    const result = await new CNS([unnamed], { registry }).stimulate(start.createSignal(1), { ctx: again });
    expect(result.context).toEqual({ clockwork: new Date(42) });
  });

  it('given as contextValues win over those of ctx', async () => {
    const ctx = new CNSStimulationContextStore({ values: { count: 1 } });
    const result = await new CNS([counting()]).stimulate(start.createSignal(1), { ctx, contextValues: { count: 5 } });
    expect(result.context).toEqual({ count: 6 });
  });

  it('of a neuron that the graph does not have are refused, before anything starts', () => {
    const cns = new CNS([counting()]);
    expect(() => cns.stimulate(start.createSignal(1), { contextValues: { count: 1, gone: 2, lost: 3 } })).toThrow(
      'stimulate: the graph has no neuron named gone, lost',
    );
  });

  it('are read in the run by neuron and by name', async () => {
    const count = counting();
    const run = new CNS([count]).stimulate(start.createSignal(1), { contextValues: { count: 2 } });
    await run;
    expect(run.getContext().get(count)).toBe(3);
    expect(run.getContext().get('count')).toBe(3);
    expect(run.getContext().get('nobody')).toBeUndefined();
  });

  it('and the stimulationContext are stored with a durable run: another process sees the same', async () => {
    const store = memoryStore();
    const seen: unknown[] = [];
    const make = () => {
      const release = { open: (): void => undefined };
      const wait = withCtx<number>()
        .neuron('wait', {})
        .dendrite({
          collateral: start,
          response: async (_n, _axon, { get, stimulationContext }) => {
            seen.push([get(), stimulationContext]);
            await new Promise<void>((resolve) => (release.open = resolve));
          },
        });
      return { cns: new CNS([wait], { store }), release };
    };
    const first = make();
    const stimulationContext = { since: new Date(7), tags: new Set(['a']) };
    first.cns.stimulate(start.createSignal(1), { id: 'run', contextValues: { wait: 3 }, stimulationContext });
    await quiet();
    await first.cns.close();
    const second = make();
    const run = await second.cns.rehydrate('run');
    second.release.open();
    expect((await run?.waitUntilComplete())?.context).toEqual({ wait: 3 });
    expect(seen).toEqual([
      [3, stimulationContext],
      [3, stimulationContext],
    ]);
  });
});
