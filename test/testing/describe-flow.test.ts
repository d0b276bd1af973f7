// Rule: describeFlow runs here as users run it, and again with a runner that collects, so that what it must see is seen.
import { AssertionError } from 'node:assert';
import * as nodeTest from 'node:test';
import { CNS, collateral, expect as awaits, neuron, NonRetryableError, withCtx } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describeFlow, type DescribeFlowOptions, type FlowRunner, followPath, getFlowPaths } from 'engram/testing';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createCns as createFirst, entry as scan } from '../../machines/flows/first.js';
import { createCns as createMovies, importMovies } from '../../machines/flows/movies.js';
import { createCns as createOrder, placeOrder } from '../../machines/flows/order.js';
import { caught } from '../support/caught.js';
import { createRich, outcomes, start } from './rich-flow.js';

type Cns = Parameters<typeof describeFlow>[0];

/** The tests that are made, by title. */
function collected(cns: Cns, options: Omit<DescribeFlowOptions, 'runner'>) {
  const tests = new Map<string, () => Promise<void>>();
  const runner = {
    describe: (_title: string, body: () => void) => body(),
    it: (title: string, body: () => Promise<void>) => void tests.set(title, body),
  };
  describeFlow(cns, { ...options, runner });
  return tests;
}

/** What each of them ends with: undefined, or the error. */
async function outcomesOf(tests: ReadonlyMap<string, () => Promise<void>>): Promise<Map<string, unknown>> {
  const ends = new Map<string, unknown>();
  for (const [title, test] of tests) {
    ends.set(
      title,
      await test().then(
        () => undefined,
        (error: unknown) => error,
      ),
    );
  }
  return ends;
}

const approve = {
  reserved: ['cleared', 'waits for approved within 7d, otherwise expired', 'fails'],
  approved: ['cleared'],
};
const runner = { describe, it };

describe('every flow of this repository does what its statechart says on every path', () => {
  for (const store of [undefined, memoryStore()]) {
    const host = store === undefined ? {} : { store };
    const how = store === undefined ? 'in memory' : 'stored';
    for (const strategy of ['shortest', 'transitions'] as const) {
      const about = `${how}, ${strategy}`;
      describeFlow(createFirst(host), {
        runner,
        title: `first, ${about}`,
        entry: scan,
        strategy,
        thresholds: { transitions: 100 },
      });
      describeFlow(createOrder(host), {
        runner,
        title: `order, ${about}`,
        entry: placeOrder,
        strategy,
        thresholds: { neurons: 100, dendrites: 100 },
      });
      describeFlow(createOrder(host), {
        runner,
        title: `order, narrowed, ${about}`,
        entry: placeOrder,
        strategy,
        outcomes: { approve, charge: ['charged', 'retries', 'fails'] },
        thresholds: { transitions: strategy === 'transitions' ? 100 : 0 },
      });
      describeFlow(createMovies(host), {
        runner,
        title: `movies, ${about}`,
        entry: importMovies,
        strategy,
        outcomes: { validateBatch: ['rowsTallied + allValidated', 'nextBatch', 'fails'] },
        thresholds: {
          neurons: 100,
          dendrites: 100,
          collaterals: 100,
          transitions: strategy === 'transitions' ? 100 : 0,
        },
      });
    }
  }
});

for (const store of [undefined, memoryStore()]) {
  for (const strategy of ['shortest', 'transitions'] as const) {
    for (const given of [{}, { outcomes }]) {
      const title = `a flow with everything in it, ${store === undefined ? 'in memory' : 'stored'}, ${Object.keys(given).join()} ${strategy}`;
      const cns = createRich(store === undefined ? {} : { store });
      describeFlow(cns, { runner, title, entry: start, strategy, ...given, thresholds: { neurons: 100 } });
    }
  }
}

it('a CNS without a store is taken along the paths of a stored run, when that is asked for', async () => {
  const ends = await describeFlowNow(createRich(), { entry: start, outcomes, stored: true });
  expect(ends.size).toBeGreaterThan(10);
  expect([...ends.values()].filter((end) => end !== undefined)).toEqual([]);
});

const describeFlowNow = (cns: Cns, options: Omit<DescribeFlowOptions, 'runner'>) => outcomesOf(collected(cns, options));

