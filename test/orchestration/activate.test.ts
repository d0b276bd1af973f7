import {
  CNS,
  collateral,
  expect as wait,
  InvalidArgumentError,
  InvalidPayloadError,
  neuron,
  UnknownNeuronError,
  withCtx,
  type CNSOptions,
  type FailedTask,
  type Stimulation,
  type StimulationFailedError,
  type Task,
} from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { toLogic, toMachine } from 'engram/machines';
import { describe, expect, it } from 'vitest';
import { createActor, type AnyActorLogic } from 'xstate';
import { z } from 'zod';
import type { RunContext } from '../../src/propagation/context.js';
import { caught } from '../support/caught.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';

const go = collateral<string>('go');
const done = collateral<string>('done');
const approved = collateral<string>('approved');
const left = collateral<string>('left');
const right = collateral<string>('right');
const checked = collateral<number>('checked', { schema: z.number() });

const throughJson = <T>(value: T): T => JSON.parse(JSON.stringify(value)) as T;

/** Everything fails as long as it is told to. */
function flow({ fails = false, ...options }: CNSOptions & { readonly fails?: boolean } = {}) {
  const trace: string[] = [];
  const ids: string[] = [];
  const clock = new ManualClock();
  const note = (what: string, id: string) => {
    if (fails) throw new RangeError(`no ${what}`);
    trace.push(what);
    ids.push(id);
  };
  const twice = withCtx<string>()
    .neuron('twice', { done })
    .dendrite({
      collateral: go,
      response: (text, axon, ctx) => {
        note(`twice/0 ${text}`, ctx.activationId);
        ctx.update((before = '') => `${before}${text}0`);
        return axon.done.createSignal(`${text}0`);
      },
    })
    .dendrite({
      collateral: go,
      response: (text, axon, ctx) => {
        note(`twice/1 ${text}`, ctx.activationId);
        ctx.update((before = '') => `${before}${text}1`);
        return axon.done.createSignal(`${text}1`);
      },
    });
  const ends = neuron('ends', {}).dendrite({
    collateral: done,
    response: (text, _axon, ctx) => note(`ends ${text}`, ctx.activationId),
  });
  const pair = neuron('pair', {}).join({ left, right }, (both, _axon, ctx) =>
    note(`pair ${both.left}${both.right}`, ctx.activationId),
  );
  const asks = neuron('asks', { done })
    .expects(approved)
    .dendrite({
      collateral: left,
      response: (text, axon) => wait(approved, { within: 1000, otherwise: axon.done.createSignal(`${text} in vain`) }),
    });
  const hears = neuron('hears', {}).dendrite({
    collateral: approved,
    response: (text, _axon, ctx) => note(`hears ${text}`, ctx.activationId),
  });
  const counts = neuron('counts', {}).dendrite({
    collateral: checked,
    response: (n, _axon, ctx) => note(`counts ${n}`, ctx.activationId),
  });
  const cns = new CNS([twice, ends, pair, asks, hears, counts], { clock, logger: recordingLogger(), ...options });
  return { cns, trace, ids, clock };
}

const task = (dendrite: string, payload: unknown, more: Partial<Task> = {}): Task => {
  const [collateralName = ''] = dendrite.split('#');
  return { id: `old/${'0'.repeat(15)}1`, neuron: 'twice', dendrite, collateral: collateralName, payload, ...more };
};

describe.each([
  ['live', (tasks: readonly FailedTask[]) => tasks],
  ['after JSON', throughJson<readonly FailedTask[]>],
])('activate(failed tasks), %s', (_how, passed) => {
  it('runs each on the dendrite that it was for, in order, under the id that it had', async () => {
    const failing = flow({ fails: true });
    const run = failing.cns.stimulate([go.createSignal('a'), go.createSignal('b')], { id: 'old' });
    await caught(run);
    const failed = run.getFailedTasks();
    expect(failed.map(({ task: { neuron: name, dendrite, payload } }) => [name, dendrite, payload])).toEqual([
      ['twice', 'go#0', 'a'],
      ['twice', 'go#1', 'a'],
      ['twice', 'go#0', 'b'],
      ['twice', 'go#1', 'b'],
    ]);
    const { cns, trace, ids } = flow();
    const again = cns.activate(passed(failed), { output: done });
    expect(await again).toMatchObject({ status: 'completed', output: 'b1', context: { twice: 'a0a1b0b1' } });
    expect(trace).toEqual([
      'twice/0 a',
      'twice/1 a',
      'twice/0 b',
      'twice/1 b',
      'ends a0',
      'ends a1',
      'ends b0',
      'ends b1',
    ]);
    expect(ids.slice(0, 4)).toEqual(failed.map(({ task: { id } }) => id));
    for (const id of ids.slice(4)) expect(id).toMatch(new RegExp(`^${again.id}/[0-9a-f]{16}$`));
  });

  it('keeps the ids when the run that took them fails as well, and is taken up once more', async () => {
    const first = flow({ fails: true });
    const run = first.cns.stimulate(go.createSignal('a'), { id: 'old' });
    await caught(run);
    const second = flow({ fails: true });
    const again = second.cns.activate(passed(run.getFailedTasks()), { id: 'newer' });
    await caught(again);
    const tasks = (of: Stimulation) => of.getFailedTasks().map((failed) => failed.task);
    expect(tasks(again)).toEqual(tasks(run));
    const third = flow();
    await third.cns.activate(passed(again.getFailedTasks()), { id: 'newest' });
    expect(third.ids.slice(0, 2)).toEqual(tasks(run).map(({ id }) => id));
  });
});

