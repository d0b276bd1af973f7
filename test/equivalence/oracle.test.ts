/** Exact traces, worked out by hand, that pin the semantics the oracle stands for. */
import { describe, expect, it } from 'vitest';
import type { RunEvent } from '../../src/propagation/events.js';
import { empty, Oracle } from './oracle.js';
import {
  causes,
  deliver,
  end,
  failedOf,
  frontierOf,
  graphOf,
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
import type { Causes } from './oracle-placing.js';

describe('oracle: the start of a run', () => {
  it('leaves the empty context as it is when the first event has no input', () => {
    const oracle = oracleOf(neuron('a', ['go']));
    expect(oracle.accepts(oracle.context, { type: 'xstate.init' })).toBe(false);
    expect(oracle.send({ type: 'xstate.init' })).toEqual([]);
    expect(oracle.context).toStrictEqual(empty);
    expect(oracle.valueOf(oracle.context)).toEqual({ running: { a: 'idle' } });
  });

  it('completes at once when nobody listens to the entry, and keeps the output all the same', () => {
    const oracle = oracleOf(neuron('a', ['go']));
    expect(oracle.send(init([sig('silence', 7)], { output: 'silence' }))).toEqual([end('completed')]);
    expect(oracle.context).toStrictEqual({
      ...empty,
      id: 'run',
      status: 'completed',
      outputFrom: 'silence',
      output: 7,
    });
    expect(oracle.valueOf(oracle.context)).toBe('completed');
  });

  it('enqueues signal by signal, neuron by neuron, dendrite by dendrite, and starts the first', () => {
    const oracle = oracleOf(neuron('a', ['go', 'tick', 'go']), neuron('b', ['tick', 'go']));
    expect(oracle.send(init([sig('tick', 1), sig('go', 2)]))).toEqual([
      deliver('tick', 'a'),
      deliver('tick', 'b'),
      deliver('go', 'a'),
      deliver('go', 'a'),
      deliver('go', 'b'),
      start('a', 'a0'),
    ]);
    const a = { neuron: 'a', state: 'queued' } as const;
    const b = { neuron: 'b', state: 'queued' } as const;
    expect(oracle.context).toStrictEqual({
      ...empty,
      id: 'run',
      next: 6,
      frontier: [
        { ...a, activation: 'a0', n: 1, dendrite: 'tick#0', collateral: 'tick', payload: 1, state: 'starting' },
        { ...b, activation: 'b0', n: 2, dendrite: 'tick#0', collateral: 'tick', payload: 1 },
        { ...a, activation: 'a1', n: 3, dendrite: 'go#0', collateral: 'go', payload: 2 },
        { ...a, activation: 'a1#1', n: 4, dendrite: 'go#1', collateral: 'go', payload: 2 },
        { ...b, activation: 'b1', n: 5, dendrite: 'go#0', collateral: 'go', payload: 2 },
      ],
    });
  });

  it('names activations by parent, index and subscriber, those from outside by their place or delivery id', () => {
    const asked: unknown[][] = [];
    const of: Causes['of'] = (...args) => {
      asked.push(args.filter((each) => each !== undefined));
      return `c${asked.length}`;
    };
    const oracle = new Oracle(graphOf(neuron('a', ['go'], ['x']), neuron('b', ['x', 'x'])), { ...causes, of });
    oracle.send(init([sig('silence'), sig('go')]));
    oracle.send(responded('a', 'c1', sig('x', 1), sig('x', 2)));
    oracle.send({ type: 'go' });
    oracle.send({ type: 'x', deliveryId: 'd' });
    expect(asked).toEqual([
      [null, 1, 'a/go#0'],
      ['c1', 0, 'b/x#0'],
      ['c1', 0, 'b/x#1'],
      ['c1', 1, 'b/x#0'],
      ['c1', 1, 'b/x#1'],
      [null, 6, 'a/go#0'],
      [null, 7, 'b/x#0', 'd'],
      [null, 7, 'b/x#1', 'd'],
    ]);
  });
});

describe('oracle: settlements', () => {
  it('puts the whole answer behind what is queued, and completes when the last one has settled (I1, I11)', () => {
    const oracle = oracleOf(neuron('a', ['go'], ['x', 'y']), neuron('b', ['x', 'go']), neuron('c', ['y']));
    expect(oracle.send(init([sig('go')]))).toEqual([deliver('go', 'a'), deliver('go', 'b'), start('a', 'a0')]);
    const before = oracle.context;
    expect(oracle.send(responded('a', 'a0', sig('y'), sig('x')))).toEqual([
      deliver('y', 'c'),
      deliver('x', 'b'),
      start('b', 'b0'),
    ]);
    expect(frontierOf(oracle.context)).toEqual(['2 b0 starting', '3 a0c0 queued', '4 a0b1 queued']);
    expect(frontierOf(before)).toEqual(['1 a0 starting', '2 b0 queued']);
    expect(oracle.send(outcome('b:responded', 'b0'))).toEqual([start('c', 'a0c0')]);
    expect(oracle.send(outcome('c:responded', 'a0c0', { signals: null }))).toEqual([start('b', 'a0b1')]);
    expect(oracle.send(responded('b', 'a0b1'))).toEqual([end('completed')]);
    expect(oracle.context).toStrictEqual({ ...empty, id: 'run', status: 'completed', next: 5, settled: 4 });
  });

  it('starts the next one as soon as the one before is pending, and settles them in any order', () => {
    const oracle = oracleOf(neuron('a', ['go']), neuron('b', ['go']), neuron('c', ['go']));
    oracle.send(init([sig('go')]));
    expect(oracle.send(outcome('a:pending', 'a0'))).toEqual([start('b', 'b0')]);
    expect(oracle.send(outcome('b:pending', 'b0'))).toEqual([start('c', 'c0')]);
    expect(frontierOf(oracle.context)).toEqual(['1 a0 running', '2 b0 running', '3 c0 starting']);
    expect(oracle.send(responded('b', 'b0'))).toEqual([]);
    expect(oracle.send(responded('c', 'c0'))).toEqual([]);
    expect(oracle.valueOf(oracle.context)).toEqual({ running: { a: 'responding', b: 'idle', c: 'idle' } });
    expect(oracle.send(responded('a', 'a0'))).toEqual([end('completed')]);
  });

  it('takes the outcome of a queued activation, which then never starts', () => {
    const oracle = oracleOf(neuron('a', ['go']), neuron('b', ['go'], ['x']), neuron('c', ['x']));
    oracle.send(init([sig('go')]));
    expect(oracle.send(responded('b', 'b0', sig('x')))).toEqual([deliver('x', 'c')]);
    expect(frontierOf(oracle.context)).toEqual(['1 a0 starting', '3 b0c0 queued']);
    expect(oracle.send(outcome('c:failed', 'b0c0', { error: 'no' }))).toEqual([]);
    expect(oracle.send(responded('a', 'a0'))).toEqual([end('failed')]);
    expect(oracle.context.settled).toBe(3);
  });

  it('sets, keeps and deletes the value of a neuron as the answer says', () => {
    const oracle = oracleOf(neuron('a', ['go'], ['go']));
    const answer = (activation: string, more: object): Record<string, unknown> => {
      oracle.send(outcome('a:responded', activation, { signals: [sig('go')], ...more }));
      return oracle.context.values;
    };
    oracle.send(init([sig('go')]));
    expect(answer('a0', { writes: { value: null } })).toStrictEqual({ a: null });
    expect(answer('a0a0', {})).toStrictEqual({ a: null });
    expect(answer('a0a0a0', { writes: {} })).toStrictEqual({});
    expect(answer('a0a0a0a0', { writes: { value: 5 } })).toStrictEqual({ a: 5 });
    expect(answer('a0a0a0a0a0', { writes: { value: undefined } })).toStrictEqual({});
  });

  it('keeps the last payload of the output collateral, from the entry, an answer or outside', () => {
    const oracle = oracleOf(neuron('a', ['go'], ['out', 'x']));
    oracle.send(init([sig('go'), sig('out', 1), sig('go')], { output: 'out' }));
    expect(oracle.context.output).toBe(1);
    oracle.send(responded('a', 'a0', sig('out', 2), sig('x'), sig('out', 3)));
    expect(oracle.context.output).toBe(3);
    expect(oracle.send({ type: 'go' })).toEqual([deliver('go', 'a')]);
    expect(oracle.send(responded('a', 'a2', sig('out', 5), sig('go', 'foreign')))).toEqual([start('a', 'a3')]);
    expect(oracle.context.output).toBe(3);
  });
});

describe('oracle: failures', () => {
  it('lets the others go on and ends as failed when the last one has settled', () => {
    const oracle = oracleOf(milestone('a', ['go']), neuron('b', ['go']));
    oracle.send(init([sig('go', 1)], { hold: true }));
    expect(oracle.send(outcome('a:failed', 'a0', { error: 'broken', writes: { value: 1 } }))).toEqual([
      start('b', 'b0'),
    ]);
    expect(oracle.context.barriers).toEqual([]);
    expect(oracle.send(responded('b', 'b0'))).toEqual([end('failed')]);
    const failed = { activation: 'a0', neuron: 'a', dendrite: 'go#0', collateral: 'go', payload: 1, error: 'broken' };
    expect(oracle.context).toStrictEqual({
      ...empty,
      id: 'run',
      status: 'failed',
      hold: true,
      next: 3,
      settled: 2,
      failed: [{ ...failed, aborted: false }],
    });
    expect(oracle.valueOf(oracle.context)).toBe('failed');
  });

  it('fails an answer with a foreign collateral as a whole: no signals, no writes, no barrier (I1)', () => {
    const oracle = oracleOf(milestone('a', ['go'], ['x']), neuron('b', ['x', 'y']));
    oracle.send(init([sig('go')], { hold: true }));
    const answer = { signals: [sig('x'), sig('y')], writes: { value: 1 } };
    expect(oracle.send(outcome('a:responded', 'a0', answer))).toEqual([end('failed')]);
    expect(oracle.context).toMatchObject({ next: 2, settled: 1, frontier: [], barriers: [], values: {} });
    expect(oracle.context.failed).toMatchObject([{ activation: 'a0', error: { code: 'FOREIGN_COLLATERAL' } }]);
  });
});

describe('oracle: milestones', () => {
  const graph = graphOf(milestone('m', ['go'], ['x']), neuron('b', ['x']), neuron('c', ['tick'], ['x']));

  it('holds what follows until the checkpoint, then queues it behind the rest with a new place (I4)', () => {
    const oracle = new Oracle(graph, causes);
    oracle.send(init([sig('go')], { hold: true, output: 'x' }));
    expect(oracle.send(responded('m', 'm0', sig('x', 1), sig('x', 2)))).toEqual([]);
    expect(oracle.context).toMatchObject({
      settled: 1,
      output: 2,
      barriers: [{ activation: 'm0', n: 1, neuron: 'm' }],
    });
    expect(oracle.valueOf(oracle.context)).toEqual({ running: { m: 'checkpointing', b: 'idle', c: 'idle' } });
    expect(oracle.send({ type: 'tick' })).toEqual([deliver('tick', 'c'), start('c', 'c4')]);
    expect(oracle.send(responded('b', 'm0b0'))).toEqual([]);
    expect(frontierOf(oracle.context)).toEqual(['4 c4 starting', '2 m0b0 held m0', '3 m0b1 held m0']);
    expect(oracle.send(outcome('m:checkpointed', 'm0'))).toEqual([deliver('x', 'b'), deliver('x', 'b')]);
    expect(frontierOf(oracle.context)).toEqual(['4 c4 starting', '5 m0b0 queued', '6 m0b1 queued']);
    expect(oracle.context).toMatchObject({ barriers: [], next: 7 });
    expect(oracle.send(outcome('m:checkpointed', 'm0'))).toEqual([]);
    expect(oracle.send(responded('c', 'c4'))).toEqual([start('b', 'm0b0')]);
  });

  it('ends only after the checkpoint of a milestone that emitted nothing', () => {
    const oracle = new Oracle(graph, causes);
    oracle.send(init([sig('go')], { hold: true }));
    expect(oracle.send(responded('m', 'm0'))).toEqual([]);
    expect(oracle.context).toMatchObject({ status: 'running', frontier: [] });
    expect(oracle.send(outcome('m:checkpointed', 'm0'))).toEqual([end('completed')]);
  });

  it('holds nothing in a run that does not hold', () => {
    const oracle = new Oracle(graph, causes);
    oracle.send(init([sig('go')]));
    expect(oracle.send(responded('m', 'm0', sig('x')))).toEqual([deliver('x', 'b'), start('b', 'm0b0')]);
    expect(oracle.context.barriers).toEqual([]);
  });

  it('releases two milestones that wait at once each by its own checkpoint, in the order of the checkpoints', () => {
    const oracle = new Oracle(graph, causes);
    oracle.send(init([sig('go'), sig('go')], { hold: true }));
    oracle.send(outcome('m:pending', 'm0'));
    expect(oracle.send(responded('m', 'm1', sig('x'), sig('x')))).toEqual([]);
    expect(frontierOf(oracle.context)[0]).toBe('1 m0 running');
    expect(oracle.valueOf(oracle.context)).toEqual({ running: { m: 'checkpointing', b: 'idle', c: 'idle' } });
    expect(oracle.send(responded('m', 'm0', sig('x')))).toEqual([]);
    expect(oracle.context.barriers).toEqual([
      { activation: 'm0', n: 1, neuron: 'm' },
      { activation: 'm1', n: 2, neuron: 'm' },
    ]);
    expect(frontierOf(oracle.context)).toEqual(['3 m1b0 held m1', '4 m1b1 held m1', '5 m0b0 held m0']);
    expect(oracle.send(outcome('m:checkpointed', 'm0'))).toEqual([deliver('x', 'b'), start('b', 'm0b0')]);
    expect(frontierOf(oracle.context)).toEqual(['6 m0b0 starting', '3 m1b0 held m1', '4 m1b1 held m1']);
    expect(oracle.valueOf(oracle.context)).toEqual({ running: { m: 'checkpointing', b: 'responding', c: 'idle' } });
    expect(oracle.send(outcome('m:checkpointed', 'm1'))).toEqual([deliver('x', 'b'), deliver('x', 'b')]);
    expect(frontierOf(oracle.context)).toEqual(['6 m0b0 starting', '7 m1b0 queued', '8 m1b1 queued']);
  });
});

describe('oracle: events from outside', () => {
  it('aborts all that has not begun, in frontier order, and ends as aborted when the rest has settled', () => {
    const oracle = oracleOf(milestone('m', ['go'], ['x']), neuron('b', ['x']), neuron('c', ['go', 'go']));
    oracle.send(init([sig('go')], { hold: true }));
    oracle.send(responded('m', 'm0', sig('x')));
    oracle.send(outcome('c:failed', 'c0', { error: 'no' }));
    oracle.send({ type: 'go' });
    expect(frontierOf(oracle.context)).toEqual([
      '3 c0#1 starting',
      '5 m5 queued',
      '6 c5 queued',
      '7 c5#1 queued',
      '4 m0b0 held m0',
    ]);
    expect(oracle.send({ type: 'engram.abort', reason: 'enough' })).toEqual([moved]);
    expect(frontierOf(oracle.context)).toEqual(['3 c0#1 starting']);
    expect(oracle.context).toMatchObject({ status: 'running', reason: 'enough', settled: 2, barriers: [] });
    expect(oracle.send(responded('c', 'c0#1'))).toEqual([end('aborted')]);
    expect(oracle.context).toMatchObject({ status: 'aborted', settled: 3, ending: { status: 'aborted' } });
    expect(failedOf(oracle.context)).toEqual([
      'c0 no',
      'm5 ABORTED aborted',
      'c5 ABORTED aborted',
      'c5#1 ABORTED aborted',
      'm0b0 ABORTED aborted',
    ]);
    expect(oracle.valueOf(oracle.context)).toBe('aborted');
  });

  it('queues what was in flight again in its old place, before what had not started, on resume', () => {
    const oracle = oracleOf(neuron('a', ['go']), neuron('b', ['go']), neuron('c', ['go']));
    oracle.send(init([sig('go')]));
    for (const each of ['a', 'b']) oracle.send(outcome(`${each}:pending`, `${each}0`));
    oracle.send({ type: 'go' });
    expect(frontierOf(oracle.context).slice(0, 4)).toEqual([
      '1 a0 running',
      '2 b0 running',
      '3 c0 starting',
      '4 a4 queued',
    ]);
    expect(oracle.send({ type: 'engram.resume' })).toEqual([moved, start('a', 'a0')]);
    expect(frontierOf(oracle.context).slice(0, 4)).toEqual([
      '1 a0 starting',
      '2 b0 queued',
      '3 c0 queued',
      '4 a4 queued',
    ]);
    expect(oracle.send(outcome('a:pending', 'a0'))).toEqual([start('b', 'b0')]);
    expect(oracle.context).toMatchObject({ next: 7, settled: 0 });
  });

  it('takes a delivery id once and forgets it after 1,000 others', () => {
    const oracle = oracleOf(neuron('a', ['go']), neuron('b', ['tick']), neuron('c', ['hush']));
    oracle.send(init([sig('go')]));
    const tick = { type: 'tick', payload: 1, deliveryId: 'd' };
    expect(oracle.send(tick)).toEqual([deliver('tick', 'b')]);
    expect(oracle.accepts(oracle.context, tick)).toBe(false);
    expect(oracle.send({ ...tick, payload: 2 })).toEqual([]);
    expect(frontierOf(oracle.context)).toEqual(['1 a0 starting', '2 b@d queued']);
    for (let i = 1; i < 1000; i += 1) oracle.send({ type: 'hush', deliveryId: `s${i}` });
    expect(oracle.accepts(oracle.context, tick)).toBe(false);
    oracle.send({ type: 'hush', deliveryId: 's1000' });
    expect(oracle.context.deliveries).toHaveLength(1000);
    expect(oracle.context.deliveries[0]).toBe('s1');
    expect(oracle.accepts(oracle.context, tick)).toBe(true);
  });

  it('ignores what does not fit: no change, no effects', () => {
    const oracle = oracleOf(milestone('a', ['go']), neuron('b', ['go']));
    oracle.send(init([sig('go')], { hold: true }));
    const misfits: RunEvent[] = [
      init([sig('go')]),
      { type: 'unknown' },
      { type: 'engram.unknown' },
      outcome('a:unknown', 'a0'),
      outcome('nobody:responded', 'a0'),
      outcome('a:responded', 'a9'),
      outcome('b:responded', 'a0'),
      outcome('b:failed', 'a0'),
      outcome('b:pending', 'b0'),
      outcome('a:checkpointed', 'a0'),
      outcome('a:responded:x', 'a0'),
    ];
    const before = oracle.context;
    for (const event of misfits) {
      expect(oracle.accepts(oracle.context, event), event.type).toBe(false);
      expect(oracle.send(event), event.type).toEqual([]);
    }
    expect(oracle.context).toStrictEqual(before);
  });

  it('accepts nothing once the run has ended', () => {
    const oracle = oracleOf(neuron('a', ['go']));
    oracle.send(init([sig('go')]));
    expect(oracle.send(responded('a', 'a0'))).toEqual([end('completed')]);
    const before = oracle.context;
    for (const event of [{ type: 'go' }, { type: 'engram.abort' }, { type: 'engram.resume' }, responded('a', 'a0')]) {
      expect(oracle.accepts(oracle.context, event), event.type).toBe(false);
      expect(oracle.send(event), event.type).toEqual([]);
    }
    expect(oracle.context).toStrictEqual(before);
  });
});
