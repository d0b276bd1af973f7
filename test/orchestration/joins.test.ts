import { CNS, collateral, IncompleteJoinError, InvalidArgumentError, neuron, type JoinOptions } from 'engram';
import { describe, expect, it } from 'vitest';
import { begin, failuresOf, type Form, forms, frontierOf, type Going } from '../support/forms.js';
import { ManualClock, quiet } from '../support/manual-clock.js';

const left = collateral<string>('left');
const right = collateral<string>('right');
const pair = collateral<string>('pair');

type Slots = { readonly l: typeof left; readonly r: typeof right };

/** A zip joins left and right and says what it got; a sink takes what it made of it. */
function zipped(options: JoinOptions<Slots> = {}) {
  const trace: string[] = [];
  const ids: string[] = [];
  const zip = neuron('zip', { pair }).join(
    { l: left, r: right },
    ({ l, r }, axon, ctx) => {
      trace.push(`zip ${l}+${r}`);
      ids.push(ctx.activationId);
      return axon.pair.createSignal(`${l}${r}`);
    },
    options,
  );
  const sink = neuron('sink', {}).dendrite({ collateral: pair, response: (made) => void trace.push(`sink ${made}`) });
  return { cns: new CNS([zip, sink]), trace, ids };
}

const lefts = (...all: string[]) => all.map((each) => left.createSignal(each));
const rights = (...all: string[]) => all.map((each) => right.createSignal(each));

/** `<key>:<payload>` of what has arrived and waits for the rest of its set. */
const joinedIn = ({ context }: Going) => context.joined.map(({ key, payload }) => `${key}:${String(payload)}`);

