/** Exact traces, worked out by hand, of what waits: for a gate, a listener, a time, a signal, a set, a compensation. */
import { describe, expect, it } from 'vitest';
import type { RunEvent, TaskData } from '../../src/propagation/events.js';
import {
  acquire,
  answered,
  closed,
  deliver,
  end,
  failedOf,
  frontierOf,
  init,
  milestone,
  moved,
  neuron,
  oracleOf,
  outcome,
  responded,
  sig,
  start,
} from './oracle-notation.js';

const granted = (activation: string): RunEvent => ({ type: 'engram.granted', activation });
const gated = (activation: string): RunEvent => ({ type: 'engram.gated', activation });
const parked = (activation: string): RunEvent => ({ type: 'engram.parked', activation });
const unparked = (activation: string): RunEvent => ({ type: 'engram.unparked', activation });
const tick = (now: number): RunEvent => ({ type: 'engram.tick', now });
const resume: RunEvent = { type: 'engram.resume' };
const abort = (compensate?: boolean): RunEvent => ({
  type: 'engram.abort',
  ...(compensate === undefined ? {} : { compensate }),
});

describe('oracle: gates, listeners and limits', () => {
  const gate = { concurrency: true };

  it('asks for a slot, waits behind the queue without one, and starts in its turn when it is granted', () => {
    const oracle = oracleOf(neuron('a', ['go'], [], gate), neuron('b', ['go']), neuron('c', ['go']));
    expect(oracle.send(init([sig('go')])).at(-1)).toEqual(acquire('a', 'a0'));
    expect(oracle.send(outcome('a:responded', 'a0'))).toEqual([]);
    expect(oracle.send(gated('a0'))).toEqual([start('b', 'b0')]);
    expect(frontierOf(oracle.context)).toEqual(['2 b0 starting', '3 c0 queued', '1 a0 gated']);
    expect(oracle.send(granted('a0'))).toEqual([]);
    expect(frontierOf(oracle.context)).toEqual(['2 b0 starting', '3 c0 queued', '4 a0 granted']);
    expect(oracle.send(responded('b', 'b0'))).toEqual([start('c', 'c0')]);
    expect(oracle.send(responded('c', 'c0'))).toEqual([start('a', 'a0')]);
    expect(oracle.send(responded('a', 'a0'))).toEqual([end('completed')]);
  });

  it('starts at once what is granted when it asks', () => {
    const oracle = oracleOf(neuron('a', ['go'], [], gate), neuron('b', ['go']));
    oracle.send(init([sig('go')]));
    expect(frontierOf(oracle.context)).toEqual(['1 a0 asking', '2 b0 queued']);
    expect(oracle.send(granted('a0'))).toEqual([start('a', 'a0')]);
    expect(oracle.accepts(oracle.context, granted('a0'))).toBe(false);
    expect(oracle.send(outcome('a:pending', 'a0'))).toEqual([start('b', 'b0')]);
  });

  it('lets what is parked out of the way, and asks again when one that was granted comes back', () => {
    const oracle = oracleOf(neuron('a', ['go'], [], gate), neuron('b', ['go']));
    oracle.send(init([sig('go')]));
    oracle.send(gated('a0'));
    oracle.send(granted('a0'));
    expect(oracle.send(parked('a0'))).toEqual([]);
    expect(oracle.send(parked('b0'))).toEqual([]);
    expect(frontierOf(oracle.context)).toEqual(['2 b0 parked', '3 a0 parked']);
    expect(oracle.send(unparked('a0'))).toEqual([deliver('go', 'a'), acquire('a', 'a0')]);
    expect(oracle.send(responded('b', 'b0'))).toEqual([]);
    expect(frontierOf(oracle.context)).toEqual(['4 a0 asking']);
  });

  it('begins nothing while as many are active as the run may have', () => {
    const oracle = oracleOf(neuron('a', ['go', 'go', 'go']));
    oracle.send(init([sig('go')], { options: { concurrency: 2 } }));
    expect(oracle.send(outcome('a:pending', 'a0'))).toEqual([start('a', 'a0#1')]);
    expect(oracle.send(outcome('a:pending', 'a0#1'))).toEqual([]);
    expect(oracle.send(responded('a', 'a0#1'))).toEqual([start('a', 'a0#2')]);
  });

  it('fails what goes beyond the hops of a neuron or the size of the frontier, and counts it as settled', () => {
    const oracle = oracleOf(neuron('a', ['go'], ['go', 'x']), neuron('b', ['x', 'x']));
    oracle.send(init([sig('go')], { options: { maxNeuronHops: 2, maxFrontier: 1 } }));
    expect(oracle.send(responded('a', 'a0', sig('x'), sig('go')))).toEqual([deliver('x', 'b'), start('b', 'a0b0')]);
    expect(failedOf(oracle.context)).toEqual(['a0b0#1 FRONTIER_LIMIT', 'a0a1 FRONTIER_LIMIT']);
    expect(oracle.context).toMatchObject({ settled: 3, next: 5, hops: { a: 2, b: 2 } });
    oracle.send({ type: 'go' });
    expect(failedOf(oracle.context).at(-1)).toBe('a5 HOP_LIMIT');
    expect(oracle.context.hops).toEqual({ a: 3, b: 2 });
  });

  it('puts all that was in hand back into the queue in its old place, on resume', () => {
    const oracle = oracleOf(neuron('a', ['go', 'go', 'go'], [], gate), neuron('b', ['go']), neuron('c', ['go']));
    oracle.send(init([sig('go')]));
    for (const event of [gated('a0'), granted('a0#1'), outcome('a:pending', 'a0#1'), gated('a0#2')]) oracle.send(event);
    oracle.send(parked('b0'));
    oracle.send(granted('a0'));
    expect(frontierOf(oracle.context)).toEqual([
      '2 a0#1 running',
      '5 c0 starting',
      '6 a0 granted',
      '3 a0#2 gated',
      '4 b0 parked',
    ]);
    expect(oracle.send(resume)).toEqual([moved, acquire('a', 'a0#1')]);
    expect(frontierOf(oracle.context)).toEqual([
      '2 a0#1 asking',
      '3 a0#2 queued',
      '4 b0 queued',
      '5 c0 queued',
      '6 a0 queued',
    ]);
  });
});

