import {
  CNS,
  collateral,
  neuron,
  NonRetryableError,
  RetryAfterError,
  type RetryOptions,
  type Signal,
  withCtx,
} from 'engram';
import { describe, expect, it } from 'vitest';
import { caught } from '../support/caught.js';
import { begin, failuresOf, forms, frontierOf, machinePairs, restore } from '../support/forms.js';
import { ManualClock, quiet } from '../support/manual-clock.js';
import { recordingLogger } from '../support/recording-logger.js';

const START = 1_700_000_000_000;
const job = collateral<string>('job');
const done = collateral<string>('done');
const foreign = collateral<string>('foreign');

/** What an attempt does: throws, or answers. A function is called when the attempt is made. */
type Attempt = { readonly throws: unknown } | { readonly answers: unknown } | Promise<unknown>;
const broken = (name: string): Attempt => ({ throws: new RangeError(name) });
const well: Attempt = { answers: 'well' };

interface Told {
  readonly maxDuration?: number;
  readonly concurrency?: number;
  /** Milliseconds since the epoch. */
  readonly now?: number;
  /** Whether the handler returns a promise. */
  readonly later?: boolean;
}

/** `flaky` does what it is told, attempt by attempt; `shelf` gets what comes of it. */
function workshop(retry: RetryOptions | null, attempts: readonly Attempt[], told: Told = {}) {
  const clock = new ManualClock(told.now ?? START);
  const log: string[] = [];
  const ids = new Set<string>();
  const tell = (what: string) => void log.push(`${clock.now() - START} ${what}`);
  let made = 0;
  const flaky = withCtx<string>().neuron('flaky', { done });
  flaky.dendrite({
    collateral: job,
    response: (name, axon, { activationId, attempt, get, set, update }) => {
      ids.add(activationId);
      tell(`${name} ${attempt}${get() === undefined ? '' : ` after ${get()}`}`);
      const outcome = attempts[made++] ?? well;
      set(`set ${attempt}`);
      update((value = '') => `${value}, updated ${attempt}`);
      const answerOf = (answer: unknown) =>
        (answer === 'well' ? axon.done.createSignal(name) : answer) as ReturnType<typeof axon.done.createSignal>;
      if (outcome instanceof Promise) return outcome.then(answerOf);
      const settle = () => {
        if ('throws' in outcome) throw outcome.throws;
        return answerOf(outcome.answers);
      };
      return told.later === true ? (async () => settle())() : settle();
    },
  });
  if (retry !== null) flaky.retry(retry);
  if (told.maxDuration !== undefined) flaky.setMaxDuration(told.maxDuration);
  if (told.concurrency !== undefined) flaky.setConcurrency(told.concurrency);
  const shelf = neuron('shelf', {}).dendrite({ collateral: done, response: (name) => tell(`shelve ${name}`) });
  const cns = new CNS([flaky, shelf], { clock, logger: recordingLogger() });
  return { cns, clock, ids, since: () => log.splice(0) };
}

/** A promise and the hand that settles it. */
function bodyOf(): {
  readonly promise: Promise<unknown>;
  resolve(answer: unknown): Promise<void>;
  reject(error: unknown): Promise<void>;
} {
  let yes!: (answer: unknown) => void;
  let no!: (error: unknown) => void;
  const promise = new Promise((resolve, reject) => ([yes, no] = [resolve, reject]));
  return {
    promise,
    resolve: (answer) => (yes(answer), quiet()),
    reject: (error) => (no(error), quiet()),
  };
}

const one: Signal = job.createSignal('x');
const failing = (count: number): Attempt[] => Array.from({ length: count }, (_, i) => broken(`no ${i + 1}`));

const TIMES: readonly (readonly [string, RetryOptions, readonly number[]])[] = [
  ['constant', { attempts: 4, backoff: 'constant', initial: 100 }, [0, 100, 200, 300]],
  ['linear', { attempts: 5, backoff: 'linear', initial: 100 }, [0, 100, 300, 600, 1000]],
  ['exponential', { attempts: 5, backoff: 'exponential', initial: 100 }, [0, 100, 300, 700, 1500]],
  ['exponential up to max', { attempts: 5, initial: 100, max: 250 }, [0, 100, 300, 550, 800]],
  ['linear up to max', { attempts: 5, backoff: 'linear', initial: 100, max: '250ms' }, [0, 100, 300, 550, 800]],
  [
    'exponential from a second up to a minute, unless told',
    { attempts: 9 },
    [0, 1, 3, 7, 15, 31, 63, 123, 183].map((s) => s * 1000),
  ],
  ['with jitter 0.5', { attempts: 4, initial: 100, jitter: 0.5 }, [0, 75, 225, 525]],
  ['with jitter 1', { attempts: 4, backoff: 'constant', initial: '1s', jitter: 1 }, [0, 500, 1000, 1500]],
  ['without a wait', { attempts: 3, initial: 0 }, [0, 0, 0]],
  ['of one attempt', { attempts: 1 }, [0]],
];

