import {
  CNS,
  collateral,
  InvalidArgumentError,
  InvalidPayloadError,
  neuron,
  RunExistsError,
  UnknownCollateralError,
  withCtx,
  type Signal,
} from 'engram';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ManualClock, quiet } from '../support/manual-clock.js';

const start = collateral<number>('start');
const next = collateral<number>('next');

/** Counts down from the payload, one hop each; async when told. */
function countdown(isAsync = false) {
  const seen: number[] = [];
  const count = withCtx<number>()
    .neuron('count', { start, next })
    .dendrite({
      collateral: [start, next],
      response: (n, axon, ctx) => {
        seen.push(n);
        ctx.update((hops = 0) => hops + 1);
        const answer = n > 0 ? axon.next.createSignal(n - 1) : undefined;
        return isAsync ? Promise.resolve(answer) : answer;
      },
    });
  return { cns: new CNS([count], { clock: new ManualClock() }), count, seen };
}

describe('stimulate, without a store', () => {
  it('I11: has done all synchronous work when it returns', () => {
    const { cns, count, seen } = countdown();
    const run = cns.stimulate(start.createSignal(3));
    expect([seen, run.status]).toEqual([[3, 2, 1, 0], 'completed']);
    expect(run.getContext().get(count)).toBe(4);
    expect(run.getOutstandingTasks()).toEqual([]);
  });

  it('does not overflow the stack in a synchronous self-loop of 100,000 hops', () => {
    const { cns, count } = countdown();
    const run = cns.stimulate(start.createSignal(100_000));
    expect(run.status).toBe('completed');
    expect(run.getContext().get(count)).toBe(100_001);
  });

  it('does not overflow the stack in one of 100,000 hops whose actor is there, hop by hop', () => {
    const seen = collateral<number>('seen');
    let hops = 0;
    const loop = neuron('loop', { seen }).dendrite({
      collateral: seen,
      response: (n, axon) => {
        hops++;
        return n > 0 ? axon.seen.createSignal(n - 1) : undefined;
      },
    });
    const cns = new CNS([loop], { inspect: () => undefined });
    expect(cns.stimulate(seen.createSignal(100_000)).status).toBe('completed');
    expect(hops).toBe(100_001);
  });

  it('resolves, when it is awaited, to the result: id, status, output, context and what nobody claimed', async () => {
    const { cns } = countdown(true);
    const run = cns.stimulate(start.createSignal(2), { id: 'r', output: next });
    expect(run.status).toBe('running');
    expect(await run).toEqual({ id: 'r', status: 'completed', output: 0, context: { count: 3 }, unclaimed: [] });
    expect(await run.waitUntilComplete()).toBe(await run);
    expect(run.status).toBe('completed');
  });

  it('gives an output of undefined when its collateral was never emitted, and the last payload when it was', async () => {
    const { cns } = countdown();
    expect(await cns.stimulate(start.createSignal(0), { output: next })).toMatchObject({ output: undefined });
    expect(await cns.stimulate(start.createSignal(5), { output: next })).toMatchObject({ output: 0 });
    expect(await cns.stimulate(start.createSignal(5), { output: start })).toMatchObject({ output: 5 });
  });

  it('takes several signals, which start in their order, and none at all', async () => {
    const { cns, seen } = countdown(true);
    await cns.stimulate([next.createSignal(0), next.createSignal(0), start.createSignal(1)]);
    expect(seen).toEqual([0, 0, 1, 0]);
    expect(await cns.stimulate([])).toMatchObject({ status: 'completed', context: {} });
  });

  it('gives runs ids of the clock, each another, and the same one every time it is asked', () => {
    const { cns } = countdown();
    const [one, other] = [cns.stimulate(start.createSignal(0)), cns.stimulate(start.createSignal(0))];
    expect([one.id, one.id, other.id]).toEqual(['id-1', 'id-1', 'id-2']);
  });

  it('lists what is outstanding while the run goes on: in flight first, then what waits', async () => {
    const { cns } = countdown(true);
    const run = cns.stimulate([start.createSignal(1), start.createSignal(0)], { id: 'r' });
    const tasks = run.getOutstandingTasks();
    expect(tasks.map(({ neuron, dendrite, collateral, payload }) => [neuron, dendrite, collateral, payload])).toEqual([
      ['count', 'start#0', 'start', 1],
      ['count', 'start#0', 'start', 0],
    ]);
    for (const { id } of tasks) expect(id).toMatch(/^r\/[0-9a-f]{16}$/);
    await run;
    expect(run.getOutstandingTasks()).toEqual([]);
  });

  it('keeps 20,000 runs that go on at once apart', async () => {
    const { cns, count } = countdown(true);
    const runs = Array.from({ length: 20_000 }, (_, n) => cns.stimulate(start.createSignal(n % 7)));
    expect(runs.every((run) => run.status === 'running')).toBe(true);
    const results = await Promise.all(runs.map((run) => run.waitUntilComplete()));
    expect(results.every(({ context }, n) => context['count'] === (n % 7) + 1)).toBe(true);
    expect(runs.every((run, n) => run.getContext().get(count) === (n % 7) + 1)).toBe(true);
  });
});