describe('activate(tasks)', () => {
  it('of no tasks completes', async () => {
    const { cns, trace } = flow();
    const run = cns.activate([], { contextValues: { twice: 'kept' } });
    expect(run.status).toBe('completed');
    expect(await run).toMatchObject({ status: 'completed', context: { twice: 'kept' }, output: undefined });
    const durable = flow({ store: memoryStore() }).cns.activate([], { id: 'none' });
    expect(await durable).toMatchObject({ id: 'none', status: 'completed' });
    expect(trace).toEqual([]);
  });

  it('begins with the context values that it is given', async () => {
    const { cns } = flow();
    const run = cns.activate([task('go#1', 'x')], { contextValues: { twice: 'before ' } });
    expect(await run).toMatchObject({ context: { twice: 'before x1' } });
    expect(await caught(() => cns.activate([], { contextValues: { nobody: 1 } }))).toMatchObject({
      code: 'INVALID_ARGUMENT',
    });
  });

  it('takes outstanding tasks of a run as well', async () => {
    const { cns } = flow();
    const run = cns.stimulate(left.createSignal('x'), { id: 'old' });
    const outstanding = run.getOutstandingTasks();
    expect(outstanding).toMatchObject([{ neuron: 'asks', expects: 'approved', within: 1000 }]);
    const second = flow();
    const again = second.cns.activate(throughJson(outstanding));
    await again.signal(approved.createSignal('yes'));
    expect(await again).toMatchObject({ status: 'completed' });
    expect(second.trace).toEqual(['hears yes']);
  });

  it('takes the same task twice as one', async () => {
    const { cns, trace } = flow();
    await cns.activate([task('go#0', 'x'), task('go#0', 'x'), task('go#0', 'y', { id: 'other/1' })]);
    expect(trace).toEqual(['twice/0 x', 'twice/0 y', 'ends x0', 'ends y0']);
  });

  it('tells two tasks of two runs apart whose causes are the same', async () => {
    const failing = flow({ fails: true });
    const runs = ['one', 'two'].map((id) => failing.cns.stimulate(go.createSignal(id), { id }));
    for (const run of runs) await caught(run);
    const { cns, trace, ids } = flow();
    const tasks = runs.flatMap((run) => run.getFailedTasks());
    await cns.activate(tasks);
    expect(trace.slice(0, 4)).toEqual(['twice/0 one', 'twice/1 one', 'twice/0 two', 'twice/1 two']);
    expect(ids.slice(0, 4)).toEqual(tasks.map((failed) => failed.task.id));
    expect(new Set(ids).size).toBe(ids.length);
  });

  it.each([
    ['a neuron', task('go#0', 'x', { neuron: 'gone' }), 'gone', 'go#0'],
    ['a dendrite', task('go#2', 'x'), 'twice', 'go#2'],
    ['a collateral', task('other#0', 'x'), 'twice', 'other#0'],
  ])(
    'I6: of %s that the graph does not have fails as a task of the run; the others are done',
    async (_what, unknown, name, dendrite) => {
      const { cns, trace } = flow();
      const run = cns.activate([unknown, task('go#0', 'y', { id: 'old/2' })]);
      const error = (await caught(run)) as StimulationFailedError;
      expect(error.errors).toHaveLength(1);
      expect(error.errors[0]).toBeInstanceOf(UnknownNeuronError);
      expect(error.errors[0]).toMatchObject({ neuron: name, dendrite });
      expect(trace).toEqual(['twice/0 y', 'ends y0']);
      expect(run.getFailedTasks()).toMatchObject([{ task: unknown, aborted: false }]);
    },
  );

  it.each([
    ['no list', task('go#0', 'x') as never, 'no list of tasks'],
    ['nothing', undefined as never, 'no list of tasks'],
    ['null in it', [null] as never, 'entry 0 is no task'],
    ['a number in it', [task('go#0', 'x'), 5] as never, 'entry 1 is no task'],
    ['a task without an id', [{ ...task('go#0', 'x'), id: undefined }] as never, 'entry 0 is no task'],
    ['a failed task without its task', [{ task: null, error: 1, aborted: false }] as never, 'entry 0 is no task'],
    ['an attempt that is none', [task('go#0', 'x', { attempt: '2' as never })], 'entry 0'],
    ['a time that is none', [task('go#0', 'x', { due: 'soon' as never })], 'entry 0'],
  ])('I6: refuses %s', async (_what, given: readonly Task[], problem) => {
    const { cns } = flow();
    const error = await caught(() => cns.activate(given));
    expect(error).toBeInstanceOf(InvalidArgumentError);
    expect((error as Error).message).toContain(problem);
  });

  it('takes a task without a payload, whose payload JSON leaves out', async () => {
    const bare = collateral('bare');
    const seen: unknown[] = [];
    const takes = neuron('takes', {}).dendrite({ collateral: bare, response: (...given) => void seen.push(given[0]) });
    const given = throughJson([task('bare#0', undefined, { neuron: 'takes' })]);
    expect(Object.keys(given[0] as Task)).not.toContain('payload');
    await new CNS([takes]).activate(given);
    expect(seen).toEqual([undefined]);
  });

  it('I6: asks the schema of the collateral, as stimulate does', async () => {
    const { cns, trace } = flow();
    const wrong = task('checked#0', 'one', { neuron: 'counts' });
    expect(await caught(() => cns.activate([wrong]))).toBeInstanceOf(InvalidPayloadError);
    await cns.activate([{ ...wrong, payload: 1 }]);
    expect(trace).toEqual(['counts 1']);
  });

  it('I6: refuses a task that waits for what nobody can send', async () => {
    const { cns } = flow();
    const waits = task('left#0', 'x', { neuron: 'asks', expects: 'gone' });
    expect(await caught(() => cns.activate([waits]))).toMatchObject({ code: 'UNKNOWN_COLLATERAL' });
  });

  it('refuses what stimulate refuses of its options, and a closed CNS', async () => {
    const { cns } = flow();
    for (const options of [{ id: '' }, { concurrency: 0 }, { maxNeuronHops: -1 }, { maxFrontier: Number.NaN }]) {
      expect(await caught(() => cns.activate([], options))).toMatchObject({ code: 'INVALID_ARGUMENT' });
    }
    await cns.close();
    expect(await caught(() => cns.activate([]))).toMatchObject({ code: 'CNS_CLOSED' });
  });

  it('counts its tasks as visits of their neurons', async () => {
    const { cns, trace } = flow();
    const run = cns.activate([task('go#0', 'x'), task('go#1', 'x', { id: 'old/2' })], { maxNeuronHops: 1 });
    expect(await caught(run)).toMatchObject({ errors: [{ code: 'HOP_LIMIT' }] });
    expect(trace).toEqual(['twice/0 x', 'ends x0']);
  });
});

