import { CheckpointTooLargeError, CNS, collateral, type CNSOptions, SaveFailedError, withCtx } from 'engram';
import { fileStore } from 'engram/adapters/file';
import { memoryStore } from 'engram/adapters/memory';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { brotliCompressSync } from 'node:zlib';
import { describe, expect, it, onTestFinished } from 'vitest';
import { pack, unpack } from '../../src/durability/compression.js';
import { openEnvelope } from '../../src/durability/envelope.js';
import { CorruptCheckpointError, InvalidArgumentError, StoreRequiredError } from '../../src/errors/index.js';
import { caught } from '../support/caught.js';
import { recordingLogger } from '../support/recording-logger.js';
import { withOverrides } from '../support/stores.js';

class Money {
  constructor(
    readonly amount: bigint,
    readonly currency: string,
  ) {}
  toString(): string {
    return `${this.amount} ${this.currency}`;
  }
}

interface Plan {
  /** Characters of the context value of each visit. */
  readonly kept: readonly number[];
  readonly sent?: number;
}
const started = collateral<Plan & { readonly price?: Money }>('started');
const next = collateral<Plan>('next');
const reserved = collateral<string>('reserved');
const filler = (length: number): string => 'ship it with care, '.repeat(length / 19 + 1).slice(0, length);

/** Each step is a milestone: it is stored before the next begins. */
function flow(options: CNSOptions) {
  const order = withCtx<{ text: string; price?: Money | undefined }>()
    .neuron('order', { next, reserved })
    .milestone()
    .dendrite({
      collateral: [started, next],
      response: (plan, axon, ctx) => {
        const [size, ...kept] = plan.kept;
        const price = 'price' in plan ? plan.price : ctx.get()?.price;
        if (size !== undefined) ctx.set({ text: filler(size), price });
        if (kept.length > 0) return axon.next.createSignal({ ...plan, kept });
        return plan.sent === undefined ? undefined : axon.reserved.createSignal(filler(plan.sent));
      },
    });
  const ship = withCtx<number>()
    .neuron('ship', {})
    .milestone()
    .dendrite({ collateral: reserved, response: (text, _axon, ctx) => ctx.set(text.length) });
  const logger = recordingLogger();
  return { cns: new CNS([order, ship], { logger, ...options }), logger };
}

