import {
  CNS,
  collateral,
  neuron,
  StimulationAbortedError,
  StimulationFailedError,
  withCtx,
  type CNSOptions,
} from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { storeAt } from '../support/stores.js';

const order = collateral<number>('order');
const next = collateral<number>('next');

/** What the first neuron passes on much later. */
const LATER = 100;

function flow(options: CNSOptions) {
  const seen: string[] = [];
  const first = withCtx<number>()
    .neuron('first', { next })
    .milestone()
    .dendrite({
      collateral: order,
      response: (n, axon, ctx) => {
        seen.push(`first ${n}`);
        ctx.set(n);
        return axon.next.createSignal(n, { delay: n === LATER ? '1h' : 0 });
      },
    });
  const second = neuron('second', {}).dendrite({
    collateral: next,
    response: (n) => {
      seen.push(`second ${n}`);
      if (n < 0) throw new RangeError('negative', { cause: { code: 'E_NEG', at: new Date(5) } });
      if (n === 0) return new Promise<void>(() => undefined);
      return undefined;
    },
  });
  return { cns: new CNS([first, second], { logger: recordingLogger(), ...options }), seen };
}

describe('a run that has ended', () => {
  it('completed: comes back completed, with its result; nothing runs and nothing is stored', async () => {
    const store = memoryStore();
    const result = await flow({ store }).cns.stimulate(order.createSignal(1), { id: 'r', output: next });
    const before = await store.history('r');
    const { cns, seen } = flow({ store });
    const again = await cns.rehydrate('r');
    expect(again?.status).toBe('completed');
    expect(await again?.waitUntilComplete()).toEqual(result);
    expect(again?.actor.getSnapshot().status).toBe('done');
    expect([seen, await store.history('r'), again?.getOutstandingTasks()]).toEqual([[], before, []]);
  });

  it('failed: comes back failed, and rejects with its failures as they were, their causes kept', async () => {
    const store = memoryStore();
    const entry = [order.createSignal(-1), order.createSignal(2), order.createSignal(-3)];
    const run = flow({ store }).cns.stimulate(entry, { id: 'r' });
    const first = (await caught(run)) as StimulationFailedError;
    const again = await flow({ store }).cns.rehydrate('r');
    expect(again?.status).toBe('failed');
    expect(again?.getFailedTasks()).toEqual(run.getFailedTasks());
    expect(again?.getFailedTasks().map(({ task }) => [task.neuron, task.dendrite, task.payload])).toEqual([
      ['second', 'next#0', -1],
      ['second', 'next#0', -3],
    ]);
    const error = (await caught(again!.waitUntilComplete())) as StimulationFailedError;
    expect(error).toBeInstanceOf(StimulationFailedError);
    expect(error.message).toBe(first.message);
    expect(error.errors).toEqual(first.errors);
    expect(error.errors[0]).toBeInstanceOf(RangeError);
    expect((error.errors[0] as Error).cause).toEqual({ code: 'E_NEG', at: new Date(5) });
  });

  it('aborted: comes back aborted, with what was not done and why', async () => {
    const store = memoryStore();
    const run = flow({ store }).cns.stimulate(order.createSignal(LATER), { id: 'r' });
    const ended = caught(run);
    await quiet();
    run.actor.send({ type: 'engram.abort', reason: 'closing time' });
    expect(await ended).toMatchObject({ code: 'STIMULATION_ABORTED', reason: 'closing time' });
    expect(run.status).toBe('aborted');
    const again = await flow({ store }).cns.rehydrate('r');
    expect(again?.status).toBe('aborted');
    expect(again?.getFailedTasks()).toMatchObject([{ aborted: true, task: { neuron: 'second', payload: LATER } }]);
    const error = await caught(again!.waitUntilComplete());
    expect(error).toBeInstanceOf(StimulationAbortedError);
    expect(error).toMatchObject({ reason: 'closing time' });
  });
});

describe('I5: the save of a run that ends', () => {
  it.each([
    ['completed', [1]],
    ['failed', [-1]],
  ])('gives up its lease: %s', async (status, numbers) => {
    const store = memoryStore();
    const entry = numbers.map((n) => order.createSignal(n));
    await flow({ store })
      .cns.stimulate(entry, { id: 'r' })
      .waitUntilComplete()
      .catch(() => undefined);
    expect((await store.list()).runs).toMatchObject([{ id: 'r', lease: null, index: { status } }]);
  });
});

describe('I2: what a run has done before it was interrupted', () => {
  it('counts: failures of before are failures of the end, and the rejection carries them all', async () => {
    const whole = memoryStore();
    const entry = [order.createSignal(-1), order.createSignal(-2)];
    await caught(flow({ store: whole }).cns.stimulate(entry, { id: 'r' }));
    const seqs = await whole.history('r');
    for (const seq of seqs.slice(1)) {
      const again = await flow({ store: await storeAt(whole, 'r', seq) }).cns.rehydrate('r');
      const error = (await caught(again!.waitUntilComplete())) as StimulationFailedError;
      expect(error.errors.map((cause) => (cause as Error).message)).toEqual(['negative', 'negative']);
    }
  });

  it('counts: the output that an entry signal set is the output after an interruption too', async () => {
    const whole = memoryStore();
    const first = await flow({ store: whole }).cns.stimulate(order.createSignal(7), { id: 'r', output: order });
    expect(first.output).toBe(7);
    for (const seq of await whole.history('r')) {
      const again = await flow({ store: await storeAt(whole, 'r', seq) }).cns.rehydrate('r');
      expect(await again?.waitUntilComplete(), `from checkpoint ${seq}`).toMatchObject({ output: 7 });
    }
  });

  it('counts: outside signals that were delivered are not delivered again', async () => {
    const whole = memoryStore();
    const { cns, seen } = flow({ store: whole });
    const run = cns.stimulate(order.createSignal(0), { id: 'r' });
    run.waitUntilComplete().catch(() => undefined);
    await quiet();
    run.actor.send({ type: 'order', payload: 5, deliveryId: 'd1' });
    run.actor.send({ type: 'order', payload: 5, deliveryId: 'd1' });
    await quiet();
    expect(seen).toEqual(['first 0', 'second 0', 'first 5', 'second 5']);
    const [newest] = await whole.history('r');
    const other = flow({ store: await storeAt(whole, 'r', newest ?? 0) });
    const again = await other.cns.rehydrate('r');
    again?.waitUntilComplete().catch(() => undefined);
    again?.actor.send({ type: 'order', payload: 5, deliveryId: 'd1' });
    await quiet();
    expect(other.seen.filter((what) => what.startsWith('first'))).toEqual([]);
    await Promise.all([cns.close(), other.cns.close()]);
  });
});