describe('oracle: time', () => {
  it('delivers what was delayed in the order in which it is due', () => {
    const oracle = oracleOf(neuron('a', ['go'], ['x', 'y']), neuron('b', ['x']), neuron('c', ['y']));
    oracle.send(init([sig('go')]));
    expect(oracle.send(responded('a', 'a0', sig('x', 1, 30), sig('y', 2, 10), sig('x', 3, 10)))).toEqual([
      deliver('x', 'b'),
      deliver('y', 'c'),
      deliver('x', 'b'),
    ]);
    expect(oracle.accepts(oracle.context, tick(9))).toBe(false);
    expect(oracle.send(tick(10))).toEqual([deliver('y', 'c'), deliver('x', 'b'), start('c', 'a0c1')]);
    expect(frontierOf(oracle.context)).toEqual(['5 a0c1 starting', '6 a0b2 queued', '2 a0b0 delayed']);
    expect(oracle.context.frontier.map(({ due }) => due)).toEqual([undefined, undefined, 30]);
    expect('due' in (oracle.context.frontier[0] ?? {})).toBe(false);
  });

  it('tries again what failed, in its old place and with the same id, and takes no outcome of an earlier attempt', () => {
    const oracle = oracleOf(neuron('a', ['go']), neuron('b', ['go']));
    oracle.send(init([sig('go')]));
    expect(oracle.send(outcome('a:failed', 'a0', { error: 'no', retryAt: 5 }))).toEqual([start('b', 'b0')]);
    expect(frontierOf(oracle.context)).toEqual(['2 b0 starting', '1 a0 delayed']);
    expect(oracle.context).toMatchObject({ settled: 0, failed: [] });
    oracle.send(responded('b', 'b0'));
    expect(oracle.send(tick(7))).toEqual([deliver('go', 'a'), start('a', 'a0')]);
    for (const stale of ['responded', 'failed', 'pending']) {
      expect(oracle.accepts(oracle.context, outcome(`a:${stale}`, 'a0'))).toBe(false);
      expect(oracle.accepts(oracle.context, outcome(`a:${stale}`, 'a0', { attempt: 2 }))).toBe(true);
    }
    expect(oracle.send(outcome('a:failed', 'a0', { error: 'no', attempt: 2 }))).toEqual([end('failed')]);
    expect(oracle.context.failed).toMatchObject([{ activation: 'a0', attempt: 2, error: 'no' }]);
  });

  it('keeps the time of what a milestone holds until its checkpoint', () => {
    const oracle = oracleOf(milestone('m', ['go'], ['x']), neuron('b', ['x']));
    oracle.send(init([sig('go')], { hold: true }));
    expect(oracle.send(responded('m', 'm0', sig('x', 1, 50), sig('x', 2)))).toEqual([]);
    expect(oracle.accepts(oracle.context, tick(99))).toBe(false);
    oracle.send(outcome('m:checkpointed', 'm0'));
    expect(frontierOf(oracle.context)).toEqual(['5 m0b1 starting', '4 m0b0 delayed']);
  });
});

