import assert from 'node:assert/strict';
import { claim, creation, rejects, saving, TTL, type ConformanceCase } from './bench.js';

export const leaseCases: readonly ConformanceCase[] = [
  {
    title: 'I5: create takes the lease for the owner, for the time that was asked',
    run: async (bench) => {
      const lease = await bench.create('run');
      assert.equal(lease.owner.key, 'one');
      assert.ok(lease.fence >= 1);
      assert.equal(lease.until, bench.clock.now() + TTL);
    },
  },
  {
    title: 'acquire gives undefined for an id never created',
    run: async ({ store }) => assert.equal(await store.acquire('run', claim('one')), undefined),
  },
  {
    title: 'I5: acquire is refused while another living owner holds the run, and names who',
    run: async (bench) => {
      const { until } = await bench.create('run');
      const store = await bench.again();
      await assert.rejects(store.acquire('run', claim('two')), (error: Error & { owner?: string; until?: number }) => {
        assert.equal(error.name, 'AlreadyOwnedError');
        assert.equal(error.owner, 'owner one');
        assert.equal(error.until, until);
        return true;
      });
      bench.clock.pass(TTL - 1);
      await rejects(store.acquire('run', claim('two')), 'AlreadyOwnedError');
    },
  },
  {
    title: 'I5: acquire takes a run whose lease has expired, under a newer fence',
    run: async (bench) => {
      const first = await bench.create('run');
      bench.clock.pass(TTL + 1);
      const second = await (await bench.again()).acquire('run', claim('two'));
      assert.equal(second?.owner.key, 'two');
      assert.ok(second.fence > first.fence);
    },
  },
  {
    title: 'I5: acquire takes the run of an owner that is provably dead at once',
    run: async (bench) => {
      const first = await bench.create('run');
      const second = await (await bench.again()).acquire('run', claim('two', { dead: ['one'] }));
      assert.ok(second !== undefined && second.fence > first.fence);
    },
  },
  {
    title: 'I5: acquire takes a run that was released, and gives its own owner a new fence too',
    run: async (bench) => {
      const first = await bench.create('run');
      const own = await bench.store.acquire('run', claim('one'));
      assert.ok(own !== undefined && own.fence > first.fence);
      await bench.store.release('run', own);
      const second = await (await bench.again()).acquire('run', claim('two'));
      assert.ok(second !== undefined && second.fence > own.fence);
    },
  },
  {
    title: 'I5: of ten that acquire an expired run at once exactly one gets it',
    run: async (bench) => {
      await bench.create('run');
      bench.clock.pass(TTL + 1);
      const tries = Array.from({ length: 10 }, (_, i) => bench.store.acquire('run', claim(`taker ${i}`)));
      const results = await Promise.allSettled(tries);
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
    },
  },
  {
    title: 'I5: a save, a renewal or a release by an overtaken owner touches nothing',
    run: async (bench) => {
      const first = await bench.create('run', { head: '"kept"' });
      bench.clock.pass(TTL + 1);
      const other = await bench.again();
      const second = await other.acquire('run', claim('two'));
      assert.ok(second);
      await rejects(bench.save('run', 2, first, { head: '"late"' }), 'StaleOwnerError');
      await rejects(bench.store.renew('run', first, TTL), 'StaleOwnerError');
      await bench.store.release('run', first);
      assert.equal((await other.load('run'))?.head, '"kept"');
      assert.deepEqual(await other.history('run'), [1]);
      await rejects(other.acquire('run', claim('three')), 'AlreadyOwnedError');
      await other.save(saving('run', 2, second, { head: '"mine"' }));
      assert.equal((await bench.store.load('run'))?.head, '"mine"');
    },
  },
  {
    title: 'I5: an owner whose lease has expired and that nobody overtook saves and renews',
    run: async (bench) => {
      const lease = await bench.create('run');
      bench.clock.pass(TTL * 5);
      await bench.save('run', 2, lease, { head: '"slow"' });
      const renewed = await bench.store.renew('run', lease, TTL);
      assert.equal(renewed.lease.until, bench.clock.now() + TTL);
      assert.equal(renewed.lease.fence, lease.fence);
      await rejects((await bench.again()).acquire('run', claim('two')), 'AlreadyOwnedError');
      assert.equal((await bench.store.load('run'))?.head, '"slow"');
    },
  },
  {
    title: 'I5: renew makes the lease last from now on, and no longer',
    run: async (bench) => {
      const lease = await bench.create('run');
      bench.clock.pass(TTL - 1);
      await bench.store.renew('run', lease, TTL);
      bench.clock.pass(TTL - 1);
      const other = await bench.again();
      await rejects(other.acquire('run', claim('two')), 'AlreadyOwnedError');
      bench.clock.pass(2);
      assert.ok(await other.acquire('run', claim('two')));
    },
  },
  {
    title: 'renew tells how many messages wait',
    run: async (bench) => {
      const lease = await bench.create('run');
      assert.equal((await bench.store.renew('run', lease, TTL)).inbox, 0);
      const other = await bench.again();
      await other.post('run', { deliveryId: 'a', body: '1' });
      await other.post('run', { deliveryId: 'b', body: '2' });
      assert.equal((await bench.store.renew('run', lease, TTL)).inbox, 2);
      await bench.save('run', 2, lease, { ackInbox: ['a', 'b'] });
      assert.equal((await bench.store.renew('run', lease, TTL)).inbox, 0);
    },
  },
  {
    title: 'renew of a run that was deleted is refused',
    run: async (bench) => {
      const lease = await bench.create('run');
      await bench.store.delete('run');
      await rejects(bench.store.renew('run', lease, TTL), 'UnknownRunError');
    },
  },
  {
    title: 'the save that ends a run gives up its lease',
    run: async (bench) => {
      const lease = await bench.create('run');
      await bench.save('run', 2, lease, { release: true, index: { status: 'completed', graph: 'flow', due: null } });
      const other = await bench.again();
      assert.equal((await other.list()).runs[0]?.lease, null);
      await rejects(bench.save('run', 3, lease), 'StaleOwnerError');
      assert.ok(await other.acquire('run', claim('two')));
    },
  },
  {
    title: 'a lease that was given up is not renewed',
    run: async (bench) => {
      const lease = await bench.create('run');
      await bench.store.release('run', lease);
      await bench.store.release('run', lease);
      await rejects(bench.store.renew('run', lease, TTL), 'StaleOwnerError');
    },
  },
  {
    title: 'who takes a run over goes on from its last checkpoint, with all that led to it',
    run: async (bench) => {
      const first = await bench.create('run', { parts: { a: '1' }, events: ['1'] });
      await bench.save('run', 2, first, { parts: { b: '2' }, events: ['2'] });
      const other = await bench.again();
      const second = await other.acquire('run', claim('two', { dead: ['one'] }));
      assert.ok(second);
      await other.save(saving('run', 3, second, { parts: { a: null, c: '3' }, events: ['3'] }));
      const third = await bench.store.acquire('run', claim('three', { dead: ['two'] }));
      assert.ok(third);
      await bench.save('run', 4, third, { events: ['4'] });
      const loaded = await other.load('run');
      assert.deepEqual([...(loaded?.parts ?? [])].sort(), [
        ['b', '2'],
        ['c', '3'],
      ]);
      assert.deepEqual(await other.events('run'), ['1', '2', '3', '4']);
      assert.deepEqual(await other.history('run'), [4, 3, 2, 1]);
    },
  },
  {
    title: 'create of an id that another store has is refused there too',
    run: async (bench) => {
      await bench.create('run');
      assert.equal(await (await bench.again()).create(creation('run', { claim: claim('two') })), undefined);
    },
  },
];
