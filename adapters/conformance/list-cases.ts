/** The runs there are, page by page: each that stays exactly once, whatever happens meanwhile. */
import assert from 'node:assert/strict';
import type { Lease, ListQuery, RunIndex, Store } from '../../src/durability/store.js';
import { claim, listed, owner, TTL, type ConformanceCase } from './bench.js';

const running: RunIndex = { status: 'running', graph: 'flow', due: null };
const completed: RunIndex = { ...running, status: 'completed' };

const CASES: readonly ConformanceCase[] = [
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
    title: 'list tells of a lease that was renewed, that has expired, that somebody took and that was given up',
    run: async (bench) => {
      const lease = await bench.create('run');
      const other = await bench.again();
      const shownLease = async () => (await other.list()).runs[0]?.lease;
      bench.clock.pass(TTL - 1);
      const renewed = await bench.store.renew('run', lease, TTL);
      assert.deepEqual(await shownLease(), renewed.lease);
      bench.clock.pass(TTL * 3);
      assert.deepEqual(await shownLease(), renewed.lease);
      const taken = await bench.store.acquire('run', claim('two'));
      assert.deepEqual(await shownLease(), taken);
      await bench.store.release('run', taken as Lease);
      assert.equal(await shownLease(), null);
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
      await add('e', { status: 'aborted', graph: '', due: 0 });
      const { store } = bench;
      const ids = (query: ListQuery) => listed(store.list(query));
      assert.deepEqual(await ids({}), ['a', 'b', 'c', 'd', 'e']);
      assert.deepEqual(await ids({ status: ['waiting', 'failed'] }), ['b', 'c', 'd']);
      assert.deepEqual(await ids({ status: [] }), ['a', 'b', 'c', 'd', 'e']);
      assert.deepEqual(await ids({ graph: 'two' }), ['c', 'd']);
      assert.deepEqual(await ids({ graph: '' }), ['e']);
      assert.deepEqual(await ids({ graph: 'on' }), []);
      assert.deepEqual(await ids({ dueBefore: 10 }), ['b', 'e']);
      assert.deepEqual(await ids({ dueBefore: 9 }), ['e']);
      assert.deepEqual(await ids({ dueBefore: 20, graph: 'two', status: ['waiting'] }), ['c']);
      assert.deepEqual(await ids({ status: ['completed'] }), []);
    },
  },
  {
    title: 'list follows a run from one status, graph and due time to the next',
    run: async (bench) => {
      const lease = await bench.create('run', { index: { status: 'waiting', graph: 'one', due: 10 } });
      await bench.save('run', 2, lease, { index: { status: 'waiting', graph: 'one', due: 30 } });
      const ids = (query: ListQuery) => listed(bench.store.list(query));
      assert.deepEqual(await ids({ dueBefore: 20 }), []);
      assert.deepEqual(await ids({ dueBefore: 30 }), ['run']);
      await bench.save('run', 3, lease, { index: { status: 'completed', graph: 'two', due: null } });
      assert.deepEqual(await ids({ dueBefore: 100 }), []);
      assert.deepEqual(await ids({ status: ['waiting'] }), []);
      assert.deepEqual(await ids({ graph: 'one' }), []);
      assert.deepEqual(await ids({ status: ['completed'], graph: 'two' }), ['run']);
    },
  },
  {
    title: 'what a store opened anew lists is what was listed before',
    needs: ['kept'],
    run: async (bench) => {
      const lease = await bench.create('a');
      await bench.create('b', { index: { status: 'waiting', graph: 'two', due: 7 } });
      await bench.create('c', { claim: claim('two') });
      await bench.save('a', 2, lease, { head: '"ended"', index: completed, release: true });
      const before = await bench.store.list();
      assert.deepEqual(await (await bench.anew()).list(), before);
    },
  },
  {
    title: 'paging in the order of ids gives each run that stays exactly once, while others come, change and go',
    run: async (bench) => {
      const names = Array.from({ length: 25 }, (_, i) => `run ${String(i * 7).padStart(3, '0')}`);
      const leases = await Promise.all([...names].reverse().map((id) => bench.create(id)));
      const seen = await paged(bench.store, { limit: 4 }, async (page, last) => {
        await bench.create(`run 000 ${page}`);
        await bench.create(`run 999 ${page}`);
        await bench.save(names[24 - page] ?? '', 2, leases[page] as Lease);
        if (page === 2) await bench.store.delete(last);
      });
      assert.deepEqual(
        seen.filter((id) => names.includes(id)),
        names,
      );
      assert.deepEqual(seen, [...new Set(seen)].sort());
    },
  },
  {
    title: 'paging by status gives each run that keeps it exactly once, while all others change theirs',
    run: async (bench) => {
      const names = Array.from({ length: 24 }, (_, i) => `run ${String(i).padStart(2, '0')}`);
      const leases = await Promise.all(names.map((id) => bench.create(id, { index: running })));
      const keeps = (i: number): boolean => i % 3 === 0;
      let isRunning = true;
      let seq = 1;
      const seen = await paged(bench.store, { limit: 3, status: ['running'] }, async () => {
        isRunning = !isRunning;
        seq += 1;
        const index = isRunning ? running : completed;
        await Promise.all(
          names.map(async (id, i) => {
            if (!keeps(i)) await bench.save(id, seq, leases[i] as Lease, { index });
            else await bench.save(id, seq, leases[i] as Lease, { index: running });
          }),
        );
      });
      const kept = names.filter((_, i) => keeps(i));
      assert.deepEqual(
        seen.filter((id) => kept.includes(id)),
        kept,
      );
      assert.equal(new Set(seen).size, seen.length);
    },
  },
  {
    title: 'a page goes on where the one before ended, also when all that it held is gone',
    run: async (bench) => {
      for (const id of ['a', 'b', 'c', 'd', 'e']) await bench.create(id);
      const seen = await paged(bench.store, { limit: 2 }, async (page) => {
        if (page === 1) for (const id of ['a', 'b']) await bench.store.delete(id);
      });
      assert.deepEqual(seen, ['a', 'b', 'c', 'd', 'e']);
    },
  },
  {
    title: 'a cursor is good for another store on the same data',
    needs: ['shared'],
    run: async (bench) => {
      for (const id of ['a', 'b', 'c']) await bench.create(id);
      const { cursor } = await bench.store.list({ limit: 2 });
      assert.ok(cursor !== undefined);
      assert.deepEqual(await listed((await bench.again()).list({ limit: 2, cursor })), ['c']);
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
      assert.equal((await bench.store.list({ cursor })).runs.length, 1);
    },
  },
];

export const listCases: readonly ConformanceCase[] = CASES.map((one) => ({
  ...one,
  needs: ['list', ...(one.needs ?? [])],
}));

/** All pages, with something done after each. @returns the ids in the order they were given in */
async function paged(
  store: Store,
  query: ListQuery,
  between: (page: number, last: string) => Promise<void>,
): Promise<string[]> {
  const seen: string[] = [];
  let cursor: string | undefined;
  let page = 0;
  do {
    const given = await store.list(cursor === undefined ? query : { ...query, cursor });
    assert.ok(given.runs.length <= (query.limit ?? 100), 'a page is longer than was asked');
    seen.push(...given.runs.map(({ id }) => id));
    page += 1;
    assert.ok(page < 100, 'paging does not come to an end');
    await between(page, seen.at(-1) ?? '');
    ({ cursor } = given);
  } while (cursor !== undefined);
  return seen;
}
