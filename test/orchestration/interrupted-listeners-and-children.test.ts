/** I8 for what listeners hold, for limits, modalities, clean-up and children: killed at every checkpoint, the end is the same. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  afferentPath,
  CNS,
  collateral,
  modality,
  neuron,
  withCtx,
  type CNSOptions,
  type Stimulation,
  type Store,
} from 'engram';
import { fileStore } from 'engram/adapters/file';
import { memoryStore } from 'engram/adapters/memory';
import { afterAll, describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { expectSameEndFromEverywhere, live, rehydrated, type Story } from '../support/lives.js';
import { quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { storeAt, withOverrides } from '../support/stores.js';

const scratch = mkdtempSync(join(tmpdir(), 'engram-interrupted-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;
const stores: readonly (readonly [string, () => Store])[] = [
  ['memoryStore', () => memoryStore()],
  ['fileStore', () => fileStore({ dir: join(scratch, String(++folders)), fsync: false })],
];

/** Each id once in a process, or the test fails. */
function effectsOf(): { readonly effects: Map<string, string>; readonly effect: (id: string, what: string) => void } {
  const effects = new Map<string, string>();
  return {
    effects,
    effect: (id, what) => {
      if (effects.has(id)) throw new TypeError(`activation ${id} ran twice in one process`);
      effects.set(id, what);
    },
  };
}

const id = 'run';

const order = collateral<readonly number[]>('order');

/** split (milestone) -> work, once per item (a milestone each) -> collect; a listener holds what is emitted until it is stored. */
const listened = (listens: (process: number) => boolean): Story => {
  let processes = 0;
  return {
    id,
    make: (options) => {
      const { effects, effect } = effectsOf();
      const item = collateral<number>('item');
      const worked = collateral<number>('worked');
      const split = neuron('split', { item })
        .milestone()
        .dendrite({
          collateral: order,
          response: (items, axon, { activationId }) => {
            effect(activationId, 'split');
            return items.map((n) => axon.item.createSignal(n));
          },
        });
      const work = withCtx<number>()
        .neuron('work', { worked })
        .dendrite({
          collateral: item,
          response: async (n, axon, { activationId, update }) => {
            await null;
            effect(activationId, `work ${n}`);
            update((sum = 0) => sum + n);
            return axon.worked.createSignal(n);
          },
        });
      const collect = withCtx<number>()
        .neuron('collect', {})
        .dendrite({
          collateral: worked,
          response: (n, _axon, { activationId, update }) => {
            effect(activationId, `collect ${n}`);
            update((count = 0) => count + 1);
          },
        });
      const cns = new CNS([split, work, collect], options);
      if (listens(processes++)) {
        cns.addResponseListener(async ({ outputSignal, stimulation }) => {
          if (outputSignal !== undefined) await stimulation.checkpoint(); // what the signal leads to is stored as held
        });
      }
      return { cns, effects };
    },
    start: ({ cns }) => cns.stimulate(order.createSignal([3, 1, 2]), { id }),
  };
};

/** Loops until the limit stops it; every hop is stored, one of them is tried twice. */
const limited = (hops: Record<string, number>[], isAsync: boolean): Story => ({
  id,
  make: (options) => {
    const { effects, effect } = effectsOf();
    const round = collateral<number>('round');
    const weak = new Set<string>();
    const turn = withCtx<number>()
      .neuron('turn', { round })
      .milestone()
      .retry({ attempts: 2, backoff: 'constant', initial: 0 })
      .dendrite({
        collateral: [order, round],
        response: async (given, axon, { activationId, update, attempt }) => {
          if (isAsync) await null;
          const n = typeof given === 'number' ? given : 0;
          if (n === 2 && attempt === 1 && !weak.has(activationId)) {
            weak.add(activationId);
            throw new RangeError('once more');
          }
          effect(activationId, `turn ${n}`);
          update((count = 0) => count + 1);
          return [axon.round.createSignal(n + 1), axon.round.createSignal(n + 1)].slice(n % 2);
        },
      });
    const beside = neuron('beside', {}).dendrite({
      collateral: round,
      response: (n, _axon, { activationId }) => effect(activationId, `beside ${n}`),
    });
    return { cns: new CNS([turn, beside], { logger: recordingLogger(), ...options }), effects };
  },
  start: ({ cns }) => cns.stimulate(order.createSignal([]), { id, maxNeuronHops: 6, maxFrontier: 5 }),
  drive: async (run) => {
    await run.waitUntilComplete().catch(() => undefined);
    hops.push({ ...run.actor.getSnapshot().context.hops });
  },
});

