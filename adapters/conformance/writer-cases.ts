/** Many write at once: what is stored is what they would have stored one after the other. */
import assert from 'node:assert/strict';
import type { Lease, StoredCheckpoint } from '../../src/durability/store.js';
import { assertEvents, assertIs, claim, creation, rejects, ruthless, saving, type ConformanceCase } from './bench.js';

export const writerCases: readonly ConformanceCase[] = [
  {
    title:
      'I5: of twenty creators at once exactly one gets the run, and the others hear that it is there or whose it is',
    run: async (bench) => {
      const other = await bench.again();
      const storeOf = (i: number) => (i % 2 === 0 ? bench.store : other);
      const results = await Promise.allSettled(
        Array.from({ length: 20 }, (_, i) =>
          storeOf(i).create(creation('run', { head: String(i), claim: claim(String(i)) })),
        ),
      );
      for (const result of results) if (result.status === 'rejected') assertIs(result.reason, 'AlreadyOwnedError');
      const leases = results.map((result) => (result.status === 'fulfilled' ? result.value : undefined));
      const winners = leases.flatMap((lease, i) => (lease === undefined ? [] : [i]));
      assert.equal(winners.length, 1, `${winners.length} creators were told that the run is theirs`);
      const [winner = 0] = winners;
      assert.equal(leases[winner]?.owner.key, String(winner));
      assert.equal((await bench.store.load('run'))?.head, String(winner));
      await storeOf(winner).save(saving('run', 2, leases[winner]));
    },
  },
  {
    title: 'I5: acquired ten times at once by its own owner, a run has as many fences, and the newest alone saves',
    run: async (bench) => {
      await bench.create('run');
      const tries = Array.from({ length: 10 }, () => bench.store.acquire('run', claim('one')));
      const leases = (await Promise.all(tries)) as Lease[];
      const fences = leases.map(({ fence }) => fence);
      assert.equal(new Set(fences).size, 10, `one fence was given twice: ${fences.join(', ')}`);
      const newest = Math.max(...fences);
      for (const lease of leases) {
        const saved = bench.save('run', 2, lease, { head: String(lease.fence) });
        await (lease.fence === newest ? saved : rejects(saved, 'StaleOwnerError'));
      }
      assert.equal((await bench.store.load('run'))?.head, String(newest));
    },
  },
  {
    title: 'I5: a save on its way when its run is taken over is seen by who takes it or refused, and never comes later',
    run: async (bench) => {
      const other = await bench.again();
      for (let round = 0; round < 20; round += 1) {
        const id = `run ${round}`;
        const lease = await bench.create(id);
        const saves = [2, 3, 4].map((seq) => bench.save(id, seq, lease));
        const settled = Promise.allSettled(saves);
        const taken = await other.acquire(id, ruthless('two'));
        assert.ok(taken);
        const seen = (await other.load(id))?.seq ?? 0;
        const acknowledged = (await settled).filter(({ status }) => status === 'fulfilled').length + 1;
        assert.ok(acknowledged <= seen, `checkpoint ${acknowledged} was acknowledged, the taker saw ${seen}`);
        assert.equal((await bench.store.load(id))?.seq, seen);
        for (const result of await settled)
          if (result.status === 'rejected') assertIs(result.reason, 'StaleOwnerError');
        await rejects(bench.save(id, 5, lease), 'StaleOwnerError');
        await other.save(saving(id, seen + 1, taken));
      }
    },
  },
  {
    title: 'I3: saves of one run that are on their way at once are stored in the order of their calls',
    run: async (bench) => {
      const lease = await bench.create('run', { parts: {}, events: ['1'] });
      const seqs = Array.from({ length: 40 }, (_, i) => i + 2);
      const done: number[] = [];
      await Promise.all(
        seqs.map(async (seq) => {
          const parts = { newest: String(seq), [`p${seq % 3}`]: seq % 2 === 0 ? String(seq) : null };
          await bench.save('run', seq, lease, { parts, events: [String(seq)] });
          done.push(seq);
        }),
      );
      assert.deepEqual(done, seqs);
      const store = await bench.again();
      const loaded = await store.load('run');
      assert.equal(loaded?.seq, 41);
      assert.deepEqual([...loaded.parts].sort(), [
        ['newest', '41'],
        ['p1', '40'],
      ]);
      await assertEvents(store, 'run', ['1', ...seqs.map(String)]);
    },
  },
  {
    title: 'saves of fifty runs that are on their way at once are all stored, each in its run',
    run: async (bench) => {
      const ids = Array.from({ length: 50 }, (_, i) => `run ${i}`);
      await Promise.all(
        ids.map(async (id) => {
          const lease = await bench.create(id, { events: [`"${id}"`] });
          const saves = [2, 3, 4, 5].map((seq) =>
            bench.save(id, seq, lease, { parts: { id: `"${id}"`, [`p${seq}`]: String(seq) }, events: [`"${id}"`] }),
          );
          await Promise.all(saves);
        }),
      );
      const store = await bench.again();
      for (const id of ids) {
        const loaded = await store.load(id);
        assert.equal(loaded?.seq, 5, id);
        assert.equal(loaded.parts.get('id'), `"${id}"`);
        assert.deepEqual([...loaded.parts.keys()].sort(), ['frontier', 'id', 'p2', 'p3', 'p4', 'p5']);
        await assertEvents(store, id, Array<string>(5).fill(`"${id}"`));
      }
    },
  },
  {
    title: 'a load while the run is saved gives one checkpoint whole, never older than the one before',
    run: async (bench) => {
      const names = ['a', 'b', 'c'];
      const partsAt = (seq: number) => Object.fromEntries(names.map((name) => [name, String(seq)]));
      const lease = await bench.create('run', { head: '1', parts: partsAt(1) });
      const other = await bench.again();
      let isSaving = true;
      const loads = (async () => {
        const seen: StoredCheckpoint[] = [];
        while (isSaving) {
          const loaded = await other.load('run');
          assert.ok(loaded, 'the run is not there while it is saved');
          seen.push(loaded);
          // a store that answers without waiting for anything leaves no time to the saves
          await new Promise(setImmediate);
        }
        return seen;
      })();
      for (let seq = 2; seq <= 41; seq += 4) {
        const saves = [0, 1, 2, 3].map((n) =>
          bench.save('run', seq + n, lease, { head: String(seq + n), parts: partsAt(seq + n), whole: n === 2 }),
        );
        await Promise.all(saves);
      }
      isSaving = false;
      let newest = 0;
      for (const { seq, head, parts } of await loads) {
        const expected = names.map((name) => [name, String(seq)]);
        assert.deepEqual([head, [...parts].sort()], [String(seq), expected], 'a mixture of two checkpoints');
        assert.ok(seq >= newest, `checkpoint ${seq} was loaded after ${newest}`);
        newest = seq;
      }
    },
  },
  {
    title: 'a run that is created and deleted at once is there whole or not at all, and its id stays usable',
    run: async (bench) => {
      const other = await bench.again();
      for (let round = 0; round < 20; round += 1) {
        const creating = Promise.allSettled([bench.store.create(creation('run', { parts: { a: '1', b: '2' } }))]);
        await Promise.all([creating, other.delete('run')]);
        const loaded = await bench.store.load('run');
        const isThere = loaded !== undefined;
        if (isThere) assert.equal(loaded.parts.size, 2);
        assert.equal((await other.load('run')) !== undefined, isThere);
        assert.equal(await other.delete('run'), isThere);
        await bench.create('run');
        assert.equal(await other.delete('run'), true);
      }
    },
  },
];
