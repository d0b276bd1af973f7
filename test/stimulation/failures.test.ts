import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import {
  CNS,
  collateral,
  ForeignCollateralError,
  InvalidAnswerError,
  neuron,
  StimulationAbortedError,
  StimulationFailedError,
  withCtx,
} from 'engram';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';

const start = collateral<number>('start');
const done = collateral<number>('done');

/** Fails on odd payloads: synchronously, or later. */
function flow(isAsync = false) {
  const logger = recordingLogger();
  const clock = new ManualClock();
  const work = withCtx<number>()
    .neuron('work', { done })
    .dendrite({
      collateral: start,
      response: (n, axon, ctx) => {
        ctx.update((sum = 0) => sum + n);
        const error = new RangeError(`odd ${n}`, { cause: new TypeError('root') });
        if (isAsync) return n % 2 ? Promise.reject(error) : Promise.resolve(axon.done.createSignal(n));
        if (n % 2) throw error;
        return axon.done.createSignal(n);
      },
    });
  const end = neuron('end', {}).dendrite({ collateral: done, response: () => undefined });
  return { cns: new CNS([work, end], { logger, clock }), logger, clock };
}

const signals = (...numbers: number[]) => numbers.map((n) => start.createSignal(n));

describe.each([
  ['throws', false],
  ['rejects', true],
])('a handler that %s', (_how, isAsync) => {
  it('becomes a failed activation with its cause, and everything else goes on', async () => {
    const run = flow(isAsync).cns.stimulate(signals(1, 2, 3), { id: 'r' });
    const error = (await caught(run)) as StimulationFailedError;
    expect(error).toBeInstanceOf(StimulationFailedError);
    expect(run.status).toBe('failed');
    expect(run.getContext().getAll()).toEqual({ work: 2 }); // I1: failed attempts commit nothing
    expect(run.getFailedTasks()).toMatchObject([
      { task: { neuron: 'work', dendrite: 'start#0', collateral: 'start', payload: 1 }, aborted: false },
      { task: { neuron: 'work', dendrite: 'start#0', collateral: 'start', payload: 3 }, aborted: false },
    ]);
    for (const { task } of run.getFailedTasks()) expect(task.id).toMatch(/^r\/[0-9a-f]{16}$/);
    expect(run.getFailedTasks()[0]?.error).toBe(error.errors[0]);
  });

  it('rejects the run with every cause, in the order of failure, each named in the message with its place', async () => {
    const error = (await caught(flow(isAsync).cns.stimulate(signals(1, 3)))) as StimulationFailedError;
    expect(error.errors).toMatchObject([{ message: 'odd 1' }, { message: 'odd 3' }]);
    expect(error.cause).toBe(error.errors[0]);
    expect(error.message).toContain('2 causes');
    expect(error.message).toContain('neuron "work" on "start": odd 1');
    expect(error.message).toContain('neuron "work" on "start": odd 3');
    expect(error.hint).toContain('getFailedTasks');
  });

  it('is logged once when nobody waits for the run, and not when somebody does', async () => {
    const { cns, logger, clock } = flow(isAsync);
    cns.stimulate(signals(1, 3), { id: 'lonely' });
    await quiet();
    await clock.pass(10);
    expect(logger.errors).toMatchObject([{ error: { code: 'STIMULATION_FAILED', stimulationId: 'lonely' } }]);
    expect(logger.errors[0]?.message).toContain('"lonely"');

    await caught(cns.stimulate(signals(5)));
    const later = cns.stimulate(signals(7)).waitUntilComplete();
    later.catch(() => undefined);
    await quiet();
    await clock.pass(10);
    expect(logger.errors).toHaveLength(1);
  });
});