describe('activate of a task that waits', () => {
  const due = new ManualClock().now() + 500;

  it('starts what is delayed at its time, and what is overdue at once', async () => {
    const { cns, trace, clock } = flow();
    const run = cns.activate([
      task('go#0', 'later', { due }),
      task('go#0', 'overdue', { id: 'old/2', due: due - 1000 }),
      task('go#0', 'now', { id: 'old/3' }),
    ]);
    await clock.pass(0);
    expect(trace).toEqual(['twice/0 now', 'ends now0', 'twice/0 overdue', 'ends overdue0']);
    expect(run.status).toBe('waiting');
    await clock.pass(499);
    expect(trace).toHaveLength(4);
    await clock.pass(1);
    expect(trace.slice(4)).toEqual(['twice/0 later', 'ends later0']);
    expect(run.status).toBe('completed');
  });

  it('opens an expectation again: met by a signal, or given up at the time that it had', async () => {
    const waits = task('left#0', 'x', {
      neuron: 'asks',
      expects: 'approved',
      within: 1000,
      due,
      otherwise: { collateral: 'done', payload: 'vain' },
    });
    const met = flow();
    const first = met.cns.activate([waits]);
    expect(first.status).toBe('waiting');
    await first.signal(approved.createSignal('yes'));
    expect(met.trace).toEqual(['hears yes']);
    await first;

    const { cns, trace, clock } = flow();
    const run = cns.activate([waits]);
    await clock.pass(499);
    expect(run.status).toBe('waiting');
    await clock.pass(1);
    await run;
    expect(trace).toEqual(['ends vain']);
  });

  it('opens an expectation that had timed out for as long as the first time', async () => {
    const { cns, clock } = flow();
    const waits = task('left#0', 'x', { neuron: 'asks', expects: 'approved', within: 1000 });
    const run = cns.activate([waits]);
    await clock.pass(999);
    expect(run.status).toBe('waiting');
    await clock.pass(1);
    expect(await caught(run)).toMatchObject({ errors: [{ code: 'EXPECTATION_TIMEOUT' }] });
  });

  it('lets what had arrived at a join arrive again, and fires a set that had failed as a whole', async () => {
    const failing = flow({ fails: true });
    const run = failing.cns.stimulate([left.createSignal('l'), right.createSignal('r')], { id: 'old' });
    await quiet();
    await run.signal(approved.createSignal('yes'));
    await caught(run);
    const firing = run.getFailedTasks().filter((failed) => failed.task.neuron === 'pair');
    expect(firing.map(({ task: { dendrite, payload } }) => [dendrite, payload])).toEqual([
      ['left+right#0', { left: 'l', right: 'r' }],
    ]);
    const { cns, trace, ids } = flow();
    await cns.activate(throughJson(firing));
    expect([trace, ids]).toEqual([['pair lr'], [firing[0]?.task.id]]);

    const halves = flow();
    const half = (name: string, payload: string, id: string) => task(`${name}#0`, payload, { neuron: 'pair', id });
    await halves.cns.activate([half('left', 'l', 'old/1'), half('right', 'r', 'old/2')]);
    expect(halves.trace).toEqual(['pair lr']);
    const incomplete = halves.cns.activate([half('left', 'l', 'old/1')]);
    expect(await caught(incomplete)).toMatchObject({ errors: [{ code: 'INCOMPLETE_JOIN' }] });
    expect(incomplete.getFailedTasks().map((failed) => failed.task)).toEqual([half('left', 'l', 'old/1')]);
  });
});