describe.each(forms)('a join, %s', (form: Form) => {
  it('fires once for a complete set, after everything that was ready before', () => {
    const { cns, trace } = zipped();
    const run = begin(form, cns, [...lefts('a'), ...rights('1')]);
    expect(trace).toEqual(['zip a+1', 'sink a1']);
    expect(run.context).toMatchObject({
      status: 'completed',
      next: 5,
      settled: 2,
      frontier: [],
      joined: [],
      failed: [],
    });
  });

  it('takes the n-th of one slot with the n-th of the other, and is incomplete with what is left over', () => {
    const { cns, trace } = zipped();
    const run = begin(form, cns, [...lefts('a', 'b', 'c'), ...rights('1', '2')]);
    expect(trace).toEqual(['zip a+1', 'zip b+2', 'sink a1', 'sink b2']);
    expect(failuresOf(run)).toEqual(['zip INCOMPLETE_JOIN']);
    expect(run.context).toMatchObject({ status: 'failed', joined: [], settled: 5 });
  });

  it('keeps partial sets in the context, in their own list, as they arrived', () => {
    const later = collateral<string>('later');
    const clock = new ManualClock();
    const zip = neuron('zip', {}).join({ l: left, r: right, later }, () => undefined);
    const signals = [...lefts('a', 'b'), ...rights('1'), later.createSignal('x', { delay: 5 })];
    const run = begin(form, new CNS([zip], { clock }), signals, {}, clock.now());
    expect(run.context.joined).toEqual(
      [
        ['left', 'a', 1],
        ['left', 'b', 2],
        ['right', '1', 3],
      ].map(([collateral, payload, n]) => ({
        activation: expect.stringMatching(/^[0-9a-f]{16}$/) as unknown,
        n,
        neuron: 'zip',
        dendrite: `${String(collateral)}#0`,
        collateral,
        payload,
        key: '',
      })),
    );
    expect(frontierOf(run)).toEqual(['zip delayed']);
    expect(run.context).toMatchObject({ settled: 0, status: 'running' });
    run.stop();
  });

  it('keeps sets of different keys apart; a number is the same key as its text', () => {
    const key = (payload: string, slot: string) => (slot === 'l' ? Number(payload.slice(1)) : payload.slice(1));
    const { cns, trace } = zipped({ key });
    const run = begin(form, cns, [...lefts('a1', 'b2', 'c1'), ...rights('x2', 'y1', 'z1')]);
    expect(trace.filter((line) => line.startsWith('zip'))).toEqual(['zip b2+x2', 'zip a1+y1', 'zip c1+z1']);
    expect(run.context).toMatchObject({ status: 'completed', joined: [] });
  });

  it('gives a sized fan-in all of its payloads, in the order in which they were ready', () => {
    const trace: unknown[] = [];
    const item = collateral<{ of: number; n: number }>('item');
    const all = neuron('all', {}).join({ item }, ({ item: items }) => void trace.push(items.map(({ n }) => n)), {
      size: ({ of }) => of,
    });
    const signals = [3, 1, 2].map((n) => item.createSignal({ of: 3, n }));
    const more = [5, 4].map((n) => item.createSignal({ of: 2, n }));
    const run = begin(form, new CNS([all]), [...signals, ...more]);
    expect(trace).toEqual([
      [3, 1, 2],
      [5, 4],
    ]);
    expect(run.context).toMatchObject({ status: 'completed', settled: 2, joined: [] });
  });

  it('goes by the size that the first of a set says, for each slot by itself', () => {
    const trace: unknown[] = [];
    const many = collateral<{ of: number; n: number }>('many');
    const both = neuron('both', {}).join(
      { many, one: left },
      ({ many: some, one }) => void trace.push([some.map(({ n }) => n), one]),
      { size: (payload) => (typeof payload === 'string' ? 1 : payload.of) },
    );
    const signals = [many.createSignal({ of: 2, n: 1 }), ...lefts('a', 'b'), many.createSignal({ of: 9, n: 2 })];
    const run = begin(form, new CNS([both]), [...signals, many.createSignal({ of: 1, n: 3 })]);
    expect(trace).toEqual([
      [[1, 2], ['a']],
      [[3], ['b']],
    ]);
    expect(run.context.status).toBe('completed');
  });

  it.each([
    ['key', { key: () => Number.NaN }, 'key gave'],
    ['key', { key: () => ({}) as never }, 'key gave'],
    ['size', { size: () => 0 }, 'size gave'],
    ['size', { size: () => 1.5 }, 'size gave'],
  ])('with a wrong %s fails what arrived, under its own name, and nothing joins', (_what, options, says) => {
    const zip = neuron('zip', {}).join({ l: left, r: right }, () => undefined, options as JoinOptions<Slots>);
    const run = begin(form, new CNS([zip]), lefts('a', 'b'));
    expect(failuresOf(run)).toEqual(['zip INVALID_ARGUMENT', 'zip INVALID_ARGUMENT']);
    for (const { error, payload, dendrite } of run.context.failed) {
      expect(error).toBeInstanceOf(InvalidArgumentError);
      expect((error as Error).message).toContain(`neuron "zip", slot "l" of a join: ${says}`);
      expect([['a', 'b'].includes(payload as string), dendrite]).toEqual([true, 'left#0']);
    }
    expect(run.context).toMatchObject({ status: 'failed', joined: [], settled: 2 });
  });

  it('whose key throws fails that arrival alone', () => {
    const { cns, trace } = zipped({
      key: (payload) => {
        if (payload === 'bad') throw new RangeError('no key');
        return 'k';
      },
    });
    const run = begin(form, cns, [...lefts('bad', 'a'), ...rights('1')]);
    expect(trace).toEqual(['zip a+1', 'sink a1']);
    expect(failuresOf(run)).toEqual(['zip no key']);
  });

  it('of which sets are incomplete at the end fails each arrival, with one error for each set', () => {
    const { cns, trace } = zipped({ key: (payload) => payload[0] ?? '' });
    const run = begin(form, cns, [...lefts('a1', 'b1', 'a2'), ...rights('c1', 'b2')]);
    expect(trace).toEqual(['zip b1+b2', 'sink b1b2']);
    const { failed } = run.context;
    expect(failed.map(({ dendrite, payload, aborted }) => [dendrite, payload, aborted])).toEqual([
      ['left#0', 'a1', false],
      ['left#0', 'a2', false],
      ['right#0', 'c1', false],
    ]);
    expect(failed.map(({ error }) => error)).toEqual([
      new IncompleteJoinError('zip', 'a', ['r']),
      new IncompleteJoinError('zip', 'a', ['r']),
      new IncompleteJoinError('zip', 'c', ['l']),
    ]);
    expect(new Set(failed.map(({ error }) => error)).size).toBe(2);
    expect(run.context).toMatchObject({ status: 'failed', joined: [], settled: 5 });
  });

  it('says of an incomplete sized set how many are there and how many it wanted', () => {
    const item = collateral<number>('item');
    const all = neuron('all', {}).join({ item }, () => undefined, { size: () => 4 });
    const run = begin(
      form,
      new CNS([all]),
      [1, 2, 3].map((n) => item.createSignal(n)),
    );
    expect(run.context.failed.map(({ error }) => (error as Error).message)).toEqual(
      Array.from({ length: 3 }, () => 'a join of neuron "all" ended with a set that lacks item (3 of 4)'),
    );
  });

  it('may be fed by what its own firing leads to, and by several branches of one source', async () => {
    const trace: string[] = [];
    const go = collateral<number>('go');
    const fork = neuron('fork', { left, right }).dendrite({
      collateral: go,
      response: async (n, axon) => {
        trace.push(`fork ${n}`);
        await Promise.resolve();
        return [axon.left.createSignal(`l${n}`), axon.right.createSignal(`r${n}`)];
      },
    });
    const zip = neuron('zip', { go }).join({ l: left, r: right }, ({ l, r }, axon) => {
      trace.push(`zip ${l}+${r}`);
      const n = Number(l.slice(1));
      return n < 3 ? axon.go.createSignal(n + 1) : undefined;
    });
    const run = begin(form, new CNS([fork, zip]), go.createSignal(1));
    await quiet();
    expect(trace).toEqual(['fork 1', 'zip l1+r1', 'fork 2', 'zip l2+r2', 'fork 3', 'zip l3+r3']);
    expect(run.context).toMatchObject({ status: 'completed', joined: [] });
  });

  it('of two joins on the same collaterals gives each of them every signal', () => {
    const trace: string[] = [];
    const twice = neuron('twice', {})
      .join({ l: left, r: right }, ({ l, r }) => void trace.push(`first ${l}${r}`))
      .join({ r: right, l: left }, ({ l, r }) => void trace.push(`second ${l}${r}`))
      .dendrite({ collateral: left, response: (l) => void trace.push(`plain ${l}`) });
    const run = begin(form, new CNS([twice]), [...lefts('a'), ...rights('1')]);
    expect(trace).toEqual(['plain a', 'first a1', 'second a1']);
    expect(run.context.status).toBe('completed');
  });

  it('that was aborted with partial sets makes each arrival a failed task, once, and forgets the sets', () => {
    const never = collateral('never');
    const zip = neuron('zip', {}).join({ l: left, r: right }, () => undefined);
    const stuck = neuron('stuck', {}).dendrite({
      collateral: never,
      response: () => new Promise<void>(() => undefined),
    });
    const run = begin(form, new CNS([zip, stuck]), [...lefts('a', 'b'), never.createSignal()]);
    expect(joinedIn(run)).toEqual([':a', ':b']);
    run.send({ type: 'engram.abort', reason: 'enough' });
    expect(run.context.failed.map(({ neuron: name, payload, aborted }) => [name, payload, aborted])).toEqual([
      ['zip', 'a', true],
      ['zip', 'b', true],
    ]);
    expect(run.context).toMatchObject({ joined: [], settled: 0, ending: { status: 'aborted' } });
    run.stop();
  });

  it('applies retries to the firing and not to what arrives', async () => {
    const trace: string[] = [];
    const clock = new ManualClock();
    const zip = neuron('zip', {})
      .join(
        { l: left, r: right },
        ({ l, r }, _axon, { attempt }) => {
          trace.push(`${l}${r} attempt ${attempt}`);
          if (attempt < 3) throw new Error('not yet');
        },
        {
          key: (payload) => {
            trace.push(`key of ${payload}`);
            if (payload === 'bad') throw new Error('no key');
            return '';
          },
        },
      )
      .retry({ attempts: 3, backoff: 'constant', initial: 100 });
    const run = begin(form, new CNS([zip], { clock }), [...lefts('bad', 'a'), ...rights('1')]);
    expect(trace).toEqual(['key of bad', 'key of a', 'key of 1', 'a1 attempt 1']);
    expect(frontierOf(run)).toEqual(['zip delayed']);
    await clock.pass(200);
    expect(trace.slice(4)).toEqual(['a1 attempt 2', 'a1 attempt 3']);
    expect(failuresOf(run)).toEqual(['zip no key']);
    expect(run.context).toMatchObject({ status: 'failed', settled: 2 });
  });

  it('asks its gate for a slot for the firing and not for what arrives', async () => {
    const trace: string[] = [];
    const ends: (() => void)[] = [];
    const zip = neuron('zip', {})
      .join({ l: left, r: right }, ({ l, r }) => {
        trace.push(`${l}${r}`);
        return new Promise<void>((resolve) => ends.push(resolve));
      })
      .setConcurrency(1);
    const run = begin(form, new CNS([zip]), [...lefts('a', 'b'), ...rights('1', '2')]);
    expect([trace, frontierOf(run), joinedIn(run)]).toEqual([['a1'], ['zip running', 'zip gated'], []]);
    ends.shift()?.();
    await quiet();
    expect([trace, frontierOf(run)]).toEqual([['a1', 'b2'], ['zip running']]);
    ends.shift()?.();
    await quiet();
    expect(run.context.status).toBe('completed');
  });

  it('counts the firing as a visit and not what arrives', () => {
    const { cns, trace } = zipped();
    const run = begin(form, cns, [...lefts('a', 'b'), ...rights('1', '2')], { maxNeuronHops: 1 });
    expect(trace).toEqual(['zip a+1', 'sink a1']);
    expect(failuresOf(run)).toEqual(['zip HOP_LIMIT']);
    expect(run.context.hops).toEqual({ zip: 2, sink: 1 });
  });

  it('shows its neuron as waiting neither while a set is partial nor when it has fired', () => {
    const never = collateral('never');
    const zip = neuron('zip', {}).join({ l: left, r: right }, () => new Promise<void>(() => undefined));
    const stuck = neuron('stuck', {}).dendrite({
      collateral: never,
      response: () => new Promise<void>(() => undefined),
    });
    const run = begin(form, new CNS([zip, stuck]), [...lefts('a'), never.createSignal()]);
    expect(run.snapshot.value).toEqual({ running: { zip: 'idle', stuck: 'responding' } });
    run.send({ type: 'right', payload: '1' });
    expect(run.snapshot.value).toEqual({ running: { zip: 'responding', stuck: 'responding' } });
    run.stop();
  });
});

