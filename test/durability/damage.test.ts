import { CNS, collateral, neuron, NoValidCheckpointError, UnsupportedFormatError, withCtx, type Store } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { openEnvelope, sealEnvelope } from '../../src/durability/envelope.js';
import type { StoredCheckpoint } from '../../src/durability/store.js';
import { caught } from '../support/caught.js';
import { recordingLogger } from '../support/recording-logger.js';
import { storeAt, withOverrides } from '../support/stores.js';

const order = collateral<number>('order');
const half = collateral<number>('half');
const done = collateral<number>('done');

function flow(store: Store) {
  const effects: string[] = [];
  const logger = recordingLogger();
  const first = withCtx<number>()
    .neuron('first', { half })
    .milestone()
    .dendrite({
      collateral: order,
      response: (n, axon, ctx) => {
        effects.push('first');
        ctx.set(n);
        return axon.half.createSignal(n / 2);
      },
    });
  const second = withCtx<number>()
    .neuron('second', { done })
    .milestone()
    .dendrite({
      collateral: half,
      response: (n, axon, ctx) => {
        effects.push('second');
        ctx.set(n);
        return axon.done.createSignal(n);
      },
    });
  const last = neuron('last', {}).dendrite({ collateral: done, response: () => void effects.push('last') });
  return { cns: new CNS([first, second, last], { store, logger }), effects, logger };
}

/** A run that has died behind its second milestone: checkpoints 1, 2 and 3. */
async function died(): Promise<Store> {
  const whole = memoryStore();
  await flow(whole).cns.stimulate(order.createSignal(8), { id: 'r', output: done });
  const store = memoryStore();
  for (const seq of [1, 2, 3]) await storeAt(whole, 'r', seq, store);
  return store;
}

/** What these checkpoints are read back as is changed on the way. */
const damaged = (
  inner: Store,
  seqs: readonly number[],
  change: (stored: StoredCheckpoint) => StoredCheckpoint,
): Store =>
  withOverrides(inner, {
    load: async (id, seq) => {
      const stored = await inner.load(id, seq);
      return stored !== undefined && seqs.includes(stored.seq) ? change(stored) : stored;
    },
  });

const parts = (stored: StoredCheckpoint, change: Record<string, string>): StoredCheckpoint => ({
  ...stored,
  parts: new Map([...stored.parts, ...Object.entries(change)]),
});

const changes: readonly (readonly [string, (stored: StoredCheckpoint) => StoredCheckpoint])[] = [
  ['a head that is not JSON', (stored) => ({ ...stored, head: stored.head.slice(0, -5) })],
  ['a changed head', (stored) => ({ ...stored, head: stored.head.replace('"attempt":1', '"attempt":2') })],
  ['a changed context value', (stored) => parts(stored, { 'context/first': '{"v":9}' })],
  ['a part too many', (stored) => parts(stored, { 'context/nobody': '{"v":9}' })],
  ['a missing part', (stored) => ({ ...stored, parts: new Map([...stored.parts].slice(1)) })],
  ['the head of another run', (stored) => ({ ...stored, head: stored.head.replaceAll('"r"', '"q"') })],
];

describe.each(changes)('a newest checkpoint with %s', (_what, change) => {
  it('is passed over with a warning: the run goes on from the one before and ends the same', async () => {
    const inner = await died();
    const { cns, effects, logger } = flow(damaged(inner, [3], change));
    const run = await cns.rehydrate('r');
    expect(await run?.waitUntilComplete()).toMatchObject({ output: 4, context: { first: 8, second: 4 } });
    expect(effects).toEqual(['second', 'last']);
    expect(logger.warnings).toHaveLength(1);
    expect(logger.warnings[0]).toMatch(/"r" goes on from checkpoint 2: .*checkpoint 3 .*damaged/);
  });

  it('I3: is followed by a whole one, newest + 1, whose parent is the one that was used', async () => {
    const inner = await died();
    await (await flow(damaged(inner, [3], change)).cns.rehydrate('r'))?.waitUntilComplete();
    const seqs = await inner.history('r');
    expect(seqs.slice(-4)).toEqual([4, 3, 2, 1]);
    const next = await inner.load('r', 4);
    expect(openEnvelope(next?.head ?? '', 'here')).toMatchObject({ seq: 4, parentSeq: 2, attempt: 2 });
    const again = await flow(inner).cns.rehydrate('r');
    expect(await again?.waitUntilComplete()).toMatchObject({ output: 4, context: { first: 8, second: 4 } });
  });

  it('I6: and none before it that is whole is refused with NoValidCheckpointError, which says what is wrong', async () => {
    const inner = await died();
    const { cns, effects } = flow(damaged(inner, [1, 2, 3], change));
    const error = (await caught(cns.rehydrate('r'))) as NoValidCheckpointError;
    expect(error).toBeInstanceOf(NoValidCheckpointError);
    expect(error).toMatchObject({ id: 'r', code: 'NO_VALID_CHECKPOINT' });
    expect(error.damage).toHaveLength(3);
    expect(effects).toEqual([]);
    expect((await inner.list()).runs[0]?.lease).toBeNull();
    expect(await inner.history('r')).toEqual([3, 2, 1]);
  });
});

