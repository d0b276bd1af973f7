import assert from 'node:assert/strict';
import { creation, entries, rejects, saving, type ConformanceCase } from './bench.js';

/** Texts that a careless store changes. All are JSON texts without a raw line break. */
const DELICATE = [
  '1.0',
  '{"b":1,"a":2}',
  '{"2":1,"1":2}',
  '{"a":1,"a":2}',
  '{ "spaced" : [ 1 ,2 ] }',
  '"\\u0041\\ud800"',
  '"ä€😀\u2028\u2029"',
  '12345678901234567890',
  '"],\\"events\\":["',
  'null',
  `"${'x'.repeat(100_000)}"`,
];
const HOSTILE_IDS = [
  '../x',
  '../../etc/passwd',
  '/',
  '.',
  '..',
  'a/b\\c:d*e?f"g<h>i|j',
  'CON',
  ' ',
  'x'.repeat(300),
  `${'x'.repeat(299)}y`,
  'Order',
  'order',
  'ORDER',
  'ünïcödé ✓ 😀',
  '\ud800',
  '\ud801',
  'line\nbreak',
  'nul\0byte',
  '{tag}',
  '%2e%2e',
  '__proto__',
  'constructor',
];

export const checkpointCases: readonly ConformanceCase[] = [
  {
    title: 'load gives undefined, and history nothing, for an id never created',
    run: async ({ store }) => {
      assert.equal(await store.load('nobody'), undefined);
      assert.equal(await store.load('nobody', 1), undefined);
      assert.deepEqual(await store.history('nobody'), []);
      assert.deepEqual(await store.events('nobody'), []);
      assert.deepEqual(await store.inbox('nobody'), []);
      assert.equal(await store.delete('nobody'), false);
      await store.prune('nobody', 1);
    },
  },
  {
    title: 'create stores checkpoint 1, which load gives back',
    run: async (bench) => {
      await bench.create('run', { head: '{"a":1}', parts: { frontier: '[1]', 'context/n': '{"k":2}' } });
      const loaded = await bench.store.load('run');
      assert.equal(loaded?.id, 'run');
      assert.equal(loaded.seq, 1);
      assert.equal(loaded.head, '{"a":1}');
      assert.deepEqual(entries(loaded.parts), { frontier: '[1]', 'context/n': '{"k":2}' });
    },
  },
  {
    title: 'create of an id that is there gives undefined and changes nothing',
    run: async (bench) => {
      await bench.create('run', { head: '1' });
      assert.equal(await bench.store.create(creation('run', { head: '2' })), undefined);
      assert.equal((await bench.store.load('run'))?.head, '1');
    },
  },
  {
    title: 'of twenty creators at once exactly one gets the run',
    run: async (bench) => {
      const leases = await Promise.all(
        Array.from({ length: 20 }, (_, i) => bench.store.create(creation('run', { head: String(i) }))),
      );
      const winner = leases.findIndex((lease) => lease !== undefined);
      assert.equal(leases.filter((lease) => lease !== undefined).length, 1);
      assert.equal((await bench.store.load('run'))?.head, String(winner));
    },
  },
  {
    title: 'save changes the parts it names, deletes those that are null and keeps the others',
    run: async (bench) => {
      const lease = await bench.create('run', { parts: { a: '1', b: '2', c: '3' } });
      await bench.save('run', 2, lease, { parts: { b: '20', c: null, d: '4' } });
      assert.deepEqual(entries((await bench.store.load('run'))?.parts), { a: '1', b: '20', d: '4' });
    },
  },
  {
    title: 'a whole save replaces all parts',
    run: async (bench) => {
      const lease = await bench.create('run', { parts: { a: '1', b: '2' } });
      await bench.save('run', 2, lease, { parts: { c: '3' }, whole: true });
      assert.deepEqual(entries((await bench.store.load('run'))?.parts), { c: '3' });
    },
  },
  {
    title: 'texts come back to the letter, also in names of parts and in events',
    run: async (bench) => {
      const parts = Object.fromEntries(DELICATE.map((text, i) => [`${text.slice(0, 20)}/${i}`, text]));
      await bench.create('run', { head: DELICATE[3] ?? '', parts, events: DELICATE });
      const store = await bench.again();
      const loaded = await store.load('run');
      assert.equal(loaded?.head, DELICATE[3]);
      assert.deepEqual(entries(loaded?.parts), parts);
      assert.deepEqual(await store.events('run'), DELICATE);
    },
  },
  {
    title: 'ids of any length and any characters are runs of their own',
    run: async (bench) => {
      for (const id of HOSTILE_IDS) await bench.create(id, { head: JSON.stringify(id) });
      const store = await bench.again();
      for (const id of HOSTILE_IDS) assert.equal((await store.load(id))?.head, JSON.stringify(id));
      const { runs } = await store.list({ limit: 1000 });
      assert.deepEqual(
        runs.map((run) => run.id),
        [...HOSTILE_IDS].sort(),
      );
    },
  },
  {
    title: 'what the caller changes afterwards changes nothing stored',
    run: async (bench) => {
      const parts: Record<string, string> = { a: '1' };
      const events = ['1'];
      const index = { status: 'running' as const, graph: 'flow', due: null };
      const creating = bench.store.create(creation('run', { parts, events, index }));
      parts['a'] = '2';
      events.push('2');
      Object.assign(index, { graph: 'other' });
      await creating;
      const loaded = await bench.store.load('run');
      (loaded?.parts as Map<string, string>).set('a', '3');
      ((await bench.store.events('run')) as string[]).push('3');
      assert.deepEqual(entries((await bench.store.load('run'))?.parts), { a: '1' });
      assert.deepEqual(await bench.store.events('run'), ['1']);
      assert.equal((await bench.store.list()).runs[0]?.index.graph, 'flow');
    },
  },
  {
    title: 'I3: a save that is not newer than every stored seq is refused and changes nothing',
    run: async (bench) => {
      const lease = await bench.create('run');
      await bench.save('run', 5, lease, { head: '5' });
      for (const seq of [1, 4, 5])
        await rejects(bench.save('run', seq, lease, { head: '"no"' }), 'StaleCheckpointError');
      assert.equal((await bench.store.load('run'))?.head, '5');
      assert.deepEqual(await bench.store.history('run'), [5, 1]);
    },
  },
  {
    title: 'I3: of two saves of one seq at once exactly one is stored',
    run: async (bench) => {
      const lease = await bench.create('run');
      const saves = ['"a"', '"b"'].map((head) => bench.save('run', 2, lease, { head }));
      const results = await Promise.allSettled(saves);
      const stored = results.findIndex(({ status }) => status === 'fulfilled');
      assert.equal(results.filter(({ status }) => status === 'fulfilled').length, 1);
      assert.equal((await bench.store.load('run'))?.head, ['"a"', '"b"'][stored]);
    },
  },
  {
    title: 'a save of an unknown run is refused and makes none',
    run: async (bench) => {
      const lease = await bench.create('other');
      await rejects(bench.store.save(saving('run', 2, lease)), 'UnknownRunError');
      assert.equal(await bench.store.load('run'), undefined);
    },
  },
  {
    title: 'load gives the checkpoint of a seq, and history all of them, newest first',
    run: async (bench) => {
      const lease = await bench.create('run', { parts: { a: '1' } });
      await bench.save('run', 2, lease, { parts: { a: '2', b: '2' } });
      await bench.save('run', 4, lease, { parts: { a: null } });
      const store = await bench.again();
      assert.deepEqual(await store.history('run'), [4, 2, 1]);
      assert.deepEqual(entries((await store.load('run', 1))?.parts), { a: '1' });
      assert.deepEqual(entries((await store.load('run', 2))?.parts), { a: '2', b: '2' });
      assert.deepEqual(entries((await store.load('run', 4))?.parts), { b: '2' });
      assert.equal(await store.load('run', 3), undefined);
    },
  },
  {
    title: 'events of all saves come back in order, each once',
    run: async (bench) => {
      const lease = await bench.create('run', { events: ['1'] });
      await bench.save('run', 2, lease, { events: ['2', '3'] });
      await bench.save('run', 3, lease, { whole: true, parts: {} });
      await bench.save('run', 4, lease, { events: ['4'] });
      assert.deepEqual(await (await bench.again()).events('run'), ['1', '2', '3', '4']);
    },
  },
  {
    title: 'prune forgets all but the newest checkpoints, never the newest, and keeps the events',
    run: async (bench) => {
      const lease = await bench.create('run', { parts: { a: '1' }, events: ['1'] });
      for (const seq of [2, 3, 4]) await bench.save('run', seq, lease, { parts: { [`p${seq}`]: String(seq) } });
      await bench.store.prune('run', 2);
      assert.deepEqual(await bench.store.history('run'), [4, 3]);
      assert.equal(await bench.store.load('run', 2), undefined);
      assert.deepEqual(entries((await bench.store.load('run', 3))?.parts), { a: '1', p2: '2', p3: '3' });
      await bench.store.prune('run', 0);
      const store = await bench.again();
      assert.deepEqual(await store.history('run'), [4]);
      assert.deepEqual(entries((await store.load('run'))?.parts), { a: '1', p2: '2', p3: '3', p4: '4' });
      assert.deepEqual(await store.events('run'), ['1']);
    },
  },
  {
    title: 'delete forgets a run with its events and its inbox, and its id can be used again',
    run: async (bench) => {
      await bench.create('run', { events: ['1'] });
      await bench.store.post('run', { deliveryId: 'd', body: '1' });
      assert.equal(await bench.store.delete('run'), true);
      assert.equal(await bench.store.load('run'), undefined);
      assert.deepEqual(await bench.store.history('run'), []);
      assert.deepEqual((await bench.store.list()).runs, []);
      assert.equal(await bench.store.delete('run'), false);
      await bench.create('run', { head: '"new"' });
      const store = await bench.again();
      assert.equal((await store.load('run'))?.head, '"new"');
      assert.deepEqual(await store.history('run'), [1]);
      assert.deepEqual(await store.events('run'), []);
      assert.deepEqual(await store.inbox('run'), []);
    },
  },
  {
    title: 'a save that comes after the deletion is refused, also when the id is used again',
    run: async (bench) => {
      const lease = await bench.create('run');
      await bench.store.delete('run');
      await rejects(bench.save('run', 2, lease), 'UnknownRunError');
      await bench.create('run', { head: '"new"', claim: { ...creation('run').claim } });
      await rejects(bench.save('run', 2, lease), 'StaleOwnerError');
      assert.equal((await bench.store.load('run'))?.head, '"new"');
    },
  },
  {
    title: 'a store opened anew has all that was acknowledged, unless it survives nothing',
    run: async (bench) => {
      const lease = await bench.create('run', { parts: { a: '1' } });
      const saves = Array.from({ length: 20 }, (_, i) =>
        bench.save('run', i + 2, lease, { parts: { [`p${i}`]: String(i) } }),
      );
      await Promise.all(saves);
      if (bench.store.capabilities.survives === 'nothing') return;
      await bench.store.close();
      const loaded = await (await bench.again()).load('run');
      assert.equal(loaded?.seq, 21);
      assert.equal(loaded.parts.size, 21);
    },
  },
  {
    title: 'after close every call is refused, and closing twice is closing once',
    run: async ({ store }) => {
      await store.close();
      await store.close();
      const calls = [
        store.create(creation('run')),
        store.load('run'),
        store.list(),
        store.history('run'),
        store.events('run'),
        store.inbox('run'),
        store.delete('run'),
        store.prune('run', 1),
        store.post('run', { deliveryId: 'd', body: '1' }),
        store.acquire('run', creation('run').claim),
      ];
      await Promise.all(calls.map((call) => rejects(call, 'StoreClosedError')));
    },
  },
  {
    title: 'close waits for the saves that are on their way',
    run: async (bench) => {
      const lease = await bench.create('run');
      const saves = [2, 3, 4].map((seq) => bench.save('run', seq, lease));
      await bench.store.close();
      await Promise.all(saves);
      if (bench.store.capabilities.survives !== 'nothing')
        assert.equal((await (await bench.again()).load('run'))?.seq, 4);
    },
  },
  {
    title: 'an empty id is refused',
    run: async ({ store }) => rejects(store.create(creation('')), 'InvalidArgumentError'),
  },
];
