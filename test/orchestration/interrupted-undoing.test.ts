import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CNS,
  collateral,
  expect as wait,
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
import { ManualClock } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { heldStore, storeAt } from '../support/stores.js';

const order = collateral<string>('order');
const label = collateral<string>('label');
const reserved = collateral<string>('reserved');
const charged = collateral<string>('charged');
const approved = collateral<string>('approved');

/** What the last neuron does. */
type End = 'fails' | 'waits';

interface Shop {
  readonly cns: CNS;
  readonly clock: ManualClock;
  readonly effects: Map<string, string>;
  /** In order, with every attempt. */
  readonly trace: string[];
}

/** order -> reserve -> charge (milestone) -> print and ship. Undoing `charge` fails for good, `print` succeeds the second time. */
function shop(end: End, options: CNSOptions = {}): Shop {
  const effects = new Map<string, string>();
  const trace: string[] = [];
  const clock = new ManualClock();
  const effect = (id: string, what: string): void => {
    if (effects.has(id)) throw new TypeError(`activation ${id} ran twice in one process`);
    effects.set(id, what);
    trace.push(what);
  };
  const reserve = withCtx<string[]>()
    .neuron('reserve', { reserved })
    .dendrite({
      collateral: order,
      response: async (text, axon, ctx) => {
        await null;
        effect(ctx.activationId, `reserve ${text}`);
        ctx.update((held = []) => [...held, text]);
        return axon.reserved.createSignal(text);
      },
    })
    .compensate(async (text, _axon, ctx) => {
      await null;
      effect(ctx.activationId, `undo reserve ${text} of ${ctx.undoes}`);
      ctx.update((held = []) => held.filter((one) => one !== text));
    });
  const charge = neuron('charge', { charged })
    .milestone()
    .dendrite({
      collateral: reserved,
      response: (text, axon, ctx) => {
        effect(ctx.activationId, `charge ${text}`);
        return axon.charged.createSignal(text);
      },
    })
    .compensate((text, _axon, ctx) => {
      effect(ctx.activationId, `undo charge ${text} of ${ctx.undoes}`);
      throw new TypeError('the bank is closed', { cause: new RangeError('sunday') });
    });
  const print = withCtx<{ printed: boolean }>()
    .neuron('print', { label })
    .retry({ attempts: 2, backoff: 'constant', initial: 1000 })
    .dendrite({
      collateral: charged,
      response: (text, axon, ctx) => {
        effect(ctx.activationId, `print ${text}`);
        ctx.set({ printed: true });
        return axon.label.createSignal(text);
      },
    })
    .compensate((text, _axon, ctx) => {
      if (ctx.attempt === 1) throw new TypeError('paper jam');
      effect(ctx.activationId, `undo print ${text} of ${ctx.undoes}`);
      ctx.set({ printed: false });
    });
  const ship = neuron('ship', {})
    .expects(approved)
    .dendrite({
      collateral: charged,
      response: (text, _axon, ctx) => {
        effect(ctx.activationId, `ship ${text}`);
        if (end === 'waits') return wait(approved);
        throw new RangeError('no ship');
      },
    });
  const cns = new CNS([reserve, charge, print, ship], { clock, logger: recordingLogger(), ...options });
  return { cns, clock, effects, trace };
}

const id = 'order/1';
const signals = ['a', 'b'].map((text) => order.createSignal(text));

const start = ({ cns }: { readonly cns: CNS }): Stimulation => cns.stimulate(signals, { id, output: label });

/** Lets time pass, and aborts what waits, until the run has ended. */
const storyOf = (end: End): Story => ({
  id,
  make: (options) => shop(end, options),
  start,
  drive: async (run, subject) => {
    const { clock } = subject as Shop;
    const isOn = () => run.status === 'running' || run.status === 'starting';
    while (isOn()) await clock.pass(0);
    if (end === 'waits') run.abort(new RangeError('changed my mind'), { compensate: true });
    while (isOn() || run.status === 'waiting') await clock.pass(500);
  },
});

