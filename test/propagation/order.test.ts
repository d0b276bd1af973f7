import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { CNS, collateral, neuron, type CNSOptions } from 'engram';
import { describe, expect, it } from 'vitest';

const start = collateral<string>('start');
const a = collateral<string>('a');
const b = collateral<string>('b');

type Trace = string[];

/**
 * `root` answers `[a, b, a]`; three neurons listen to `a`, two to `b`; of these, `a2` answers with `b`.
 * @param asyncRoot whether `root` answers later
 * @param asyncLeaf whether `a2` does
 */
function fanOut(
  trace: Trace,
  {
    asyncRoot = false,
    asyncLeaf = false,
    options,
  }: { asyncRoot?: boolean; asyncLeaf?: boolean; options?: CNSOptions } = {},
) {
  const root = neuron('root', { a, b }).dendrite({
    collateral: start,
    response: (p, axon) => {
      trace.push('root');
      const answer = [axon.a.createSignal(`${p}1`), axon.b.createSignal(`${p}2`), axon.a.createSignal(`${p}3`)];
      return asyncRoot ? Promise.resolve(answer) : answer;
    },
  });
  const a1 = neuron('a1', {}).dendrite({ collateral: a, response: (p) => void trace.push(`a1 ${p}`) });
  const a2 = neuron('a2', { b }).dendrite({
    collateral: a,
    response: (p, axon) => {
      trace.push(`a2 ${p}`);
      const answer = axon.b.createSignal(`${p}+`);
      return asyncLeaf ? Promise.resolve(answer) : answer;
    },
  });
  const b1 = neuron('b1', {}).dendrite({ collateral: b, response: (p) => void trace.push(`b1 ${p}`) });
  const b2 = neuron('b2', {}).dendrite({ collateral: [b, b], response: (p) => void trace.push(`b2 ${p}`) });
  return new CNS([root, a1, a2, b1, b2], options);
}

const forms: readonly (readonly [string, () => CNSOptions])[] = [
  ['without an actor', () => ({})],
  ['hop by hop, as an inspected actor', () => ({ inspect: () => undefined })],
];

describe.each(forms)('I11: activations, %s', (_form, options) => {
  const expected = [
    'root',
    ...['a1 s1', 'a2 s1', 'b1 s2', 'b2 s2', 'b2 s2', 'a1 s3', 'a2 s3'],
    ...['b1 s1+', 'b2 s1+', 'b2 s1+', 'b1 s3+', 'b2 s3+', 'b2 s3+'],
  ];

  it('start breadth first: signals in the order of the array, subscribers in the order of neurons and dendrites', () => {
    const trace: Trace = [];
    fanOut(trace, { options: options() }).stimulate(start.createSignal('s'));
    expect(trace).toEqual(expected);
  });

  it('start in the same order when the array comes later', async () => {
    const trace: Trace = [];
    await fanOut(trace, { asyncRoot: true, options: options() }).stimulate(start.createSignal('s'));
    expect(trace).toEqual(expected);
  });

  it('start in the same order when a fan-out answers later, as its answers come in the order of its starts', async () => {
    const trace: Trace = [];
    await fanOut(trace, { asyncLeaf: true, options: options() }).stimulate(start.createSignal('s'));
    expect(trace).toEqual(expected);
  });

  it('start one at a time: the next when the one before has settled or returned a promise', async () => {
    const trace: Trace = [];
    const open = neuron('open', {}).dendrite({
      collateral: start,
      response: async (p) => {
        trace.push(`begin ${p}`);
        await null;
        trace.push(`end ${p}`);
      },
    });
    const closed = neuron('closed', {}).dendrite({ collateral: start, response: (p) => void trace.push(`sync ${p}`) });
    const run = new CNS([open, closed], options()).stimulate([start.createSignal('1'), start.createSignal('2')]);
    expect(trace).toEqual(['begin 1', 'sync 1', 'begin 2', 'sync 2']);
    await run;
    expect(trace.slice(4)).toEqual(['end 1', 'end 2']);
  });

  it('enqueued by a late answer start after what was ready before it', async () => {
    const trace: Trace = [];
    let go!: () => void;
    const gate = new Promise<void>((resolve) => (go = resolve));
    const late = neuron('late', { a }).dendrite({
      collateral: start,
      response: (p, axon) => gate.then(() => axon.a.createSignal(p)),
    });
    const hears = neuron('hears', { b }).dendrite({
      collateral: a,
      response: (p, axon) => {
        trace.push(`a ${p}`);
        return [axon.b.createSignal(p), axon.b.createSignal(p)];
      },
    });
    const ends = neuron('ends', {}).dendrite({ collateral: b, response: (p) => void trace.push(`b ${p}`) });
    const run = new CNS([late, hears, ends], options()).stimulate([start.createSignal('late'), a.createSignal('now')]);
    expect(trace).toEqual(['a now', 'b now', 'b now']);
    go();
    await run;
    expect(trace.slice(3)).toEqual(['a late', 'b late', 'b late']);
  });
});