describe('oracle: expectations', () => {
  const wait = (activation: string, ...expectations: { index: number; within?: number; due?: number }[]) =>
    answered('a', activation, { expectations: expectations.map((each) => ({ expects: 'ok', ...each })) });
  const waits = (): ReturnType<typeof oracleOf> =>
    oracleOf(neuron('a', ['go'], ['late'], { expects: ['ok'] }), neuron('b', ['ok', 'late']));

  it('keeps the run open for a signal from outside, which meets the oldest one and then goes its way', () => {
    const oracle = waits();
    oracle.send(init([sig('go')]));
    expect(oracle.send(wait('a0', { index: 0 }, { index: 1 }))).toEqual([]);
    expect(frontierOf(oracle.context)).toEqual(['2 a0a0 waiting', '3 a0a1 waiting']);
    expect(oracle.valueOf()).toEqual({ running: { a: 'waiting', b: 'idle' } });
    expect(oracle.send({ type: 'ok', deliveryId: 'd' })).toEqual([closed('a'), deliver('ok', 'b'), start('b', 'b@d')]);
    expect(frontierOf(oracle.context)).toEqual(['4 b@d starting', '3 a0a1 waiting']);
    expect(oracle.context).toMatchObject({ settled: 2, deliveries: ['d'] });
  });

  it('keeps a signal that came early, under the id that it has then, until somebody waits for it', () => {
    const oracle = waits();
    oracle.send(init([sig('go')]));
    expect(oracle.send({ type: 'ok', payload: 1 })).toEqual([]);
    expect(oracle.send({ type: 'ok', payload: 2, deliveryId: 'd' })).toEqual([]);
    expect(oracle.send({ type: 'ok', payload: 2, deliveryId: 'd' })).toEqual([]);
    expect(oracle.context.early).toEqual([
      { collateral: 'ok', payload: 1, index: 2 },
      { collateral: 'ok', payload: 2, index: 3, deliveryId: 'd' },
    ]);
    expect(oracle.send(wait('a0', { index: 0 }))).toEqual([closed('a'), deliver('ok', 'b'), start('b', 'b2')]);
    expect(oracle.context).toMatchObject({ next: 6, settled: 2, early: [{ deliveryId: 'd' }] });
    oracle.send(responded('b', 'b2'));
    expect(oracle.context.status).toBe('completed');
  });

  it('sends `otherwise` when the time is up, or fails without one', () => {
    const oracle = waits();
    oracle.send(init([sig('go')]));
    const expectations = [
      { index: 1, expects: 'ok', within: 5, due: 15 },
      { index: 0, expects: 'ok', within: 10, due: 20, otherwise: { collateral: 'late', payload: 7 } },
    ];
    oracle.send(answered('a', 'a0', { expectations }));
    expect(oracle.send(tick(20))).toEqual([
      closed('a', 'failed'),
      closed('a'),
      deliver('late', 'b'),
      start('b', 'a0a0b0'),
    ]);
    const { failed, frontier } = oracle.context;
    expect(failed).toMatchObject([{ activation: 'a0a1', expects: 'ok', within: 5, aborted: false }]);
    expect('due' in (failed[0] ?? {})).toBe(false);
    expect(frontier).toMatchObject([{ payload: 7, collateral: 'late' }]);
  });

  it('fails a wrong expectation as a whole', () => {
    const oracle = waits();
    oracle.send(init([sig('go'), sig('go')]));
    const otherwise = { collateral: 'ok', payload: 1 };
    oracle.send(answered('a', 'a0', { signals: [sig('late')], expectations: [{ index: 0, expects: 'late' }] }));
    oracle.send(answered('a', 'a1', { expectations: [{ index: 0, expects: 'ok', otherwise }] }));
    expect(failedOf(oracle.context)).toEqual(['a0 UNDECLARED_EXPECTATION', 'a1 FOREIGN_COLLATERAL']);
  });

  it('opens when the milestone that it waits behind is stored, and meets then what came early', () => {
    const a = neuron('a', ['go'], [], { milestone: true, expects: ['ok'] });
    const oracle = oracleOf(a, neuron('b', ['ok']));
    oracle.send(init([sig('go')], { hold: true }));
    oracle.send({ type: 'ok' });
    oracle.send(wait('a0', { index: 0 }, { index: 1 }));
    expect(frontierOf(oracle.context)).toEqual(['3 a0a0 held a0', '4 a0a1 held a0']);
    oracle.send(outcome('a:checkpointed', 'a0'));
    expect(frontierOf(oracle.context)).toEqual(['6 b2 starting', '7 a0a1 waiting']);
  });
});