function directory(): string {
  const dir = mkdtempSync(join(tmpdir(), 'engram-sizes-'));
  onTestFinished(() => rmSync(dir, { recursive: true, force: true }));
  return dir;
}
const filesIn = (dir: string): string =>
  readdirSync(dir, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');

describe('compression above a size', () => {
  it('packs large parts only, says so in the head, and each stays one line of JSON', async () => {
    const store = memoryStore();
    const { cns } = flow({ store, compression: { above: 4096 } });
    await cns.stimulate(started.createSignal({ kept: [50_000], sent: 100 }), { id: 'r' });
    const { head, parts } = (await store.load('r')) ?? expect.unreachable();
    expect(openEnvelope(head, 'here').compression).toBe('brotli');
    const packed = [...parts].filter(([, text]) => text.startsWith('"')).map(([name]) => name);
    expect(packed).toEqual(['context/order']);
    for (const text of parts.values()) expect(text).not.toMatch(/[\n\r]/);
    expect(JSON.parse(parts.get('context/order') as string)).toMatch(/^50\d{3}:/);
    expect(parts.get('context/order')?.length).toBeLessThan(1000);
  });

  it('I1: is undone when a run comes back, also by a CNS that packs nothing or other sizes', async () => {
    const dir = directory();
    const store = fileStore({ dir });
    const first = flow({ store, compression: { above: 1000 } });
    await first.cns.stimulate(started.createSignal({ kept: [9_000, 8_000], sent: 7_000 }), { id: 'r' });
    expect(filesIn(dir)).not.toContain('ship it with care, ship it with care');
    const seqs = await store.history('r');
    expect(seqs.length).toBeGreaterThan(2);
    await first.cns.close();
    await store.close();

    const again = fileStore({ dir });
    onTestFinished(() => again.close());
    const back = await flow({ store: again }).cns.rehydrate('r');
    expect(await back?.waitUntilComplete()).toMatchObject({
      status: 'completed',
      context: { order: { text: filler(8_000) }, ship: 7_000 },
    });
  });

  it('I3: of a run that goes on without it, the digest is that of what is stored, packed or not', async () => {
    const whole = memoryStore();
    const held: string[] = [];
    const store = withOverrides(whole, {
      save: async (request) => {
        held.push(request.head);
        await whole.save(request);
        // the process dies when the first milestone is stored
        throw new Error('gone');
      },
    });
    const first = flow({ store, compression: { above: 1000 } });
    await caught(first.cns.stimulate(started.createSignal({ kept: [9_000], sent: 7_000 }), { id: 'r' }));
    expect(openEnvelope(held[0] ?? '', '').compression).toBe('brotli');

    const second = flow({ store: whole });
    const back = await second.cns.rehydrate('r');
    expect(await back?.waitUntilComplete()).toMatchObject({ context: { order: { text: filler(9_000) }, ship: 7_000 } });
    // what did not change is still packed, and the head knows
    const { head, parts } = (await whole.load('r')) ?? expect.unreachable();
    expect(parts.get('context/order')).toMatch(/^"/);
    expect(openEnvelope(head, '').compression).toBe('brotli');
    const third = await flow({ store: whole }).cns.rehydrate('r');
    expect(third?.status).toBe('completed');
  });

  it('attaches by the same entry, however that is stored', async () => {
    const store = memoryStore();
    const signal = started.createSignal({ kept: [10], sent: 1, price: new Money(5n, 'x'.repeat(5000)) });
    const options = { store, classes: { Money } };
    await flow({ ...options, compression: { above: 1000 } }).cns.stimulate(signal, { id: 'r' });
    const entry = (await store.load('r'))?.parts.get('entry');
    expect(entry).toMatch(/^"/);
    expect(await flow(options).cns.stimulate(signal, { id: 'r' })).toMatchObject({ status: 'completed' });
  });

  it('keeps a part as it is when packing makes it no smaller', () => {
    expect(pack('{"v":1}')).toBe('{"v":1}');
  });

  it('is off unless told: a checkpoint is readable by a person', async () => {
    const dir = directory();
    const store = fileStore({ dir });
    onTestFinished(() => store.close());
    await flow({ store }).cns.stimulate(started.createSignal({ kept: [100_000] }), { id: 'r' });
    expect(filesIn(dir)).toContain('ship it with care, ship it with care');
  });

  it.each<[string, string]>([
    ['a bomb: more bytes than it says', `"10:${brotliCompressSync(Buffer.alloc(200_000_000)).toString('base64')}"`],
    ['fewer bytes than it says', `"999:${brotliCompressSync(Buffer.from('abc')).toString('base64')}"`],
    ['more than a string can have', `"9999999999:${brotliCompressSync(Buffer.from('abc')).toString('base64')}"`],
    ['no brotli', `"3:${Buffer.from('abc').toString('base64')}"`],
    ['cut short', pack(`{"v":"${filler(5000)}"}`).slice(0, 60) + '"'],
    ['no size', '"AAAA"'],
  ])('that is damaged is CorruptCheckpointError: %s', (_name, text) => {
    const before = process.memoryUsage().arrayBuffers;
    expect(() => unpack(text, 'checkpoint 3, context/order')).toThrow(CorruptCheckpointError);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(50_000_000);
  });
});

describe('limits', () => {
  it('I3: a context value above limits.part fails the save, names the neuron, and leaves what was stored', async () => {
    const store = memoryStore();
    const { cns } = flow({ store, limits: { part: 10_000 } });
    const error = await caught(cns.stimulate(started.createSignal({ kept: [5_000, 20_000] }), { id: 'r' }));
    expect(error).toBeInstanceOf(SaveFailedError);
    const cause = (error as SaveFailedError).cause as CheckpointTooLargeError;
    expect(cause).toBeInstanceOf(CheckpointTooLargeError);
    expect(cause).toMatchObject({ what: 'the context of neuron "order"', limit: 10_000, retryable: false });
    expect(cause.bytes).toBeGreaterThan(20_000);
    expect((error as Error).message).toContain('the context of neuron "order" has 20 KiB');
    expect((error as SaveFailedError).hint).toContain('limits.part');

    const newest = (await store.load('r')) ?? expect.unreachable();
    expect(newest.seq).toBe(2);
    expect(newest.parts.get('context/order')?.length).toBeLessThan(10_000);
    const back = await flow({ store }).cns.rehydrate('r');
    expect(await back?.waitUntilComplete()).toMatchObject({ context: { order: { text: filler(20_000) } } });
  });

  it('names the collateral of a payload that is too large', async () => {
    const { cns } = flow({ store: memoryStore(), limits: { part: 10_000 } });
    const error = await caught(cns.stimulate(started.createSignal({ kept: [], sent: 11_000 }), { id: 'r' }));
    expect(error).toMatchObject({ cause: { what: 'the payload of a signal on "reserved"' } });
  });

  it('refuses an entry that is too large before the run exists', async () => {
    const store = memoryStore();
    const { cns } = flow({ store, classes: { Money }, limits: { part: 1_000 } });
    const price = new Money(1n, filler(2_000));
    const error = await caught(cns.stimulate(started.createSignal({ kept: [], price }), { id: 'r' }));
    expect(error).toMatchObject({ code: 'SAVE_FAILED', cause: { code: 'CHECKPOINT_TOO_LARGE' } });
    expect(await store.load('r')).toBeUndefined();
  });

  it('of the whole checkpoint name the largest value', async () => {
    const { cns } = flow({ store: memoryStore(), limits: { checkpoint: 12_000 } });
    const error = await caught(cns.stimulate(started.createSignal({ kept: [9_000], sent: 8_000 }), { id: 'r' }));
    expect(error).toMatchObject({ cause: { what: 'the context of neuron "order"', limit: 12_000 } });
    expect((error as Error).message).toMatch(/the checkpoint has 1\d KiB, more than the 12 KiB that it may have; the/);
  });

  it('count before compression: what a user keeps decides, not how well it packs', async () => {
    const { cns } = flow({ store: memoryStore(), compression: { above: 100 }, limits: { part: 10_000 } });
    const error = await caught(cns.stimulate(started.createSignal({ kept: [20_000] }), { id: 'r' }));
    expect(error).toMatchObject({ cause: { code: 'CHECKPOINT_TOO_LARGE' } });
  });

  it('warn once per run and value, from 80 % on', async () => {
    const { cns, logger } = flow({ store: memoryStore(), limits: { part: 10_000 } });
    await cns.stimulate(started.createSignal({ kept: [7_000, 8_500, 9_000, 10, 9_500] }), { id: 'r' });
    expect(logger.warnings).toEqual([
      'run "r": the context of neuron "order" has 8.4 KiB of the 9.8 KiB that a part may have (limits.part)',
    ]);
  });

  it('that are not set warn at 1 MiB of one value', async () => {
    const { cns, logger } = flow({ store: memoryStore() });
    await cns.stimulate(started.createSignal({ kept: [2 ** 20 - 100, 2 ** 20 + 100] }), { id: 'r' });
    expect(logger.warnings).toEqual([
      'run "r": the context of neuron "order" has 1 MiB, which every checkpoint that changes it writes whole',
    ]);
  });

  it('and compression are refused where they can never be right', () => {
    const store = memoryStore();
    expect(() => flow({ store, limits: { part: 0 } })).toThrow(InvalidArgumentError);
    expect(() => flow({ store, limits: { checkpoint: Number.NaN } })).toThrow(InvalidArgumentError);
    expect(() => flow({ store, compression: { above: -1 } })).toThrow(InvalidArgumentError);
    expect(() => flow({ limits: { part: 1 } })).toThrow(StoreRequiredError);
    expect(() => flow({ compression: { above: 1 } })).toThrow(StoreRequiredError);
  });
});

describe('classes that the user registers', () => {
  it('I1: live through a rehydration, in payloads and in context values', async () => {
    const store = memoryStore();
    const first = flow({ store, classes: { Money }, limits: { part: 10_000 } });
    const price = new Money(12n, 'EUR');
    await caught(first.cns.stimulate(started.createSignal({ kept: [5, 20_000], price }), { id: 'r' }));

    const back = await flow({ store, classes: { Money } }).cns.rehydrate('r');
    const { context } = (await back?.waitUntilComplete()) ?? expect.unreachable();
    const kept = context['order'] as { price: Money };
    expect(kept.price).toBeInstanceOf(Money);
    expect(String(kept.price)).toBe('12 EUR');
    expect(await caught(flow({ store }).cns.rehydrate('r'))).toMatchObject({ code: 'UNSUPPORTED_FORMAT' });
  });
});
