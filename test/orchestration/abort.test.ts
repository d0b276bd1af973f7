import {
  AbortedError,
  CNS,
  collateral,
  neuron,
  StimulationAbortedError,
  withCtx,
  type ResponseInfo,
  type Stimulation,
} from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { begin, failuresOf, forms, frontierOf } from '../support/forms.js';
import { quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';
import { heldStore } from '../support/stores.js';
import { CUT, everything, FRONTIER, go, SHAPE } from './everything.js';

const one = collateral<string>('one');
const two = collateral<string>('two');
const three = collateral<string>('three');
const reason = new RangeError('enough');

const toldOf = (run: Stimulation) =>
  run.getFailedTasks().map(({ task, aborted }) => `${task.neuron} ${String(task.payload)}${aborted ? ' aborted' : ''}`);

describe.each(forms)('an abort in the form %s', (form) => {
  it('makes one failed task of each that is not running: queued, between attempts, delayed, gated, waiting, joined', async () => {
    const { cns, trace, clock, open } = everything();
    const run = begin(form, cns, go.createSignal('x'), SHAPE);
    await quiet();
    expect(frontierOf(run)).toEqual(FRONTIER);
    expect(run.context.joined.map(({ neuron: name }) => name)).toEqual(['pair']);
    const ids = [...run.context.frontier.slice(3), ...run.context.joined].map(({ activation }) => activation);

    run.send({ type: 'engram.abort', reason });
    expect(frontierOf(run)).toEqual(FRONTIER.slice(0, 3));
    expect(run.context).toMatchObject({ status: 'running', joined: [], settled: 2 });
    expect(run.context.failed.map(({ neuron: name, aborted }) => [name, aborted])).toEqual(
      CUT.map((name) => [name, true]),
    );
    expect(run.context.failed.map(({ activation }) => activation)).toEqual(ids);
    for (const { error } of run.context.failed) {
      expect(error).toBeInstanceOf(AbortedError);
      expect(error).toMatchObject({ code: 'ABORTED', cause: reason });
    }
    const due = clock.now();
    expect(run.context.failed).toMatchObject([
      { dendrite: 'extra#0', payload: 'x' },
      { dendrite: 'flake#0', attempt: 2, due: due + 5000 },
      { dendrite: 'later#0', due: due + 10_000 },
      { dendrite: 'narrow#0', payload: 'second' },
      { dendrite: 'ask#0', expects: 'approved', within: 3_600_000, due: due + 3_600_000 },
      { dendrite: 'left#0', payload: 'x' },
    ]);

    for (const name of ['slow', 'gate first', 'wide']) open(name);
    await quiet();
    expect(trace).toEqual(['0 split', '0 asks', '0 slow aborted', '0 gate first aborted', '0 wide']);
    expect(run.context).toMatchObject({ status: 'aborted', frontier: [], settled: 5, values: { slow: 'x' }, reason });
    expect(run.context.failed.slice(6)).toMatchObject([
      { neuron: 'pair', dendrite: 'right#0', payload: 'x', aborted: true },
    ]);
    expect(clock.timers).toBe(0);
    await clock.pass(7_200_000);
    expect(trace).toHaveLength(5);
  });

  it('gives the slot that it waited for, or had been given, to the next run', async () => {
    const { cns, trace, open } = everything();
    const run = begin(form, cns, go.createSignal('x'), SHAPE);
    await quiet();
    const next = begin(form, cns, go.createSignal('y'), { ...SHAPE, id: 'next' });
    await quiet();
    run.send({ type: 'engram.abort' });
    open('gate first');
    await quiet();
    expect(frontierOf(next).filter((state) => state.startsWith('gate'))).toEqual(['gate running', 'gate gated']);
    expect(trace.filter((what) => what.includes('gate'))).toEqual(['0 gate first aborted']);
  });

  it('lets what runs fail as it likes: that is no task that was aborted, and it is not tried again', async () => {
    const clocked = everything();
    const fails = neuron('fails', {})
      .retry({ attempts: 5 })
      .dendrite({
        collateral: one,
        response: (_text, _axon, { abortSignal }) =>
          new Promise<void>((_resolve, reject) =>
            abortSignal.addEventListener('abort', () =>
              reject(new TypeError(`stopped: ${String(abortSignal.reason)}`)),
            ),
          ),
      });
    const cns = new CNS([fails], { clock: clocked.clock, logger: recordingLogger() });
    const run = begin(form, cns, one.createSignal('x'));
    await quiet();
    run.send({ type: 'engram.abort', reason: 'enough' });
    await quiet();
    expect(failuresOf(run)).toEqual(['fails stopped: enough']);
    expect(run.context).toMatchObject({ status: 'aborted', failed: [{ aborted: false }] });
  });

  it('counts once: a second one changes neither the reason nor what is undone', async () => {
    let open!: () => void;
    const slow = neuron('slow', {})
      .dendrite({ collateral: one, response: () => new Promise<void>((resolve) => (open = resolve)) })
      .compensate(() => {
        throw new TypeError('undone');
      });
    const run = begin(form, new CNS([slow], { logger: recordingLogger() }), one.createSignal('x'));
    await quiet();
    run.send({ type: 'engram.abort', reason: 'first' });
    run.send({ type: 'engram.abort', reason: 'second', compensate: true });
    open();
    await quiet();
    expect(run.context).toMatchObject({ status: 'aborted', reason: 'first', failed: [] });
  });

  it('fires the abort signal of what runs once, with its reason, also of bodies that look later', async () => {
    const seen: unknown[] = [];
    const opens: (() => void)[] = [];
    const listens = (name: string) =>
      neuron(name, {}).dendrite({
        collateral: one,
        response: async (_text, _axon, ctx) => {
          ctx.abortSignal.addEventListener('abort', () => seen.push([name, ctx.abortSignal.reason]));
          await new Promise<void>((resolve) => opens.push(resolve));
        },
      });
    const looks = neuron('looks', {}).dendrite({
      collateral: one,
      response: async (_text, _axon, ctx) => {
        await new Promise<void>((resolve) => opens.push(resolve));
        seen.push(['looks', ctx.abortSignal.aborted, ctx.abortSignal.reason]);
      },
    });
    const cns = new CNS([listens('plain'), listens('limited').setMaxDuration('1h'), looks], {
      logger: recordingLogger(),
    });
    const run = begin(form, cns, one.createSignal('x'));
    await quiet();
    run.send({ type: 'engram.abort', reason });
    await quiet();
    expect(seen).toHaveLength(2);
    expect(seen).toContainEqual(['plain', reason]);
    expect(seen).toContainEqual(['limited', reason]);
    for (const open of opens) open();
    await quiet();
    expect(seen.slice(2)).toEqual([['looks', true, reason]]);
    expect(run.context).toMatchObject({ status: 'aborted', failed: [], settled: 3 });
  });
});

/** one -> first -> second -> third, all sync; the handler of `second` is told when it runs. */
function chain(during: (run: Stimulation) => void, options: ConstructorParameters<typeof CNS>[1] = {}) {
  const trace: string[] = [];
  const first = neuron('first', { two }).dendrite({
    collateral: one,
    response: (text, axon) => {
      trace.push(`first ${text}`);
      return [axon.two.createSignal(text), axon.two.createSignal(`${text}'`)];
    },
  });
  const second = withCtx<string>()
    .neuron('second', { three })
    .dendrite({
      collateral: two,
      response: (text, axon, ctx) => {
        trace.push(`second ${text}`);
        ctx.set(text);
        during(ctx.stimulation as Stimulation);
        return axon.three.createSignal(text);
      },
    });
  const third = neuron('third', {}).dendrite({
    collateral: three,
    response: (text) => void trace.push(`third ${text}`),
  });
  const cns = new CNS([first, second, third], { logger: recordingLogger(), ...options });
  return { cns, trace };
}

describe.each([
  ['without an actor', () => ({}), false],
  ['with an actor', () => ({}), true],
  ['that is inspected', () => ({ inspect: () => undefined }), false],
  ['with a store', () => ({ store: memoryStore() }), false],
  ['with a store and an actor', () => ({ store: memoryStore() }), true],
] as const)('a handler that aborts its run %s', (_how, options, looks) => {
  it('starts nothing more, also of the turn that goes on; what it wrote is committed, what it emitted is a failed task', async () => {
    const { cns, trace } = chain((run) => run.abort(reason), options());
    const run = cns.stimulate(one.createSignal('x'));
    if (looks) void run.actor;
    expect(await caught(run)).toMatchObject({ code: 'STIMULATION_ABORTED', reason });
    expect(trace).toEqual(['first x', 'second x']);
    expect(toldOf(run)).toEqual(["second x' aborted", 'third x aborted']);
    expect(run.getContext().getAll()).toEqual({ second: 'x' });
  });

  it('and asks for compensation has its own settlement undone as well', async () => {
    const undone: string[] = [];
    const self = neuron('self', {})
      .dendrite({
        collateral: one,
        response: (text, _axon, ctx) => (ctx.stimulation as Stimulation).abort(text, { compensate: true }),
      })
      .compensate((text) => void undone.push(text));
    const cns = new CNS([self], { logger: recordingLogger(), ...options() });
    const run = cns.stimulate([one.createSignal('x'), one.createSignal('y')]);
    if (looks) void run.actor;
    expect(await caught(run)).toMatchObject({ reason: 'x' });
    expect([undone, toldOf(run)]).toEqual([['x'], ['self y aborted']]);
  });
});

it('a compensation that aborts its run plainly is the last one that is begun', async () => {
  for (const looks of [false, true]) {
    const undone: string[] = [];
    const self = neuron('self', {})
      .dendrite({ collateral: one, response: () => undefined })
      .compensate((text, _axon, ctx) => {
        undone.push(text);
        (ctx.stimulation as Stimulation).abort(reason);
      });
    const fails = neuron('fails', {}).dendrite({
      collateral: one,
      response: () => Promise.reject(new TypeError('boom')),
    });
    const run = new CNS([self, fails], { logger: recordingLogger() }).stimulate([
      one.createSignal('x'),
      one.createSignal('y'),
    ]);
    if (looks) void run.actor;
    expect(await caught(run)).toMatchObject({ reason, errors: [{ message: 'boom' }, { message: 'boom' }] });
    expect(undone).toEqual(['y']);
  }
});

describe('a listener that aborts the run', () => {
  it.each([false, true])('starts nothing more (with an actor: %s)', async (looks) => {
    const { cns, trace } = chain(() => undefined);
    const heard: string[] = [];
    const onResponse = ({ neuron: name, stimulation }: ResponseInfo) => {
      heard.push(name);
      if (looks) void stimulation.actor;
      if (name === 'second') stimulation.abort(reason);
    };
    const run = cns.stimulate(one.createSignal('x'), { onResponse });
    expect(await caught(run)).toMatchObject({ reason });
    expect([trace, heard]).toEqual([
      ['first x', 'second x'],
      ['first', 'first', 'second'],
    ]);
    expect(toldOf(run)).toEqual(["second x' aborted", 'third x aborted']);
  });

  it('cuts what a promise of a listener holds, once; the promise changes nothing any more', async () => {
    let open!: () => void;
    const { cns, trace } = chain(() => undefined);
    const onResponse = ({ neuron: name }: ResponseInfo) =>
      name === 'first' ? new Promise<void>((resolve) => (open = resolve)) : undefined;
    const run = cns.stimulate(one.createSignal('x'), { onResponse });
    expect(run.status).toBe('running');
    run.abort(reason);
    expect(await caught(run)).toMatchObject({ reason });
    open();
    await quiet();
    expect(trace).toEqual(['first x']);
    expect(toldOf(run)).toEqual(['second x aborted', "second x' aborted"]);
  });
});

describe('stimulation.abort()', () => {
  it('rejects the run with its reason when the last body has ended, and not before', async () => {
    const { cns, open } = everything();
    const run = cns.stimulate(go.createSignal('x'), SHAPE);
    await quiet();
    run.abort(reason);
    let isOver = false;
    const ended = caught(run).finally(() => (isOver = true));
    for (const name of ['slow', 'gate first', 'wide']) {
      await quiet();
      expect([isOver, run.status]).toEqual([false, 'running']);
      open(name);
    }
    const error = await ended;
    expect(error).toBeInstanceOf(StimulationAbortedError);
    expect(error).toMatchObject({ reason, cause: reason, errors: [], stimulationId: run.id });
    expect([run.status, run.getOutstandingTasks()]).toEqual(['aborted', []]);
  });

  it('of a run that only waits ends it at once', async () => {
    const { cns, open } = everything();
    const run = cns.stimulate(go.createSignal('x'), SHAPE);
    await quiet();
    for (const name of ['slow', 'gate first', 'wide']) open(name);
    await quiet();
    open('gate second');
    await quiet();
    expect(run.status).toBe('waiting');
    run.abort();
    expect(run.status).toBe('aborted');
    const error = await caught(run);
    expect(error).toMatchObject({ reason: undefined, message: `run "${run.id}" was aborted` });
    expect(toldOf(run)).toEqual(['flaky x aborted', 'waits x aborted', 'asks x aborted']);
  });

  it.each([
    ['without a store', {}],
    ['with a store', { store: memoryStore() }],
    ['inspected', { inspect: () => undefined }],
  ])('by the handler that does the last work of the run ends it as aborted, %s', async (_how, options) => {
    const last = neuron('last', {}).dendrite({
      collateral: one,
      response: (_payload, _axon, ctx) => ctx.stimulation?.abort(reason),
    });
    const run = new CNS([last], { name: 'last', ...options }).stimulate(one.createSignal('x'));
    expect(await caught(run)).toMatchObject({ code: 'STIMULATION_ABORTED', cause: reason });
    expect(run.status).toBe('aborted');
  });

  it('does nothing to a run that has ended', async () => {
    const { cns } = chain(() => undefined);
    const run = cns.stimulate(one.createSignal('x'));
    run.abort(reason);
    expect(await run).toMatchObject({ status: 'completed' });
    expect(run.status).toBe('completed');
  });

  it('while a durable run is not stored yet starts no handler, and its end is stored', async () => {
    const { store, next, open } = heldStore();
    const { cns, trace } = chain(() => undefined, { store });
    const run = cns.stimulate([one.createSignal('x'), one.createSignal('y')], { id: 'r' });
    run.abort(reason);
    run.abort('again');
    expect(run.status).toBe('starting');
    await (await next()).acknowledge();
    const end = await next();
    let isOver = false;
    const ended = caught(run).finally(() => (isOver = true));
    await quiet();
    expect(isOver).toBe(false);
    await end.acknowledge();
    expect(await ended).toMatchObject({ reason });
    open();
    expect([trace, toldOf(run)]).toEqual([[], ['first x aborted', 'first y aborted']]);
    expect((await store.list({})).runs).toMatchObject([{ id: 'r', index: { status: 'aborted' }, lease: null }]);
    const again = await chain(() => undefined, { store }).cns.rehydrate('r');
    expect(again?.status).toBe('aborted');
    const stored = await caught((again as Stimulation).waitUntilComplete());
    expect(stored).toMatchObject({ code: 'STIMULATION_ABORTED', reason: { name: 'RangeError', message: 'enough' } });
    expect(toldOf(again as Stimulation)).toEqual(toldOf(run));
  });

  it('cuts what a milestone holds while its checkpoint is on its way, once', async () => {
    const { store, next, open } = heldStore();
    const trace: string[] = [];
    const first = neuron('first', { two })
      .milestone()
      .dendrite({ collateral: one, response: (text, axon) => axon.two.createSignal(text) });
    const second = neuron('second', {}).dendrite({ collateral: two, response: (text) => void trace.push(text) });
    const run = new CNS([first, second], { store, logger: recordingLogger() }).stimulate(one.createSignal('x'));
    await (await next()).acknowledge();
    const milestone = await next();
    run.abort(reason);
    await quiet();
    await milestone.acknowledge();
    open();
    expect(await caught(run)).toMatchObject({ reason });
    expect([trace, toldOf(run)]).toEqual([[], ['second x aborted']]);
  });

  it('tells listeners of no more responses than there were', async () => {
    const heard: [string, number][] = [];
    const { cns, open } = everything();
    const onResponse = ({ neuron: name, queueLength }: ResponseInfo) => heard.push([name, queueLength]);
    const run = cns.stimulate(go.createSignal('x'), { ...SHAPE, onResponse });
    await quiet();
    const before = heard.length;
    run.abort(reason);
    for (const name of ['slow', 'gate first', 'wide']) open(name);
    await caught(run);
    expect(heard.slice(before)).toEqual([
      ['slow', 2],
      ['gate', 1],
      ['wide', 0],
    ]);
  });
});

describe('abortSignal', () => {
  it.each([false, true])('that has fired before starts no handler (with a store: %s)', async (durable) => {
    const { cns, trace } = chain(() => undefined, durable ? { store: memoryStore() } : {});
    const run = cns.stimulate(one.createSignal('x'), { abortSignal: AbortSignal.abort(reason) });
    expect(await caught(run)).toMatchObject({ code: 'STIMULATION_ABORTED', reason });
    expect([trace, toldOf(run), run.status]).toEqual([[], ['first x aborted'], 'aborted']);
  });

  it('that fires aborts the run with its reason, and one that fires after the end does nothing', async () => {
    const controller = new AbortController();
    const { cns, open } = everything({ isOpen: true });
    const run = cns.stimulate(go.createSignal('x'), { ...SHAPE, abortSignal: controller.signal });
    await quiet();
    expect(run.status).toBe('waiting');
    controller.abort();
    expect(await caught(run)).toMatchObject({ reason: { name: 'AbortError' } });
    expect(() => open('slow')).toThrow(TypeError);

    const late = new AbortController();
    const done = chain(() => undefined).cns.stimulate(one.createSignal('x'), { abortSignal: late.signal });
    expect(await done).toMatchObject({ status: 'completed' });
    late.abort(reason);
    expect(done.status).toBe('completed');
  });

  it('is let go of when the run has ended', async () => {
    const listening = new Set<unknown>();
    const { signal } = new AbortController();
    const add = signal.addEventListener.bind(signal);
    const remove = signal.removeEventListener.bind(signal);
    signal.addEventListener = (...given: Parameters<typeof add>) => (listening.add(given[1]), add(...given));
    signal.removeEventListener = (...given: Parameters<typeof remove>) => (
      listening.delete(given[1]),
      remove(...given)
    );
    let open!: () => void;
    const slow = neuron('slow', {}).dendrite({
      collateral: one,
      response: () => new Promise<void>((resolve) => (open = resolve)),
    });
    const run = new CNS([slow]).stimulate(one.createSignal('x'), { abortSignal: signal });
    expect(listening.size).toBe(1);
    open();
    await run;
    expect(listening.size).toBe(0);
  });

  it('of a start that attaches aborts the run that is there', async () => {
    const { cns } = everything();
    const first = cns.stimulate(go.createSignal('x'), { ...SHAPE, id: 'r' });
    const controller = new AbortController();
    const second = cns.stimulate(go.createSignal('x'), { ...SHAPE, id: 'r', abortSignal: controller.signal });
    await quiet();
    controller.abort(reason);
    expect(toldOf(first)).toHaveLength(6);
    expect(toldOf(second)).toEqual(toldOf(first));
  });

  it('that fires within a handler starts nothing more of that turn', async () => {
    const controller = new AbortController();
    const { cns, trace } = chain(() => controller.abort(reason));
    const run = cns.stimulate(one.createSignal('x'), { abortSignal: controller.signal });
    expect(await caught(run)).toMatchObject({ reason });
    expect(trace).toEqual(['first x', 'second x']);
  });
});
