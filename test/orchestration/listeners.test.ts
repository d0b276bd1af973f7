import { CNS, expect as awaits, neuron, StimulationFailedError, withCtx, type ResponseInfo } from 'engram';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { reasonOf } from '../support/forms.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { done, forked, gates, left, line, places, right, start } from './listening.js';

describe.each(places)('onResponse, %s', (_place, options) => {
  it('tells of each signal, of an answer of none, of an empty array and of a failure, with every field exact', async () => {
    const fork = withCtx<number>()
      .neuron('fork', { left, right })
      .dendrite({
        collateral: start,
        response: (n, axon, ctx) => {
          ctx.set(n);
          return [axon.left.createSignal('l'), axon.right.createSignal('r')];
        },
      });
    const none = neuron('none', {}).dendrite({ collateral: left, response: () => undefined });
    const empty = neuron('empty', {}).dendrite({ collateral: left, response: () => [] });
    const weak = neuron('weak', {}).dendrite({
      collateral: right,
      response: () => {
        throw new RangeError('weak');
      },
    });
    const heard: ResponseInfo[] = [];
    const cns = new CNS([fork, none, empty, weak], { logger: recordingLogger(), ...options() });
    const run = cns.stimulate(start.createSignal(7), {
      id: 'run',
      onResponse: (info) => void heard.push({ ...info }), // reads what is read when asked for
    });
    await caught(run);
    const ids = run.getFailedTasks().map(({ task }) => task.id);
    expect(heard.map(({ stimulation: _, activationId: __, ...rest }) => rest)).toEqual([
      {
        neuron: 'fork',
        inputSignal: { collateral: 'start', payload: 7 },
        outputSignal: left.createSignal('l'),
        contextValue: 7,
        pendingActivations: 3,
        activeActivations: 0,
        queueLength: 3,
        hops: 1,
      },
      {
        neuron: 'fork',
        inputSignal: { collateral: 'start', payload: 7 },
        outputSignal: right.createSignal('r'),
        contextValue: 7,
        pendingActivations: 3,
        activeActivations: 0,
        queueLength: 3,
        hops: 1,
      },
      {
        neuron: 'none',
        inputSignal: { collateral: 'left', payload: 'l' },
        contextValue: undefined,
        pendingActivations: 2,
        activeActivations: 0,
        queueLength: 2,
        hops: 2,
      },
      {
        neuron: 'empty',
        inputSignal: { collateral: 'left', payload: 'l' },
        contextValue: undefined,
        pendingActivations: 1,
        activeActivations: 0,
        queueLength: 1,
        hops: 3,
      },
      {
        neuron: 'weak',
        inputSignal: { collateral: 'right', payload: 'r' },
        error: new RangeError('weak'),
        contextValue: undefined,
        pendingActivations: 0,
        activeActivations: 0,
        queueLength: 0,
        hops: 4,
      },
    ]);
    expect(heard.map(({ activationId }) => activationId.replace(/[0-9a-f]{16}$/, '*'))).toEqual(Array(5).fill('run/*'));
    expect(heard[0]?.activationId).toBe(heard[1]?.activationId);
    expect(heard[4]?.activationId).toBe(ids[0]);
    expect(new Set(heard.map(({ activationId }) => activationId)).size).toBe(4);
    expect(heard.every(({ stimulation }) => stimulation.id === 'run')).toBe(true);
    expect(heard[0]?.outputSignal?.collateral).toBe(left);
  });

  it('sees what an async answer leaves active, and a queueLength of 0 exactly on the last response', async () => {
    const gate = gates();
    const heard: string[] = [];
    const slow = (name: string) =>
      neuron(name, { done }).dendrite({
        collateral: start,
        response: async (_n, axon) => {
          await gate.wait(name);
          return axon.done.createSignal(name);
        },
      });
    const end = neuron('end', {}).dendrite({ collateral: done, response: () => undefined });
    const cns = new CNS([slow('a'), slow('b'), slow('c'), end], options());
    const run = cns.stimulate(start.createSignal(1), { onResponse: (info) => void heard.push(line(info)) });
    await gate.open('b');
    expect(heard).toEqual(['b -> done 1+2=3 @1', 'end 0+2=2 @2']);
    await gate.open('a');
    await gate.open('c');
    await run;
    expect(heard.slice(2)).toEqual(['a -> done 1+1=2 @3', 'end 0+1=1 @4', 'c -> done 1+0=1 @5', 'end 0+0=0 @6']);
  });

  it('counts what is delayed, what waits for a signal and what waits for another attempt as pending', async () => {
    const clock = new ManualClock();
    const heard: string[] = [];
    const attempts: number[] = [];
    const later = neuron('later', { left, right }).dendrite({
      collateral: start,
      response: (_n, axon) => [axon.left.createSignal('l', { delay: 10 }), axon.right.createSignal('r')],
    });
    const weak = neuron('weak', {})
      .retry({ attempts: 3, backoff: 'constant', initial: 20 })
      .dendrite({
        collateral: right,
        response: (_text, _axon, { attempt }) => {
          attempts.push(attempt);
          if (attempt < 3) throw new RangeError('weak');
        },
      });
    const sink = neuron('sink', {}).dendrite({ collateral: left, response: () => undefined });
    const cns = new CNS([later, weak, sink], { ...options(), clock });
    const run = cns.stimulate(start.createSignal(1), { onResponse: (info) => void heard.push(line(info)) });
    await quiet();
    expect(heard).toEqual(['later -> left 2+0=2 @1', 'later -> right 2+0=2 @1']);
    await clock.pass(40);
    await run;
    expect(attempts).toEqual([1, 2, 3]);
    // a failed attempt that is made again is no response
    expect(heard.slice(2)).toEqual(['sink 1+0=1 @2', 'weak 0+0=0 @3']);
  });

  it('is told of a failure once, when the last attempt has failed', async () => {
    const clock = new ManualClock();
    const heard: string[] = [];
    const weak = neuron('weak', {})
      .retry({ attempts: 2, backoff: 'constant', initial: 20 })
      .dendrite({
        collateral: start,
        response: () => {
          throw new RangeError('weak');
        },
      });
    const run = new CNS([weak], { ...options(), clock }).stimulate(start.createSignal(1), {
      onResponse: (info) => void heard.push(line(info)),
    });
    const error = caught(run);
    await quiet();
    expect(heard).toEqual([]);
    await clock.pass(20);
    await error;
    expect(heard).toEqual(['weak ! weak 0+0=0 @1']);
  });

  it('sees 0 only on the last of those that fail because their set at a join is not complete', async () => {
    const heard: string[] = [];
    const fan = neuron('fan', { left }).dendrite({
      collateral: start,
      response: (n, axon) => Array.from({ length: n }, (_, i) => axon.left.createSignal(String(i))),
    });
    const both = neuron('both', {}).join({ left, right }, () => undefined);
    const run = new CNS([fan, both], options()).stimulate(start.createSignal(2), {
      onResponse: (info) => void heard.push(line(info)),
    });
    await caught(run);
    expect(heard).toEqual([
      'fan -> left 2+0=2 @1',
      'fan -> left 2+0=2 @1',
      'both ! INCOMPLETE_JOIN 1+0=1 @2',
      'both ! INCOMPLETE_JOIN 0+0=0 @3',
    ]);
  });

  it('is told of an answer before what a limit refused of it, and sees 0 only on the last of these', async () => {
    const heard: string[] = [];
    const cns = forked([], options());
    const run = cns.stimulate(start.createSignal(1), {
      maxFrontier: 1,
      onResponse: (info) => void heard.push(line(info)),
    });
    await caught(run);
    expect(heard).toEqual([
      'fork -> left 1+0=1 @3',
      'fork -> right 1+0=1 @3',
      'l2 ! FRONTIER_LIMIT 1+0=1 @3',
      'r1 ! FRONTIER_LIMIT 1+0=1 @3',
      'l1 -> done 1+0=1 @4',
      'end 0+0=0 @5',
    ]);
  });

  it('sees 0 on the last of what a limit refused, when nothing else is left', async () => {
    const heard: string[] = [];
    const again = neuron('again', { start }).dendrite({
      collateral: start,
      response: (n, axon) => [axon.start.createSignal(n), axon.start.createSignal(n)],
    });
    const run = new CNS([again], options()).stimulate(start.createSignal(1), {
      maxNeuronHops: 1,
      onResponse: (info) => void heard.push(line(info)),
    });
    await caught(run);
    expect(heard).toEqual([
      'again -> start 3+0=3 @3',
      'again -> start 2+0=2 @3',
      'again ! HOP_LIMIT 1+0=1 @3',
      'again ! HOP_LIMIT 0+0=0 @3',
    ]);
  });

  it('is told of what a limit refused of the entry itself', async () => {
    const heard: string[] = [];
    const sink = neuron('sink', {}).dendrite({ collateral: start, response: () => undefined });
    const run = new CNS([sink], options()).stimulate([start.createSignal(1), start.createSignal(2)], {
      maxNeuronHops: 1,
      onResponse: (info) => void heard.push(line(info)),
    });
    await caught(run);
    expect(heard).toEqual(['sink ! HOP_LIMIT 1+0=1 @1', 'sink 0+0=0 @2']);
  });

  it('that throws rejects the run at its end, after everything has run, behind the causes that handlers threw', async () => {
    const trace: string[] = [];
    const run = forked(trace, options()).stimulate(start.createSignal(1), {
      onResponse: ({ neuron }) => {
        if (neuron === 'fork' || neuron === 'l2') throw new TypeError(`listener at ${neuron}`);
      },
    });
    const error = (await caught(run)) as StimulationFailedError;
    expect(error).toBeInstanceOf(StimulationFailedError);
    expect(error.errors.map(reasonOf)).toEqual(['listener at fork', 'listener at fork', 'listener at l2']);
    expect(trace).toEqual(['fork', 'l1', 'l2', 'r1', 'end l1', 'end r1']);
    expect(run.getFailedTasks()).toEqual([]);
  });
});

