import { runInNewContext } from 'node:vm';
import { CNS, neuron, type ResponseInfo, type StimulationFailedError } from 'engram';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { reasonOf } from '../support/forms.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { heldStore } from '../support/stores.js';
import { done, forked, gates, left, line, outstanding, places, right, start } from './listening.js';

describe.each(places)('a promise that onResponse returns, %s', (_place, options) => {
  it('holds the subscribers of its signal and nobody else; held, they are pending and outstanding', async () => {
    const trace: string[] = [];
    const gate = gates();
    const heard: string[] = [];
    const run = forked(trace, options()).stimulate(start.createSignal(1), {
      onResponse: (info) => {
        heard.push(line(info));
        if (info.outputSignal?.collateral === left) return gate.wait('left');
        return undefined;
      },
    });
    await quiet();
    expect(trace).toEqual(['fork', 'r1', 'end r1']);
    expect(outstanding(run)).toEqual(['l1', 'l2']);
    expect(run.status).toBe('running');
    expect(run.actor.getSnapshot().context.frontier.map(({ neuron, state }) => `${neuron} ${state}`)).toEqual([
      'l1 parked',
      'l2 parked',
    ]);
    await gate.open('left');
    await run;
    expect(trace).toEqual(['fork', 'r1', 'end r1', 'l1', 'l2', 'end l1']);
    expect(heard).toEqual([
      'fork -> left 3+0=3 @1',
      'fork -> right 3+0=3 @1',
      'r1 -> done 3+0=3 @2',
      'end 2+0=2 @3',
      'l1 -> done 2+0=2 @4',
      'l2 1+0=1 @5',
      'end 0+0=0 @6',
    ]);
  });

  it('is awaited beside those of all other listeners: what is held goes on after the last of them', async () => {
    const trace: string[] = [];
    const gate = gates();
    const cns = forked(trace, options());
    const hold =
      (name: string) =>
      ({ outputSignal }: ResponseInfo): unknown => {
        if (outputSignal?.collateral !== left) return undefined;
        trace.push(`called ${name}`);
        return gate.wait(name);
      };
    cns.addResponseListener(hold('first'));
    cns.addResponseListener(hold('second'));
    const run = cns.stimulate(start.createSignal(1), { onResponse: hold('own') });
    await quiet();
    expect(trace).toEqual(['fork', 'called first', 'called second', 'called own', 'r1', 'end r1']);
    await gate.open('second');
    await gate.open('own');
    expect(outstanding(run)).toEqual(['l1', 'l2']);
    await gate.open('first');
    await run;
    expect(trace.slice(6)).toEqual(['l1', 'l2', 'end l1']);
  });

  it('per signal of one answer: each goes on when its own is settled', async () => {
    const trace: string[] = [];
    const gate = gates();
    const run = forked(trace, options()).stimulate(start.createSignal(1), {
      onResponse: ({ outputSignal, neuron }) =>
        neuron === 'fork' ? gate.wait(outputSignal?.collateral.name ?? '') : undefined,
    });
    await quiet();
    expect(trace).toEqual(['fork']);
    expect(outstanding(run)).toEqual(['l1', 'l2', 'r1']);
    await gate.open('right');
    expect(trace).toEqual(['fork', 'r1', 'end r1']);
    await gate.open('left');
    await run;
    expect(trace).toEqual(['fork', 'r1', 'end r1', 'l1', 'l2', 'end l1']);
  });

  it('may be a thenable, or a promise of another realm', async () => {
    const trace: string[] = [];
    const foreign = runInNewContext(
      'let open; const promise = new Promise((r) => (open = r)); ({ promise, open })',
    ) as {
      readonly promise: Promise<void>;
      readonly open: () => void;
    };
    const settle: (() => void)[] = [];
    const thenable = { then: (resolve: () => void) => void settle.push(resolve) };
    const run = forked(trace, options()).stimulate(start.createSignal(1), {
      onResponse: ({ outputSignal }) => {
        if (outputSignal?.collateral === left) return foreign.promise;
        return outputSignal?.collateral === right ? thenable : undefined;
      },
    });
    await quiet();
    expect(trace).toEqual(['fork']);
    for (const resolve of settle) resolve();
    await quiet();
    expect(trace).toEqual(['fork', 'r1', 'end r1']);
    foreign.open();
    await run;
    expect(trace).toEqual(['fork', 'r1', 'end r1', 'l1', 'l2', 'end l1']);
  });

  it('holds one that needs a slot of a gate before it takes the slot', async () => {
    const trace: string[] = [];
    const gate = gates();
    const first = neuron('first', { left, right }).dendrite({
      collateral: start,
      response: (_n, axon) => [axon.left.createSignal('held'), axon.right.createSignal('free')],
    });
    const one = neuron('one', {})
      .setConcurrency(1)
      .dendrite({ collateral: [left, right], response: (text) => void trace.push(text) });
    const run = new CNS([first, one], options()).stimulate(start.createSignal(1), {
      onResponse: ({ outputSignal }) => (outputSignal?.collateral === left ? gate.wait('left') : undefined),
    });
    await quiet();
    expect(trace).toEqual(['free']);
    expect(outstanding(run)).toEqual(['one']);
    await gate.open('left');
    await run;
    expect(trace).toEqual(['free', 'held']);
  });

  it('holds a delayed signal beyond its time', async () => {
    const clock = new ManualClock();
    const trace: string[] = [];
    const gate = gates();
    const later = neuron('later', { left }).dendrite({
      collateral: start,
      response: (_n, axon) => axon.left.createSignal('l', { delay: 10 }),
    });
    const sink = neuron('sink', {}).dendrite({ collateral: left, response: () => void trace.push('sink') });
    const run = new CNS([later, sink], { ...options(), clock }).stimulate(start.createSignal(1), {
      onResponse: ({ neuron }) => (neuron === 'later' ? gate.wait('listener') : undefined),
    });
    await quiet();
    await clock.pass(20);
    expect(trace).toEqual([]);
    expect(outstanding(run)).toEqual(['sink']);
    await gate.open('listener');
    await run;
    expect(trace).toEqual(['sink']);
  });

  it('that is never settled does not keep an abort from ending the run', async () => {
    const trace: string[] = [];
    const run = forked(trace, options()).stimulate(start.createSignal(1), {
      onResponse: () => new Promise(() => undefined),
    });
    await quiet();
    expect(trace).toEqual(['fork']);
    run.abort('enough');
    expect(await caught(run)).toMatchObject({ code: 'STIMULATION_ABORTED', reason: 'enough' });
    expect(run.getFailedTasks().map(({ task, aborted }) => [task.neuron, aborted])).toEqual([
      ['l1', true],
      ['l2', true],
      ['r1', true],
    ]);
  });

  it('that rejects lets go what it held, and rejects the run when the rest has run', async () => {
    const trace: string[] = [];
    const gate = gates();
    const run = forked(trace, options()).stimulate(start.createSignal(1), {
      onResponse: async ({ neuron, outputSignal }) => {
        if (neuron !== 'fork' || outputSignal?.collateral !== left) return;
        await gate.wait('listener');
        throw new TypeError('rejected');
      },
    });
    const error = caught(run);
    await quiet();
    expect(trace).toEqual(['fork', 'r1', 'end r1']);
    await gate.open('listener');
    expect(trace).toEqual(['fork', 'r1', 'end r1', 'l1', 'l2', 'end l1']);
    expect(((await error) as StimulationFailedError).errors.map(reasonOf)).toEqual(['rejected']);
  });

  it('for the very last response keeps the result back until it is settled', async () => {
    const gate = gates();
    let isOver = false;
    const sink = neuron('sink', {}).dendrite({ collateral: start, response: () => undefined });
    const run = new CNS([sink], options()).stimulate(start.createSignal(1), {
      onResponse: () => gate.wait('listener'),
    });
    const over = run.waitUntilComplete().then(() => void (isOver = true));
    await quiet();
    expect(isOver).toBe(false);
    await gate.open('listener');
    await over;
    expect(isOver).toBe(true);
  });

  it('for the very last response that rejects, rejects the run', async () => {
    const sink = neuron('sink', {}).dendrite({ collateral: start, response: () => undefined });
    const run = new CNS([sink], options()).stimulate(start.createSignal(1), {
      onResponse: async () => {
        await quiet();
        throw new TypeError('too late to be seen');
      },
    });
    const error = (await caught(run)) as StimulationFailedError;
    expect(error.errors.map(reasonOf)).toEqual(['too late to be seen']);
  });
});

