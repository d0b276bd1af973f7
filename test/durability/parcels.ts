/**
 * The flow that is interrupted everywhere: fan-out, a fan-in by context, two milestones, async and sync work, and, when
 * asked for, an activation that fails. Its context and output do not depend on the order of settlements.
 *
 *     order -> unpack (milestone) -> weigh (async, once per item) -> collect -> print (milestone) -> archive
 *                                 -> notify (sync)
 */
import { CNS, collateral, neuron, withCtx, type CNSOptions } from 'engram';

export const order = collateral<{ readonly items: readonly number[]; readonly at: Date }>('order');
export const label = collateral<{ readonly total: bigint; readonly at: Date }>('label');

const item = collateral<{ readonly weight: number; readonly at: Date }>('item');
const notice = collateral<string>('notice');
const weighed = collateral<{ readonly weight: number; readonly at: Date }>('weighed');
const complete = collateral<{ readonly total: number; readonly at: Date }>('complete');

export const ENTRY = { items: [3, 1, 2], at: new Date('2026-01-02T03:04:05.678Z') };
/** A weight that `weigh` refuses. */
export const BROKEN = 13;

export interface Parcels {
  readonly cns: CNS;
  /** What handlers have done to the world, by activation id: each id once, or the test fails. */
  readonly effects: Map<string, string>;
}

/** A CNS of its own, as a process of its own would have it. */
export function parcels(options: CNSOptions = {}): Parcels {
  const effects = new Map<string, string>();
  const effect = (id: string, what: string): void => {
    if (effects.has(id)) throw new TypeError(`activation ${id} ran twice in one process`);
    effects.set(id, what);
  };

  const unpack = withCtx<{ expected: number }>()
    .neuron('unpack', { item, notice })
    .milestone()
    .dendrite({
      collateral: order,
      response: async ({ items, at }, axon, ctx) => {
        await null;
        ctx.set({ expected: items.length });
        effect(ctx.activationId, 'unpack');
        const unpacked = items.map((weight) => axon.item.createSignal({ weight, at }));
        return [...unpacked, axon.notice.createSignal('unpacked')];
      },
    });

  const weigh = withCtx<Map<number, Date>>()
    .neuron('weigh', { weighed })
    .dendrite({
      collateral: item,
      response: async ({ weight, at }, axon, ctx) => {
        for (let i = 0; i < weight; i++) await null;
        effect(ctx.activationId, `weigh ${weight}`);
        if (weight === BROKEN) throw new RangeError('too heavy', { cause: new TypeError('the scale said no') });
        ctx.update((known = new Map()) => new Map([...known, [weight, at] as const].sort(([a], [b]) => a - b)));
        return axon.weighed.createSignal({ weight, at });
      },
    });

  const collect = withCtx<{ count: number; total: number }>()
    .neuron('collect', { complete })
    .dendrite({
      collateral: weighed,
      response: ({ weight, at }, axon, ctx) => {
        effect(ctx.activationId, `collect ${weight}`);
        const { count, total } = ctx.get() ?? { count: 0, total: 0 };
        const now = { count: count + 1, total: total + weight };
        ctx.set(now);
        return now.count === 3 ? axon.complete.createSignal({ total: now.total, at }) : undefined;
      },
    });

  const print = withCtx<{ printed: Date }>()
    .neuron('print', { label })
    .milestone()
    .dendrite({
      collateral: complete,
      response: ({ total, at }, axon, ctx) => {
        effect(ctx.activationId, `print ${total}`);
        ctx.set({ printed: at });
        return axon.label.createSignal({ total: BigInt(total), at });
      },
    });

  const archive = neuron('archive', {}).dendrite({
    collateral: label,
    response: async ({ total }, _axon, { activationId }) => {
      await null;
      effect(activationId, `archive ${total}`);
    },
  });

  const notify = withCtx<number>()
    .neuron('notify', {})
    .dendrite({
      collateral: notice,
      response: (text, _axon, ctx) => {
        effect(ctx.activationId, `notify ${text}`);
        ctx.update((count = 0) => count + 1);
      },
    });

  return { cns: new CNS([unpack, weigh, collect, print, archive, notify], options), effects };
}
