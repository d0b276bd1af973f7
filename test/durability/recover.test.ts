import { AlreadyOwnedError, CNS, collateral, InvalidArgumentError, neuron, type CNSOptions } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { withOverrides } from '../support/stores.js';

const order = collateral<number>('order');

/** With `stuck`, runs never end by themselves. */
function flow(options: CNSOptions, stuck = false) {
  const seen: number[] = [];
  const work = neuron('work', {}).dendrite({
    collateral: order,
    response: (n) => {
      seen.push(n);
      return stuck ? new Promise<void>(() => undefined) : undefined;
    },
  });
  return { cns: new CNS([work], { logger: recordingLogger(), ...options }), seen };
}

async function abandoned(count: number, options: CNSOptions, prefix = 'r'): Promise<void> {
  const { cns } = flow(options, true);
  for (let n = 0; n < count; n++) cns.stimulate(order.createSignal(n), { id: `${prefix}${n}` });
  await quiet();
  await cns.close();
}

describe('recover', () => {
  it('brings back every unfinished run that nobody owns, page by page, each once', async () => {
    const store = memoryStore();
    await abandoned(250, { store });
    await flow({ store }).cns.stimulate(order.createSignal(999), { id: 'ended' });
    const { cns, seen } = flow({ store });
    const ids: string[] = [];
    const report = await cns.recover({ onRun: (run) => ids.push(run.id) });
    expect([report.owned, report.failed]).toEqual([[], []]);
    expect(report.resumed).toHaveLength(250);
    expect(new Set(report.resumed).size).toBe(250);
    expect([...ids].sort()).toEqual([...report.resumed].sort());
    await quiet();
    expect(seen.sort((a, b) => a - b)).toEqual(Array.from({ length: 250 }, (_, n) => n));
    expect((await cns.recover()).resumed).toEqual([]);
  });

  it('reports the runs that another process holds, and those that cannot be brought back, and goes on', async () => {
    const store = memoryStore();
    await abandoned(3, { store });
    const holder = flow({ store }, true).cns;
    await holder.rehydrate('r1');
    const reads = withOverrides(store, {
      load: (id, seq) => (id === 'r2' ? Promise.reject(new RangeError('unreadable')) : store.load(id, seq)),
    });
    const report = await flow({ store: reads }).cns.recover();
    expect(report.resumed).toEqual(['r0']);
    expect(report.owned).toEqual([{ id: 'r1', error: expect.any(AlreadyOwnedError) as unknown }]);
    expect(report.failed).toMatchObject([{ id: 'r2', error: { message: 'unreadable' } }]);
    await holder.close();
  });

  it('brings back no more at once than it is told', async () => {
    const store = memoryStore();
    await abandoned(40, { store });
    let now = 0;
    let most = 0;
    const counts = withOverrides(store, {
      acquire: async (id, claim) => {
        most = Math.max(most, ++now);
        await quiet();
        now--;
        return store.acquire(id, claim);
      },
    });
    const report = await flow({ store: counts }).cns.recover({ concurrency: 5 });
    expect([report.resumed.length, most]).toEqual([40, 5]);
  });

  it('brings back only what the filter lets through, and only runs of this flow', async () => {
    const store = memoryStore();
    await abandoned(3, { store });
    await abandoned(2, { store, name: 'another' }, 'other');
    const none = await flow({ store, name: 'another' }).cns.recover({ filter: () => false });
    expect(none).toMatchObject({ resumed: [], waiting: [], owned: [], failed: [] });
    const { cns } = flow({ store });
    expect((await cns.recover({ filter: ({ id }) => id !== 'r0' })).resumed).toEqual(['r1', 'r2']);
  });

  it('leaves alone the runs that are live here', async () => {
    const store = memoryStore();
    const { cns, seen } = flow({ store }, true);
    cns.stimulate(order.createSignal(1), { id: 'mine' });
    await quiet();
    expect((await cns.recover()).resumed).toEqual([]);
    expect(seen).toEqual([1]);
    await cns.close();
  });

  it('asks for the lease of no run that a living process holds, and reads each of the others once', async () => {
    const store = memoryStore();
    await abandoned(3, { store });
    const holder = flow({ store }, true).cns;
    await holder.rehydrate('r1');
    const asked: string[] = [];
    const watched = withOverrides(store, {
      acquire: (id, claim) => {
        asked.push(`acquire ${id}`);
        return store.acquire(id, claim);
      },
      load: (id, seq) => {
        asked.push(`load ${id}`);
        return store.load(id, seq);
      },
    });
    const report = await flow({ store: watched }).cns.recover({ concurrency: 1 });
    expect(report.owned).toMatchObject([{ id: 'r1', error: { code: 'ALREADY_OWNED', owner: expect.any(String) } }]);
    expect(asked).toEqual(['acquire r0', 'load r0', 'acquire r2', 'load r2']);
    await holder.close();
  });

  it('counts every run, and lists as many as it is told', async () => {
    const store = memoryStore();
    await abandoned(12, { store });
    const { resumed, counts } = await flow({ store }).cns.recover({ reported: 5 });
    expect([resumed.length, counts.resumed]).toEqual([5, 12]);
    expect(await caught(flow({ store }).cns.recover({ reported: -1 }))).toBeInstanceOf(InvalidArgumentError);
  });

  it.each([0, -1, 1.5, Number.NaN])('refuses a concurrency of %s', async (concurrency) => {
    const error = await caught(flow({ store: memoryStore() }).cns.recover({ concurrency }));
    expect(error).toBeInstanceOf(InvalidArgumentError);
  });
});
