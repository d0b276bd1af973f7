/**
 * Rule: the parents that are computed from causes are those that there were. The flows tell themselves who started
 * whom: what is emitted carries the id of who emits it.
 */
import { CNS, collateral, expect as waitFor, neuron, type Signal } from 'engram';
import { memoryStore } from 'engram/adapters/memory';
import { describe, expect, it } from 'vitest';
import { treeOf } from '../../src/cli/tree/parentage.js';
import { factsOf } from '../../src/cli/tree/run-facts.js';
import type { RunNode, RunTree } from '../../src/cli/tree/run-tree.js';
import { parseEvents } from '../../src/durability/events.js';
import { createCodec } from '../../src/durability/codec.js';
import type { Store } from '../../src/durability/store.js';
import { loadRun } from '../../src/stimulation/load.js';
import { randomOf, seedOf } from '../support/random.js';

interface Told {
  /** The activation that emitted it; empty for what comes from outside. */
  readonly by: string;
  readonly left: number;
  readonly key: string;
}

const codec = createCodec({ isForShow: true });

async function treeIn(store: Store, id: string): Promise<RunTree> {
  const run = await loadRun(store, id, codec);
  if (run === undefined) throw new Error(`${id} is not stored`);
  return treeOf(factsOf(run, parseEvents(await store.events(id)), codec));
}

const fullId = (run: string, { activation }: Pick<RunNode, 'activation'>) => `${run}/${activation}`;

/** A random flow of neurons that emit to each other, with delays, retries, waits, failures, joins and undoing. */
function randomFlow(random: () => number, store: Store) {
  const pick = (count: number) => Math.floor(random() * count);
  const names = Array.from({ length: 2 + pick(5) }, (_, i) => `c${i}`);
  const channels = names.map((name) => collateral<Told>(name));
  const outside = collateral<Told>('outside');
  const go = channels[0] as (typeof channels)[number];
  /** By the id of an activation: those that made it. */
  const parents = new Map<string, readonly string[]>();
  const neurons = Array.from({ length: 2 + pick(5) }, (_, i) => {
    const axon = Object.fromEntries(names.map((name, at) => [name, channels[at] as (typeof channels)[number]]));
    const plans = Array.from({ length: 4 }, () =>
      Array.from({ length: pick(4) }, () => ({ to: names[pick(names.length)] as string, delay: random() < 0.15 })),
    );
    const [fails, waits, undoes] = [random() < 0.2, random() < 0.15, random() < 0.3];
    let calls = 0;
    const answer = (given: Told, out: typeof axon, by: string, attempt: number) => {
      const plan = plans[given.left % plans.length] ?? [];
      if (fails && attempt === 1 && ++calls % 3 === 0) throw new Error(`neuron n${i} does not want to`);
      if (given.left <= 0) return undefined;
      const signals: (Signal | ReturnType<typeof waitFor>)[] = plan.map(({ to, delay }) =>
        (out[to] as typeof go).createSignal(
          { by, left: given.left - 1 - pick(2), key: given.key },
          delay ? { delay: 1 } : {},
        ),
      );
      const otherwise = (out[names[0] as string] as typeof go).createSignal({ by: '', left: 0, key: given.key });
      if (waits && given.left === 2) signals.splice(pick(2), 0, waitFor(outside, { within: 1, otherwise }));
      return signals;
    };
    let made = neuron(`n${i}`, axon).expects(outside);
    const listens = [...new Set([pick(names.length), pick(names.length), i === 0 ? 0 : pick(names.length)])];
    for (const at of listens) {
      made = made.dendrite({
        collateral: channels[at] as typeof go,
        response: (given, out, ctx) => {
          parents.set(ctx.activationId, [given.by]);
          return answer(given, out, ctx.activationId, ctx.attempt) as never;
        },
      }) as typeof made;
    }
    if (random() < 0.4) made = made.retry({ attempts: 2, initial: 1, max: 1 });
    if (random() < 0.4) made = made.milestone();
    if (undoes) made = made.compensate(() => undefined);
    return made;
  });
  const [a, b] = [channels[pick(names.length)], channels[pick(names.length)]] as [typeof go, typeof go];
  const sets = neuron('sets', {}).join(
    a === b ? { a } : { a, b },
    (set: Readonly<Record<string, Told>>, _axon: unknown, ctx: { readonly activationId: string }) => {
      parents.set(
        ctx.activationId,
        Object.values(set).map(({ by }) => by),
      );
    },
    { key: ({ key, left }) => `${key}${left % 2}` },
  );
  return { cns: new CNS([...neurons, sets], { name: 'random', store }), go, outside, parents };
}