const chosen = new WeakMap<CNS, Parameters<CNS['stimulate']>[1]>();

/** Chooses at every hop by what the run came in with; drops the values of neurons that it has left behind. */
const sensed: Story = {
  id,
  make: (options) => {
    const { effects, effect } = effectsOf();
    const web = afferentPath();
    const form = afferentPath(web);
    const text = modality('text', { web, form });
    const [asked, answered, told] = [
      collateral<string>('asked'),
      collateral<string>('answered'),
      collateral<string>('told'),
    ];
    const hear = withCtx<string>()
      .neuron('hear', { asked })
      .milestone()
      .modalityDendrite({
        collateral: order,
        modality: text,
        afferentPaths: [[web, () => 'web']],
        default: () => 'text',
        output: (who, axon, { activationId, set, stimulationContext }) => {
          effect(activationId, `hear ${who} for ${(stimulationContext as { tenant: string }).tenant}`);
          set(who);
          return axon.asked.createSignal(who);
        },
      });
    const reply = withCtx<string>()
      .neuron('reply', { answered })
      .milestone()
      .modalityDendrite({
        collateral: asked,
        modalities: [
          { modality: text, afferentPaths: new Map([[form, async (asks: string) => `form ${asks}`]]) },
          { modality: modality('voice', { phone: afferentPath() }) },
        ],
        output: (said, axon, { activationId, set, get }) => {
          effect(activationId, `reply ${said} after ${String(get())}`);
          set(said);
          return axon.answered.createSignal(said);
        },
      });
    const tell = withCtx<string>()
      .neuron('tell', { told })
      .dendrite({
        collateral: answered,
        response: async (said, axon, { activationId, get }) => {
          await null;
          effect(activationId, `tell ${said}, had ${String(get())}`);
          return axon.told.createSignal(said);
        },
      });
    const cns = new CNS([hear, reply, tell], { autoCleanupContexts: true, ...options });
    chosen.set(cns, { id, output: told, modality: text, afferentPath: form, stimulationContext: { tenant: 'blue' } });
    return { cns, effects };
  },
  start: ({ cns }) =>
    cns.stimulate(order.createSignal([]), { ...chosen.get(cns), contextValues: { reply: 'before', tell: 'kept' } }),
};

describe.each(stores)('on a %s', (_name, fresh) => {
  it('I8: what an async listener holds runs after a crash, to the same end', async () => {
    const first = await expectSameEndFromEverywhere(
      listened(() => true),
      fresh,
    );
    expect(first.end).toMatchObject({ status: 'completed', context: { work: 6, collect: 3 } });
    expect(first.checkpoints.length).toBeGreaterThanOrEqual(5);
  });

  it('I8: what an async listener held runs where nobody listens', async () => {
    const first = await expectSameEndFromEverywhere(
      listened((process) => process === 0),
      fresh,
    );
    expect(first.end).toMatchObject({ status: 'completed', context: { work: 6, collect: 3 } });
  });

  it.each([
    ['sync', false],
    ['async', true],
  ])('I8: visits are counted on where they were, %s: neither from zero, nor twice', async (_how, isAsync) => {
    const hops: Record<string, number>[] = [];
    const first = await expectSameEndFromEverywhere(limited(hops, isAsync), fresh);
    expect(first.end.status).toBe('failed');
    expect(first.end.failed.every(({ error }) => (error as { code?: string }).code === 'HOP_LIMIT')).toBe(true);
    expect(first.end.failed.length).toBeGreaterThan(0);
    expect(first.checkpoints.length).toBeGreaterThanOrEqual(6);
    expect(hops).toEqual(hops.map(() => hops[0]));
  });

  it('I8: a modality and a path are chosen by as before, and what is still to be reached keeps its value', async () => {
    const first = await expectSameEndFromEverywhere(sensed, fresh);
    expect([...first.effects.values()]).toEqual([
      'hear web for blue',
      'reply form web after before',
      'tell form web, had kept',
    ]);
    expect(first.end).toMatchObject({ status: 'completed', output: 'form web', context: {} });
  });
});

