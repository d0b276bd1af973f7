/** The end of a process and of a machine, where the subject offers a way to make it happen. */
import assert from 'node:assert/strict';
import { assertEvents, claim, entries, ruthless, saving, type ConformanceCase } from './bench.js';
import { checkWritten, WRITTEN } from './writer.js';

export const crashCases: readonly ConformanceCase[] = [
  {
    title: 'I3: after SIGKILL in the middle of saves all that was acknowledged is there, and nothing is half there',
    needs: ['kept', 'kill'],
    run: async (bench) => {
      const newest = new Map<string, number>();
      for (const enough of [20, 61, 130]) {
        let notes = 0;
        await bench.subject.kill?.(({ run, seq }) => {
          newest.set(run, Math.max(newest.get(run) ?? 0, seq));
          notes += 1;
          return notes >= enough;
        });
        assert.ok(notes >= enough, 'the process was gone before it was killed');
        const store = await bench.anew();
        for (const run of WRITTEN) {
          const seq = await checkWritten(store, run);
          const acknowledged = newest.get(run) ?? 0;
          assert.ok(seq >= acknowledged, `checkpoint ${acknowledged} of ${run} was acknowledged, ${seq} is there`);
          newest.set(run, seq);
        }
      }
    },
  },
  {
    title: 'I5: the runs of a killed process are taken over under a newer fence, and go on',
    needs: ['kept', 'kill'],
    run: async (bench) => {
      let notes = 0;
      await bench.subject.kill?.(() => (notes += 1) >= 40);
      const store = await bench.anew();
      for (const run of WRITTEN) {
        const { seq = 0 } = (await store.load(run)) ?? {};
        const first = await store.acquire(run, ruthless('two'));
        const second = await store.acquire(run, ruthless('three'));
        assert.ok(first && second && second.fence > first.fence && first.fence > 1);
        await store.save(saving(run, seq + 1, second, { head: '"taken"' }));
      }
      const after = await bench.anew();
      for (const run of WRITTEN) assert.equal((await after.load(run))?.head, '"taken"');
    },
  },
  {
    title: 'I3: a save that was torn is as if it had never been, and the run goes on from the one before',
    needs: ['kept', 'tear'],
    run: async (bench) => {
      await bench.create('other', { head: '"other"' });
      const lease = await bench.create('run', { parts: { a: '1' }, events: ['1'] });
      await bench.save('run', 2, lease, { head: '"two"', parts: { b: '2' }, events: ['2'] });
      await bench.save('run', 3, lease, { parts: { a: null, c: '3' }, events: ['3'] });
      await bench.close();
      await bench.subject.tear?.();
      const store = await bench.anew();
      const loaded = await store.load('run');
      assert.deepEqual([loaded?.seq, loaded?.head, entries(loaded?.parts)], [2, '"two"', { a: '1', b: '2' }]);
      await assertEvents(store, 'run', ['1', '2']);
      assert.equal((await store.load('other'))?.head, '"other"');
      const taken = await store.acquire('run', claim('two', { dead: ['one'] }));
      assert.ok(taken);
      await store.save(saving('run', 3, taken, { head: '"three"', parts: { d: '3' }, events: ['"new"'] }));
      const after = await bench.anew();
      const next = await after.load('run');
      assert.deepEqual([next?.seq, next?.head, entries(next?.parts)], [3, '"three"', { a: '1', b: '2', d: '3' }]);
      await assertEvents(after, 'run', ['1', '2', '"new"']);
    },
  },
];