describe('activate of a compensation that failed', () => {
  const reserve = (undone: unknown[], fails: boolean) =>
    neuron('reserve', {})
      .dendrite({ collateral: go, response: () => undefined })
      .compensate((text, _axon, ctx) => {
        undone.push([text, ctx.activationId, ctx.undoes]);
        if (fails) throw new TypeError('the bank is closed');
      });
  const breaks = () =>
    neuron('breaks', {}).dendrite({
      collateral: go,
      response: () => {
        throw new RangeError('boom');
      },
    });

  it('undoes what it was to undo, under the ids that both had', async () => {
    const undone: unknown[] = [];
    const options = { logger: recordingLogger() };
    const run = new CNS([reserve(undone, true), breaks()], options).stimulate(go.createSignal('x'), { id: 'old' });
    await caught(run);
    const failed = run.getFailedTasks().filter((one) => one.task.undoes !== undefined);
    expect(failed).toHaveLength(1);
    const again = new CNS([reserve(undone, true), breaks()], options).activate(throughJson(failed), { id: 'newer' });
    await caught(again);
    expect(again.getFailedTasks().map((one) => one.task)).toEqual(failed.map((one) => one.task));
    await new CNS([reserve(undone, false), breaks()], options).activate(again.getFailedTasks(), { id: 'newest' });
    expect(undone).toHaveLength(3);
    expect(undone[0]).toEqual(['x', failed[0]?.task.id, failed[0]?.task.undoes]);
    expect(undone[1]).toEqual(undone[0]);
    expect(undone[2]).toEqual(undone[0]);
  });

  it('of a run that was activated names what it undoes by the id that that had', async () => {
    const undone: unknown[] = [];
    const options = { logger: recordingLogger() };
    const id = `old/${'0'.repeat(16)}`;
    const given = [task('go#0', 'x', { neuron: 'reserve', id }), task('go#0', 'x', { neuron: 'breaks', id: 'old/1' })];
    await caught(new CNS([reserve(undone, false), breaks()], options).activate(given, { id: 'newer' }));
    expect(undone).toEqual([['x', expect.stringMatching(/^newer\/[0-9a-f]{16}$/), id]]);
  });
});