describe('oracle: joins', () => {
  const pair = { slots: { l: 'x', r: 'y' }, sized: false };
  const arrived = (activation: string, key = '', size?: number): RunEvent =>
    answered('j', activation, { joined: { key, ...(size === undefined ? {} : { size }) } });

  it('keeps what arrives, by key, and fires when every slot has one, the oldest first', () => {
    const oracle = oracleOf(neuron('j', ['x', pair, 'y'], ['z']));
    const of = { neuron: 'j', collateral: 'x', dendrite: 'x#1' };
    oracle.send(init([sig('x', 1), sig('y', 2), sig('x', 3), sig('y', 4)]));
    expect(frontierOf(oracle.context)[0]).toBe('1 j0 starting');
    oracle.send(arrived('j0#1', 'k'));
    expect(oracle.context).toMatchObject({ settled: 0, joined: [{ ...of, activation: 'j0#1', n: 2, key: 'k' }] });
    oracle.send(arrived('j1', 'other'));
    oracle.send(arrived('j2#1', 'k'));
    expect(oracle.send(arrived('j3', 'k'))).toEqual([]);
    expect(oracle.context.joined.map(({ activation }) => activation)).toEqual(['j1', 'j2#1']);
    const fired = oracle.context.frontier.find(({ activation }) => activation === 'j(j0#1+j3)');
    expect(fired).toMatchObject({
      n: 9,
      dendrite: 'x+y#0',
      collateral: 'x+y',
      payload: { l: 1, r: 4 },
      state: 'queued',
    });
  });

  it('collects as many of each slot as the oldest of it says', () => {
    const oracle = oracleOf(neuron('j', [{ ...pair, sized: true }]));
    oracle.send(init([sig('x', 1), sig('x', 2), sig('x', 3), sig('y', 4)]));
    for (const event of [arrived('j1', '', 1), arrived('j3', '', 1), arrived('j2', '', 1)]) oracle.send(event);
    expect(oracle.context.joined).toMatchObject([{ activation: 'j2' }]);
    oracle.send(responded('j', 'j(j1+j3)'));
    expect(oracle.send(arrived('j0', '', 2))).toEqual([end('failed')]);
    expect(failedOf(oracle.context)).toEqual(['j0 INCOMPLETE_JOIN', 'j2 INCOMPLETE_JOIN']);
    expect(oracle.context).toMatchObject({ settled: 3 });
    expect(oracle.context.joined).toEqual([]);
  });

  it('fails an arrival that says no key, and anything else that says one', () => {
    const oracle = oracleOf(neuron('j', [pair]), neuron('k', ['x']));
    oracle.send(init([sig('x')]));
    oracle.send(responded('j', 'j0'));
    oracle.send(answered('k', 'k0', { joined: { key: '' } }));
    expect(failedOf(oracle.context)).toEqual(['j0 UNWANTED_ANSWER', 'k0 UNWANTED_ANSWER']);
  });
});