// planted wrongs

const go = collateral<number>('go');
const one = collateral<number>('one');
const two = collateral<number>('two');
const answer = collateral<string>('answer');

/** go -> first -> one -> second, and go -> other -> two */
function small({ oneFirst = true, real = (n: number) => n + 1 } = {}) {
  const first = neuron('first', { one, two }).dendrite({
    collateral: go,
    response: (n, axon) => {
      if (n < 0) throw new NonRetryableError('less than nothing');
      return axon.one.createSignal(real(n));
    },
  });
  const other = neuron('other', { two }).dendrite({
    collateral: go,
    response: async (n, axon) => axon.two.createSignal(n),
  });
  const second = neuron('second', {}).dendrite({ collateral: one, response: () => undefined });
  return new CNS(oneFirst ? [first, other, second] : [other, first, second], { name: 'small' });
}

const smallOutcomes = { first: ['one'], other: ['two'], second: ['nothing'] };

describe('a path that the engine leaves', () => {
  it('is told with the step, what was planned and what was done instead', async () => {
    const [path] = getFlowPaths(small(), { entry: go, outcomes: smallOutcomes }).paths;
    const error = await caught(followPath(small({ oneFirst: false }), { entry: go, path: path as never }));
    expect(error).toBeInstanceOf(AssertionError);
    expect((error as Error).message).toBe(
      'path "go → one → two → second", step 1 of 3: "other" was started by "go", where the plan is: "first" gets "go" and answers "one"',
    );
  });

  it('is seen where a neuron is missing, is one too many, or ends otherwise', async () => {
    const { paths } = getFlowPaths(small(), { entry: go, outcomes: smallOutcomes });
    const [{ steps, ...path }] = paths as [(typeof paths)[0]];
    const messageOf = async (changed: Parameters<typeof followPath>[1]['path']) =>
      ((await caught(followPath(small(), { entry: go, path: changed }))) as Error).message;
    expect(await messageOf({ ...path, steps: steps.slice(0, 2) })).toContain(
      '"second" was started by "one", and nothing was to start any more',
    );
    expect(await messageOf({ ...path, steps: [...steps, { neuron: 'second', answers: 'nothing' }] })).toContain(
      '"second" was to be started, and nothing more is: the run is completed',
    );
    expect(await messageOf({ ...path, steps, status: 'failed' })).toContain(
      'the run was to be failed, and is completed',
    );
    expect(await messageOf({ ...path, steps: [...steps, { time: 'passes' }] })).toContain(
      'nothing is: the run is completed',
    );
    expect(await messageOf({ ...path, steps, waiting: [{ neuron: 'first', collateral: 'x' }] })).toContain(
      'other neurons wait',
    );
    const [first, ...rest] = steps as [(typeof steps)[0], ...typeof steps];
    expect(await messageOf({ ...path, steps: [{ ...first, pending: ['first on go'] }, ...rest] })).toContain(
      'other activations were under way than in the statechart',
    );
  });

  it('is seen when the engine delivers a signal twice, or in another order, or not at all', async () => {
    const cns = small();
    const [path] = getFlowPaths(cns, { entry: go, outcomes: smallOutcomes }).paths;
    const stimulate = CNS.prototype.stimulate;
    onTestFinished(() => void vi.restoreAllMocks());
    const planted = vi.spyOn(CNS.prototype, 'stimulate');
    const run = () => followPath(cns, { entry: go.createSignal(1), path: path as never });
    planted.mockImplementation(function (this: CNS, signal, options) {
      return stimulate.call(this, [signal, signal].flat() as never, options);
    });
    expect(((await caught(run())) as Error).message).toContain('other activations were under way');
    planted.mockImplementation(function (this: CNS, _signal, options) {
      return stimulate.call(this, [], options);
    });
    expect(((await caught(run())) as Error).message).toContain('"first" was to be started, and nothing more is');
    planted.mockRestore();
    await run();
  });

  it('is seen when neurons are in other states than the statechart says while it waits', async () => {
    const ask = neuron('ask', {})
      .dendrite({ collateral: go, response: () => awaits(answer) })
      .expects(answer);
    const cns = new CNS([ask]);
    const { paths } = getFlowPaths(cns, { entry: go, outcomes: { ask: ['waits for answer'] } });
    expect(paths.map(({ status }) => status)).toEqual(['completed', 'waiting']);
    const [{ steps, ...path }] = paths as [(typeof paths)[0]];
    const changed = steps.map((step) => ('states' in step ? { ...step, states: {} } : step));
    const error = await caught(followPath(cns, { entry: go, path: { ...path, steps: changed } }));
    expect((error as Error).message).toContain('neurons are not in the states that the statechart says');
  });
});