describe('activation ids', () => {
  /** The ids of all activations by what they did, for handlers that wait for the given number of microtasks. */
  async function idsOf(waits: readonly number[], options: CNSOptions = {}): Promise<ReadonlyMap<string, string>> {
    const ids = new Map<string, string>();
    let calls = 0;
    const wait = async (): Promise<void> => {
      for (let i = waits[calls++ % waits.length] ?? 0; i > 0; i--) await null;
    };
    const root = neuron('root', { a, b }).dendrite({
      collateral: start,
      response: async (p, axon, { activationId }) => {
        ids.set(`root ${p}`, activationId);
        await wait();
        return [axon.a.createSignal(`${p}1`), axon.b.createSignal(`${p}2`), axon.a.createSignal(`${p}3`)];
      },
    });
    const mid = neuron('mid', { b }).dendrite({
      collateral: a,
      response: async (p, axon, { activationId }) => {
        ids.set(`mid ${p}`, activationId);
        await wait();
        return axon.b.createSignal(`${p}+`);
      },
    });
    const end = neuron('end', {})
      .dendrite({ collateral: b, response: (p, _axon, { activationId }) => void ids.set(`end ${p}`, activationId) })
      .dendrite({ collateral: b, response: (p, _axon, { activationId }) => void ids.set(`end2 ${p}`, activationId) });
    const entry = [start.createSignal('x'), start.createSignal('y')];
    await new CNS([root, mid, end], options).stimulate(entry, { id: 'r' });
    return new Map([...ids].sort(([one], [other]) => (one < other ? -1 : 1)));
  }

  it('are equal under any interleaving, and each another', async () => {
    const expected = await idsOf([0]);
    expect(new Set(expected.values()).size).toBe(2 + 4 + 2 * (2 + 4));
    for (const waits of [
      [3, 0, 1],
      [0, 5],
      [7, 2, 0, 4],
      [1, 1, 6],
    ])
      expect(await idsOf(waits)).toEqual(expected);
    expect(await idsOf([2, 0], { inspect: () => undefined })).toEqual(expected);
  });

  it('begin with the id of the run and end with 16 hex digits', async () => {
    for (const id of (await idsOf([0])).values()) expect(id).toMatch(/^r\/[0-9a-f]{16}$/);
  });
});

describe('I9: a run', () => {
  it('that hops 300,000 times keeps nothing of the hops that have settled', () => {
    const hop = collateral<{ readonly left: number; readonly ballast: readonly number[] }>('hop');
    const heap: number[] = [];
    const loop = neuron('loop', { hop }).dendrite({
      collateral: hop,
      response: ({ left }, axon) => {
        if (left % 100_000 === 0) heap.push(settledHeap());
        return left === 0
          ? undefined
          : axon.hop.createSignal({ left: left - 1, ballast: new Array<number>(20).fill(left) });
      },
    });
    const run = new CNS([loop]).stimulate(hop.createSignal({ left: 300_000, ballast: [] }));
    expect(run.status).toBe('completed');
    expect(heap).toHaveLength(4);
    expect((heap.at(-1) ?? 0) - (heap[0] ?? 0)).toBeLessThan(4_000_000); // kept hops would be over 60 MB
  });

  it('keeps the last 1,000 delivery ids: a duplicate among them does nothing', async () => {
    const got: string[] = [];
    const take = neuron('take', {}).dendrite({
      collateral: start,
      response: (p) => {
        got.push(p);
        return p === 'open' ? new Promise<undefined>(() => undefined) : undefined;
      },
    });
    const { actor } = new CNS([take]).stimulate(start.createSignal('open'));
    for (let n = 0; n < 1500; n++) actor.send({ type: 'start', payload: `p${n}`, deliveryId: `d${n}` });
    for (let n = 500; n < 1500; n++) actor.send({ type: 'start', payload: `again`, deliveryId: `d${n}` });
    expect(got).toHaveLength(1501);
    expect(actor.getSnapshot().context.deliveries).toHaveLength(1000);
    expect(actor.getSnapshot().context.frontier).toHaveLength(1);
  });
});

const collect = ((): (() => void) => {
  setFlagsFromString('--expose-gc');
  return runInNewContext('gc') as () => void;
})();

/** Bytes in use that are reachable. */
function settledHeap(): number {
  collect();
  return process.memoryUsage().heapUsed;
}
