/** What is forgotten is gone, what is not stays, and an id that is used again starts from nothing. */
import assert from 'node:assert/strict';
import {
  assertEvents,
  assertHistory,
  assertInbox,
  claim,
  creation,
  entries,
  listed,
  rejects,
  saving,
  TTL,
  type ConformanceCase,
} from './bench.js';

export const deletionCases: readonly ConformanceCase[] = [
  {
    title: 'prune forgets all but the newest checkpoints, never the newest, and keeps the events',
    needs: ['history'],
    run: async (bench) => {
      const lease = await bench.create('run', { parts: { a: '1' }, events: ['1'] });
      for (const seq of [2, 3, 4]) await bench.save('run', seq, lease, { parts: { [`p${seq}`]: String(seq) } });
      await bench.store.prune('run', 4);
      assert.deepEqual(await bench.store.history('run'), [4, 3, 2, 1]);
      await bench.store.prune('run', 2);
      assert.deepEqual(await bench.store.history('run'), [4, 3]);
      assert.equal(await bench.store.load('run', 2), undefined);
      assert.deepEqual(entries((await bench.store.load('run', 3))?.parts), { a: '1', p2: '2', p3: '3' });
      await bench.store.prune('run', 0);
      const store = await bench.again();
      assert.deepEqual(await store.history('run'), [4]);
      assert.deepEqual(entries((await store.load('run'))?.parts), { a: '1', p2: '2', p3: '3', p4: '4' });
      await assertEvents(store, 'run', ['1']);
    },
  },
  {
    title: 'a run goes on after it was pruned, with its lease, its messages and what it has acknowledged',
    run: async (bench) => {
      const lease = await bench.create('run', { parts: { a: '1' } });
      const { inbox } = bench.store.capabilities;
      const post = async (deliveryId: string) => {
        if (inbox) await bench.store.post('run', { deliveryId, body: '1' });
      };
      await post('taken');
      await post('waits');
      await bench.save('run', 2, lease, { parts: { b: '2' }, ackInbox: ['taken'] });
      await bench.save('run', 3, lease, { parts: { c: '3' } });
      await bench.store.prune('run', 1);
      await bench.save('run', 4, lease, { parts: { a: null } });
      await post('taken');
      const store = await bench.again();
      assert.deepEqual(entries((await store.load('run'))?.parts), { b: '2', c: '3' });
      await assertHistory(store, 'run', [4, 3]);
      await assertInbox(store, 'run', ['waits']);
    },
  },
  {
    title: 'delete forgets a run with its events and its inbox, and its id can be used again',
    run: async (bench) => {
      const { events, inbox, list } = bench.store.capabilities;
      const lease = await bench.create('run', { parts: { old: '1' }, events: events ? ['1'] : [] });
      const post = async (deliveryId: string) => {
        if (inbox) await bench.store.post('run', { deliveryId, body: '1' });
      };
      await post('taken');
      await post('left');
      await bench.save('run', 2, lease, { parts: { more: '2' }, ackInbox: ['taken'] });
      assert.equal(await bench.store.delete('run'), true);
      assert.equal(await bench.store.load('run'), undefined);
      await assertHistory(bench.store, 'run', []);
      await assertEvents(bench.store, 'run', []);
      await assertInbox(bench.store, 'run', []);
      if (list) assert.deepEqual((await bench.store.list()).runs, []);
      assert.equal(await bench.store.delete('run'), false);
      await bench.create('run', { head: '"new"', parts: { a: '1' } });
      const store = await bench.again();
      const loaded = await store.load('run');
      assert.deepEqual([loaded?.seq, loaded?.head, entries(loaded?.parts)], [1, '"new"', { a: '1' }]);
      await assertHistory(store, 'run', [1]);
      await assertEvents(store, 'run', []);
      await assertInbox(store, 'run', []);
      await post('taken');
      await assertInbox(store, 'run', ['taken']);
    },
  },
  {
    title: 'a deleted run is gone for a store opened anew, and what came after it is there',
    needs: ['kept'],
    run: async (bench) => {
      await bench.create('gone', { events: ['1'] });
      const lease = await bench.create('again', { parts: { old: '1' }, events: ['1'] });
      await bench.save('again', 2, lease);
      for (const id of ['gone', 'again']) await bench.store.delete(id);
      await bench.create('again', { head: '"new"', parts: { a: '1' } });
      const store = await bench.anew();
      assert.equal(await store.load('gone'), undefined);
      const loaded = await store.load('again');
      assert.deepEqual([loaded?.seq, loaded?.head, entries(loaded?.parts)], [1, '"new"', { a: '1' }]);
      await assertEvents(store, 'again', []);
      if (store.capabilities.list) assert.deepEqual(await listed(store.list()), ['again']);
    },
  },
  {
    title: 'I5: a save that comes after the deletion is refused, also when the id is used again',
    run: async (bench) => {
      const lease = await bench.create('run');
      await bench.store.delete('run');
      await rejects(bench.save('run', 2, lease), 'UnknownRunError');
      await bench.create('run', { head: '"new"' });
      await rejects(bench.save('run', 2, lease), 'StaleOwnerError');
      assert.equal((await bench.store.load('run'))?.head, '"new"');
    },
  },
  {
    title: 'I5: the fence of an id goes on growing however often its run is deleted and created',
    run: async (bench) => {
      const fences: number[] = [];
      for (let round = 0; round < 4; round += 1) {
        const lease = await bench.create('run');
        const taken = await bench.store.acquire('run', claim('one'));
        fences.push(lease.fence, taken?.fence ?? 0);
        await bench.store.delete('run');
      }
      assert.deepEqual(
        fences,
        [...new Set(fences)].sort((a, b) => a - b),
      );
    },
  },
  {
    title: 'I5: the lease of a deleted run is neither renewed nor given up in the name of the next one',
    run: async (bench) => {
      const old = await bench.create('run');
      await bench.store.delete('run');
      await rejects(bench.store.renew('run', old, TTL), 'UnknownRunError');
      await bench.store.release('run', old);
      const lease = await bench.create('run', { claim: claim('two') });
      await rejects(bench.store.renew('run', old, TTL), 'StaleOwnerError');
      await bench.store.release('run', old);
      await rejects(bench.store.acquire('run', claim('three')), 'AlreadyOwnedError');
      await bench.save('run', 2, lease);
    },
  },
  {
    title: 'a run that one store deletes is gone for the store that holds it',
    needs: ['shared'],
    run: async (bench) => {
      const lease = await bench.create('run');
      await bench.save('run', 2, lease);
      const other = await bench.again();
      assert.equal(await other.delete('run'), true);
      await rejects(bench.save('run', 3, lease), 'UnknownRunError');
      await rejects(bench.store.renew('run', lease, TTL), 'UnknownRunError');
      assert.equal(await bench.store.load('run'), undefined);
      assert.ok(await other.create(creation('run', { claim: claim('two'), head: '"new"' })));
      await rejects(bench.save('run', 3, lease), 'StaleOwnerError');
      assert.equal((await bench.store.load('run'))?.head, '"new"');
    },
  },
  {
    title: 'a save on its way when its run is deleted is stored before that or refused, and brings nothing back',
    run: async (bench) => {
      const other = await bench.again();
      for (let round = 0; round < 20; round += 1) {
        const id = `run ${round}`;
        const lease = await bench.create(id);
        const saves = [2, 3, 4].map((seq) => bench.store.save(saving(id, seq, lease)));
        const [deleted] = await Promise.all([other.delete(id), Promise.allSettled(saves)]);
        assert.equal(deleted, true);
        for (const store of [bench.store, other]) assert.equal(await store.load(id), undefined);
      }
      if (other.capabilities.list) assert.deepEqual(await other.list(), { runs: [] });
    },
  },
];
