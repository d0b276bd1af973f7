import { CNS, type CNSOptions, collateral, neuron, type StimulationFailedError } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { recordingLogger } from '../support/recording-logger.js';

const order = collateral<string>('order');

/** Every order for which `errorOf` gives an error fails with it. */
function flow(errorOf: (what: string) => Error | undefined, options: CNSOptions) {
  const work = neuron('work', {}).dendrite({
    collateral: order,
    response: (what) => {
      const error = errorOf(what);
      if (error !== undefined) throw error;
    },
  });
  return new CNS([work], { logger: recordingLogger(), ...options });
}

const orders = (...all: string[]) => all.map((what) => order.createSignal(what));

it('one error of several activations is one cause of the failed run, also when it was read back', async () => {
  const store = memoryStore();
  const shared = new RangeError('out of stock', { cause: { open: () => 'cannot be stored' } });
  const other = new TypeError('out of stock');
  const errors = new Map<string, Error>([
    ['a', shared],
    ['b', other],
    ['c', shared],
  ]);
  const run = flow((what) => errors.get(what), { store }).stimulate(orders('a', 'b', 'c'), { id: 'r' });
  const first = (await caught(run)) as StimulationFailedError;
  expect(first.errors).toEqual([shared, other]);
  const again = await flow(() => undefined, { store }).rehydrate('r');
  const second = (await caught(again!.waitUntilComplete())) as StimulationFailedError;
  expect(second.errors.map((error) => (error as Error).message)).toEqual(['out of stock', 'out of stock']);
  expect(second.message).toBe(first.message);
  const [a, b, c] = again!.getFailedTasks();
  expect([a?.task.payload, b?.task.payload, c?.task.payload]).toEqual(['a', 'b', 'c']);
  expect([a?.error === c?.error, a?.error === b?.error]).toEqual([true, false]);
});

it('what fails when a failed run is taken up again is stored in the place of what had failed before', async () => {
  const store = memoryStore();
  const before = flow((what) => new Error(`${what} failed`), { store });
  await caught(before.stimulate(orders('a', 'b', 'c'), { id: 'r' }));
  const again = await flow((what) => (what === 'b' ? new RangeError('b again') : undefined), { store }).rehydrate('r', {
    retry: true,
  });
  await caught(again!.waitUntilComplete());
  const shown = await flow(() => undefined, { store }).rehydrate('r');
  expect(shown?.status).toBe('failed');
  expect(shown?.getFailedTasks().map(({ task, error }) => [task.payload, (error as Error).message])).toEqual([
    ['b', 'b again'],
  ]);
  await caught(shown!.waitUntilComplete());
});

it('an aborted run that is taken up again is stored without the reason of its abort', async () => {
  const store = memoryStore();
  const cns = flow(() => undefined, { store });
  const run = cns.stimulate(order.createSignal('a', { delay: 60_000 }), { id: 'r' });
  await run.checkpoint();
  run.abort('enough');
  await caught(run);
  const again = await cns.rehydrate('r', { retry: true });
  await again?.checkpoint();
  await cns.close();
  const parts = (await store.load('r'))?.parts;
  expect([...(parts?.keys() ?? [])].map((name) => name.replace(/\/.*/, '')).sort()).toEqual([
    'entry',
    'frontier',
    'run',
  ]);
});