describe.each(places)('queueLength, %s', (_place, options) => {
  const told = async (cns: CNS, signals = [start.createSignal(1)]): Promise<string[]> => {
    const heard: string[] = [];
    await cns
      .stimulate(signals, { onResponse: (info) => void heard.push(line(info)) })
      .waitUntilComplete()
      .catch(() => undefined);
    return heard;
  };
  const hop = (name: string, from: typeof left, to: typeof left, isAsync = false) =>
    neuron(name, { to }).dendrite({
      collateral: from,
      response: (text, axon) => (isAsync ? Promise.resolve(axon.to.createSignal(text)) : axon.to.createSignal(text)),
    });
  const root = neuron('root', { left, right }).dendrite({
    collateral: start,
    response: (n, axon) => [axon.left.createSignal(`l${n}`), axon.right.createSignal(`r${n}`)],
  });

  it('is 0 on the last hop of a chain, whose signal nobody listens to', async () => {
    const chain = [root, hop('a', left, right), hop('b', right, done, true)];
    expect(await told(new CNS(chain, options()))).toEqual([
      'root -> left 2+0=2 @1',
      'root -> right 2+0=2 @1',
      'a -> right 2+0=2 @2',
      'b -> done 0+1=1 @3',
      'b -> done 0+0=0 @4',
    ]);
  });

  it('is 0 on what a join has fired, and on nothing before it', async () => {
    const both = neuron('both', { done }).join({ left, right }, ({ left: l, right: r }, axon) =>
      axon.done.createSignal(l + r),
    );
    expect(await told(new CNS([root, both], options()))).toEqual([
      'root -> left 2+0=2 @1',
      'root -> right 2+0=2 @1',
      'both -> done 0+0=0 @2',
    ]);
  });

  it('is 0 on the failure that ends the run', async () => {
    const weak = neuron('weak', {}).dendrite({
      collateral: [left, right],
      response: async (text) => {
        throw new RangeError(text);
      },
    });
    expect(await told(new CNS([root, weak], options()))).toEqual([
      'root -> left 2+0=2 @1',
      'root -> right 2+0=2 @1',
      'weak ! l1 0+1=1 @2',
      'weak ! r1 0+0=0 @3',
    ]);
  });

  it('is 0 on a milestone that is the last', async () => {
    const last = neuron('last', {})
      .milestone()
      .dendrite({ collateral: [left, right], response: () => undefined });
    expect(await told(new CNS([root, last], options()))).toEqual([
      'root -> left 2+0=2 @1',
      'root -> right 2+0=2 @1',
      'last 1+0=1 @2',
      'last 0+0=0 @3',
    ]);
  });

  it('counts an open expectation; that it was met, or had waited in vain, is a response', async () => {
    const clock = new ManualClock();
    const heard: string[] = [];
    const wait = neuron('wait', { done })
      .expects([left, right])
      .dendrite({
        collateral: start,
        response: (_n, axon) => [
          awaits(left, { within: 10, otherwise: axon.done.createSignal('in vain') }),
          awaits(right),
        ],
      });
    const end = neuron('end', {}).dendrite({ collateral: [done, right], response: () => undefined });
    const run = new CNS([wait, end], { ...options(), clock }).stimulate(start.createSignal(1), {
      onResponse: (info) => void heard.push(line(info)),
    });
    await quiet();
    expect(heard.splice(0)).toEqual(['wait 2+0=2 @1']);
    await clock.pass(10);
    expect(heard.splice(0)).toEqual(['wait -> done 2+0=2 @2', 'end 1+0=1 @3']);
    await run.signal(right.createSignal('met'));
    await run;
    expect(heard).toEqual(['wait 1+0=1 @4', 'end 0+0=0 @5']);
  });
});

it('an expectation that an early signal meets at once is a response of its own, and 0 is seen on the last', async () => {
  const heard: string[] = [];
  const gate = gates();
  const wait = neuron('wait', {})
    .expects(done)
    .dendrite({
      collateral: start,
      response: async () => {
        await gate.wait('handler');
        return awaits(done);
      },
    });
  const run = new CNS([wait]).stimulate(start.createSignal(1), { onResponse: (info) => void heard.push(line(info)) });
  await run.signal(done.createSignal('early'));
  await gate.open('handler');
  await run;
  expect(heard).toEqual(['wait 1+0=1 @2', 'wait 0+0=0 @2']);
});
