import assert from 'node:assert/strict';
import { claim, rejects, type ConformanceCase } from './bench.js';

export const inboxCases: readonly ConformanceCase[] = [
  {
    title: 'post to an unknown run is refused',
    run: ({ store }) => rejects(store.post('run', { deliveryId: 'd', body: '1' }), 'UnknownRunError'),
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
      for (let i = 0; i < 2; i += 1) {
        const bodies = (await bench.store.inbox('run')).map(({ body }) => body);
        assert.deepEqual(
          bodies,
          Array.from({ length: 12 }, (_, n) => String(n)),
        );
      }
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
    title: 'a message leaves with the save that acknowledges it, and does not come back when it is posted again',
    run: async (bench) => {
      const lease = await bench.create('run');
      for (const deliveryId of ['a', 'b', 'c']) await bench.store.post('run', { deliveryId, body: '1' });
      await bench.save('run', 2, lease, { ackInbox: ['a', 'c', 'never posted'] });
      const other = await bench.again();
      await other.post('run', { deliveryId: 'a', body: '1' });
      assert.deepEqual(await other.inbox('run'), [{ deliveryId: 'b', body: '1' }]);
    },
  },
  {
    title: 'list tells how many messages wait for each run',
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
      const lease = await bench.create('run');
      const other = await bench.again();
      await other.post('run', { deliveryId: 'taken', body: '1' });
      await other.post('run', { deliveryId: 'left', body: '2' });
      const index = { status: 'completed', graph: 'flow', due: null } as const;
      await bench.save('run', 2, lease, { index, release: true, ackInbox: ['taken'] });
      await rejects(other.post('run', { deliveryId: 'late', body: '3' }), 'RunEndedError');
      await other.post('run', { deliveryId: 'taken', body: '1' });
      await other.post('run', { deliveryId: 'left', body: '2' });
      assert.deepEqual(await other.inbox('run'), [{ deliveryId: 'left', body: '2' }]);
    },
  },
  {
    title: 'a message whose acknowledgement was refused stays',
    run: async (bench) => {
      const lease = await bench.create('run');
      await bench.store.post('run', { deliveryId: 'd', body: '1' });
      const other = await bench.again();
      await other.acquire('run', claim('two', { dead: ['one'] }));
      await rejects(bench.save('run', 2, lease, { ackInbox: ['d'] }), 'StaleOwnerError');
      assert.equal((await other.inbox('run')).length, 1);
      assert.equal((await (await bench.again()).inbox('run')).length, 1);
    },
  },
  {
    title: 'delivery ids and bodies of any characters come back to the letter',
    run: async (bench) => {
      await bench.create('run');
      const ids = ['../x', 'a/b', 'A/B', 'x'.repeat(400), '😀', ' ', '{"a":1}'];
      const bodies = ['1.0', '{ "a" : 1 }', '"\\u0041"', '{"a":1,"a":2}', '"ä€😀"', 'null', '[]'];
      for (const [i, deliveryId] of ids.entries()) await bench.store.post('run', { deliveryId, body: bodies[i] ?? '' });
      const messages = await (await bench.again()).inbox('run');
      assert.deepEqual(
        messages,
        ids.map((deliveryId, i) => ({ deliveryId, body: bodies[i] })),
      );
    },
  },
];