describe('oracle: compensation', () => {
  const undone = { compensates: true };

  it('undoes what has settled, newest first, when a run has failed', () => {
    const oracle = oracleOf(neuron('a', ['go'], ['x'], undone), neuron('b', ['x'], [], undone), neuron('c', ['x']));
    oracle.send(init([sig('go', 1)]));
    oracle.send(responded('a', 'a0', sig('x', 2)));
    oracle.send(responded('b', 'a0b0'));
    expect(oracle.context.owed).toMatchObject([{ activation: 'a0', payload: 1 }, { activation: 'a0b0' }]);
    expect(oracle.send(outcome('c:failed', 'a0c0', { error: 'no' }))).toEqual([moved, start('b', 'a0b0b0!')]);
    expect(oracle.context.ending).toEqual({ status: 'failed', compensate: true });
    expect(oracle.context.frontier).toMatchObject([
      { dendrite: 'undo', collateral: 'undo', payload: 2, undoes: 'a0b0', n: 4 },
    ]);
    expect(oracle.accepts(oracle.context, { type: 'go' })).toBe(false);
    const wrong = answered('b', 'a0b0b0!', { expectations: [{ index: 0, expects: 'x' }] });
    expect(oracle.send(wrong)).toEqual([moved, start('a', 'a0a0!')]);
    expect(oracle.send(responded('a', 'a0a0!'))).toEqual([end('failed')]);
    expect(failedOf(oracle.context)).toEqual(['a0c0 no', 'a0b0b0! UNWANTED_ANSWER']);
    expect(oracle.context.owed).toEqual([]);
  });

  it('lets what is in flight end after an abort, and then undoes it if it is asked to', () => {
    const oracle = oracleOf(neuron('a', ['go'], ['x'], undone), neuron('b', ['go']));
    oracle.send(init([sig('go'), sig('go')]));
    oracle.send(outcome('a:pending', 'a0'));
    expect(oracle.send(abort(true))).toEqual([moved]);
    expect(failedOf(oracle.context)).toEqual(['a1 ABORTED aborted', 'b1 ABORTED aborted']);
    expect(oracle.accepts(oracle.context, abort())).toBe(false);
    expect(frontierOf(oracle.context)).toEqual(['1 a0 running', '2 b0 starting']);
    oracle.send(responded('b', 'b0'));
    expect(oracle.send(responded('a', 'a0', sig('x')))).toEqual([moved, start('a', 'a0a0!')]);
    expect(oracle.send(outcome('a:failed', 'a0a0!', { error: 'no', retryAt: 5 }))).toEqual([]);
    expect(frontierOf(oracle.context)).toEqual(['5 a0a0! delayed']);
    expect(oracle.send(tick(5))).toEqual([deliver('undo', 'a'), start('a', 'a0a0!')]);
    expect(oracle.send(outcome('a:failed', 'a0a0!', { error: 'no', attempt: 2 }))).toEqual([end('aborted')]);
  });

  it('fails what was in flight when an aborted run is resumed, but goes on with what is being undone', () => {
    const oracle = oracleOf(neuron('a', ['go'], [], undone), neuron('b', ['go']));
    oracle.send(init([sig('go')], { hold: true }));
    oracle.send(responded('a', 'a0'));
    oracle.send(outcome('b:failed', 'b0', { error: 'no' }));
    expect(oracle.context).toMatchObject({ barriers: [{ activation: 'a0', neuron: 'a' }] });
    expect(frontierOf(oracle.context)).toEqual(['3 a0a0! held a0']);
    oracle.send(outcome('a:checkpointed', 'a0'));
    expect(oracle.send(resume)).toEqual([moved, start('a', 'a0a0!')]);
    expect(oracle.send(responded('a', 'a0a0!'))).toEqual([end('failed')]);
    const other = oracleOf(neuron('a', ['go']), neuron('b', ['go']));
    other.send(init([sig('go')]));
    other.send(outcome('a:pending', 'a0'));
    other.send(abort());
    expect(other.send(resume)).toEqual([moved, end('aborted')]);
    expect(failedOf(other.context)).toEqual(['a0 ABORTED aborted', 'b0 ABORTED aborted']);
    expect(other.context.settled).toBe(0);
  });
});