describe('activate with a store', () => {
  const tasks = [task('go#0', 'x'), task('go#1', 'y', { id: 'old/2' })];

  it('attaches to the run of that id that was started with the same tasks, and refuses others', async () => {
    const store = memoryStore();
    const first = flow({ store });
    const result = await first.cns.activate(tasks, { id: 'r' });
    expect(result).toMatchObject({ id: 'r', status: 'completed', context: { twice: 'x0y1' } });
    const second = flow({ store });
    expect(await second.cns.activate(throughJson(tasks), { id: 'r' })).toMatchObject({
      id: 'r',
      context: result.context,
    });
    expect(second.trace).toEqual([]);
    expect(await caught(second.cns.activate(tasks.slice(1), { id: 'r' }))).toMatchObject({ code: 'RUN_EXISTS' });
    expect(await caught(second.cns.stimulate(go.createSignal('x'), { id: 'r' }))).toMatchObject({ code: 'RUN_EXISTS' });
    const entry = (await store.load('r'))?.parts.get('entry');
    for (const { id } of tasks) expect(entry).toContain(`"origin":"${id}"`);
  });

  it('of an expectation that waits anew attaches, too, although time has passed', async () => {
    const store = memoryStore();
    const waits = [task('left#0', 'x', { neuron: 'asks', expects: 'approved', within: 10_000 })];
    const { cns, clock } = flow({ store });
    const first = cns.activate(waits, { id: 'r' });
    await clock.pass(100);
    const second = cns.activate(waits, { id: 'r' });
    await second.signal(approved.createSignal('yes'));
    expect(await second).toEqual(await first);
  });

  it('I2: starts nothing before the tasks are stored, and goes on after a crash at once after that', async () => {
    const store = memoryStore();
    const victim = flow({ store });
    const run = victim.cns.activate(tasks, { id: 'r' });
    expect([run.status, victim.trace]).toEqual(['starting', []]);
    await victim.cns.close();
    expect(victim.trace).toEqual([]);
    const { cns, trace, ids } = flow({ store });
    const again = (await cns.rehydrate('r')) as Stimulation;
    expect(await again.waitUntilComplete()).toMatchObject({ context: { twice: 'x0y1' } });
    expect(trace).toEqual(['twice/0 x', 'twice/1 y', 'ends x0', 'ends y1']);
    expect(ids.slice(0, 2)).toEqual(tasks.map(({ id }) => id));
  });
});

describe.each([
  ['statechart', (cns: CNS): AnyActorLogic => toMachine(cns)],
  ['logic per turn', (cns: CNS): AnyActorLogic => toLogic(cns, { hops: 'turn' })],
  ['logic per event', (cns: CNS): AnyActorLogic => toLogic(cns, { hops: 'event' })],
] as const)('tasks as the input of the %s', (_form, machineOf) => {
  it('run on their dendrites, in order, before anything that follows from them', async () => {
    const { cns, trace, ids, clock } = flow();
    const began = clock.now();
    const input = {
      id: 'r',
      signals: [{ collateral: 'go', payload: 's' }],
      tasks: [
        { activation: '00000000000000aa', neuron: 'twice', dendrite: 'go#1', payload: 't', origin: 'old/aa' },
        { neuron: 'ends', dendrite: 'done#0', payload: 'later', due: began + 100 },
        { neuron: 'gone', dendrite: 'go#0', payload: 'u' },
        { neuron: 'asks', dendrite: 'left#0', payload: 'v', expects: 'approved' },
      ],
      values: { twice: '>' },
    };
    const actor = createActor(machineOf(cns), { input }).start();
    const context = () => actor.getSnapshot().context as RunContext;
    await quiet();
    expect(trace).toEqual(['twice/0 s', 'twice/1 s', 'twice/1 t', 'ends s0', 'ends s1', 'ends t1']);
    expect(ids[2]).toBe('old/aa');
    expect(context()).toMatchObject({
      status: 'running',
      values: { twice: '>s0s1t1' },
      failed: [{ neuron: 'gone', collateral: 'go' }],
    });
    await clock.pass(100);
    actor.send({ type: 'approved', payload: 'yes' });
    await quiet();
    expect(trace.slice(6)).toEqual(['ends later', 'hears yes']);
    expect(context().status).toBe('failed');
  });
});