describe.each(forms)('a neuron with retry, in the form of a %s', (form) => {
  it.each(TIMES)(
    '%s: makes its attempts at exactly these times, and fails with the error of the last',
    async (_name, retry, times) => {
      const { cns, clock, since } = workshop(retry, failing(20));
      const run = begin(form, cns, one);
      await clock.pass(1_000_000);
      expect(since()).toEqual(times.map((time, i) => `${time} x ${i + 1}`));
      expect(run.context).toMatchObject({ status: 'failed', settled: 1, values: {} });
      expect(failuresOf(run)).toEqual([`flaky no ${times.length}`]);
      expect(run.context.failed[0]?.attempt).toBe(times.length === 1 ? undefined : times.length);
      expect(clock.timers).toBe(0);
    },
  );

  it.each([
    ['throws', false],
    ['rejects', true],
  ])(
    'I1: goes on until an attempt does well, under one activation id; one that %s commits nothing',
    async (_how, later) => {
      const { cns, clock, ids, since } = workshop({ attempts: 5, initial: 100 }, failing(2), { later });
      const run = begin(form, cns, one);
      await quiet();
      await clock.pass(1000);
      expect(since()).toEqual(['0 x 1', '100 x 2', '300 x 3', '300 shelve x']);
      expect(ids.size).toBe(1);
      expect(run.context).toMatchObject({ status: 'completed', settled: 2, failed: [] });
      expect(run.context.values).toEqual({ flaky: 'set 3, updated 3' });
    },
  );

  it('I2: is `delayed` between attempts, in the snapshot with the number and the time of the next', async () => {
    const { cns, clock, ids } = workshop({ attempts: 5, initial: 100 }, failing(2));
    const run = begin(form, cns, one);
    await clock.pass(150);
    expect(run.context.frontier).toMatchObject([
      { neuron: 'flaky', payload: 'x', state: 'delayed', attempt: 3, due: START + 300 },
    ]);
    expect([...ids]).toEqual([`run/${run.context.frontier[0]?.activation}`]);
    expect(run.context).toMatchObject({ settled: 0, values: {}, failed: [] });
    await clock.pass(150);
    expect(run.context.status).toBe('completed');
  });

  it('is ready at the end of the queue when its time has come, and lets the rest go on meanwhile', async () => {
    const { cns, clock, since } = workshop({ attempts: 2, initial: 100 }, failing(2));
    const run = begin(
      form,
      cns,
      ['a', 'b', 'c'].map((name) => job.createSignal(name)),
    );
    expect(since()).toEqual(['0 a 1', '0 b 1', '0 c 1', '0 shelve c']);
    await clock.pass(100);
    // the value that c has committed is what the next attempts begin with
    expect(since()).toEqual([
      '100 a 2 after set 1, updated 1',
      '100 b 2 after set 2, updated 2',
      '100 shelve a',
      '100 shelve b',
    ]);
    expect(run.context.status).toBe('completed');
  });

  it('asks retryIf about each failure that could be tried again, once, and fails when it says no', async () => {
    const asked: unknown[] = [];
    const retryIf = (error: unknown, attempt: number) => {
      asked.push([(error as Error).message, attempt]);
      return (error as Error).message !== 'no 2';
    };
    const { cns, clock, since } = workshop({ attempts: 5, initial: 100, retryIf }, failing(5));
    const run = begin(form, cns, one);
    await clock.pass(1000);
    expect(since()).toEqual(['0 x 1', '100 x 2']);
    expect(asked).toEqual([
      ['no 1', 1],
      ['no 2', 2],
    ]);
    expect(failuresOf(run)).toEqual(['flaky no 2']);
  });

  it('does not ask retryIf about the last attempt', async () => {
    const asked: number[] = [];
    const retryIf = (_error: unknown, attempt: number) => asked.push(attempt) > 0;
    const { cns, clock } = workshop({ attempts: 3, initial: 100, retryIf }, failing(5));
    begin(form, cns, one);
    await clock.pass(1000);
    expect(asked).toEqual([1, 2]);
  });

  it('fails when retryIf throws, with what it threw and what it was asked about', async () => {
    const thrown = new TypeError('oops');
    const retryIf = () => {
      throw thrown;
    };
    const { cns, since } = workshop({ attempts: 5, retryIf }, failing(1));
    const run = begin(form, cns, one);
    await quiet();
    expect(since()).toEqual(['0 x 1']);
    const [failure] = run.context.failed;
    expect(failure?.error).toBeInstanceOf(NonRetryableError);
    expect(failure?.error).toMatchObject({
      cause: thrown,
      message: expect.stringMatching(/retryIf of neuron "flaky" threw: oops.*no 1/) as string,
    });
  });

  it('makes no further attempt after a NonRetryableError, and asks nobody', async () => {
    const asked: unknown[] = [];
    const retryIf = (error: unknown) => asked.push(error) > 0;
    const error = new NonRetryableError('card expired', { cause: new RangeError('2020') });
    const { cns, clock, since } = workshop({ attempts: 5, initial: 100, retryIf }, [broken('no 1'), { throws: error }]);
    const run = begin(form, cns, one);
    await clock.pass(1000);
    expect(since()).toEqual(['0 x 1', '100 x 2']);
    expect(asked).toHaveLength(1);
    expect(run.context.failed).toMatchObject([
      { attempt: 2, error: { code: 'NON_RETRYABLE', message: 'card expired' } },
    ]);
    expect(run.context.failed[0]?.error).toBe(error);
  });

  it('waits as long as an error asks for with retryAfter, and by its policy where that is no duration', async () => {
    const attempts: Attempt[] = [
      { throws: new RetryAfterError('slow down', 2000) },
      { throws: Object.assign(new Error('429'), { retryAfter: '2s' }) },
      { throws: { retryAfter: 30 } },
      { throws: Object.assign(new Error('503'), { retryAfter: 'Wed, 21 Oct 2026 07:28:00 GMT' }) },
      { throws: Object.assign(new Error('503'), { retryAfter: -1 }) },
    ];
    const { cns, clock, since } = workshop({ attempts: 6, backoff: 'constant', initial: 100, max: 500 }, attempts);
    begin(form, cns, one);
    await clock.pass(10_000);
    expect(since()).toEqual(['0 x 1', '2000 x 2', '4000 x 3', '4030 x 4', '4130 x 5', '4230 x 6', '4230 shelve x']);
  });

  it('is not tried more often for an error that says when', async () => {
    const asks = { throws: new RetryAfterError('slow down', 10) };
    const { cns, clock, since } = workshop({ attempts: 2 }, [asks, asks, asks]);
    const run = begin(form, cns, one);
    await clock.pass(1000);
    expect(since()).toEqual(['0 x 1', '10 x 2']);
    expect(failuresOf(run)).toEqual(['flaky RETRY_AFTER']);
  });

  it.each<readonly [string, unknown, string]>([
    ['a signal that is not on its axon', foreign.createSignal('x'), 'FOREIGN_COLLATERAL'],
    ['something that is no signal', 'text', 'INVALID_ANSWER'],
    ['a list with one of these', [done.createSignal('x'), 7], 'INVALID_ANSWER'],
  ])('does not try again after %s: it would answer the same', async (_what, answers, code) => {
    for (const later of [false, true]) {
      const { cns, clock, since } = workshop({ attempts: 5 }, [{ answers }], { later });
      const run = begin(form, cns, one);
      await clock.pass(100_000);
      expect(since()).toEqual(['0 x 1']);
      expect(failuresOf(run)).toEqual([`flaky ${code}`]);
      expect(run.context).toMatchObject({ status: 'failed', values: {} });
    }
  });

  it('gives its slot back between attempts', async () => {
    const { cns, clock, since } = workshop({ attempts: 2, initial: 100 }, [broken('no')], {
      concurrency: 1,
      later: true,
    });
    begin(form, cns, [job.createSignal('a'), job.createSignal('b')]);
    await quiet();
    await clock.pass(100);
    expect(since().map((entry) => entry.replace(/ after.*/, ''))).toEqual([
      '0 a 1',
      '0 b 1',
      '0 shelve b',
      '100 a 2',
      '100 shelve a',
    ]);
  });

  it('I1: discards the late answer of an attempt that took too long while the next attempt runs', async () => {
    const [first, second] = [bodyOf(), bodyOf()];
    const { cns, clock, since } = workshop({ attempts: 3, initial: 50 }, [first.promise, second.promise], {
      maxDuration: 100,
    });
    const run = begin(form, cns, one);
    await clock.pass(160);
    expect(since()).toEqual(['0 x 1', '150 x 2']);
    expect(frontierOf(run)).toEqual(['flaky running']);
    await first.resolve('well');
    expect(since()).toEqual([]);
    expect(run.context).toMatchObject({ status: 'running', settled: 0, values: {} });
    expect(run.context.frontier).toMatchObject([{ attempt: 2, state: 'running' }]);
    await clock.pass(10);
    await second.resolve('well');
    expect(since()).toEqual(['170 shelve x']);
    expect(run.context).toMatchObject({ status: 'completed', values: { flaky: 'set 2, updated 2' } });
    expect(clock.timers).toBe(0);
  });

  it('discards the late failure of such an attempt, and asks retryIf about its timeout only', async () => {
    const asked: unknown[] = [];
    const retryIf = (error: unknown, attempt: number) => asked.push([(error as { code?: string }).code, attempt]) > 0;
    const [first, second] = [bodyOf(), bodyOf()];
    const { cns, clock, since } = workshop({ attempts: 2, initial: 50, retryIf }, [first.promise, second.promise], {
      maxDuration: 100,
    });
    const run = begin(form, cns, one);
    await clock.pass(160);
    await first.reject(new NonRetryableError('late'));
    expect(frontierOf(run)).toEqual(['flaky running']);
    await clock.pass(89);
    expect(run.context.status).toBe('running');
    await clock.pass(1); // the limit is that of each attempt
    expect(since()).toEqual(['0 x 1', '150 x 2']);
    expect(asked).toEqual([['MAX_DURATION', 1]]);
    expect(run.context.failed).toMatchObject([{ attempt: 2, error: { code: 'MAX_DURATION' } }]);
    await second.reject(new RangeError('late'));
    expect(clock.timers).toBe(0);
  });

  it('does not begin the next attempt while the body of the last still has its slot', async () => {
    const first = bodyOf();
    const { cns, clock, since } = workshop({ attempts: 2, initial: 50 }, [first.promise], {
      maxDuration: 100,
      concurrency: 1,
    });
    const run = begin(form, cns, one);
    await clock.pass(200);
    expect(frontierOf(run)).toEqual(['flaky gated']);
    expect(since()).toEqual(['0 x 1']);
    await first.resolve('well');
    expect(since()).toEqual(['200 x 2', '200 shelve x']);
    expect(run.context.values).toEqual({ flaky: 'set 2, updated 2' });
  });

  it('becomes a failed task of an aborted run between attempts, which says which attempt is next and when', async () => {
    const { cns, clock, since } = workshop({ attempts: 5, initial: 100 }, failing(5));
    const run = begin(form, cns, one);
    await clock.pass(150);
    run.send({ type: 'engram.abort', reason: 'enough' });
    await clock.pass(1000);
    expect(since()).toEqual(['0 x 1', '100 x 2']);
    expect(run.context.status).toBe('aborted');
    expect(run.context.failed).toMatchObject([
      { attempt: 3, due: START + 300, aborted: true, error: { code: 'ABORTED' } },
    ]);
    expect(clock.timers).toBe(0);
  });

  it('makes no further attempt of what fails after an abort', async () => {
    const body = bodyOf();
    const { cns, clock, since } = workshop({ attempts: 5, initial: 100 }, [body.promise]);
    const run = begin(form, cns, one);
    void run.context;
    run.send({ type: 'engram.abort' });
    await body.reject(new RangeError('no'));
    await clock.pass(1000);
    expect(since()).toEqual(['0 x 1']);
    expect(run.context.status).toBe('aborted');
    expect(run.context.failed).toMatchObject([{ aborted: false, error: { message: 'no' } }]);
  });

  it('is not tried again without retry, whatever the error asks for', async () => {
    const { cns, clock, since } = workshop(null, [{ throws: new RetryAfterError('slow down', 10) }]);
    const run = begin(form, cns, one);
    await clock.pass(1000);
    expect(since()).toEqual(['0 x 1']);
    expect(failuresOf(run)).toEqual(['flaky RETRY_AFTER']);
  });
});

