/** Joins over time: in turns of their own, in old snapshots, in stores, at a cost that does not grow with the set. */
import { CNS, type CNSOptions, collateral, neuron } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { toLogic } from 'engram/machines';
import { describe, expect, it } from 'vitest';
import { createActor } from 'xstate';
import { caught } from '../support/caught.js';
import { begin, forms } from '../support/forms.js';
import { quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { heldStore } from '../support/stores.js';

const left = collateral<string>('left');
const right = collateral<string>('right');
const pair = collateral<string>('pair');
const wait = collateral('wait');

/** A zip joins left and right, and is a milestone; `wait` keeps the run open. */
function flow(options: CNSOptions = {}) {
  const trace: string[] = [];
  const ids: string[] = [];
  const zip = neuron('zip', { pair })
    .join({ l: left, r: right }, ({ l, r }, axon, ctx) => {
      trace.push(`zip ${l}${r}`);
      ids.push(ctx.activationId);
      ctx.update((all = '') => `${all as string}${l}${r};`);
      return axon.pair.createSignal(`${l}${r}`);
    })
    .milestone();
  const sink = neuron('sink', {})
    .dendrite({ collateral: pair, response: (made) => void trace.push(`sink ${made}`) })
    .dendrite({ collateral: wait, response: () => new Promise<void>(() => undefined) });
  return { cns: new CNS([zip, sink], { logger: recordingLogger(), ...options }), trace, ids };
}

const lefts = (...all: string[]) => all.map((each) => left.createSignal(each));
const rights = (...all: string[]) => all.map((each) => right.createSignal(each));

describe('I4: a join of a milestone', () => {
  it('is no milestone when something arrives, and one when it fires: what follows waits until that is stored', async () => {
    const held = heldStore();
    const { cns, trace } = flow({ store: held.store });
    const run = cns.stimulate([...lefts('a', 'b'), ...rights('1', '2')], { id: 'r' });
    await (await held.next()).acknowledge();
    const milestones = await held.next();
    await quiet();
    expect(trace).toEqual(['zip a1', 'zip b2']);
    held.open();
    await milestones.acknowledge();
    expect((await run).context).toEqual({ zip: 'a1;b2;' });
    expect(trace).toEqual(['zip a1', 'zip b2', 'sink a1', 'sink b2']);
  });
});

describe('a partial set in a store', () => {
  it('is completed where the run goes on, under the ids that it would have had', async () => {
    const entry = [...lefts('a', 'b'), ...rights('1'), wait.createSignal()];
    const missing = [right.createSignal('2'), { deliveryId: 'd' }] as const;
    const whole = flow();
    await whole.cns.stimulate(entry, { id: 'r' }).signal(...missing);
    const store = memoryStore();
    const one = flow({ store });
    const run = one.cns.stimulate(entry, { id: 'r' });
    await run.checkpoint();
    await quiet();
    await run.checkpoint();
    await one.cns.close();
    expect(one.trace).toEqual(['zip a1', 'sink a1']);
    const two = flow({ store });
    const again = await two.cns.rehydrate('r');
    expect(again?.actor.getSnapshot().context.joined.map(({ payload, key }) => [payload, key])).toEqual([['b', '']]);
    await again?.signal(...missing);
    expect(two.trace).toEqual(['zip b2', 'sink b2']);
    expect(again?.getContext().getAll()).toEqual({ zip: 'a1;b2;' });
    expect([...one.ids, ...two.ids]).toEqual(whole.ids);
    expect(new Set(whole.ids).size).toBe(2);
    await two.cns.close();
  });

  it('of a run that has failed is told the same after a rehydration, and joins again under its ids when it is retried', async () => {
    const store = memoryStore();
    const one = flow({ store });
    const run = one.cns.stimulate([...lefts('a', 'b', 'c'), ...rights('1')], { id: 'r' });
    const lacks = { errors: [{ code: 'INCOMPLETE_JOIN', lacking: ['r'] }] };
    expect(await caught(run)).toMatchObject(lacks);
    const before = run.getFailedTasks();
    expect(before.map(({ task }) => [task.dendrite, task.payload])).toEqual([
      ['left#0', 'b'],
      ['left#0', 'c'],
    ]);
    for (const retry of [false, true]) {
      const two = flow({ store });
      const again = await two.cns.rehydrate('r', { retry });
      expect(await caught(again!.waitUntilComplete())).toMatchObject(lacks);
      expect([again!.getFailedTasks(), two.trace]).toEqual([before, []]);
    }
  });

  it('of an aborted run is what is left of it: tasks that `activate` gives to the join again', async () => {
    const { cns } = flow();
    const run = cns.stimulate([...lefts('a', 'b'), wait.createSignal()], { id: 'r' });
    run.abort('enough');
    expect(run.getFailedTasks().map(({ task, aborted }) => [task.dendrite, task.payload, aborted])).toEqual([
      ['left#0', 'a', true],
      ['left#0', 'b', true],
    ]);
    const { cns: next, trace } = flow();
    const tasks = JSON.parse(JSON.stringify(run.getFailedTasks())) as ReturnType<typeof run.getFailedTasks>;
    const right1 = run.getFailedTasks()[0]!;
    const matching = ['1', '2'].map((payload, i) => ({
      ...right1,
      task: { ...right1.task, id: `made/${i}`, dendrite: 'right#0', collateral: 'right', payload },
    }));
    expect((await next.activate([...tasks, ...matching])).context).toEqual({ zip: 'a1;b2;' });
    expect(trace).toEqual(['zip a1', 'zip b2', 'sink a1', 'sink b2']);
  });
});

it.each(forms)('an old snapshot goes on showing the sets as they were, %s', (form) => {
  const { cns } = flow();
  const run = begin(form, cns, wait.createSignal());
  const seen: { readonly then: string; readonly snapshot: typeof run.snapshot }[] = [];
  const look = () => seen.push({ then: JSON.stringify(run.context), snapshot: run.snapshot });
  for (const [type, payload] of [
    ['left', 'a'],
    ['left', 'b'],
    ['right', '1'],
    ['left', 'c'],
    ['right', '2'],
    ['right', '3'],
    ['right', '4'],
  ] as const) {
    run.send({ type, payload });
    look();
  }
  run.send({ type: 'engram.abort' });
  const kept = seen.map(({ snapshot }) => JSON.stringify((snapshot as unknown as { context: unknown }).context));
  expect(kept).toEqual(seen.map(({ then }) => then));
  expect(new Set(kept).size).toBe(7);
  run.stop();
});

describe('60,000 payloads in one set', () => {
  const go = collateral<number>('go');
  const item = collateral<number>('item');
  const never = collateral('never');

  function gathering(size: number) {
    let got = 0;
    const fork = neuron('fork', { item }).dendrite({
      collateral: go,
      response: (n, axon) => Array.from({ length: n }, (_, i) => axon.item.createSignal(i)),
    });
    const all = neuron('all', {}).join({ item }, ({ item: items }) => void (got = items.length), { size: () => size });
    const open = neuron('open', {}).dendrite({ collateral: never, response: () => new Promise<void>(() => undefined) });
    return { cns: new CNS([fork, all, open]), got: () => got };
  }

  const ways: readonly (readonly [string, (size: number) => number])[] = [
    [
      'in one turn',
      (size) => {
        const { cns, got } = gathering(size);
        void cns.stimulate(go.createSignal(size));
        return got();
      },
    ],
    [
      'one by one, in turns of an actor',
      (size) => {
        const { cns, got } = gathering(size);
        const signals = [{ collateral: 'never', payload: undefined }];
        const actor = createActor(toLogic(cns), { input: { id: 'r', signals } }).start();
        for (let n = 0; n < size; n++) actor.send({ type: 'item', payload: n });
        return got();
      },
    ],
  ];

  it.each(ways)('cost twenty times what 3,000 cost, %s', (_way, gather) => {
    const best = (size: number): number =>
      Math.min(
        ...[1, 2, 3].map(() => {
          const begun = performance.now();
          expect(gather(size)).toBe(size);
          return performance.now() - begun;
        }),
      );
    gather(3000); // warm
    const few = best(3000);
    expect(best(60_000) / few).toBeLessThan(150); // four hundred times, were it quadratic
  });
});