it.each(Array.from({ length: 60 }, (_, i) => seedOf(process.env) + i))('finds every parent (seed %d)', async (seed) => {
  const random = randomOf(seed);
  const store = memoryStore();
  const { cns, go, outside, parents } = randomFlow(random, store);
  const entry = [0, 1].map((at) => go.createSignal({ by: '', left: 3 + Math.floor(random() * 3), key: `k${at}` }));
  const stimulation = cns.stimulate(entry, { id: 'r', maxNeuronHops: 120, output: go });
  await cns
    .signal('r', outside.createSignal({ by: '', left: 0, key: 'o' }), { deliveryId: 'd' })
    .catch(() => undefined);
  await stimulation.waitUntilComplete().catch(() => undefined);
  await cns.close();
  const tree = await treeIn(store, 'r');
  expect(tree.nodes.length).toBeGreaterThan(0);
  let guesses = 0;
  for (const node of tree.nodes) {
    const known = parents.get(fullId('r', node));
    if (known === undefined || known.includes('')) continue;
    if (node.isGuess) {
      guesses++;
      continue;
    }
    const found = [node.parent, ...node.joinedWith].flatMap((by) => (by?.kind === 'node' ? [fullId('r', by)] : []));
    expect({ node: node.neuron, found: found.sort() }).toEqual({
      node: node.neuron,
      found: [...new Set(known)].sort(),
    });
  }
  expect(guesses).toBe(0);
  // nothing hangs in the air, and nothing stands in two places
  expect(tree.roots.filter(({ from }) => from === 'unknown')).toEqual([]);
  const placed = new Set<RunNode>();
  const open = tree.roots.flatMap(({ children }) => children);
  for (let at = 0; at < open.length; at++) {
    const node = open[at] as RunNode;
    expect(placed.has(node)).toBe(false);
    placed.add(node);
    open.push(...node.children);
  }
  for (const node of tree.nodes) {
    const isUndoing = node.parent?.kind === 'node' && node.parent.undoing === node;
    expect({ node, isPlaced: placed.has(node) || isUndoing }).toEqual({ node, isPlaced: true });
  }
});