const scratch = mkdtempSync(join(tmpdir(), 'engram-undoing-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;
const stores: readonly (readonly [string, () => Store])[] = [
  ['memoryStore', () => memoryStore()],
  ['fileStore', () => fileStore({ dir: join(scratch, String(++folders)), fsync: false })],
];
const ends: readonly (readonly [string, End])[] = [
  ['has failed', 'fails'],
  ['was aborted with compensation', 'waits'],
];

describe.each(stores)('on a %s', (_name, fresh) => {
  describe.each(ends)('a run that %s, killed while it undoes what it did', (_what, end) => {
    it('I8: ends the same, with nothing undone twice, from whichever checkpoint it is rehydrated', async () => {
      const first = await expectSameEndFromEverywhere(storyOf(end), fresh);
      expect(first.end).toMatchObject({
        status: end === 'fails' ? 'failed' : 'aborted',
        output: 'b',
        context: { reserve: [], print: { printed: false } },
      });
      const undone = [...first.effects.values()].filter((what) => what.startsWith('undo'));
      expect(undone.map((what) => what.replace(/ of order\/1\/[0-9a-f]{16}$/, ''))).toEqual([
        'undo print b',
        'undo print a',
        'undo charge b',
        'undo reserve b',
        'undo charge a',
        'undo reserve a',
      ]);
      expect(
        first.end.failed.filter(({ aborted }) => !aborted).map(({ task }) => [task.neuron, task.dendrite]),
      ).toEqual([
        ...(end === 'fails'
          ? [
              ['ship', 'charged#0'],
              ['ship', 'charged#0'],
            ]
          : []),
        ['charge', 'undo'],
        ['charge', 'undo'],
      ]);
    });

    it('has a checkpoint after each compensation and before the next', async () => {
      const first = await live(storyOf(end), fresh());
      const undone = [...first.effects].filter(([, what]) => what.startsWith('undo')).map(([activation]) => activation);
      const stored = first.checkpoints.map(
        ({ settled }) => undone.filter((activation) => settled.has(activation)).length,
      );
      expect([...new Set(stored)]).toEqual([0, 1, 2, 3, 4, 5, 6]);
    });
  });
});

describe('a compensation of a durable run', () => {
  it('I4: starts when the save that holds the one before it is acknowledged, and not before', async () => {
    const { store, next } = heldStore();
    const { cns, clock, trace } = shop('fails', { store });
    const run = cns.stimulate(order.createSignal('a'), { id });
    const ended = caught(run);
    const undone = () => trace.filter((what) => what.startsWith('undo')).map((what) => what.split(' ', 2)[1]);
    const seen: string[][] = [];
    while (run.status !== 'failed') {
      const write = await next();
      await clock.pass(2000);
      seen.push(undone() as string[]);
      await write.acknowledge();
      await clock.pass(2000);
    }
    await ended;
    const steps = seen.map((names) => names.join(' '));
    expect([...new Set(steps)]).toEqual(['', 'print', 'print charge', 'print charge reserve']);
    expect(steps.at(-1)).toBe('print charge reserve');
    expect(undone()).toEqual(['print', 'charge', 'reserve']);
  });

  it('I8: that has ended, and whose save was not acknowledged when the process died, runs again under the same id', async () => {
    const inner = memoryStore();
    const { store, next } = heldStore(inner);
    const victim = shop('fails', { store });
    const run = victim.cns.stimulate(order.createSignal('a'), { id });
    run.waitUntilComplete().catch(() => undefined);
    while (![...victim.effects.values()].some((what) => what.startsWith('undo charge'))) {
      const write = await next();
      await write.acknowledge();
      await victim.clock.pass(2000);
    }
    const seq = (await inner.load(id))?.seq ?? 0;
    const survivor = await live(storyOf('fails'), await storeAt(inner, id, seq), rehydrated(id));
    const again = [...survivor.effects].filter(([activation]) => victim.effects.has(activation));
    expect(again.map(([, what]) => what.split(' ', 3).join(' '))).toEqual(['undo charge a']);
    expect(survivor.end.failed.map(({ task }) => task.neuron)).toEqual(['ship', 'charge']);
  });
});
