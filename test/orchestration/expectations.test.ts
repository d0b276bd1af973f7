import {
  CNS,
  collateral,
  expect as expectSignal,
  ExpectationTimeoutError,
  ForeignCollateralError,
  neuron,
  UndeclaredExpectationError,
  withCtx,
} from 'engram';
import { describe, expect, it } from 'vitest';
import { begin, failuresOf, type Form, forms, frontierOf, type Going } from '../support/forms.js';
import { ManualClock, quiet } from '../support/manual-clock.js';

const ask = collateral<string>('ask');
const approved = collateral<string>('approved');
const expired = collateral<string>('expired');
const noted = collateral<string>('noted');

interface Wait {
  readonly within?: number | string;
  readonly otherwise?: boolean;
}

/** A clerk asks for an approval of whatever comes in; a shop goes on with what is approved, or with what has expired. */
function office({ within, otherwise = false }: Wait = {}) {
  const trace: string[] = [];
  const ids: string[] = [];
  const clock = new ManualClock();
  const clerk = withCtx<number>()
    .neuron('clerk', { expired, noted })
    .dendrite({
      collateral: ask,
      response: (what, axon, ctx) => {
        trace.push(`ask ${what}`);
        ctx.update((count = 0) => count + 1);
        return [
          axon.noted.createSignal(what),
          expectSignal(approved, {
            within: within as number,
            otherwise: otherwise ? axon.expired.createSignal(what) : undefined,
          }),
        ];
      },
    })
    .expects(approved);
  const shop = neuron('shop', {}).bind(
    { approved, expired, noted },
    {
      approved: (by, _axon, ctx) => void (trace.push(`approved by ${by}`), ids.push(ctx.activationId)),
      expired: (what, _axon, ctx) => void (trace.push(`expired ${what}`), ids.push(ctx.activationId)),
      noted: (what) => void trace.push(`noted ${what}`),
    },
  );
  return { cns: new CNS([clerk, shop], { clock }), clock, trace, ids };
}

const approve = (run: Going, by: string, deliveryId?: string) =>
  run.send({ type: 'approved', payload: by, ...(deliveryId === undefined ? {} : { deliveryId }) });

/** What it waits with, oldest first. */
const waitingFor = ({ context }: Going) => context.frontier.map(({ payload, state }) => `${state} ${String(payload)}`);