it('I2, I8: a checkpoint made while a listener holds something has it, and after a crash there it just runs', async () => {
  const story = listened(() => true);
  const first = await live(story, memoryStore());
  const held = first.checkpoints.filter(({ settled }) => settled.size === 1); // only `split`
  expect(held.length).toBeGreaterThan(0);
  for (const { seq } of held) {
    const parts = [...((await first.store.load(id, seq))?.parts.keys() ?? [])];
    expect(parts.filter((name) => name.startsWith('frontier/'))).toHaveLength(3);
    const { cns, effects } = listened(() => false).make({ store: await storeAt(first.store, id, seq) });
    await (await cns.rehydrate(id))?.waitUntilComplete();
    expect([...effects.values()].slice(0, 3)).toEqual(['work 3', 'work 1', 'work 2']);
    expect(effects.size).toBe(6);
  }
});

const item = collateral<number>('item');

interface Family {
  readonly parent: CNS;
  readonly effects: Map<string, string>;
}

/**
 * order -> ship, which has a child for each item, one after another or side by side -> note. A child is
 * pick (milestone) -> pack; `pack 13` fails, and one may wait until it is aborted.
 */
function family(options: CNSOptions, isParallel: boolean, waits?: number): Family {
  const { effects, effect } = effectsOf();
  const [picked, packed] = [collateral<number>('picked'), collateral<string>('packed')];
  const shipped = collateral<string>('shipped');
  const pick = withCtx<number>()
    .neuron('pick', { picked })
    .milestone()
    .dendrite({
      collateral: item,
      response: (n, axon, { activationId, set }) => {
        effect(activationId, `pick ${n}`);
        set(n);
        return axon.picked.createSignal(n);
      },
    });
  const pack = neuron('pack', { packed }).dendrite({
    collateral: picked,
    response: async (n, axon, { activationId, abortSignal }) => {
      await (n === waits ? whenAborted(abortSignal) : null);
      effect(activationId, `pack ${n}`);
      if (n === 13) throw new RangeError('torn box');
      return axon.packed.createSignal(`box ${n}`);
    },
  });
  const child = new CNS([pick, pack], { name: 'child', logger: recordingLogger(), ...options });
  const ship = withCtx<string>()
    .neuron('ship', { shipped })
    .milestone()
    .dendrite({
      collateral: order,
      response: async (items, axon, ctx) => {
        const pack1 = (n: number) => ctx.stimulate(child, item.createSignal(n), { output: packed });
        const boxes: unknown[] = [];
        if (isParallel) boxes.push(...(await Promise.all(items.map(pack1))).map(({ output }) => output));
        else for (const n of items) boxes.push((await pack1(n)).output);
        ctx.set(boxes.join());
        return axon.shipped.createSignal(boxes.join());
      },
    });
  const note = neuron('note', {}).dendrite({
    collateral: shipped,
    response: (boxes, _axon, { activationId }) => effect(activationId, `note ${boxes}`),
  });
  return { parent: new CNS([ship, note], { name: 'parent', logger: recordingLogger(), ...options }), effects };
}

const whenAborted = (signal: AbortSignal): Promise<never> =>
  new Promise((_resolve, reject) => signal.addEventListener('abort', () => reject(signal.reason as Error)));

/** Every write of every run, in order, with all that had settled well by then. */
function recorded(inner: Store) {
  const writes: { readonly id: string; readonly seq: number; readonly settled: ReadonlySet<string> }[] = [];
  const settled = new Set<string>();
  const note = (run: string, seq: number, events: readonly string[]): void => {
    for (const text of events) {
      const { activation, outcome } = JSON.parse(text) as { activation: string; outcome: string };
      if (outcome === 'responded') settled.add(`${run}/${activation}`);
    }
    writes.push({ id: run, seq, settled: new Set(settled) });
  };
  const store = withOverrides(inner, {
    create: async (request) => {
      const lease = await inner.create(request);
      if (lease !== undefined) note(request.id, 1, []);
      return lease;
    },
    save: async (request) => {
      await inner.save(request);
      note(request.id, request.seq, request.events);
    },
  });
  return { store, writes };
}

/** What a crash after the k-th write leaves of all runs. */
async function storeAfter(from: Store, writes: readonly { readonly id: string; readonly seq: number }[], k: number) {
  const newest = new Map(writes.slice(0, k + 1).map(({ id: run, seq }) => [run, seq]));
  const to = memoryStore();
  for (const [run, seq] of newest) await storeAt(from, run, seq, to);
  return to;
}