describe('the id of a firing', () => {
  const item = collateral<number>('item');

  /** Emits `count` items after waits that follow `order`. */
  async function fired(form: Form, order: readonly number[]): Promise<string[]> {
    const ids: string[] = [];
    const clock = new ManualClock();
    const work = neuron('work', { item }).dendrite({
      collateral: left,
      response: async (n, axon) => {
        await new Promise<void>((resolve) => clock.after(1 + order.indexOf(Number(n)), resolve));
        return axon.item.createSignal(Number(n));
      },
    });
    const all = neuron('all', {}).join({ item }, (_items, _axon, ctx) => void ids.push(ctx.activationId), {
      size: () => 3,
    });
    const run = begin(form, new CNS([work, all], { clock }), lefts('0', '1', '2'));
    await clock.pass(10);
    expect(run.context.status).toBe('completed');
    return ids;
  }

  it.each(forms)('is the same in whatever order its set was filled, %s', async (form) => {
    const [first, ...others] = await Promise.all(
      [
        [0, 1, 2],
        [2, 1, 0],
        [1, 2, 0],
      ].map((order) => fired(form, order)),
    );
    expect(first).toEqual([expect.stringMatching(/^run\/[0-9a-f]{16}$/)]);
    for (const ids of others) expect(ids).toEqual(first);
  });

  it('is the same in every form, and another one for every set', async () => {
    const seen = forms.map((form) => {
      const { cns, ids } = zipped();
      begin(form, cns, [...lefts('a', 'a', 'a'), ...rights('1', '1', '1')]);
      return ids;
    });
    expect(new Set(seen[0]).size).toBe(3);
    for (const ids of seen) expect(ids).toEqual(seen[0]);
  });
});