describe.each(machinePairs)('I2: a snapshot of a %s between attempts, restored as a %s', (from, to) => {
  const policy: RetryOptions = { attempts: 4, initial: 100 };

  it.each([
    ['at the time that it had', 200, [300, 700]],
    ['at once when that has passed', 450, [450, 850]],
  ])('goes on %s, with the attempt that it had', async (_when, now, times) => {
    const gone = workshop(policy, failing(4));
    const first = begin(from, gone.cns, one);
    await gone.clock.pass(150);
    expect(gone.since()).toEqual(['0 x 1', '100 x 2']);
    const snapshot = first.persisted();
    first.stop();
    const { cns, clock, ids, since } = workshop(policy, failing(4), { now: START + now });
    const run = restore(to, cns, snapshot);
    await clock.pass(1000);
    expect(since()).toEqual(times.map((time, i) => `${time} x ${i + 3}`));
    expect(run.context.failed).toMatchObject([{ attempt: 4, error: { message: 'no 2' } }]);
    expect(ids).toEqual(gone.ids);
  });
});

describe.each(machinePairs)('I2: a snapshot of a %s in the middle of an attempt, restored as a %s', (from, to) => {
  it('makes that attempt again, under its number', async () => {
    const policy: RetryOptions = { attempts: 3, initial: 100 };
    const gone = workshop(policy, [broken('no'), bodyOf().promise]);
    const first = begin(from, gone.cns, one);
    await gone.clock.pass(100);
    expect(frontierOf(first)).toEqual(['flaky running']);
    const { cns, since } = workshop(policy, [], { now: START + 150 });
    const run = restore(to, cns, first.persisted());
    expect([...gone.since(), ...since()]).toEqual(['0 x 1', '100 x 2', '150 x 2', '150 shelve x']);
    expect(run.context.status).toBe('completed');
  });
});

