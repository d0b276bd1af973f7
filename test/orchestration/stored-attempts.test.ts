import { CNS, collateral, neuron, type Store, UndeliverableSignalError } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { storeAt } from '../support/stores.js';

const go = collateral<number>('go');

/** One neuron that fails twice, and one whose body goes on meanwhile. */
function flow(store: Store, clock: ManualClock, name = 'attempts') {
  const attempts: number[] = [];
  const charge = neuron('charge', {})
    .dendrite({
      collateral: go,
      response: (_payload, _axon, ctx) => {
        attempts.push(ctx.attempt);
        if (ctx.attempt < 3) throw new Error('declined');
      },
    })
    .retry({ attempts: 3, backoff: 'constant', initial: '10s' });
  const watch = neuron('watch', {}).dendrite({
    collateral: go,
    response: () => new Promise<undefined>(() => undefined),
  });
  const cns = new CNS([charge, watch], { name, store, clock, logger: recordingLogger() });
  return { cns, attempts };
}

describe('a failed attempt of a durable run', () => {
  it('is stored at once, also while another body goes on: after a crash the next one is made when it was to be', async () => {
    const clock = new ManualClock();
    const store = memoryStore({ clock });
    const first = flow(store, clock);
    first.cns.stimulate(go.createSignal(1), { id: 'run' });
    await quiet();
    expect(first.attempts).toEqual([1]);
    const [newest] = await store.history('run');
    expect(newest).toBe(2);

    const second = flow(await storeAt(store, 'run', 2, memoryStore({ clock })), clock);
    await second.cns.rehydrate('run');
    await clock.pass(9_999);
    expect(second.attempts).toEqual([]);
    await clock.pass(1);
    expect(second.attempts).toEqual([2]);
    await clock.pass(10_000);
    expect(second.attempts).toEqual([2, 3]);
    await second.cns.close();
    await first.cns.close();
  });
});

describe('a signal for a stored run of another flow', () => {
  it('is refused with what the run is, and nothing is posted', async () => {
    const clock = new ManualClock();
    const store = memoryStore({ clock });
    const { cns } = flow(store, clock);
    cns.stimulate(go.createSignal(1), { id: 'run' });
    await quiet();
    await cns.close();
    const other = flow(store, clock, 'another');
    const error = await caught(other.cns.signal('run', go.createSignal(2)));
    expect(error).toBeInstanceOf(UndeliverableSignalError);
    expect((error as Error).message).toBe(
      'a signal of "go" cannot be delivered to run "run": it is a run of "attempts", not of "another"',
    );
    expect(await store.inbox('run')).toEqual([]);
  });
});
