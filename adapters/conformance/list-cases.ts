import assert from 'node:assert/strict';
import type { RunIndex, Store } from '../../src/durability/store.js';
import { owner, TTL, type ConformanceCase } from './bench.js';

export const listCases: readonly ConformanceCase[] = [
  {
    title: 'list of an empty store is one empty page',
    run: async ({ store }) => assert.deepEqual(await store.list(), { runs: [] }),
  },
  {
    title: 'list gives the newest checkpoint, its index and the lease of each run',
    run: async (bench) => {
      const lease = await bench.create('run');
      await bench.save('run', 2, lease, { head: '"two"', index: { status: 'waiting', graph: 'flow', due: 5 } });
      const index = { status: 'waiting', graph: 'flow', due: 5 };
      const expected = { owner: owner('one'), fence: lease.fence, until: bench.clock.now() + TTL };
      const { runs } = await (await bench.again()).list();
      assert.deepEqual(runs, [{ id: 'run', seq: 2, head: '"two"', index, lease: expected, inbox: 0 }]);
    },
  },
  {
    title: 'list filters by status, by graph and by due time, and by all of them together',
    run: async (bench) => {
      const add = (id: string, index: RunIndex) => bench.create(id, { index });
      await add('a', { status: 'running', graph: 'one', due: null });
      await add('b', { status: 'waiting', graph: 'one', due: 10 });
      await add('c', { status: 'waiting', graph: 'two', due: 20 });
      await add('d', { status: 'failed', graph: 'two', due: null });
      const { store } = bench;
      assert.deepEqual(await ids(store.list({ status: ['waiting', 'failed'] })), ['b', 'c', 'd']);
      assert.deepEqual(await ids(store.list({ status: [] })), ['a', 'b', 'c', 'd']);
      assert.deepEqual(await ids(store.list({ graph: 'two' })), ['c', 'd']);
      assert.deepEqual(await ids(store.list({ dueBefore: 10 })), ['b']);
      assert.deepEqual(await ids(store.list({ dueBefore: 20, graph: 'two', status: ['waiting'] })), ['c']);
      assert.deepEqual(await ids(store.list({ status: ['aborted'] })), []);
    },
  },
  {
    title: 'list follows a run from one status to the next',
    run: async (bench) => {
      const lease = await bench.create('run');
      await bench.save('run', 2, lease, { index: { status: 'completed', graph: 'flow', due: null } });
      assert.deepEqual(await ids(bench.store.list({ status: ['running'] })), []);
      assert.deepEqual(await ids(bench.store.list({ status: ['completed'] })), ['run']);
    },
  },
  {
    title: 'paging in the order of ids gives each run that stays exactly once, while others come, change and go',
    run: async (bench) => {
      const names = Array.from({ length: 25 }, (_, i) => `run ${String(i * 7).padStart(3, '0')}`);
      const leases = await Promise.all([...names].reverse().map((id) => bench.create(id)));
      const seen: string[] = [];
      let cursor: string | undefined;
      let page = 0;
      do {
        const { runs, cursor: next } = await bench.store.list(
          cursor === undefined ? { limit: 4 } : { limit: 4, cursor },
        );
        seen.push(...runs.map((run) => run.id));
        page += 1;
        await bench.create(`run 000 ${page}`);
        await bench.save(names[24 - page] ?? '', 2, leases[page] ?? leases[0] ?? assert.fail());
        if (page === 2) await bench.store.delete(seen.at(-1) ?? '');
        cursor = next;
      } while (cursor !== undefined);
      assert.deepEqual(
        seen.filter((id) => names.includes(id)),
        names,
      );
      assert.deepEqual(seen, [...seen].sort());
    },
  },
  {
    title: 'the last page has no cursor, also when it is full',
    run: async (bench) => {
      for (const id of ['a', 'b', 'c', 'd']) await bench.create(id);
      const first = await bench.store.list({ limit: 2 });
      assert.ok(first.cursor !== undefined);
      const second = await bench.store.list({ limit: 2, cursor: first.cursor });
      assert.deepEqual([second.runs.map((run) => run.id), second.cursor], [['c', 'd'], undefined]);
    },
  },
  {
    title: 'list gives a hundred runs unless told',
    run: async (bench) => {
      await Promise.all(Array.from({ length: 101 }, (_, i) => bench.create(`run ${i}`)));
      const { runs, cursor } = await bench.store.list();
      assert.equal(runs.length, 100);
      assert.ok(cursor !== undefined);
    },
  },
];

async function ids(page: ReturnType<Store['list']>): Promise<string[]> {
  return (await page).runs.map((run) => run.id);
}
