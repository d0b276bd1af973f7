/** What is stored comes back as it was: checkpoints, their order, their history, their events. */
import assert from 'node:assert/strict';
import {
  assertEvents,
  assertHistory,
  assertInbox,
  creation,
  entries,
  listed,
  rejects,
  saving,
  type ConformanceCase,
} from './bench.js';

export const checkpointCases: readonly ConformanceCase[] = [
  {
    title: 'an id never created has nothing, and asking for it makes nothing',
    run: async ({ store }) => {
      assert.equal(await store.load('nobody'), undefined);
      assert.equal(await store.load('nobody', 1), undefined);
      await assertHistory(store, 'nobody', []);
      await assertEvents(store, 'nobody', []);
      await assertInbox(store, 'nobody', []);
      assert.equal(await store.delete('nobody'), false);
      await store.prune('nobody', 1);
      assert.equal(await store.load('nobody'), undefined);
    },
  },
  {
    title: 'what the store declares that it can is done, and the rest is refused as not supported',
    run: async (bench) => {
      const { store } = bench;
      const lease = await bench.create('run', { events: ['1'] });
      await bench.save('run', 2, lease, { events: ['2'], ackInbox: ['never posted'] });
      const { history, events, inbox, list } = store.capabilities;
      const check = (can: boolean, call: Promise<unknown>) => (can ? call : rejects(call, 'NotSupportedError'));
      await check(history, store.history('run'));
      await check(history, store.load('run', 1));
      await check(events, store.events('run'));
      await check(inbox, store.post('run', { deliveryId: 'd', body: '1' }));
      await check(inbox, store.inbox('run'));
      await check(list, store.list());
      assert.equal((await store.load('run'))?.seq, 2);
      assert.equal((await store.load('run', 2))?.seq, 2);
    },
  },
  {
    title: 'create stores checkpoint 1, which load gives back',
    run: async (bench) => {
      await bench.create('run', { head: '{"a":1}', parts: { frontier: '[1]', 'context/n': '{"k":2}' } });
      for (const seq of [undefined, 1]) {
        const loaded = await bench.store.load('run', seq);
        assert.equal(loaded?.id, 'run');
        assert.equal(loaded.seq, 1);
        assert.equal(loaded.head, '{"a":1}');
        assert.deepEqual(entries(loaded.parts), { frontier: '[1]', 'context/n': '{"k":2}' });
      }
    },
  },
  {
    title: 'a save that builds on a checkpoint which the store has lost is refused, and changes nothing',
    run: async (bench) => {
      const lease = await bench.create('run', { parts: { a: '1', b: '1' }, events: ['1'] });
      await bench.save('run', 2, lease, { parts: { a: '2' } });
      const late = saving('run', 5, lease, { parent: 4, parts: { a: '5' }, events: ['5'] });
      await rejects(bench.store.save(late), 'LostCheckpointError');
      const loaded = await bench.store.load('run');
      assert.deepEqual([loaded?.seq, entries(loaded?.parts)], [2, { a: '2', b: '1' }]);
      await assertEvents(bench.store, 'run', ['1']);
    },
  },
  {
    title: 'a whole save is taken on whatever the store has lost, and what follows builds on it',
    run: async (bench) => {
      const lease = await bench.create('run', { parts: { a: '1', b: '1' } });
      await bench.save('run', 5, lease, { parent: 4, whole: true, parts: { c: '5' } });
      assert.deepEqual(entries((await bench.store.load('run'))?.parts), { c: '5' });
      await bench.save('run', 6, lease, { parent: 5, parts: { d: '6' } });
      assert.deepEqual(entries((await bench.store.load('run'))?.parts), { c: '5', d: '6' });
    },
  },
  {
    title: 'a save whose answer was lost may be followed by one that builds on the checkpoint before it',
    run: async (bench) => {
      const lease = await bench.create('run', { parts: { a: '1' } });
      await bench.save('run', 2, lease, { parent: 1, parts: { a: '2', b: '2' } });
      await bench.save('run', 3, lease, { parent: 1, parts: { a: '3', b: '2' } });
      assert.deepEqual(entries((await bench.store.load('run'))?.parts), { a: '3', b: '2' });
    },
  },
  {
    title: 'create of an id that is there gives undefined and changes nothing',
    run: async (bench) => {
      const lease = await bench.create('run', { head: '1', parts: { a: '1' }, events: ['1'] });
      const again = creation('run', { head: '2', parts: { b: '2' }, events: ['2'] });
      assert.equal(await bench.store.create(again), undefined);
      const loaded = await bench.store.load('run');
      assert.deepEqual([loaded?.head, entries(loaded?.parts)], ['1', { a: '1' }]);
      await assertEvents(bench.store, 'run', ['1']);
      await bench.save('run', 2, lease);
    },
  },
  {
    title: 'save changes the parts it names, deletes those that are null and keeps the others',
    run: async (bench) => {
      const lease = await bench.create('run', { parts: { a: '1', b: '2', c: '3' } });
      await bench.save('run', 2, lease, { parts: { b: '20', c: null, d: '4', 'never there': null } });
      assert.deepEqual(entries((await bench.store.load('run'))?.parts), { a: '1', b: '20', d: '4' });
      await bench.save('run', 3, lease, { parts: { c: '30' } });
      assert.deepEqual(entries((await bench.store.load('run'))?.parts), { a: '1', b: '20', c: '30', d: '4' });
    },
  },
  {
    title: 'a whole save replaces all parts',
    run: async (bench) => {
      const lease = await bench.create('run', { parts: { a: '1', b: '2' } });
      await bench.save('run', 2, lease, { parts: { c: '3', a: null }, whole: true });
      assert.deepEqual(entries((await bench.store.load('run'))?.parts), { c: '3' });
      await bench.save('run', 3, lease, { parts: { d: '4' } });
      assert.deepEqual(entries((await bench.store.load('run'))?.parts), { c: '3', d: '4' });
    },
  },
  {
    title: 'a run without parts and events, and one that loses all of its parts, are runs all the same',
    run: async (bench) => {
      await bench.create('bare', { head: '0', parts: {} });
      const lease = await bench.create('emptied', { parts: { a: '1' } });
      await bench.save('emptied', 2, lease, { parts: { a: null } });
      for (const id of ['bare', 'emptied']) {
        const loaded = await bench.store.load(id);
        assert.deepEqual(entries(loaded?.parts), {});
        await assertEvents(bench.store, id, []);
      }
      assert.equal((await bench.store.load('bare'))?.head, '0');
    },
  },
  {
    title: 'what the caller changes afterwards changes nothing stored',
    run: async (bench) => {
      const { store } = bench;
      const parts = new Map([['a', '1']]);
      const events = ['1'];
      const index = { status: 'running' as const, graph: 'flow', due: null };
      const creating = store.create({ ...creation('run', { events, index }), parts });
      const spoil = (): void => {
        parts.set('a', '"spoilt"').set('b', '"spoilt"');
        events.push('"spoilt"');
        Object.assign(index, { graph: 'spoilt' });
      };
      spoil();
      const lease = await creating;
      assert.ok(lease);
      const request = { ...saving('run', 2, lease, { events, index }), parts };
      parts.set('a', '2').delete('b');
      events.splice(0, 2, '2');
      Object.assign(index, { graph: 'flow' });
      const saved = store.save(request);
      spoil();
      await saved;
      const loaded = await store.load('run');
      (loaded?.parts as Map<string, string>).set('a', '"spoilt"');
      assert.deepEqual(entries((await store.load('run'))?.parts), { a: '2' });
      if (store.capabilities.events) {
        ((await store.events('run')) as string[]).push('"spoilt"');
        assert.deepEqual(await store.events('run'), ['1', '2']);
      }
      if (store.capabilities.list) {
        for (const run of (await store.list()).runs) Object.assign(run.index, { graph: 'spoilt' });
        assert.equal((await store.list()).runs[0]?.index.graph, 'flow');
      }
    },
  },
  {
    title: 'I3: a save that is not newer than every stored seq is refused and changes nothing',
    run: async (bench) => {
      const lease = await bench.create('run', { parts: { a: '1' }, events: ['1'] });
      await bench.save('run', 5, lease, { head: '5' });
      const change = { head: '"no"', parts: { a: null, b: '2' }, events: ['"no"'], release: true };
      for (const seq of [1, 4, 5]) await rejects(bench.save('run', seq, lease, change), 'StaleCheckpointError');
      const { store } = bench;
      const loaded = await store.load('run');
      assert.deepEqual([loaded?.seq, loaded?.head, entries(loaded?.parts)], [5, '5', { a: '1' }]);
      await assertHistory(store, 'run', [5, 1]);
      await assertEvents(store, 'run', ['1']);
      await bench.save('run', 6, lease);
    },
  },
  {
    title: 'I3: of two saves of one seq at once exactly one is stored',
    run: async (bench) => {
      const lease = await bench.create('run');
      const saves = ['"a"', '"b"'].map((head) => bench.save('run', 2, lease, { head, events: [head] }));
      const results = await Promise.allSettled(saves);
      const stored = results.findIndex(({ status }) => status === 'fulfilled');
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
      assert.equal((await bench.store.load('run'))?.head, ['"a"', '"b"'][stored]);
      await assertEvents(bench.store, 'run', [['"a"', '"b"'][stored] ?? '']);
    },
  },
  {
    title: 'a save of an unknown run is refused and makes none',
    run: async (bench) => {
      const lease = await bench.create('other');
      await rejects(bench.store.save(saving('run', 2, lease)), 'UnknownRunError');
      assert.equal(await bench.store.load('run'), undefined);
      if (bench.store.capabilities.list) assert.deepEqual(await listed(bench.store.list()), ['other']);
    },
  },
  {
    title: 'load of a seq that was never stored gives undefined',
    run: async (bench) => {
      await bench.create('run');
      for (const seq of [2, 100]) assert.equal(await bench.store.load('run', seq), undefined);
    },
  },
  {
    title: 'load gives the checkpoint of a seq, and history all of them, newest first',
    needs: ['history'],
    run: async (bench) => {
      const lease = await bench.create('run', { parts: { a: '1' } });
      await bench.save('run', 2, lease, { parts: { a: '2', b: '2' } });
      await bench.save('run', 4, lease, { parts: { a: null } });
      await bench.save('run', 7, lease, { parts: { c: '7' }, whole: true });
      await bench.save('run', 8, lease, { parts: { d: '8' }, head: '"eight"' });
      const store = await bench.again();
      assert.deepEqual(await store.history('run'), [8, 7, 4, 2, 1]);
      assert.deepEqual(entries((await store.load('run', 1))?.parts), { a: '1' });
      assert.deepEqual(entries((await store.load('run', 2))?.parts), { a: '2', b: '2' });
      assert.deepEqual(entries((await store.load('run', 4))?.parts), { b: '2' });
      assert.deepEqual(entries((await store.load('run', 7))?.parts), { c: '7' });
      assert.equal((await store.load('run', 7))?.head, '{"seq":7}');
      assert.equal((await store.load('run', 8))?.head, '"eight"');
      assert.equal(await store.load('run', 3), undefined);
    },
  },
  {
    title: 'events of all saves come back in order, each once',
    needs: ['events'],
    run: async (bench) => {
      const lease = await bench.create('run', { events: ['1'] });
      await bench.save('run', 2, lease, { events: ['2', '3', '3'] });
      await bench.save('run', 3, lease, { whole: true, parts: {} });
      await bench.save('run', 4, lease, { events: ['4'] });
      assert.deepEqual(await (await bench.again()).events('run'), ['1', '2', '3', '3', '4']);
    },
  },
  {
    title: 'a store opened anew has all that was acknowledged',
    needs: ['kept'],
    run: async (bench) => {
      const lease = await bench.create('run', { parts: { a: '1' }, events: ['1'] });
      const saves = Array.from({ length: 20 }, (_, i) =>
        bench.save('run', i + 2, lease, { parts: { [`p${i}`]: String(i) }, events: [String(i + 2)] }),
      );
      await Promise.all(saves);
      const store = await bench.anew();
      const loaded = await store.load('run');
      assert.equal(loaded?.seq, 21);
      assert.equal(loaded.parts.size, 21);
      await assertEvents(
        store,
        'run',
        Array.from({ length: 21 }, (_, i) => String(i + 1)),
      );
    },
  },
  {
    title: '50 MB in one part come back whole, and leave the parts beside it alone',
    run: async (bench) => {
      const big = `"${'0123456789'.repeat(5_000_000)}"`;
      const lease = await bench.create('run', { parts: { small: '1' } });
      await bench.save('run', 2, lease, { parts: { big } });
      const loaded = await (await bench.again()).load('run');
      assert.equal(loaded?.parts.size, 2);
      assert.ok(loaded.parts.get('big') === big, 'the big part has changed');
      assert.equal(loaded.parts.get('small'), '1');
    },
  },
  {
    title: '5,000 parts and 5,000 events of one save come back, and 5,000 parts go with one',
    run: async (bench) => {
      const numbers = Array.from({ length: 5_000 }, (_, i) => String(i));
      const parts = Object.fromEntries(numbers.map((i) => [`part ${i}`, i]));
      const lease = await bench.create('run', { parts: { kept: '1' } });
      await bench.save('run', 2, lease, { parts, events: numbers });
      const store = await bench.again();
      assert.deepEqual(entries((await store.load('run'))?.parts), { kept: '1', ...parts });
      await assertEvents(store, 'run', numbers);
      await bench.save('run', 3, lease, { parts: Object.fromEntries(numbers.map((i) => [`part ${i}`, null])) });
      assert.deepEqual(entries((await store.load('run'))?.parts), { kept: '1' });
    },
  },
];
