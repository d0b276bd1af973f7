/** Messages for a run, from anyone: each once, in order, until a save acknowledges it. */
import assert from 'node:assert/strict';
import type { RunIndex } from '../../src/durability/store.js';
import type { UnreadMessagesError } from '../../src/errors/index.js';
import { assertInbox, assertIs, claim, rejects, saving, type ConformanceCase } from './bench.js';

const ended = (status: RunIndex['status']): RunIndex => ({ status, graph: 'flow', due: null });

const CASES: readonly ConformanceCase[] = [
  {
    title: 'post to an unknown run is refused, and makes none',
    run: async ({ store }) => {
      await rejects(store.post('run', { deliveryId: 'd', body: '1' }), 'UnknownRunError');
      assert.deepEqual(await store.inbox('run'), []);
      assert.equal(await store.load('run'), undefined);
    },
  },
  {
    title: 'messages wait in the order they were posted in, without a lease, and reading them takes none away',
    run: async (bench) => {
      await bench.create('run');
      const other = await bench.again();
      for (let i = 0; i < 12; i += 1) {
        bench.clock.pass(i % 2);
        await other.post('run', { deliveryId: `d${i}`, body: String(i) });
      }
      const expected = Array.from({ length: 12 }, (_, i) => ({ deliveryId: `d${i}`, body: String(i) }));
      for (const store of [bench.store, other, bench.store]) assert.deepEqual(await store.inbox('run'), expected);
    },
  },
  {
    title: 'the same delivery id twice is one message, the first',
    run: async (bench) => {
      await bench.create('run');
      const other = await bench.again();
      await Promise.all([1, 2, 3].map(() => bench.store.post('run', { deliveryId: 'd', body: '"first"' })));
      await other.post('run', { deliveryId: 'd', body: '"second"' });
      assert.deepEqual(await bench.store.inbox('run'), [{ deliveryId: 'd', body: '"first"' }]);
    },
  },
  {
    title: 'messages that many post at once all wait, each once',
    run: async (bench) => {
      await bench.create('run');
      const other = await bench.again();
      const ids = Array.from({ length: 30 }, (_, i) => `d${i}`);
      const post = (deliveryId: string, i: number) =>
        (i % 2 === 0 ? bench.store : other).post('run', { deliveryId, body: String(i) });
      await Promise.all([...ids, ...ids].map(post));
      const waiting = (await bench.store.inbox('run')).map(({ deliveryId }) => deliveryId);
      assert.deepEqual(waiting.sort(), [...ids].sort());
    },
  },
  {
    title: 'messages posted while saves acknowledge others are acknowledged or wait, and none is lost',
    run: async (bench) => {
      const lease = await bench.create('run');
      const other = await bench.again();
      const ids: string[] = [];
      const taken: string[] = [];
      const post = (deliveryId: string) => {
        ids.push(deliveryId);
        return other.post('run', { deliveryId, body: '1' });
      };
      for (let seq = 2; seq < 8; seq += 1) {
        const ackInbox = (await bench.store.inbox('run')).map(({ deliveryId }) => deliveryId);
        const [before, after] = [`before ${seq}`, `after ${seq}`];
        await Promise.all([post(before), bench.save('run', seq, lease, { ackInbox }), post(after)]);
        taken.push(...ackInbox);
      }
      const left = (await other.inbox('run')).map(({ deliveryId }) => deliveryId);
      assert.deepEqual([...taken, ...left].sort(), [...ids].sort());
    },
  },
  {
    title: 'one delivery id is a message of its own in each run',
    run: async (bench) => {
      const lease = await bench.create('a');
      await bench.create('b');
      for (const id of ['a', 'b']) await bench.store.post(id, { deliveryId: 'd', body: `"${id}"` });
      await bench.save('a', 2, lease, { ackInbox: ['d'] });
      assert.deepEqual(await bench.store.inbox('a'), []);
      assert.deepEqual(await bench.store.inbox('b'), [{ deliveryId: 'd', body: '"b"' }]);
    },
  },
  {
    title: 'a message leaves with the save that acknowledges it, and does not come back when it is posted again',
    run: async (bench) => {
      const lease = await bench.create('run');
      for (const deliveryId of ['a', 'b', 'c']) await bench.store.post('run', { deliveryId, body: '1' });
      await bench.save('run', 2, lease, { ackInbox: ['a', 'c', 'never posted'] });
      await bench.save('run', 3, lease, { parts: {}, whole: true });
      const other = await bench.again();
      for (const deliveryId of ['a', 'c']) await other.post('run', { deliveryId, body: '1' });
      assert.deepEqual(await other.inbox('run'), [{ deliveryId: 'b', body: '1' }]);
    },
  },
  {
    title: 'messages wait in a store opened anew, and what was acknowledged stays so',
    needs: ['kept'],
    run: async (bench) => {
      const lease = await bench.create('run');
      for (const deliveryId of ['b', 'a', 'c']) await bench.store.post('run', { deliveryId, body: `"${deliveryId}"` });
      await bench.save('run', 2, lease, { ackInbox: ['a'] });
      const store = await bench.anew();
      for (const deliveryId of ['a', 'b']) await store.post('run', { deliveryId, body: '"again"' });
      assert.deepEqual(await store.inbox('run'), [
        { deliveryId: 'b', body: '"b"' },
        { deliveryId: 'c', body: '"c"' },
      ]);
    },
  },
  {
    title: 'messages stay with a run that is taken over, and its new owner acknowledges them',
    run: async (bench) => {
      const lease = await bench.create('run');
      for (const deliveryId of ['a', 'b', 'c']) await bench.store.post('run', { deliveryId, body: '1' });
      await bench.save('run', 2, lease, { ackInbox: ['a'] });
      const other = await bench.again();
      const taken = await other.acquire('run', claim('two', { dead: ['one'] }));
      assert.ok(taken);
      await assertInbox(other, 'run', ['b', 'c']);
      await other.save(saving('run', 3, taken, { ackInbox: ['b'] }));
      for (const deliveryId of ['a', 'b']) await bench.store.post('run', { deliveryId, body: '1' });
      await assertInbox(bench.store, 'run', ['c']);
    },
  },
  {
    title: 'list tells how many messages wait for each run',
    needs: ['list'],
    run: async (bench) => {
      const lease = await bench.create('run');
      await bench.create('quiet');
      for (const deliveryId of ['a', 'b', 'c']) await bench.store.post('run', { deliveryId, body: '1' });
      await bench.save('run', 2, lease, { ackInbox: ['b'] });
      const { runs } = await (await bench.again()).list();
      assert.deepEqual(
        runs.map(({ id, inbox }) => [id, inbox]),
        [
          ['quiet', 0],
          ['run', 2],
        ],
      );
    },
  },
  {
    title: 'post to a run that has ended is refused, unless the message was posted before its end',
    run: async (bench) => {
      const other = await bench.again();
      for (const status of ['completed', 'failed', 'aborted'] as const) {
        const lease = await bench.create(status);
        await other.post(status, { deliveryId: 'taken', body: '1' });
        await other.post(status, { deliveryId: 'left', body: '2' });
        await bench.save(status, 2, lease, { index: ended(status), release: true, ackInbox: ['taken'] });
        await rejects(other.post(status, { deliveryId: 'late', body: '3' }), 'RunEndedError');
        await other.post(status, { deliveryId: 'taken', body: '1' });
        await other.post(status, { deliveryId: 'left', body: '2' });
        assert.deepEqual(await other.inbox(status), [{ deliveryId: 'left', body: '2' }]);
      }
    },
  },
  {
    title: 'a run that waits takes messages, and so does one that goes on after its end',
    run: async (bench) => {
      const lease = await bench.create('run');
      await bench.save('run', 2, lease, { index: { status: 'waiting', graph: 'flow', due: 5 } });
      const other = await bench.again();
      await other.post('run', { deliveryId: 'while it waits', body: '1' });
      await bench.save('run', 3, lease, { index: ended('failed'), release: true });
      await rejects(other.post('run', { deliveryId: 'late', body: '1' }), 'RunEndedError');
      const taken = await bench.store.acquire('run', claim('one'));
      assert.ok(taken);
      await bench.save('run', 4, taken, { index: ended('running') });
      await other.post('run', { deliveryId: 'late', body: '1' });
      await assertInbox(bench.store, 'run', ['while it waits', 'late']);
    },
  },
  {
    title: 'a run does not end over messages that were not read, and nothing of such a save is stored',
    needs: ['sealsInbox'],
    run: async (bench) => {
      const lease = await bench.create('run');
      const other = await bench.again();
      const end = (seq: number, ackInbox: string[], leaves: string[]) =>
        bench.save('run', seq, lease, { index: ended('completed'), release: true, parent: 1, ackInbox, leaves });
      for (const deliveryId of ['a', 'b', '\ud800']) await other.post('run', { deliveryId, body: '1' });
      const refusals: readonly [number, string[], string[]][] = [
        [3, [], []],
        [2, ['a'], []],
        [1, ['a'], ['b', 'c', 'd']],
        [1, ['b', 'never posted'], ['a']],
      ];
      for (const [i, [unread, taken, left]] of refusals.entries()) {
        const error = await end(2 + i, taken, left).catch((refusal: unknown) => refusal);
        assertIs(error, 'UnreadMessagesError');
        assert.equal((error as UnreadMessagesError).unread, unread);
      }
      assert.equal((await other.load('run'))?.seq, 1);
      await assertInbox(other, 'run', ['a', 'b', '\ud800']);
      await end(9, ['a'], ['b', '\ud800', 'never posted']);
      assert.equal((await other.load('run'))?.seq, 9);
      await assertInbox(other, 'run', ['b', '\ud800']);
      await other.post('run', { deliveryId: 'a', body: '1' });
      await assertInbox(other, 'run', ['b', '\ud800']);
    },
  },
  {
    title: 'what is posted while a run ends is refused, or keeps it from ending',
    needs: ['sealsInbox'],
    run: async (bench) => {
      const other = await bench.again();
      for (let i = 0; i < 12; i += 1) {
        const id = `run ${i}`;
        const lease = await bench.create(id);
        const ending = { index: ended('completed'), release: true, leaves: [] };
        const save = () => bench.save(id, 2, lease, ending);
        const post = () => other.post(id, { deliveryId: 'd', body: '1' });
        // either of them first
        const sent = i % 2 === 0 ? { saved: save(), posted: post() } : { posted: post(), saved: save() };
        const [saved, posted] = await Promise.allSettled([sent.saved, sent.posted]);
        const refused = [saved, posted].flatMap((one) => (one.status === 'rejected' ? [one.reason as unknown] : []));
        assert.equal(refused.length, 1, 'one of the two is refused');
        assertIs(refused[0], saved.status === 'rejected' ? 'UnreadMessagesError' : 'RunEndedError');
        await assertInbox(other, id, saved.status === 'rejected' ? ['d'] : []);
      }
    },
  },
  {
    title: 'unread messages are asked for after owner and order, and only where the caller asks',
    needs: ['sealsInbox'],
    run: async (bench) => {
      const lease = await bench.create('run');
      await bench.store.post('run', { deliveryId: 'd', body: '1' });
      await bench.save('run', 2, lease);
      await rejects(bench.save('run', 2, lease, { leaves: [] }), 'StaleCheckpointError');
      await rejects(bench.save('run', 4, lease, { parent: 3, leaves: [] }), 'LostCheckpointError');
      const taken = await (await bench.again()).acquire('run', claim('one'));
      assert.ok(taken);
      await rejects(bench.save('run', 3, lease, { leaves: [] }), 'StaleOwnerError');
      await bench.save('run', 3, taken, { index: ended('completed'), release: true });
      await assertInbox(bench.store, 'run', ['d']);
    },
  },
  {
    title: 'I5: a message whose acknowledgement was refused stays',
    run: async (bench) => {
      const lease = await bench.create('run');
      await bench.store.post('run', { deliveryId: 'd', body: '1' });
      await rejects(bench.save('run', 1, lease, { ackInbox: ['d'] }), 'StaleCheckpointError');
      const other = await bench.again();
      await other.acquire('run', claim('two', { dead: ['one'] }));
      await rejects(bench.save('run', 2, lease, { ackInbox: ['d'] }), 'StaleOwnerError');
      for (const store of [bench.store, other]) await assertInbox(store, 'run', ['d']);
    },
  },
];

export const inboxCases: readonly ConformanceCase[] = CASES.map((one) => ({
  ...one,
  needs: ['inbox', ...(one.needs ?? [])],
}));
