/** Names of any characters and texts to the letter. */
import assert from 'node:assert/strict';
import {
  assertEvents,
  assertHistory,
  assertInbox,
  creation,
  entries,
  listed,
  rejects,
  shown,
  type Bench,
  type ConformanceCase,
} from './bench.js';
import { DELICATE_TEXTS, HOSTILE_NAMES } from './hostile.js';

export const nameCases: readonly ConformanceCase[] = [
  {
    title: 'an empty id is refused',
    run: async ({ store }) => {
      await rejects(store.create(creation('')), 'InvalidArgumentError');
      if (store.capabilities.list) assert.deepEqual(await store.list(), { runs: [] });
    },
  },
  {
    title: 'ids of any length and any characters are runs of their own',
    run: async (bench) => {
      await store(bench);
      for (const id of HOSTILE_NAMES) {
        const loaded = await bench.store.load(id);
        assert.equal(loaded?.id, id);
        assert.equal(loaded.head, JSON.stringify(id), shown(id));
        assert.deepEqual(entries(loaded.parts), { a: '2' }, shown(id));
        await assertHistory(bench.store, id, [2, 1]);
        await assertEvents(bench.store, id, ['1', JSON.stringify(id)]);
        await assertInbox(bench.store, id, ['d']);
      }
    },
  },
  {
    title: 'ids of any characters are listed in the order of their UTF-16 code units, also one by one',
    needs: ['list'],
    run: async (bench) => {
      await store(bench);
      const expected = [...HOSTILE_NAMES].sort();
      assert.deepEqual(await listed((await bench.again()).list({ limit: 1_000 })), expected);
      const seen: string[] = [];
      for (let cursor: string | undefined; seen.length < expected.length;) {
        const page = await bench.store.list({ limit: 1, ...(cursor === undefined ? {} : { cursor }) });
        seen.push(...page.runs.map(({ id }) => id));
        cursor = page.cursor;
        if (cursor === undefined) break;
      }
      assert.deepEqual(seen, expected);
    },
  },
  {
    title: 'deleting one of the runs of similar ids leaves the others',
    run: async (bench) => {
      await store(bench);
      const isGone = (i: number): boolean => i % 2 === 0;
      await Promise.all(HOSTILE_NAMES.filter((_, i) => isGone(i)).map((id) => bench.store.delete(id)));
      const after = await bench.again();
      for (const [i, id] of HOSTILE_NAMES.entries()) {
        assert.equal((await after.load(id))?.head, isGone(i) ? undefined : JSON.stringify(id), shown(id));
      }
    },
  },
  {
    title: 'ids of any characters are found again by a store opened anew',
    needs: ['kept'],
    run: async (bench) => {
      await store(bench);
      const after = await bench.anew();
      for (const id of HOSTILE_NAMES) assert.equal((await after.load(id))?.head, JSON.stringify(id), shown(id));
    },
  },
  {
    title: 'parts of any name are parts of their own, and can be deleted one by one',
    run: async (bench) => {
      const parts = Object.fromEntries(['', ...HOSTILE_NAMES].map((name, i) => [name, String(i)]));
      const lease = await bench.create('run', { parts });
      const other = await bench.again();
      assert.deepEqual(sorted((await other.load('run'))?.parts), sorted(Object.entries(parts)));
      await bench.save('run', 2, lease, {
        parts: Object.fromEntries(Object.keys(parts).map((name) => [name, '"new"'])),
      });
      const renewed = Object.keys(parts).map((name): [string, string] => [name, '"new"']);
      assert.deepEqual(sorted((await other.load('run'))?.parts), sorted(renewed));
      const odd = Object.keys(parts).filter((_, i) => i % 2 === 1);
      await bench.save('run', 3, lease, { parts: Object.fromEntries(odd.map((name) => [name, null])) });
      const left = renewed.filter(([name]) => !odd.includes(name));
      assert.deepEqual(sorted((await other.load('run'))?.parts), sorted(left));
    },
  },
  {
    title: 'texts come back to the letter, also in names of parts and in events',
    run: async (bench) => {
      const parts = Object.fromEntries(DELICATE_TEXTS.map((text, i) => [`${text.slice(0, 20)}/${i}`, text]));
      await bench.create('run', { parts, events: DELICATE_TEXTS });
      for (const [i, head] of DELICATE_TEXTS.entries()) await bench.create(`head ${i}`, { head });
      const other = await bench.again();
      assert.deepEqual(entries((await other.load('run'))?.parts), parts);
      await assertEvents(other, 'run', DELICATE_TEXTS);
      for (const [i, head] of DELICATE_TEXTS.entries()) assert.equal((await other.load(`head ${i}`))?.head, head);
    },
  },
  {
    title: 'texts come back to the letter from a store opened anew',
    needs: ['kept'],
    run: async (bench) => {
      const parts = Object.fromEntries(['', ...HOSTILE_NAMES].map((name, i) => [name, textAt(i)]));
      const lease = await bench.create('run', { parts: { old: '1' } });
      await bench.save('run', 2, lease, { head: textAt(3), parts, events: DELICATE_TEXTS });
      const after = await bench.anew();
      const loaded = await after.load('run');
      assert.equal(loaded?.head, textAt(3));
      assert.deepEqual(sorted(loaded.parts), sorted([['old', '1'], ...Object.entries(parts)]));
      await assertEvents(after, 'run', DELICATE_TEXTS);
    },
  },
  {
    title: 'delivery ids and bodies of any characters come back to the letter, in order, each once',
    needs: ['inbox'],
    run: async (bench) => {
      const lease = await bench.create('run');
      const messages = HOSTILE_NAMES.map((deliveryId, i) => ({ deliveryId, body: textAt(i) }));
      for (const message of messages) await bench.store.post('run', message);
      for (const { deliveryId } of messages) await bench.store.post('run', { deliveryId, body: '"again"' });
      const other = await bench.again();
      assert.deepEqual(await other.inbox('run'), messages);
      const odd = messages.filter((_, i) => i % 2 === 1);
      await bench.save('run', 2, lease, { ackInbox: odd.map(({ deliveryId }) => deliveryId) });
      assert.deepEqual(
        await other.inbox('run'),
        messages.filter((_, i) => i % 2 === 0),
      );
      for (const message of odd) await other.post('run', message);
      assert.equal((await other.inbox('run')).length, messages.length - odd.length);
    },
  },
];

/** A run for each hostile name, with a bit of everything. */
async function store(bench: Bench): Promise<void> {
  await Promise.all(
    HOSTILE_NAMES.map(async (id) => {
      const lease = await bench.create(id, { parts: { a: '1' }, events: ['1'] });
      if (bench.store.capabilities.inbox) await bench.store.post(id, { deliveryId: 'd', body: JSON.stringify(id) });
      await bench.save(id, 2, lease, { head: JSON.stringify(id), parts: { a: '2' }, events: [JSON.stringify(id)] });
    }),
  );
}

const textAt = (i: number): string => DELICATE_TEXTS[i % (DELICATE_TEXTS.length - 1)] ?? '0';

function sorted(parts: Iterable<readonly [string, string]> = []): (readonly [string, string])[] {
  return [...parts].sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
}