it('an async listener and a milestone hold together: what follows starts when both have let go, in either order', async () => {
  for (const firstIs of ['store', 'listener'] as const) {
    const trace: string[] = [];
    const gate = gates();
    const held = heldStore();
    const pay = neuron('pay', { done })
      .milestone()
      .dendrite({
        collateral: start,
        response: (_n, axon) => {
          trace.push('pay');
          return axon.done.createSignal('paid');
        },
      });
    const ship = neuron('ship', {}).dendrite({ collateral: done, response: () => void trace.push('ship') });
    const run = new CNS([pay, ship], { store: held.store }).stimulate(start.createSignal(1), {
      id: 'run',
      onResponse: ({ neuron }) => {
        trace.push(`heard ${neuron}`);
        return neuron === 'pay' ? gate.wait('listener') : undefined;
      },
    });
    await (await held.next()).acknowledge();
    await quiet();
    expect(trace, firstIs).toEqual(['pay', 'heard pay']);
    const milestone = await held.next();
    held.open();
    if (firstIs === 'store') await milestone.acknowledge();
    else await gate.open('listener');
    await quiet();
    expect(trace, firstIs).toEqual(['pay', 'heard pay']);
    expect(outstanding(run), firstIs).toEqual(['ship']);
    if (firstIs === 'store') await gate.open('listener');
    else await milestone.acknowledge();
    await run;
    expect(trace, firstIs).toEqual(['pay', 'heard pay', 'ship', 'heard ship']);
  }
});