it('I3: nothing of a damaged checkpoint is left in those after it, where the run has gone another way since', async () => {
  const build = (store: Store, goesOn: boolean) => {
    const first = withCtx<string>()
      .neuron('first', { half })
      .milestone()
      .dendrite({
        collateral: order,
        response: (n, axon, ctx) => {
          if (goesOn) ctx.set('gone this way');
          return goesOn ? axon.half.createSignal(n) : undefined;
        },
      });
    const waits = neuron('waits', {})
      .milestone()
      .dendrite({ collateral: [half, done], response: () => undefined });
    return new CNS([first, waits], { store, logger: recordingLogger() });
  };
  const whole = memoryStore();
  await build(whole, true).stimulate(order.createSignal(8), { id: 'r' });
  const inner = await storeAt(whole, 'r', 2, await storeAt(whole, 'r', 1));
  const stored = await inner.load('r', 2);
  expect([...(stored?.parts.keys() ?? [])]).toContain('context/first');

  const unreadable = damaged(inner, [2], (found) => ({ ...found, head: 'damaged' }));
  await (await build(unreadable, false).rehydrate('r'))?.waitUntilComplete();
  const next = await inner.load('r', 3);
  expect([...(next?.parts.keys() ?? [])].sort()).toEqual(['entry', 'run']);
  const again = await build(inner, false).rehydrate('r');
  expect(await again?.waitUntilComplete()).toMatchObject({ status: 'completed', context: {} });
});

describe('I6: a checkpoint of another format', () => {
  const future = (stored: StoredCheckpoint) => ({ ...stored, head: stored.head.replace('"version":1', '"version":2') });
  const foreign = (stored: StoredCheckpoint) => ({ ...stored, head: '{"format":"conductor","version":1}' });

  it.each([
    ['a future version', future, 'version 2'],
    ['another program', foreign, 'conductor'],
  ])('from %s is refused with UnsupportedFormatError, although older ones are whole', async (_what, change, named) => {
    const inner = await died();
    const { cns, effects } = flow(damaged(inner, [3], change));
    const error = (await caught(cns.rehydrate('r'))) as UnsupportedFormatError;
    expect(error).toBeInstanceOf(UnsupportedFormatError);
    expect(error.message).toContain(named);
    expect(effects).toEqual([]);
    expect((await inner.list()).runs[0]?.lease).toBeNull();
  });

  it('that says it is another checkpoint than the one asked for counts as damaged', async () => {
    const inner = await died();
    const swapped = damaged(inner, [3], (stored) => {
      const {
        format: _f,
        version: _v,
        codec: _c,
        compression: _z,
        checksum: _s,
        ...fields
      } = openEnvelope(stored.head, '');
      return { ...stored, head: sealEnvelope({ ...fields, seq: 7 }) };
    });
    const { cns, logger } = flow(swapped);
    await (await cns.rehydrate('r'))?.waitUntilComplete();
    expect(logger.warnings[0]).toContain('it says that it is checkpoint 7');
  });
});

describe('what was damaged', () => {
  const headless = (stored: StoredCheckpoint) => ({ ...stored, head: stored.head.slice(0, -5) });

  it('is told by rehydrate before the run goes on: which checkpoint is used, which are lost, what is wrong', async () => {
    const { cns, effects } = flow(damaged(await died(), [3], headless));
    const told: unknown[] = [];
    await cns.rehydrate('r', { onDamage: (one) => told.push(one, [...effects]) });
    expect(told).toEqual([
      { id: 'r', used: 2, lost: [3], problems: [expect.stringContaining('checkpoint 3 of run "r"')] },
      [],
    ]);
  });

  it('is in the report of recover, beside the runs that nothing can be read of', async () => {
    const inner = await died();
    expect((await flow(damaged(inner, [2, 3], headless)).cns.recover()).damaged).toMatchObject([
      { id: 'r', used: 1, lost: [3, 2], problems: [expect.any(String), expect.any(String)] },
    ]);
    const none = await flow(damaged(await died(), [1, 2, 3], headless)).cns.recover();
    expect(none).toMatchObject({ damaged: [], failed: [{ id: 'r', error: { code: 'NO_VALID_CHECKPOINT' } }] });
    expect(none.counts).toEqual({ resumed: 0, waiting: 0, owned: 0, damaged: 0, failed: 1 });
  });

  it('is left untouched by recover when a newer version has stored it, although older ones are whole', async () => {
    const inner = await died();
    const future = (head: string) => head.replace('"version":1', '"version":2');
    const acquired: string[] = [];
    const store = withOverrides(
      damaged(inner, [3], (stored) => ({ ...stored, head: future(stored.head) })),
      {
        list: async (query) => {
          const page = await inner.list(query);
          return { ...page, runs: page.runs.map((run) => ({ ...run, head: future(run.head) })) };
        },
        acquire: (id, claim) => {
          acquired.push(id);
          return inner.acquire(id, claim);
        },
      },
    );
    const report = await flow(store).cns.recover({ fromEntry: true });
    expect(report).toMatchObject({ resumed: [], failed: [{ id: 'r', error: { code: 'UNSUPPORTED_FORMAT' } }] });
    expect(acquired).toEqual([]);
  });
});

