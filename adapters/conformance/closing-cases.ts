/** A store that is closed is closed, and leaves what it stored as it is. */
import assert from 'node:assert/strict';
import { assertIs, claim, creation, rejects, saving, TTL, type ConformanceCase } from './bench.js';

export const closingCases: readonly ConformanceCase[] = [
  {
    title: 'after close every call is refused, and closing twice is closing once',
    run: async (bench) => {
      const { store } = bench;
      const lease = await bench.create('run');
      await Promise.all([store.close(), store.close()]);
      await store.close();
      const { history, events, inbox, list } = store.capabilities;
      const calls = [
        store.create(creation('other')),
        store.acquire('run', claim('one')),
        store.renew('run', lease, TTL),
        store.release('run', lease),
        store.save(saving('run', 2, lease)),
        store.load('run'),
        store.delete('run'),
        store.prune('run', 1),
        ...(history ? [store.history('run')] : []),
        ...(events ? [store.events('run')] : []),
        ...(inbox ? [store.inbox('run'), store.post('run', { deliveryId: 'd', body: '1' })] : []),
        ...(list ? [store.list()] : []),
      ];
      await Promise.all(calls.map((call) => rejects(call, 'StoreClosedError')));
    },
  },
  {
    title: 'a store that was never used is closed like any other',
    run: async ({ store }) => {
      await store.close();
      await rejects(store.load('run'), 'StoreClosedError');
    },
  },
  {
    title: 'close waits for the saves that are on their way',
    run: async (bench) => {
      const lease = await bench.create('run');
      const done: number[] = [];
      const saves = [2, 3, 4].map((seq) => bench.save('run', seq, lease).then(() => done.push(seq)));
      const settled = Promise.allSettled(saves);
      await bench.store.close();
      // the answers may be a turn behind
      await new Promise(setImmediate);
      assert.deepEqual(done, [2, 3, 4]);
      await settled;
    },
  },
  {
    title: 'what was on its way when the store was closed is there when it is opened anew',
    needs: ['kept'],
    run: async (bench) => {
      const lease = await bench.create('run');
      const saves = [2, 3, 4].map((seq) => bench.save('run', seq, lease));
      const created = bench.store.create(creation('late'));
      await bench.store.close();
      await Promise.all([...saves, created]);
      const store = await bench.anew();
      assert.equal((await store.load('run'))?.seq, 4);
      assert.equal((await store.load('late'))?.seq, 1);
    },
  },
  {
    title: 'a call of any kind on its way when the store is closed is done or refused as closed, and none hangs',
    run: async (bench) => {
      const { store } = bench;
      for (const id of ['b', 'c', 'd']) await bench.create(id);
      const given = await bench.create('a');
      const free = await bench.create('free');
      await store.release('free', free);
      const lease = await bench.create('run');
      const { history, events, inbox, list } = store.capabilities;
      const calls = [
        store.create(creation('new')),
        store.acquire('free', claim('two')),
        store.save(saving('run', 2, lease)),
        store.renew('run', lease, TTL),
        store.load('b'),
        store.prune('b', 1),
        store.delete('c'),
        store.release('a', given),
        ...(history ? [store.history('b')] : []),
        ...(events ? [store.events('b')] : []),
        ...(inbox ? [store.post('d', { deliveryId: 'd', body: '1' }), store.inbox('d')] : []),
        ...(list ? [store.list()] : []),
      ];
      const settled = Promise.allSettled(calls);
      await store.close();
      for (const result of await settled) if (result.status === 'rejected') assertIs(result.reason, 'StoreClosedError');
    },
  },
  {
    title: 'closing one store leaves another on the same data as it is',
    needs: ['shared'],
    run: async (bench) => {
      const other = await bench.again();
      const lease = await other.create(creation('run'));
      assert.ok(lease);
      await bench.store.close();
      await other.save(saving('run', 2, lease));
      assert.equal((await other.load('run'))?.seq, 2);
    },
  },
  {
    title: 'I5: closing gives no lease up, and no fence back',
    needs: ['kept'],
    run: async (bench) => {
      const lease = await bench.create('run');
      const store = await bench.anew();
      await rejects(store.acquire('run', claim('two')), 'AlreadyOwnedError');
      const taken = await store.acquire('run', claim('two', { dead: ['one'] }));
      assert.ok(taken !== undefined && taken.fence > lease.fence);
      await rejects(store.save(saving('run', 2, lease)), 'StaleOwnerError');
      await store.save(saving('run', 2, taken));
      const next = await (await bench.anew()).acquire('run', claim('three', { dead: ['two'] }));
      assert.ok(next !== undefined && next.fence > taken.fence);
    },
  },
];