describe.each(forms)('an expectation, %s', (form: Form) => {
  it('keeps the run open until the signal comes, which starts its subscribers at once', () => {
    const { cns, trace } = office();
    const run = begin(form, cns, ask.createSignal('a'));
    expect(trace).toEqual(['ask a', 'noted a']);
    expect(run.context).toMatchObject({ status: 'running', settled: 2, next: 4 });
    expect(run.context.frontier).toEqual([
      {
        activation: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown,
        n: 3,
        neuron: 'clerk',
        dendrite: 'ask#0',
        collateral: 'ask',
        payload: 'a',
        state: 'waiting',
        expects: 'approved',
      },
    ]);
    approve(run, 'ann');
    expect(trace).toEqual(['ask a', 'noted a', 'approved by ann']);
    expect(run.context).toMatchObject({
      status: 'completed',
      settled: 4,
      frontier: [],
      early: [],
      values: { clerk: 1 },
    });
  });

  it('takes the oldest when several wait for one collateral, also of one answer', () => {
    const trace: string[] = [];
    const twice = neuron('twice', { noted })
      .dendrite({
        collateral: ask,
        response: (what, axon) => {
          trace.push(`ask ${what}`);
          return [expectSignal(approved), axon.noted.createSignal(what), expectSignal(approved)];
        },
      })
      .expects(approved);
    const shop = neuron('shop', {}).bind(
      { approved, noted },
      { approved: (by) => void trace.push(`approved by ${by}`), noted: (what) => void trace.push(`noted ${what}`) },
    );
    const run = begin(form, new CNS([twice, shop]), [ask.createSignal('a'), ask.createSignal('b')]);
    const places = () => run.context.frontier.map(({ n, payload }) => `${n} ${String(payload)}`);
    expect(trace).toEqual(['ask a', 'ask b', 'noted a', 'noted b']);
    expect(places()).toEqual(['3 a', '5 a', '6 b', '8 b']);
    const left = ['ann', 'bob', 'cid', 'dan'].map((by) => {
      approve(run, by);
      return places();
    });
    expect(left).toEqual([['5 a', '6 b', '8 b'], ['6 b', '8 b'], ['8 b'], []]);
    expect(trace.slice(4)).toEqual(['approved by ann', 'approved by bob', 'approved by cid', 'approved by dan']);
    expect(run.context).toMatchObject({ status: 'completed', settled: 12 });
  });

  it('meets the signals that came before it opened, oldest first, and waits when there are none left', async () => {
    const { cns, clock, trace } = office();
    const later = [1, 2, 3].map((at) => ask.createSignal(`at ${at}`, { delay: at }));
    const run = begin(form, cns, later, {}, clock.now());
    await clock.pass(0);
    approve(run, 'ann', 'delivery 1');
    approve(run, 'bob');
    expect(trace).toEqual([]);
    expect(run.context.early).toEqual([
      { collateral: 'approved', payload: 'ann', index: expect.any(Number) as unknown, deliveryId: 'delivery 1' },
      { collateral: 'approved', payload: 'bob', index: expect.any(Number) as unknown },
    ]);
    await clock.pass(3);
    expect(trace).toEqual([
      'ask at 1',
      'noted at 1',
      'approved by ann',
      'ask at 2',
      'noted at 2',
      'approved by bob',
      'ask at 3',
      'noted at 3',
    ]);
    expect(run.context.early).toEqual([]);
    expect(waitingFor(run)).toEqual(['waiting at 3']);
    approve(run, 'cid');
    expect(run.context).toMatchObject({ status: 'completed', frontier: [], early: [] });
  });

  it('leaves what nobody waited for among the early signals of the ended run', async () => {
    const { cns, clock, trace } = office();
    const run = begin(form, cns, ask.createSignal('a', { delay: 1 }), {}, clock.now());
    for (const by of ['ann', 'bob']) approve(run, by);
    await clock.pass(1);
    expect(trace).toEqual(['ask a', 'noted a', 'approved by ann']);
    expect(run.context).toMatchObject({ status: 'completed', early: [{ collateral: 'approved', payload: 'bob' }] });
  });

  it('emits `otherwise` at its deadline, and then nothing is left to wait for', async () => {
    const { cns, clock, trace } = office({ within: '10s', otherwise: true });
    const run = begin(form, cns, [ask.createSignal('a'), ask.createSignal('b')]);
    const until = clock.now() + 10_000;
    expect(run.context.frontier.map(({ due, within, otherwise }) => ({ due, within, otherwise }))).toEqual([
      { due: until, within: 10_000, otherwise: { collateral: 'expired', payload: 'a' } },
      { due: until, within: 10_000, otherwise: { collateral: 'expired', payload: 'b' } },
    ]);
    await clock.pass(9_999);
    expect(waitingFor(run)).toEqual(['waiting a', 'waiting b']);
    await clock.pass(1);
    expect(trace).toEqual(['ask a', 'ask b', 'noted a', 'noted b', 'expired a', 'expired b']);
    expect(run.context).toMatchObject({ status: 'completed', settled: 8, frontier: [], failed: [] });
    expect(clock.timers).toBe(0);
  });

  it('fails at its deadline without `otherwise`, as a task that can be given again', async () => {
    const { cns, clock } = office({ within: 250 });
    const run = begin(form, cns, ask.createSignal('a'));
    const { activation } = run.context.frontier[0]!;
    await clock.pass(250);
    expect(run.context).toMatchObject({ status: 'failed', settled: 3, frontier: [], values: { clerk: 1 } });
    expect(run.context.failed).toEqual([
      {
        activation,
        neuron: 'clerk',
        dendrite: 'ask#0',
        collateral: 'ask',
        payload: 'a',
        expects: 'approved',
        within: 250,
        error: new ExpectationTimeoutError('clerk', 'approved'),
        aborted: false,
      },
    ]);
    expect(clock.timers).toBe(0);
  });

  it('that was met in time does nothing at its deadline', async () => {
    const { cns, clock, trace } = office({ within: '10s', otherwise: true });
    const run = begin(form, cns, [ask.createSignal('a'), ask.createSignal('b')]);
    await clock.pass(5_000);
    approve(run, 'ann');
    await clock.pass(5_000);
    expect(trace).toEqual(['ask a', 'ask b', 'noted a', 'noted b', 'approved by ann', 'expired b']);
    expect(run.context).toMatchObject({ status: 'completed', settled: 8, failed: [] });
    expect(clock.timers).toBe(0);
  });

  it('of no time at all is given up as soon as the turn is over', async () => {
    const { cns, clock, trace } = office({ within: 0, otherwise: true });
    const run = begin(form, cns, ask.createSignal('a'));
    expect(trace).toEqual(['ask a', 'noted a']);
    await clock.pass(0);
    expect(trace).toEqual(['ask a', 'noted a', 'expired a']);
    expect(run.context.status).toBe('completed');
  });

  it('is given up in order of the deadlines, those of one time in order of age', async () => {
    const trace: string[] = [];
    const clock = new ManualClock();
    const clerk = neuron('clerk', { expired })
      .dendrite({
        collateral: ask,
        response: (what, axon) =>
          [300, 100, 200, 100].map((within, i) =>
            expectSignal(approved, { within, otherwise: axon.expired.createSignal(`${what}${i}`) }),
          ),
      })
      .expects(approved);
    const shop = neuron('shop', {}).dendrite({
      collateral: expired,
      response: (what) => void trace.push(`${what} at ${clock.now() - begun}`),
    });
    const begun = clock.now();
    begin(form, new CNS([clerk, shop], { clock }), [ask.createSignal('a'), ask.createSignal('b')]);
    await clock.pass(1000);
    expect(trace).toEqual([
      ...['a1 at 100', 'a3 at 100', 'b1 at 100', 'b3 at 100'],
      ...['a2 at 200', 'b2 at 200', 'a0 at 300', 'b0 at 300'],
    ]);
  });

  it('that its neuron has not declared fails the activation, and nothing of the answer is committed', () => {
    const trace: string[] = [];
    const clerk = withCtx<number>()
      .neuron('clerk', { noted })
      .dendrite({
        collateral: ask,
        response: (what, axon, ctx) => {
          ctx.set(7);
          return [axon.noted.createSignal(what), expectSignal(expired), expectSignal(approved)];
        },
      })
      .expects(expired);
    const shop = neuron('shop', {}).dendrite({
      collateral: [noted, approved],
      response: (what) => void trace.push(what),
    });
    const run = begin(form, new CNS([clerk, shop]), ask.createSignal('a'));
    expect(trace).toEqual([]);
    expect(run.context).toMatchObject({ status: 'failed', settled: 1, frontier: [], early: [], values: {} });
    expect(run.context.failed.map(({ payload, error }) => [payload, error])).toEqual([
      ['a', new UndeclaredExpectationError('clerk', 'approved')],
    ]);
  });

  it('whose `otherwise` is not on the axon fails the activation, and nothing of the answer is committed', () => {
    const clerk = neuron('clerk', { noted })
      .dendrite({
        collateral: ask,
        response: (what, axon) =>
          [axon.noted.createSignal(what), expectSignal(approved, { otherwise: expired.createSignal(what) })] as never,
      })
      .expects(approved);
    const shop = neuron('shop', {}).dendrite({ collateral: [noted, expired], response: () => undefined });
    const run = begin(form, new CNS([clerk, shop]), ask.createSignal('a'));
    expect(run.context).toMatchObject({ status: 'failed', settled: 1, frontier: [] });
    expect(run.context.failed.map(({ error }) => error)).toEqual([new ForeignCollateralError('clerk', 'expired')]);
  });

  it('may follow from a signal that it waited for, as often as that comes', () => {
    const trace: string[] = [];
    const chat = neuron('chat', { noted })
      .dendrite({ collateral: ask, response: () => expectSignal(approved) })
      .dendrite({
        collateral: approved,
        response: (what) => {
          trace.push(what);
          return what === 'bye' ? undefined : expectSignal(approved);
        },
      })
      .expects(approved);
    const run = begin(form, new CNS([chat]), ask.createSignal(''));
    for (const what of ['one', 'two', 'bye']) {
      expect(frontierOf(run)).toEqual(['chat waiting']);
      approve(run, what);
    }
    expect(trace).toEqual(['one', 'two', 'bye']);
    expect(run.context).toMatchObject({ status: 'completed', settled: 7, frontier: [] });
  });

  it('that is met does not hide that another one was not: the run has failed when both are over', async () => {
    const { cns, clock } = office({ within: 100 });
    const run = begin(form, cns, [ask.createSignal('a'), ask.createSignal('b')]);
    approve(run, 'ann');
    await clock.pass(100);
    expect(failuresOf(run)).toEqual(['clerk EXPECTATION_TIMEOUT']);
    expect(run.context).toMatchObject({ status: 'failed', settled: 7 });
  });

  it('says where it stands in the states of the machine: waiting, and idle when it is over', async () => {
    const { cns, clock } = office({ within: 100, otherwise: true });
    const run = begin(form, cns, ask.createSignal('a'));
    expect(run.snapshot.value).toEqual({ running: { clerk: 'waiting', shop: 'idle' } });
    expect(run.snapshot.hasTag('waiting')).toBe(true);
    await clock.pass(100);
    await quiet();
    expect(run.snapshot.value).toBe('completed');
  });
});

it('starts what follows its deadline under one and the same id in every form', async () => {
  const seen = await Promise.all(
    forms.map(async (form) => {
      const { cns, clock, ids } = office({ within: 100, otherwise: true });
      const run = begin(form, cns, [ask.createSignal('a'), ask.createSignal('b')]);
      approve(run, 'ann', 'delivery 1');
      await clock.pass(100);
      return ids;
    }),
  );
  const [first] = seen;
  expect(new Set(first).size).toBe(2);
  expect(first).toEqual([expect.stringMatching(/^run\/[0-9a-f]{16}$/), expect.stringMatching(/^run\/[0-9a-f]{16}$/)]);
  for (const ids of seen) expect(ids).toEqual(first);
});