describe('a run of which no checkpoint is whole', () => {
  const badDigest = (stored: StoredCheckpoint) => parts(stored, { 'context/first': '{"v":9}' });

  it('I6: starts again from its entry when that is asked for; what is given up is told, logged and stored over', async () => {
    const inner = await died();
    const { cns, effects, logger } = flow(damaged(inner, [1, 2, 3], badDigest));
    const told: unknown[] = [];
    const run = await cns.rehydrate('r', { fromEntry: true, onDamage: (one) => told.push(one) });
    expect(await run?.waitUntilComplete()).toMatchObject({ output: 4, context: { first: 8, second: 4 } });
    expect(effects).toEqual(['first', 'second', 'last']);
    expect(told).toMatchObject([{ id: 'r', used: 'entry', lost: [3, 2, 1] }]);
    expect(logger.warnings).toEqual([
      expect.stringMatching(/^run "r" is started again from its entry: .*3, 2, 1.*given up/),
    ]);
    const first = await inner.load('r', 4);
    expect(openEnvelope(first?.head ?? '', 'here')).toMatchObject({ seq: 4, parentSeq: 0 });
    expect([...(first?.parts.keys() ?? [])]).toContain('entry');
    const again = await flow(inner).cns.rehydrate('r');
    expect(await again?.waitUntilComplete()).toMatchObject({ output: 4, context: { first: 8, second: 4 } });
  });

  it('I4: starts nothing again before that is stored, and stays as it is when it cannot be stored', async () => {
    const inner = await died();
    const store = withOverrides(damaged(inner, [1, 2, 3], badDigest), {
      save: () => Promise.reject(new RangeError('disk full')),
    });
    const { cns, effects } = flow(store);
    expect(await caught(cns.rehydrate('r', { fromEntry: true }))).toMatchObject({ code: 'SAVE_FAILED' });
    expect([effects, await inner.history('r')]).toEqual([[], [3, 2, 1]]);
    expect((await inner.list()).runs[0]?.lease).toBeNull();
  });

  it('starts again when recover is asked to do so, and is reported', async () => {
    const { cns } = flow(damaged(await died(), [1, 2, 3], badDigest));
    expect(await cns.recover({ fromEntry: true })).toMatchObject({
      resumed: ['r'],
      damaged: [{ id: 'r', used: 'entry', lost: [3, 2, 1] }],
    });
  });

  it.each([
    ['that is not there', { entry: undefined }, 'its entry cannot be read either'],
    ['that is not what it should be', { entry: '{"v":{"signals":7}}' }, 'its entry is not what it should be'],
    [
      'of another graph',
      { entry: '{"signals":[{"collateral":"gone","payload":1}],"output":null}' },
      'what it should be',
    ],
  ])('stays as it is with an entry %s', async (_what, { entry }, why) => {
    const inner = await died();
    const store = damaged(inner, [1, 2, 3], (stored) => {
      const changed = new Map(badDigest(stored).parts);
      if (entry === undefined) changed.delete('entry');
      else changed.set('entry', entry);
      return { ...stored, parts: changed };
    });
    const error = await caught(flow(store).cns.rehydrate('r', { fromEntry: true }));
    expect(error).toBeInstanceOf(NoValidCheckpointError);
    expect((error as Error).message).toContain(why);
    expect((error as NoValidCheckpointError).hint).toContain('store.delete(id)');
    expect((await inner.list()).runs[0]?.lease).toBeNull();
    await store.delete('r');
    const anew = flow(inner).cns.stimulate(order.createSignal(8), { id: 'r' });
    expect(await anew.waitUntilComplete()).toMatchObject({ status: 'completed' });
  });

  it('stays as it is when its checkpoints tell of different entries: one of them is damaged', async () => {
    const store = damaged(await died(), [1, 2, 3], (stored) =>
      parts(stored, stored.seq === 2 ? { entry: (stored.parts.get('entry') ?? '').replace('8', '9') } : { 'x/y': '1' }),
    );
    const error = await caught(flow(store).cns.rehydrate('r', { fromEntry: true }));
    expect((error as Error).message).toContain('different entries');
  });

  it('never starts again when one checkpoint is whole: that is used', async () => {
    const { cns, effects } = flow(damaged(await died(), [2, 3], badDigest));
    await (await cns.rehydrate('r', { fromEntry: true }))?.waitUntilComplete();
    expect(effects).toEqual(['first', 'second', 'last']);
    const { cns: other, effects: later } = flow(damaged(await died(), [3], badDigest));
    await (await other.rehydrate('r', { fromEntry: true }))?.waitUntilComplete();
    expect(later).toEqual(['second', 'last']);
  });
});
