import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CNS,
  type CNSOptions,
  collateral,
  expect as expectSignal,
  neuron,
  type Signal,
  type Store,
  withCtx,
} from 'engram';
import { fileStore } from 'engram/adapters/file';
import { memoryStore } from 'engram/adapters/memory';
import { afterAll, describe, expect, it } from 'vitest';
import { expectSameEndFromEverywhere, type Life, type Story, type Subject } from '../support/lives.js';
import { ManualClock } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';

interface Process extends Subject {
  readonly clock: ManualClock;
}

/** What handlers do to the world: once per activation in one process. */
function world() {
  const effects = new Map<string, string>();
  const effect = ({ activationId }: { readonly activationId: string }, what: string): void => {
    if (effects.has(activationId)) throw new TypeError(`activation ${activationId} ran twice in one process`);
    effects.set(activationId, what);
  };
  return { effects, effect };
}

const scratch = mkdtempSync(join(tmpdir(), 'engram-interrupted-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;
const stores: readonly (readonly [string, () => Store])[] = [
  ['memoryStore', () => memoryStore()],
  ['fileStore', () => fileStore({ dir: join(scratch, String(++folders)), fsync: false })],
];

/** Which parts of the stored checkpoints have ever been there. */
async function partsEver({ store, checkpoints }: Life, id: string): Promise<string[]> {
  const names = new Set<string>();
  for (const { seq } of checkpoints) {
    for (const [name, text] of (await store.load(id, seq))?.parts ?? []) {
      const { key, expects } = name.startsWith('frontier/') ? (JSON.parse(text) as Record<string, unknown>) : {};
      names.add(key !== undefined ? 'joined' : expects !== undefined ? 'waiting' : name.replace(/\/.*/, ''));
    }
  }
  return [...names].sort();
}

const parcel = collateral<{ items: readonly number[] }>('parcel');
const item = collateral<{ of: number; n: number }>('item');
const part = collateral<{ of: number; n: number }>('part');
const stamp = collateral<number>('stamp');
const packed = collateral<string>('packed');

/**
 * A parcel is split and its items are wrapped, those below 0 lost; they are packed by parity, each pack with a stamp.
 * @param isShuffled items end in another order than they began
 */
function packing(options: CNSOptions, isShuffled: boolean): Process {
  const { effects, effect } = world();
  const clock = new ManualClock();
  const split = neuron('split', { item, stamp })
    .milestone()
    .dendrite({
      collateral: parcel,
      response: ({ items }, axon, ctx) => {
        effect(ctx, `split ${items.join()}`);
        const count = (n: number) => items.filter((other) => Math.abs(other % 2) === Math.abs(n % 2)).length;
        return [
          ...items.map((n) => axon.item.createSignal({ of: count(n), n })),
          axon.stamp.createSignal(1),
          axon.stamp.createSignal(0),
        ];
      },
    });
  const wrap = neuron('wrap', { part })
    .milestone()
    .dendrite({
      collateral: item,
      response: async ({ of, n }, axon, ctx) => {
        for (let i = 0; i < (isShuffled ? n % 4 : 1); i++) await null;
        effect(ctx, `wrap ${n}`);
        return n < 0 ? undefined : axon.part.createSignal({ of, n });
      },
    });
  const pack = withCtx<string[]>()
    .neuron('pack', { packed })
    .milestone()
    .join(
      { part, stamp },
      ({ part: parts, stamp: stamps }, axon, ctx) => {
        const all = parts.map(({ n }) => n).sort((a, b) => a - b);
        effect(ctx, `pack ${all.join()} with ${stamps.join()}`);
        ctx.update((before = []) => [...before, all.join()].sort());
        return axon.packed.createSignal(all.join());
      },
      {
        key: (payload) => (typeof payload === 'number' ? payload : Math.abs(payload.n) % 2),
        size: (payload) => (typeof payload === 'number' ? 1 : payload.of),
      },
    );
  const ship = neuron('ship', {}).dendrite({
    collateral: packed,
    response: (what, _axon, ctx) => effect(ctx, `ship ${what}`),
  });
  return { cns: new CNS([split, wrap, pack, ship], { clock, logger: recordingLogger(), ...options }), clock, effects };
}

const packingStory = (items: readonly number[], isShuffled: boolean): Story => ({
  id: 'parcel/1',
  make: (options) => packing(options, isShuffled),
  start: ({ cns }) => cns.stimulate(parcel.createSignal({ items }), { id: 'parcel/1' }),
});

describe.each(stores)('joins, on a %s', (_name, fresh) => {
  it('I8: end the same from whichever checkpoint, with partial sets in it or not', async () => {
    const first = await expectSameEndFromEverywhere(packingStory([1, 2, 3, 4, 5, 6], true), fresh);
    expect(first.end).toMatchObject({ status: 'completed', context: { pack: ['1,3,5', '2,4,6'] }, failed: [] });
    expect(first.checkpoints.length).toBeGreaterThanOrEqual(6);
    expect(await partsEver(first, 'parcel/1')).toContain('joined');
  });

  it('I8: that stay incomplete fail the same from whichever checkpoint, one error for each set', async () => {
    const first = await expectSameEndFromEverywhere(packingStory([1, 2, 3, 4, -5, 5], false), fresh);
    expect(first.end).toMatchObject({ status: 'failed', context: { pack: ['2,4'] } });
    const why = { code: 'INCOMPLETE_JOIN', key: '1', lacking: ['part (3 of 4)'] };
    expect(first.end.failed.map(({ task: { payload }, error }) => [payload, error])).toMatchObject([
      [1, why],
      ...[1, 3, 5].map((n) => [{ of: 4, n }, why]),
    ]);
    expect(first.end.error?.errors).toHaveLength(1);
  });
});

const order = collateral<string>('order');
const approved = collateral<string>('approved');
const expired = collateral<string>('expired');
const noted = collateral<string>('noted');

/** Orders wait for approvals: `short` ones for five seconds, `strict` ones fail then; an `asked` one for two in a row. */
function office(options: CNSOptions): Process {
  const { effects, effect } = world();
  const clock = new ManualClock();
  const clerk = withCtx<string[]>()
    .neuron('clerk', { expired, noted })
    .milestone()
    .dendrite({
      collateral: order,
      response: (what, axon, ctx) => {
        effect(ctx, `order ${what}`);
        ctx.update((before = []) => [...before, what]);
        const otherwise = axon.expired.createSignal(what);
        if (what === 'strict') return expectSignal(approved, { within: '5s' });
        if (what === 'short')
          return [axon.noted.createSignal(what), expectSignal(approved, { within: '5s', otherwise })];
        return [expectSignal(approved), axon.noted.createSignal(what, { delay: '1s' }), expectSignal(approved)];
      },
    })
    .expects(approved);
  const shop = withCtx<string[]>()
    .neuron('shop', {})
    .bind(
      { approved, expired, noted },
      {
        approved: (by, _axon, ctx) => {
          effect(ctx, `approved by ${by}`);
          ctx.update((all = []) => [...all, by]);
        },
        expired: (what, _axon, ctx) => {
          effect(ctx, `expired ${what}`);
          ctx.update((all = []) => [...all, what]);
        },
        noted: (what, _axon, ctx) => effect(ctx, `noted ${what}`),
      },
    )
    .milestone();
  return { cns: new CNS([clerk, shop], { clock, logger: recordingLogger(), ...options }), clock, effects };
}

/** The world sends its signals at their times, whoever is there to take them, and again after every crash. */
const officeStory = (entry: readonly Signal[], outside: readonly (readonly [at: number, by: string])[]): Story => ({
  id: 'office/1',
  make: office,
  start: ({ cns }) => cns.stimulate(entry, { id: 'office/1' }),
  drive: async (run, subject) => {
    const { clock } = subject as Process;
    const begun = clock.now();
    await clock.pass(0);
    for (const [at, by] of outside) {
      await clock.pass(begun + at - clock.now());
      await run.signal(approved.createSignal(by), { deliveryId: by }).catch(() => undefined); // it may have ended
    }
    for (let i = 0; i < 20 && !['completed', 'failed'].includes(run.status); i++) await clock.pass(1000);
  },
});

const orders = (...all: string[]) => all.map((what) => order.createSignal(what));

describe.each(stores)('expectations, on a %s', (_name, fresh) => {
  it('I8: end the same from whichever checkpoint: early, met, given up and unclaimed', async () => {
    const later = order.createSignal('asked', { delay: '2s' });
    const story = officeStory(
      [...orders('short', 'short', 'asked'), later],
      [
        [500, 'ann'],
        [600, 'bob'],
        [700, 'cid'],
        [800, 'dan'],
        [900, 'eve'], // early: nobody waits before the last order
        [950, 'flo'],
        [960, 'gil'], // the last order takes eve and flo, and nobody takes this one
      ],
    );
    const first = await expectSameEndFromEverywhere(story, fresh);
    expect(first.end).toMatchObject({ status: 'completed', failed: [] });
    expect(first.end.context).toEqual({
      clerk: ['short', 'short', 'asked', 'asked'],
      shop: ['ann', 'bob', 'cid', 'dan', 'eve', 'flo'],
    });
    expect(await partsEver(first, 'office/1')).toEqual(
      expect.arrayContaining(['context', 'deliveries', 'early', 'frontier', 'run', 'waiting']),
    );
  });

  it('I8: are given up in the same way from whichever checkpoint', async () => {
    const story = officeStory(orders('short', 'strict', 'short', 'strict'), [[1000, 'ann']]);
    const first = await expectSameEndFromEverywhere(story, fresh);
    expect(first.end).toMatchObject({ status: 'failed', context: { shop: ['ann', 'short'] } });
    expect(first.end.failed.map(({ task: { payload }, error }) => [payload, error])).toMatchObject([
      ['strict', { code: 'EXPECTATION_TIMEOUT' }],
      ['strict', { code: 'EXPECTATION_TIMEOUT' }],
    ]);
  });
});