describe('stimulate refuses at once', () => {
  const { cns, seen } = countdown();
  const run = (signal: unknown, options?: object) => () => cns.stimulate(signal as Signal, options);

  it('I6: a signal of a collateral that the graph does not have, and names those it has', () => {
    const foreign = collateral<number>('foreign').createSignal(1);
    expect(run(foreign)).toThrow(UnknownCollateralError);
    expect(run(foreign)).toThrow(expect.objectContaining({ collateral: 'foreign', hint: 'it has "start", "next"' }));
    expect(run([start.createSignal(1), foreign])).toThrow(UnknownCollateralError);
    expect(run(collateral<number>('start').createSignal(1))).toThrow(UnknownCollateralError); // only alike by name
    expect(run(start.createSignal(1), { output: collateral('nowhere') })).toThrow(UnknownCollateralError);
    expect(seen).toEqual([]);
  });

  it('I6: a payload that its schema does not accept, and says where; else the payload becomes what the schema gives', () => {
    const order = collateral<{ n: number; note?: string | undefined }>('order', {
      schema: z.object({ n: z.number().min(1), note: z.string().trim().optional() }),
    });
    const got: unknown[] = [];
    const take = neuron('take', {}).dendrite({ collateral: order, response: (payload) => void got.push(payload) });
    const shop = new CNS([take]);
    const bad = () => shop.stimulate(order.createSignal({ n: 0 }));
    expect(bad).toThrow(InvalidPayloadError);
    expect(bad).toThrow(/payload of "order" does not fit its schema: n: /);
    shop.stimulate(order.createSignal({ n: 1, note: ' x ' }));
    expect(got).toEqual([{ n: 1, note: 'x' }]);
  });

  it.each([[undefined], [null], [5], ['start'], [{}], [[[start.createSignal(1)]]]])(
    'what is no signal: %j',
    (signal) => {
      expect(run(signal)).toThrow(InvalidArgumentError);
    },
  );

  it.each([[''], [5], [null]])('an id that is no text with something in it: %j', (id) => {
    expect(run(start.createSignal(1), { id })).toThrow(InvalidArgumentError);
  });
});

describe('the same id while its run is live, without a store', () => {
  it('attaches with the same entry, and is refused with RunExistsError with another', async () => {
    const { cns, seen } = countdown(true);
    const one = cns.stimulate(start.createSignal(1), { id: 'r' });
    const two = cns.stimulate(start.createSignal(1), { id: 'r' });
    expect(two.actor).toBe(one.actor);
    expect(() => cns.stimulate(start.createSignal(2), { id: 'r' })).toThrow(RunExistsError);
    expect(() => cns.stimulate(start.createSignal(1), { id: 'r', output: next })).toThrow(RunExistsError);
    await Promise.all([one, two]);
    expect(seen).toEqual([1, 0]);
  });

  it('is free again after its end', async () => {
    const { cns, seen } = countdown(true);
    await cns.stimulate(start.createSignal(0), { id: 'r' });
    await cns.stimulate(start.createSignal(0), { id: 'r' });
    expect(seen).toEqual([0, 0]);
  });

  it('takes entries that could not be stored: without a store nothing is', async () => {
    const job = collateral<() => number>('job');
    const got: number[] = [];
    const work = neuron('work', {}).dendrite({
      collateral: job,
      response: async (run) => {
        await null;
        got.push(run());
      },
    });
    const cns = new CNS([work]);
    const run = cns.stimulate(
      job.createSignal(() => 5),
      { id: 'r' },
    );
    expect(() =>
      cns.stimulate(
        job.createSignal(() => 6),
        { id: 'r' },
      ),
    ).toThrow(RunExistsError);
    await run;
    await quiet();
    expect(got).toEqual([5]);
  });
});