describe('a run with retries', () => {
  it('makes more attempts than a number can be doubled: twice no wait is still no wait', async () => {
    const { cns, clock, since } = workshop({ attempts: 1200, initial: 0, backoff: 'exponential' }, failing(1199));
    const run = cns.stimulate(one);
    for (let i = 0; i < 1199 && clock.timers > 0; i++) await clock.pass(0);
    expect((await run).status).toBe('completed');
    expect(since()).toHaveLength(1201);
    expect(clock.now()).toBe(START);
  });

  it.each([
    ['without an actor', () => undefined],
    ['with an actor', (run: { readonly actor: unknown }) => void run.actor],
  ])(
    'tells listeners of ends only: a failed attempt that will be made again is no response, %s',
    async (_how, look) => {
      const { cns, clock } = workshop({ attempts: 3, initial: 100 }, failing(3));
      const heard: unknown[] = [];
      const run = cns.stimulate([job.createSignal('a'), job.createSignal('b')], {
        onResponse: ({ neuron, inputSignal, error, pendingActivations, activeActivations, queueLength }) =>
          heard.push([
            clock.now() - START,
            neuron,
            inputSignal.payload,
            (error as Error | undefined)?.message,
            [pendingActivations, activeActivations, queueLength],
          ]),
      });
      look(run);
      expect(heard).toEqual([]); // both have failed once and wait
      expect(run.status).toBe('waiting');
      await clock.pass(100); // a fails once more, b does well
      await clock.pass(1000);
      expect(heard).toEqual([
        [100, 'flaky', 'b', undefined, [2, 0, 2]],
        [100, 'shelf', 'b', undefined, [1, 0, 1]],
        [300, 'flaky', 'a', undefined, [1, 0, 1]],
        [300, 'shelf', 'a', undefined, [0, 0, 0]],
      ]);
      expect((await run).status).toBe('completed');
    },
  );

  it('rejects with the error of the last attempt alone', async () => {
    const { cns, clock } = workshop({ attempts: 3, initial: 100 }, failing(3));
    const run = cns.stimulate(one);
    const ended = caught(run);
    await clock.pass(1000);
    expect(await ended).toMatchObject({ code: 'STIMULATION_FAILED', errors: [{ message: 'no 3' }] });
    expect(run.getFailedTasks()).toMatchObject([{ task: { attempt: 3 }, aborted: false }]);
  });

  it('leaves tasks that another run goes on with, at the attempt and the time that they had', async () => {
    const { cns, clock, ids, since } = workshop({ attempts: 3, initial: 100 }, failing(3));
    const run = cns.stimulate(one);
    const ended = caught(run);
    await clock.pass(100);
    run.abort();
    await ended;
    const again = cns.activate(run.getFailedTasks());
    const failed = caught(again);
    await clock.pass(199);
    expect(since()).toEqual(['0 x 1', '100 x 2']);
    await clock.pass(1);
    expect(since()).toEqual(['300 x 3']);
    expect(await failed).toMatchObject({ errors: [{ message: 'no 3' }] });
    expect(ids.size).toBe(1);
  });
});