describe('what a handler returns', () => {
  const other = collateral<number>('other');
  const returning = (answer: unknown) => {
    const odd = neuron('odd', { done }).dendrite({ collateral: start, response: () => answer as undefined });
    const listens = neuron('listens', {}).dendrite({ collateral: [done, other], response: () => undefined });
    return caught(new CNS([odd, listens]).stimulate(start.createSignal(1))) as Promise<StimulationFailedError>;
  };

  it.each([
    ['a number', 5, 'a number'],
    ['a text', 'done', 'the string "done"'],
    ['an object', { payload: 1 }, 'an object (Object)'],
    ['an array that holds something else', [done.createSignal(1), null], 'null'],
    ['an array in an array', [[done.createSignal(1)]], 'an array in an array'],
    ['true', true, 'a boolean'],
    ['a promise of a number', Promise.resolve(5), 'a number'],
  ])('I6: %s is a failed activation that says what it was', async (_what, answer, named) => {
    const [error] = (await returning(answer)).errors as InvalidAnswerError[];
    expect(error).toBeInstanceOf(InvalidAnswerError);
    expect(error?.message).toBe(`neuron "odd" returned ${named}, which is no signal`);
  });

  it.each([
    ['alone', other.createSignal(1)],
    ['in an array, after a good one', [done.createSignal(1), other.createSignal(1)]],
    ['later', Promise.resolve([other.createSignal(1)])],
  ])('I6: a signal of a collateral that is not on its axon is a failure that names it: %s', async (_how, answer) => {
    const [error] = (await returning(answer)).errors as ForeignCollateralError[];
    expect(error).toBeInstanceOf(ForeignCollateralError);
    expect(error).toMatchObject({ neuron: 'odd', collateral: 'other' });
  });

  it('I1: with one bad signal among good ones commits nothing at all', async () => {
    const seen: number[] = [];
    const mixed = withCtx<number>()
      .neuron('mixed', { done })
      .dendrite({
        collateral: start,
        response: (n, axon, ctx) => {
          ctx.set(n);
          return [axon.done.createSignal(n), other.createSignal(n) as never];
        },
      });
    const end = neuron('end', {}).dendrite({ collateral: [done, other], response: (n) => void seen.push(n) });
    const run = new CNS([mixed, end]).stimulate(start.createSignal(1));
    await caught(run);
    expect([seen, run.getContext().getAll()]).toEqual([[], {}]);
  });
});

describe('an abort', () => {
  it('rejects with StimulationAbortedError when what runs has ended: that counts, and what it emitted was not done, once each', async () => {
    let go!: () => void;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const seen: number[] = [];
    const slow = withCtx<number>()
      .neuron('slow', { done })
      .dendrite({
        collateral: start,
        response: async (n, axon, ctx) => {
          await gate;
          ctx.set(n);
          return axon.done.createSignal(n);
        },
      });
    const end = neuron('end', {}).dendrite({ collateral: done, response: (n) => void seen.push(n) });
    const run = new CNS([slow, end]).stimulate(signals(1, 2));
    run.actor.send({ type: 'engram.abort', reason: new RangeError('enough') });
    let isOver = false;
    const ended = caught(run).finally(() => (isOver = true));
    await quiet();
    expect([isOver, run.status, run.getFailedTasks()]).toEqual([false, 'running', []]);
    expect(run.getOutstandingTasks().map(({ neuron, payload }) => [neuron, payload])).toEqual([
      ['slow', 1],
      ['slow', 2],
    ]);
    go();
    const error = await ended;
    expect(error).toBeInstanceOf(StimulationAbortedError);
    expect(error).toMatchObject({ reason: { message: 'enough' }, cause: { message: 'enough' } });
    await quiet();
    expect(run.status).toBe('aborted');
    const undone = run.getFailedTasks().map(({ task, aborted }) => [task.neuron, task.payload, aborted]);
    expect(undone).toEqual([
      ['end', 1, true],
      ['end', 2, true],
    ]);
    expect([seen, run.getContext().getAll(), run.getOutstandingTasks()]).toEqual([[], { slow: 2 }, []]);
  });
});

it('a failure that nobody observes is never an unhandledRejection: the process ends well, with one line of it', () => {
  const child = fileURLToPath(new URL('unobserved.child.ts', import.meta.url));
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--import', 'tsx', child], {
    encoding: 'utf8',
    cwd: fileURLToPath(new URL('../..', import.meta.url)),
  });
  expect(stdout).toBe('exit 0, unhandled 0\n');
  expect(stderr.match(/failed and nobody was waiting for it/g)).toHaveLength(3);
  expect(status).toBe(0);
});