describe('expectations of the user', () => {
  it('fail the path that they are of, with what they threw', async () => {
    const seen: unknown[] = [];
    const ends = await describeFlowNow(small(), {
      entry: go.createSignal(5),
      outcomes: { ...smallOutcomes, second: ['nothing', 'fails'] },
      payloads: { one: (input: unknown) => [input, 'made'], two: 2 },
      expect: {
        neurons: { second: ({ payload }) => void seen.push(payload) },
        everyPath: ({ calls }) => expect(calls.map((call) => call.neuron)).toEqual(['first', 'other', 'second']),
        paths: {
          'go → one → two → second fails': ({ status, failed }) => {
            expect([status, failed.length]).toEqual(['failed', 1]);
            throw new TypeError('as planned');
          },
        },
      },
    });
    expect([...ends.values()].map(String)).toEqual(['undefined', 'TypeError: as planned']);
    expect(seen).toEqual([
      [5, 'made'],
      [5, 'made'],
    ]);
  });

  it('of a neuron are asked when it is started, and what they throw fails the path', async () => {
    const ends = await describeFlowNow(small(), {
      entry: go,
      outcomes: smallOutcomes,
      expect: { neurons: { other: ({ payload }) => expect(payload).toBe('wrong') } },
    });
    expect([...ends.values()].map(String)).toEqual([expect.stringContaining("to be 'wrong'")]);
  });

  it.each([
    [{ neurons: { nobody: () => undefined } }, 'no path starts "nobody"'],
    [{ paths: { 'go → nowhere': () => undefined } }, 'there is no path "go → nowhere"'],
  ])('that could not fail are refused', async (asked, message) => {
    const error = await caught(() => collected(small(), { entry: go, expect: asked }));
    expect((error as Error).message).toContain(message);
  });
});

describe('real handlers', () => {
  it('run where they are asked for, and what they answer is followed', async () => {
    const payloads: unknown[] = [];
    const ends = await describeFlowNow(small(), {
      entry: go.createSignal(5),
      outcomes: { ...smallOutcomes, second: ['nothing', 'fails'] },
      real: ['first', 'other'],
      expect: { neurons: { second: ({ payload }) => void payloads.push(payload) } },
    });
    expect([...ends.values()]).toEqual([undefined, undefined]);
    expect(payloads).toEqual([6, 6]);
  });

  it('that answer something else than the path says are told apart precisely', async () => {
    const ends = await describeFlowNow(small(), {
      entry: go.createSignal(5),
      real: true,
      outcomes: { other: ['two'], second: [], first: ['one', 'two', 'fails'] },
    });
    const messages = [...ends].map(([title, error]) => [title, (error as Error | undefined)?.message.split('\n')[0]]);
    expect(messages).toEqual([
      ['go → one → two → second', undefined],
      [
        'go → two → two',
        expect.stringContaining('step 1 of 2: the real handler of "first" was to answer "two", and answered "one"'),
      ],
      [
        'go → first fails → two',
        expect.stringContaining('the real handler of "first" was to answer "fails", and answered "one"'),
      ],
    ]);
    const failing = await describeFlowNow(small(), { entry: go.createSignal(-5), real: true, outcomes: smallOutcomes });
    expect(String([...failing.values()][0])).toContain(
      'was to answer "one", and answered a failure: less than nothing',
    );
  });

  it('may fail and be tried again, and wait, as the path says', async () => {
    let attempts = 0;
    const flaky = neuron('flaky', { one })
      .dendrite({
        collateral: go,
        response: async (n, axon, { attempt }) => {
          attempts = attempt;
          if (attempt < 3) throw new TypeError('not yet');
          return axon.one.createSignal(n);
        },
      })
      .retry({ attempts: 3, initial: '10s' });
    const ask = withCtx<number>()
      .neuron('ask', { two })
      .dendrite({
        collateral: one,
        response: (n, axon, ctx) => {
          ctx.set(n);
          return awaits(answer, { within: '3d', otherwise: axon.two.createSignal(n) });
        },
      })
      .expects(answer)
      .dendrite({ collateral: answer, response: (_text, _axon, ctx) => void ctx.set(-1) });
    const cns = new CNS([flaky, ask]);
    const results: unknown[] = [];
    const ends = await describeFlowNow(cns, {
      entry: go.createSignal(7),
      real: true,
      outcomes: { flaky: ['one'], ask: { one: ['waits for answer within 1h, otherwise two'], answer: [] } },
      expect: { everyPath: ({ context }) => void results.push(context) },
    });
    expect([...ends]).toEqual([
      ['go → one → ask waits for answer, otherwise two → answer → ask emits nothing', undefined],
      ['go → one → ask waits for answer, otherwise two → no answer in time', undefined],
    ]);
    expect(results).toEqual([{ ask: -1 }, { ask: 7 }]);
    expect(attempts).toBe(3);
  });
});