describe('oracle: what a run begins with', () => {
  const begin = (...tasks: TaskData[]): RunEvent => init([sig('go')], { tasks });

  it('places tasks behind the signals, as what they were', () => {
    const oracle = oracleOf(neuron('a', ['go', 'go'], [], { expects: ['ok'], compensates: true }));
    const of = { neuron: 'a', dendrite: 'go#1', payload: 1 };
    oracle.send(
      begin(
        of,
        { ...of, activation: 'own', attempt: 2, due: 9 },
        { ...of, activation: 'own', payload: 2 },
        { ...of, activation: 'open', expects: 'ok', within: 3, due: 4 },
        { ...of, neuron: 'gone', activation: 'lost' },
        { ...of, dendrite: 'undo', activation: 'undo', undoes: 'x', origin: 'r' },
      ),
    );
    expect(frontierOf(oracle.context)).toEqual([
      '1 a0 starting',
      '2 a0#1 queued',
      '3 a1#1 queued',
      '7 undo queued',
      '4 own delayed',
      '5 open waiting',
    ]);
    expect(failedOf(oracle.context)).toEqual(['lost UNKNOWN_NEURON']);
    expect(oracle.context).toMatchObject({ settled: 1, next: 8, failed: [{ collateral: 'go', dendrite: 'go#1' }] });
  });

  it('drops the values that nothing pending can reach, when it is told to', () => {
    const a = neuron('a', ['go'], ['x']);
    const oracle = oracleOf(a, neuron('b', ['x'], [], { expects: ['ok'] }), neuron('c', ['ok']), neuron('d', ['y']));
    const values = { a: 1, b: 2, c: 3, d: 4 };
    oracle.send(init([sig('go')], { values, options: { autoCleanup: true } }));
    expect(oracle.context.values).toEqual({ a: 1, b: 2, c: 3 });
    oracle.send(responded('a', 'a0', sig('x')));
    expect(oracle.context.values).toEqual({ b: 2, c: 3 });
    oracle.send(responded('b', 'a0b0'));
    expect(oracle.context).toMatchObject({ values: {}, status: 'completed' });
  });
});
