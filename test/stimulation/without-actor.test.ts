/** What an actor's mailbox sees to, and a run has to see to by itself while nobody has asked for its actor. */
import {
  CNS,
  collateral,
  neuron,
  RunSuspendedError,
  StimulationAbortedError,
  type Stimulation,
  type Store,
} from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';

const start = collateral<number>('start');
const job = collateral<number>('job');
const split = neuron('split', { job }).dendrite({
  collateral: start,
  response: (count, axon) => Array.from({ length: count }, (_, i) => axon.job.createSignal(i)),
});

/** A store whose saves take until it is told that they are done. */
function heldStore(): { readonly store: Store; readonly letGo: () => void } {
  const store = memoryStore();
  let letGo = (): void => undefined;
  const gone = new Promise<void>((resolve) => (letGo = resolve));
  const save = store.save.bind(store);
  store.save = async (request) => {
    await gone;
    await save(request);
  };
  return { store, letGo };
}

describe('a durable run that nobody looks at', () => {
  const MANY = 10_000;

  it(`takes ${MANY} milestones that settle in one turn`, async () => {
    const leaf = neuron('leaf', {})
      .dendrite({ collateral: job, response: () => undefined })
      .milestone();
    const cns = new CNS([split, leaf], { store: memoryStore() });
    const run = cns.stimulate(start.createSignal(MANY), { id: 'r' });
    await run.waitUntilComplete();
    expect(run.settledActivations).toBe(MANY + 1);
    await cns.close();
  });

  it(`takes ${MANY} milestones that settle while a save is under way`, async () => {
    const { store, letGo } = heldStore();
    let answered = 0;
    const leaf = neuron('leaf', {})
      .dendrite({
        collateral: job,
        response: async () => {
          await null;
          if (++answered === MANY) letGo();
        },
      })
      .milestone();
    const cns = new CNS([split, leaf], { store });
    const run = cns.stimulate(start.createSignal(MANY), { id: 'r' });
    await run.waitUntilComplete();
    expect(run.settledActivations).toBe(MANY + 1);
    await cns.close();
  });

  const suspend = (_: CNS, run: Stimulation): Promise<unknown> => run.suspend();
  const close = (cns: CNS): Promise<unknown> => cns.close();
  // what is closed goes on from its last milestone, of which there is none here, unless it is stored when it exits
  it.each([
    ['stimulation.suspend()', 'sync', suspend, [2, 3, 4]],
    ['stimulation.suspend()', 'exit', suspend, [2, 3, 4]],
    ['cns.close()', 'sync', close, [0, 1, 2, 3, 4]],
    ['cns.close()', 'exit', close, [2, 3, 4]],
  ] as const)('starts nothing more in the turn that calls %s (%s)', async (_, durability, stop, left) => {
    const store = memoryStore();
    const ran: number[] = [];
    let isStopping = true;
    const leaf = neuron('leaf', {}).dendrite({
      collateral: job,
      response: (i, _axon, ctx) => {
        ran.push(i);
        if (isStopping && i === 1) void stop(cns, ctx.stimulation as Stimulation).catch(() => undefined);
        return i > 1 ? Promise.resolve(undefined) : undefined;
      },
    });
    const cns = new CNS([split, leaf], { store, durability });
    const run = cns.stimulate(start.createSignal(5), { id: 'r' });
    await expect(run.waitUntilComplete()).rejects.toThrow(RunSuspendedError);
    expect(ran).toEqual([0, 1]);

    isStopping = false;
    await cns.close();
    const next = new CNS([split, leaf], { store });
    await (await next.rehydrate('r'))?.waitUntilComplete();
    expect(ran.slice(2)).toEqual(left);
    await next.close();
  });

  it('ends when its actor is asked for and stopped in its last turn', async () => {
    const cns: CNS = new CNS(
      [
        neuron('last', {}).dendrite({
          collateral: start,
          response: (_payload, _axon, ctx) => void (ctx.stimulation as Stimulation).actor.stop(),
        }),
      ],
      { store: memoryStore() },
    );
    const { status } = await cns.stimulate(start.createSignal(1), { id: 'r' }).waitUntilComplete();
    expect(status).toBe('completed');
    await cns.close();
  });

  it.each(['sync', 'async'] as const)(
    'takes thousands of signals, each fed by the end of a turn (%s)',
    async (durability) => {
      const FED = 5_000;
      let [fed, done] = [0, 0];
      let finish = (): void => undefined;
      const hold = neuron('hold', {}).dendrite({
        collateral: start,
        response: () => new Promise<undefined>((resolve) => (finish = () => resolve(undefined))),
      });
      const worker = neuron('worker', {}).dendrite({ collateral: job, response: () => void done++ });
      const cns = new CNS([hold, worker], { store: memoryStore(), durability });
      const run = cns.stimulate(start.createSignal(1), {
        id: 'r',
        onDrain: ({ stimulation }) => {
          if (fed < FED) void stimulation.signal(job.createSignal(fed++));
          else finish();
        },
      });
      await run.waitUntilComplete();
      expect(done).toBe(FED);
      await cns.close();
    },
  );

  it('is aborted by a handler that asks for its actor and aborts it in its last turn', async () => {
    const only = neuron('only', {}).dendrite({
      collateral: start,
      response: (_payload, _axon, ctx) => {
        const run = ctx.stimulation as Stimulation;
        expect(run.actor).toBeDefined();
        run.abort('why');
      },
    });
    const cns = new CNS([only], { store: memoryStore() });
    const run = cns.stimulate(start.createSignal(1), { id: 'r' });
    await expect(run.waitUntilComplete()).rejects.toThrow(StimulationAbortedError);
    await cns.close();
  });

  /** No text can be made of it, so that its failure cannot be written down. */
  const unspeakable = (): Error =>
    Object.defineProperty(new Error(), 'message', {
      get: () => {
        throw new TypeError('no message');
      },
    });

  it.each([
    ['in its first turn', false, undefined],
    ['behind a milestone', true, undefined],
    ['later', true, Promise.resolve()],
  ])('stops, and leaves all others be, when it cannot be carried on %s', async (_, isMilestone, before) => {
    const store = memoryStore();
    const first = neuron('first', { job }).dendrite({
      collateral: start,
      response: (n, axon) => axon.job.createSignal(n),
    });
    const second = neuron('second', {}).dendrite({
      collateral: job,
      response: (n) => {
        if (n === 0) return undefined;
        if (before === undefined) throw unspeakable();
        return before.then(() => {
          throw unspeakable();
        });
      },
    });
    const cns = new CNS([isMilestone ? first.milestone() : first, second], { store });
    const [bad, good] = [1, 0].map((n) => cns.stimulate(start.createSignal(n), { id: `run-${n}` }));
    await expect(bad?.waitUntilComplete()).rejects.toThrow('no message');
    expect((await good?.waitUntilComplete())?.status).toBe('completed');
    await cns.close();
  });
});