it('the runners of Vitest and of node:test fit', () => {
  const runners: readonly FlowRunner[] = [{ describe, it }, nodeTest];
  expect(runners.map((each) => typeof each.it)).toEqual(['function', 'function']);
});

describe('thresholds', () => {
  const isolated = neuron('isolated', {}).dendrite({ collateral: collateral('elsewhere'), response: () => undefined });
  const cns = new CNS([neuron('first', {}).dendrite({ collateral: go, response: () => undefined }), isolated], {
    name: 'two',
  });

  it('that are not met fail a test of their own, which says what is missing and why', async () => {
    const ends = await describeFlowNow(cns, { entry: go, thresholds: { neurons: 100, transitions: 50 } });
    expect([...ends.keys()]).toEqual(['go → first', 'go → first fails', 'its paths cover what is asked for']);
    expect((ends.get('its paths cover what is asked for') as Error).message).toBe(
      [
        'flow "two" is not covered as asked for',
        'neurons: 50 % are covered (1 of 2), and 100 % are asked for; missing:',
        '  - isolated: nobody emits "elsewhere" or waits for it, and no run begins with it',
      ].join('\n'),
    );
    const met = await describeFlowNow(cns, { entry: go, thresholds: { neurons: 50, transitions: 50 } });
    expect([...met.values()]).toEqual([undefined, undefined, undefined]);
  });

  it('that are none are refused at once', async () => {
    const error = await caught(() => collected(cns, { entry: go, thresholds: { neurons: 101 } }));
    expect((error as Error).message).toContain('"neurons: 101" is none');
  });
});

it('a flow without a way to an end is refused: a suite without tests would pass', async () => {
  const loop = new CNS([neuron('loop', { go }).dendrite({ collateral: go, response: () => undefined })]);
  const error = await caught(() => collected(loop, { entry: go, outcomes: { loop: ['go'] } }));
  expect((error as Error).message).toContain('has no path from its entry to an end');
});

describe('a real handler', () => {
  const go = collateral('go');
  const withReal = (response: (ctx: { readonly abortSignal: AbortSignal }) => Promise<void>) => {
    const works = neuron('works', {})
      .dendrite({ collateral: go, response: (_go, _axon, ctx) => response(ctx) })
      .setMaxDuration('1h');
    return new CNS([works], { name: 'works' });
  };
  const path = { steps: [{ neuron: 'works', got: 'go', answers: 'fails' }] };

  it('that waits for its time limit gets there', async () => {
    const cns = withReal(
      ({ abortSignal }) =>
        new Promise((_resolve, reject) => (abortSignal.onabort = () => reject(abortSignal.reason as Error))),
    );
    const run = await followPath(cns, { entry: go, path, real: true });
    expect(run.failed.map(({ error }) => error)).toMatchObject([{ code: 'MAX_DURATION' }]);
  });

  it('that does nothing any more is named', async () => {
    const works = neuron('works', {}).dendrite({ collateral: go, response: () => new Promise<void>(() => undefined) });
    await expect(followPath(new CNS([works], { name: 'works' }), { entry: go, path, real: true })).rejects.toThrow(
      'the real handler of "works" has done nothing for 2 s, and no timer is due',
    );
  });
});