const endOf = async (run: Stimulation) => {
  const ended = await run.waitUntilComplete().catch((error: unknown) => error);
  return {
    status: run.status,
    context: run.getContext().getAll(),
    failed: run.getFailedTasks(),
    error: 'errors' in (ended as object) ? (ended as Error).message : null,
  };
};

const sorted = (effects: Iterable<readonly [string, string]>) => [...effects].sort(([a], [b]) => (a < b ? -1 : 1));

describe.each([
  ['one after another', false],
  ['side by side', true],
])('a parent and its children %s, in one store', (_how, isParallel) => {
  it('I8: killed at every write of any of them, and rehydrated, do what was left and nothing again', async () => {
    const inner = memoryStore();
    const { store, writes } = recorded(inner);
    const first = family({ store }, isParallel);
    const end = await endOf(first.parent.stimulate(order.createSignal([3, 1, 2]), { id }));
    expect(end).toMatchObject({ status: 'completed', context: { ship: 'box 3,box 1,box 2' } });
    expect(first.effects.size).toBe(7);
    expect(writes.length).toBeGreaterThanOrEqual(11);
    for (const [k, { settled }] of writes.entries()) {
      const second = family({ store: await storeAfter(inner, writes, k) }, isParallel);
      const run = (await second.parent.rehydrate(id)) as Stimulation;
      expect(await endOf(run), `after write ${k}`).toEqual(end);
      const left = [...first.effects].filter(([activation]) => !settled.has(activation));
      expect(sorted(second.effects), `effects after write ${k}`).toEqual(sorted(left));
    }
  });

  it('I8: with a child that fails, fail with the same cause, and what the others have finished is not done again', async () => {
    const inner = memoryStore();
    const { store, writes } = recorded(inner);
    const first = family({ store }, isParallel);
    const end = await endOf(first.parent.stimulate(order.createSignal([3, 13]), { id }));
    await quiet();
    expect(end).toMatchObject({ status: 'failed', context: {} });
    expect(end.error).toContain('torn box');
    for (const [k, { settled }] of writes.entries()) {
      const second = family({ store: await storeAfter(inner, writes, k) }, isParallel);
      const run = (await second.parent.rehydrate(id)) as Stimulation;
      const ended = await endOf(run);
      await quiet();
      expect({ status: ended.status, context: ended.context, error: ended.error }, `after write ${k}`).toEqual({
        status: end.status,
        context: end.context,
        error: end.error,
      });
      for (const [activation, what] of second.effects) {
        if (what !== 'pack 13') expect(settled.has(activation), `${what} again, after write ${k}`).toBe(false);
      }
    }
  });

  it('I8: aborted in the middle and killed at any write from then on, are retried to the end of a run without an abort', async () => {
    const whole = family({ store: memoryStore() }, isParallel);
    const end = await endOf(whole.parent.stimulate(order.createSignal([3, 1, 2]), { id }));
    const inner = memoryStore();
    const { store, writes } = recorded(inner);
    const first = family({ store }, isParallel, 1);
    const aborted = first.parent.stimulate(order.createSignal([3, 1, 2]), { id });
    await quiet();
    aborted.abort(new RangeError('enough'));
    await caught(aborted);
    await quiet();
    expect(first.effects.size).toBe(isParallel ? 5 : 3);
    for (const [k, { settled }] of writes.entries()) {
      const second = family({ store: await storeAfter(inner, writes, k) }, isParallel);
      const retried = async () => endOf((await second.parent.rehydrate(id, { retry: true })) as Stimulation);
      let ended = await retried();
      // stored as about to be aborted, it ends so first
      if (ended.status === 'aborted') ended = await retried();
      expect(ended, `after write ${k}`).toEqual(end);
      const left = [...whole.effects].filter(([activation]) => !settled.has(activation));
      expect(sorted(second.effects), `effects after write ${k}`).toEqual(sorted(left));
    }
  });
});

it('rehydrated is what a process of its own finds', async () => {
  const store = memoryStore();
  const first = await live(
    listened(() => true),
    store,
  );
  const again = await live(
    listened(() => true),
    first.store,
    rehydrated(id),
  );
  expect(again.end).toEqual(first.end);
  expect(again.effects.size).toBe(0);
});
