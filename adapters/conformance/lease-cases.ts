/** One owner at a time: who holds a run, until when, and what becomes of those who held it before. */
import assert from 'node:assert/strict';
import { AlreadyOwnedError } from '../../src/errors/index.js';
import {
  assertEvents,
  assertHistory,
  claim,
  creation,
  entries,
  rejects,
  saving,
  TTL,
  type ConformanceCase,
} from './bench.js';

export const leaseCases: readonly ConformanceCase[] = [
  {
    title: 'I5: create takes the lease for the owner, for the time that was asked',
    run: async (bench) => {
      const lease = await bench.create('run');
      assert.deepEqual(lease.owner, claim('one').owner);
      assert.ok(Number.isSafeInteger(lease.fence) && lease.fence >= 1);
      assert.equal(lease.until, bench.clock.now() + TTL);
      const short = await bench.create('short', { claim: claim('one', { ttl: 5 }) });
      assert.equal(short.until, bench.clock.now() + 5);
    },
  },
  {
    title: 'acquire gives undefined for an id never created, and makes no run of it',
    run: async ({ store }) => {
      assert.equal(await store.acquire('run', claim('one')), undefined);
      assert.equal(await store.load('run'), undefined);
      assert.ok(await store.create(creation('run')));
    },
  },
  {
    title: 'I5: acquire is refused while another living owner holds the run, and names who and until when',
    run: async (bench) => {
      const { until } = await bench.create('run');
      const store = await bench.again();
      await rejects(store.acquire('run', claim('two')), 'AlreadyOwnedError');
      const refusal = await store.acquire('run', claim('two')).catch((error: unknown) => error);
      assert.ok(refusal instanceof AlreadyOwnedError);
      assert.deepEqual([refusal.id, refusal.owner, refusal.until], ['run', 'owner one', until]);
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
      assert.equal(second.until, bench.clock.now() + TTL);
    },
  },
  {
    title: 'I5: acquire takes the run of an owner that is provably dead at once',
    run: async (bench) => {
      const first = await bench.create('run');
      const second = await (await bench.again()).acquire('run', claim('two', { dead: ['one'] }));
      assert.ok(second !== undefined && second.fence > first.fence);
      await rejects(bench.store.acquire('run', claim('three', { dead: ['one'] })), 'AlreadyOwnedError');
    },
  },
  {
    title: 'I5: take, where a store has it, gives what acquire, load and the inbox would give',
    run: async (bench) => {
      const { store } = bench;
      if (store.take === undefined) return;
      assert.equal(await store.take('none', claim('two')), undefined);
      const first = await bench.create('run');
      await store.save(saving('run', 2, first, { parts: { more: '"text"' } }));
      await store.post('run', { deliveryId: 'd', body: '1' });
      await rejects(store.take('run', claim('two')), 'AlreadyOwnedError');
      await store.release('run', first);
      const taken = await store.take('run', claim('two'));
      assert.ok(taken !== undefined && taken.lease.fence > first.fence);
      assert.deepEqual([taken.lease.owner.key, taken.lease.until], ['two', bench.clock.now() + TTL]);
      assert.equal(taken.inbox, 1);
      assert.deepEqual(taken.checkpoint(), await store.load('run'));
      await rejects(store.save(saving('run', 3, first)), 'StaleOwnerError');
      await store.save(saving('run', 3, taken.lease));
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
    title: 'I5: an owner that acquires its run again has only the newest of its leases',
    run: async (bench) => {
      const old = await bench.create('run');
      const lease = await bench.store.acquire('run', claim('one'));
      assert.ok(lease);
      await rejects(bench.save('run', 2, old), 'StaleOwnerError');
      await rejects(bench.store.renew('run', old, TTL), 'StaleOwnerError');
      await bench.store.release('run', old);
      await bench.save('run', 2, lease);
      await rejects(bench.store.acquire('run', claim('two')), 'AlreadyOwnedError');
    },
  },
  {
    title: 'I5: of ten that acquire an expired run at once exactly one gets it',
    run: async (bench) => {
      await bench.create('run');
      bench.clock.pass(TTL + 1);
      const other = await bench.again();
      const tries = Array.from({ length: 10 }, (_, i) =>
        (i % 2 === 0 ? bench.store : other).acquire('run', claim(`taker ${i}`)),
      );
      const results = await Promise.allSettled(tries);
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
      for (const result of results) {
        if (result.status === 'rejected') assert.ok(result.reason instanceof AlreadyOwnedError, String(result.reason));
      }
    },
  },
  {
    title: 'I5: a save, a renewal or a release by an overtaken owner touches nothing',
    run: async (bench) => {
      const first = await bench.create('run', { head: '"kept"', events: ['1'] });
      bench.clock.pass(TTL + 1);
      const other = await bench.again();
      const second = await other.acquire('run', claim('two'));
      assert.ok(second);
      const late = { head: '"late"', parts: { late: '1' }, events: ['"late"'], release: true };
      await rejects(bench.save('run', 2, first, late), 'StaleOwnerError');
      await rejects(bench.store.renew('run', first, TTL), 'StaleOwnerError');
      await bench.store.release('run', first);
      const loaded = await other.load('run');
      assert.deepEqual([loaded?.head, entries(loaded?.parts)], ['"kept"', { frontier: '["a"]' }]);
      await assertHistory(other, 'run', [1]);
      await assertEvents(other, 'run', ['1']);
      await rejects(other.acquire('run', claim('three')), 'AlreadyOwnedError');
      await other.save(saving('run', 2, second, { head: '"mine"' }));
      assert.equal((await bench.store.load('run'))?.head, '"mine"');
    },
  },
  {
    title: 'I5: an overtaken owner whose save is old as well is told that it was overtaken',
    run: async (bench) => {
      const first = await bench.create('run');
      const other = await bench.again();
      const second = await other.acquire('run', claim('two', { dead: ['one'] }));
      assert.ok(second);
      await other.save(saving('run', 2, second));
      await rejects(bench.save('run', 2, first), 'StaleOwnerError');
    },
  },
  {
    title: 'I5: a fence that was never given out, or that the store has lost, saves nothing and is told so',
    run: async (bench) => {
      const lease = await bench.create('run', { head: '"kept"' });
      const made = { ...lease, fence: lease.fence + 1 };
      await rejects(bench.save('run', 2, made, { head: '"made up"' }), 'LostCheckpointError');
      await rejects(bench.save('run', 2, made, { head: '"made up"', whole: true }), 'LostCheckpointError');
      await rejects(bench.store.renew('run', made, TTL), 'LostCheckpointError');
      assert.equal((await bench.store.load('run'))?.head, '"kept"');
      await bench.save('run', 2, lease);
    },
  },
  {
    title: 'I5: the lease of one run holds no other',
    run: async (bench) => {
      const lease = await bench.create('run');
      await bench.create('other', { claim: claim('two') });
      await bench.store.release('run', lease);
      await rejects(bench.store.acquire('other', claim('three')), 'AlreadyOwnedError');
      assert.ok(await bench.store.acquire('run', claim('three')));
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
      assert.deepEqual(renewed.lease.owner, lease.owner);
      await rejects((await bench.again()).acquire('run', claim('two')), 'AlreadyOwnedError');
      assert.equal((await bench.store.load('run'))?.head, '"slow"');
      await bench.save('run', 3, renewed.lease);
    },
  },
  {
    title: 'I5: renew makes the lease last from now on, and no longer',
    run: async (bench) => {
      const lease = await bench.create('run');
      bench.clock.pass(TTL / 2);
      await bench.store.renew('run', lease, TTL);
      bench.clock.pass(TTL - 1);
      const other = await bench.again();
      await rejects(other.acquire('run', claim('two')), 'AlreadyOwnedError');
      bench.clock.pass(2);
      assert.ok(await other.acquire('run', claim('two')));
    },
  },
  {
    title: 'a save makes no lease last longer',
    run: async (bench) => {
      const lease = await bench.create('run');
      bench.clock.pass(TTL - 1);
      await bench.save('run', 2, lease);
      bench.clock.pass(2);
      assert.ok(await (await bench.again()).acquire('run', claim('two')));
    },
  },
  {
    title: 'renew tells how many messages wait',
    needs: ['inbox'],
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
    title: 'renew of a run that was never created or was deleted is refused, and release of it does nothing',
    run: async (bench) => {
      const lease = await bench.create('run');
      await rejects(bench.store.renew('other', lease, TTL), 'UnknownRunError');
      await bench.store.release('other', lease);
      await bench.store.delete('run');
      await rejects(bench.store.renew('run', lease, TTL), 'UnknownRunError');
      await bench.store.release('run', lease);
      for (const id of ['run', 'other']) assert.equal(await bench.store.load(id), undefined);
    },
  },
  {
    title: 'I5: the save that ends a run gives up its lease',
    run: async (bench) => {
      const lease = await bench.create('run');
      await bench.save('run', 2, lease, { release: true, index: { status: 'completed', graph: 'flow', due: null } });
      const other = await bench.again();
      if (other.capabilities.list) assert.equal((await other.list()).runs[0]?.lease, null);
      await rejects(bench.save('run', 3, lease), 'StaleOwnerError');
      await rejects(bench.store.renew('run', lease, TTL), 'StaleOwnerError');
      const taken = await other.acquire('run', claim('two'));
      assert.ok(taken !== undefined && taken.fence > lease.fence);
      assert.equal((await other.load('run'))?.seq, 2);
    },
  },
  {
    title: 'I5: a lease that was given up is neither renewed nor saved under, and giving it up twice is once',
    run: async (bench) => {
      const lease = await bench.create('run', { head: '"kept"' });
      await bench.store.release('run', lease);
      await bench.store.release('run', lease);
      await rejects(bench.store.renew('run', lease, TTL), 'StaleOwnerError');
      await rejects(bench.save('run', 2, lease, { head: '"late"' }), 'StaleOwnerError');
      assert.equal((await (await bench.again()).load('run'))?.head, '"kept"');
      assert.ok(await bench.store.acquire('run', claim('one')));
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
      assert.deepEqual(entries((await other.load('run'))?.parts), { b: '2', c: '3' });
      await assertEvents(other, 'run', ['1', '2', '3', '4']);
      await assertHistory(other, 'run', [4, 3, 2, 1]);
    },
  },
  {
    title: 'create of an id that another store has is refused there too',
    needs: ['shared'],
    run: async (bench) => {
      await bench.create('run');
      const other = await bench.again();
      assert.equal(await other.create(creation('run', { claim: claim('two') })), undefined);
      assert.equal(await other.create(creation('run', { claim: claim('two', { dead: ['one'] }) })), undefined);
    },
  },
];