describe('what is special', () => {
  const go = collateral<number>('go');
  const item = collateral<number>('item');
  const answer = collateral<string>('answer');
  const late = collateral<string>('late');

  async function run(build: (store: Store) => CNS, signal: Signal, during?: (cns: CNS) => Promise<void>) {
    const store = memoryStore();
    const cns = build(store);
    const stimulation = cns.stimulate(signal, { id: 'r' });
    await during?.(cns);
    await stimulation.waitUntilComplete().catch(() => undefined);
    await cns.close();
    return treeIn(store, 'r');
  }

  it('a fan-in of any width stands below what came last, with the others', async () => {
    const spread = neuron('spread', { item }).dendrite({
      collateral: go,
      response: (count, axon) => Array.from({ length: count }, (_, i) => axon.item.createSignal(i)),
    });
    const check = neuron('check', { late }).dendrite({
      collateral: item,
      response: (i, axon) => axon.late.createSignal(String(i)),
    });
    const gather = neuron('gather', {}).join({ late }, () => undefined, { size: () => 50 });
    const tree = await run((store) => new CNS([spread, check, gather], { name: 'g', store }), go.createSignal(50));
    const [set] = tree.nodes.filter(({ neuron }) => neuron === 'gather');
    expect(set).toMatchObject({ isGuess: false, parent: { neuron: 'check' } });
    expect(set?.joinedWith).toHaveLength(7); // of many, the last eight are told
  });

  it('each of many sets that fill at once stands below one of its own, and soon', async () => {
    const [left, right] = [collateral<number>('left'), collateral<number>('right')];
    const spread = neuron('spread', { left, right }).dendrite({
      collateral: go,
      response: (count, axon) =>
        Array.from({ length: count }, (_, i) => [axon.left.createSignal(i), axon.right.createSignal(i)]).flat(),
    });
    const half = neuron('half', { item }).dendrite({
      collateral: left,
      response: async (i, axon) => axon.item.createSignal(i),
    });
    const other = neuron('other', { late }).dendrite({
      collateral: right,
      response: (i, axon) => axon.late.createSignal(String(i)),
    });
    const meet = neuron('meet', {}).join({ item, late }, () => undefined, { key: (one) => Number(one) });
    const flow = [spread, half, other, meet];
    const before = performance.now();
    const tree = await run(
      (store) => new CNS(flow, { name: 'w', store }),
      go.createSignal(1500),
      (cns) => cns.signal('r', answer.createSignal('late'), { deliveryId: 'mail-1' }).catch(() => undefined),
    );
    const ran = performance.now() - before;
    const sets = tree.nodes.filter(({ neuron: name }) => name === 'meet');
    expect(sets).toHaveLength(1500);
    expect(sets.filter(({ isGuess, joinedWith }) => isGuess || joinedWith.length !== 1)).toEqual([]);
    expect(new Set(sets.map(({ parent }) => parent)).size).toBe(1500);
    expect(ran).toBeLessThan(60_000);
  });

  it('a set that does not say what completed it stands below who emitted its names last, never below what nobody sent', async () => {
    const store = memoryStore();
    const split = neuron('split', { item, late }).dendrite({
      collateral: go,
      response: (_, axon) => [axon.item.createSignal(1), axon.late.createSignal('x')],
    });
    const meet = neuron('meet', {}).join({ item, late }, () => undefined);
    const hear = neuron('hear', {})
      .dendrite({ collateral: go, response: () => waitFor(answer) })
      .expects(answer)
      .dendrite({ collateral: answer, response: () => undefined });
    const cns = new CNS([split, meet, hear], { name: 'b', store });
    const stimulation = cns.stimulate(go.createSignal(1), { id: 'r' });
    await cns.signal('r', answer.createSignal('yes'), { deliveryId: 'mail-1' });
    await stimulation.waitUntilComplete();
    const run = await loadRun(store, 'r', codec);
    const { settled, omitted } = parseEvents(await store.events('r'));
    const untold = settled.map(({ joined: _, ...event }) => event);
    const { nodes } = treeOf(factsOf(run as NonNullable<typeof run>, { settled: untold, omitted }, codec));
    const set = nodes.find(({ neuron: name }) => name === 'meet');
    expect(set).toMatchObject({ isGuess: true, parent: { kind: 'node', neuron: 'split' } });
  });

  it('an expectation stands below what opened it, and the signal that met it is a beginning of its own', async () => {
    const ask = neuron('ask', { late })
      .expects(answer)
      .dendrite({ collateral: go, response: () => waitFor(answer) })
      .dendrite({ collateral: answer, response: (text, axon) => axon.late.createSignal(text) });
    const hear = neuron('hear', {}).dendrite({ collateral: late, response: () => undefined });
    for (const deliveryId of ['mail-1', undefined]) {
      const tree = await run(
        (store) => new CNS([ask, hear], { name: 'e', store }),
        go.createSignal(1),
        (cns) => cns.signal('r', answer.createSignal('yes'), deliveryId === undefined ? {} : { deliveryId }),
      );
      const wait = tree.nodes.find(({ isExpectation }) => isExpectation);
      expect(wait?.parent).toMatchObject({ neuron: 'ask', dendrite: 'go#0' });
      expect(tree.roots.map(({ from, collateral }) => ({ from, collateral }))).toEqual([
        { from: 'entry', collateral: 'go' },
        { from: 'outside', collateral: 'answer' },
      ]);
      expect(tree.roots[1]?.children.map(({ dendrite }) => dendrite)).toEqual(['answer#0']);
    }
  });

  it('what came of a wait in vain stands below it', async () => {
    const ask = neuron('ask', { late })
      .expects(answer)
      .dendrite({
        collateral: go,
        response: (_, axon) => waitFor(answer, { within: 1, otherwise: axon.late.createSignal('nobody') }),
      });
    const hear = neuron('hear', {}).dendrite({ collateral: late, response: () => undefined });
    const tree = await run((store) => new CNS([ask, hear], { name: 'v', store }), go.createSignal(1));
    const heard = tree.nodes.find(({ neuron }) => neuron === 'hear');
    expect(heard?.parent).toMatchObject({ neuron: 'ask', isExpectation: true, parent: { isExpectation: false } });
  });

  it('what undoes is a fact of what it undoes', async () => {
    const book = neuron('book', { late })
      .dendrite({ collateral: go, response: (_, axon) => axon.late.createSignal('x') })
      .compensate(() => undefined);
    const fail = neuron('fail', {}).dendrite({
      collateral: late,
      response: () => {
        throw new Error('no');
      },
    });
    const tree = await run((store) => new CNS([book, fail], { name: 'u', store }), go.createSignal(1));
    const booked = tree.nodes.find(({ neuron, dendrite }) => neuron === 'book' && dendrite === 'go#0');
    expect(booked?.undoing).toMatchObject({ dendrite: 'undo', state: 'done' });
    expect(booked?.children.map(({ neuron }) => neuron)).toEqual(['fail']);
  });

  it('what was done once more is one node, and says that it had failed', async () => {
    const store = memoryStore();
    let isBroken = true;
    const work = neuron('work', { late }).dendrite({
      collateral: go,
      response: (_, axon) => {
        if (isBroken) throw new Error('broken');
        return axon.late.createSignal('x');
      },
    });
    const hear = neuron('hear', {}).dendrite({ collateral: late, response: () => undefined });
    const cns = new CNS([work, hear], { name: 'm', store });
    await cns
      .stimulate(go.createSignal(1), { id: 'r' })
      .waitUntilComplete()
      .catch(() => undefined);
    isBroken = false;
    await (await cns.rehydrate('r', { retry: true }))?.waitUntilComplete();
    const { nodes } = await treeIn(store, 'r');
    expect(nodes.map(({ neuron, state, before }) => ({ neuron, state, before: before.length }))).toEqual([
      { neuron: 'work', state: 'done', before: 1 },
      { neuron: 'hear', state: 'done', before: 0 },
    ]);
    expect(nodes[1]?.parent).toBe(nodes[0]);
  });

  it('what another run had left begins the run that does it', async () => {
    const store = memoryStore();
    let isBroken = true;
    const work = neuron('work', {}).dendrite({
      collateral: go,
      response: () => {
        if (isBroken) throw new Error('broken');
      },
    });
    const cns = new CNS([work], { name: 't', store });
    const first = cns.stimulate(go.createSignal(1), { id: 'first' });
    await first.waitUntilComplete().catch(() => undefined);
    isBroken = false;
    await cns.activate(first.getFailedTasks(), { id: 'second' });
    const { roots } = await treeIn(store, 'second');
    expect(roots).toMatchObject([{ from: 'task', children: [{ neuron: 'work', state: 'done' }] }]);
  });

  it('what led to the rest was omitted: the rest stands below a line of its own', async () => {
    const store = memoryStore();
    const loop = neuron('loop', { go }).dendrite({
      collateral: go,
      response: (left, axon) => (left === 0 ? undefined : axon.go.createSignal(left - 1)),
    });
    const cns = new CNS([loop], { name: 'l', store });
    await cns.stimulate(go.createSignal(25_000), { id: 'r' });
    const tree = await treeIn(store, 'r');
    expect(tree.omitted).toBeGreaterThan(0);
    expect(tree.roots).toMatchObject([{ from: 'unknown', children: [{ neuron: 'loop' }] }]);
  });
});
