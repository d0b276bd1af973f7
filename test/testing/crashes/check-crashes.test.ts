// Rule: the crash checker kills a flow everywhere; the flows of this repository survive it.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CNS, collateral, neuron, withCtx } from 'engram';
import { fileStore } from 'engram/adapters/file';
import { memoryStore } from 'engram/adapters/memory';
import { checkCrashes } from 'engram/testing';
import * as first from '../../../machines/flows/first.js';
import * as movies from '../../../machines/flows/movies.js';
import { approved, createCns, placeOrder, shipped } from '../../../machines/flows/order.js';
import { readLedger } from '../../../machines/flows/order/ledger.js';

let directory: string;
beforeEach(async () => {
  directory = await mkdtemp(join(tmpdir(), 'engram-crashes-'));
});
afterEach(() => rm(directory, { recursive: true }));

const orderOptions = (request: { readonly amount: number; readonly strike?: boolean; readonly declines?: number }) => {
  const ledger = join(directory, 'ledger');
  return {
    signal: placeOrder.createSignal({ order: 'o-1', ledger, limit: 100, within: '2h', ...request }),
    output: shipped,
    patience: 60_000, // a disk may take its time
    reset: () => rm(ledger, { recursive: true, force: true }),
    effects: () => readLedger(ledger),
  };
};

describe('the order flow survives a crash anywhere', () => {
  it('when it is approved and shipped', async () => {
    const report = await checkCrashes(createCns(), {
      ...orderOptions({ amount: 500, declines: 2 }),
      answers: [approved.createSignal({ by: 'ann' })],
    });
    expect(report.problems).toEqual([]);
    expect(String(report)).toMatch(/^survives a crash anywhere: killed at \d+ points in \d+ runs/);
    expect(report.points).toContain('save 1, before');
    expect(report.points).toContain('charge 1, after');
    expect(report.runs).toBeGreaterThan(50);
  });

  it('when nobody approves it', async () => {
    const report = await checkCrashes(createCns(), { ...orderOptions({ amount: 500 }), ends: 'failed' });
    expect(report.problems).toEqual([]);
    expect(report.end.errors).toEqual(['expire: nobody has approved order o-1 within 2h']);
  });

  it('when it is undone since nobody carries it', async () => {
    const report = await checkCrashes(createCns(), { ...orderOptions({ amount: 50, strike: true }), ends: 'failed' });
    expect(report.problems).toEqual([]);
    expect(report.ran).toEqual(['accept', 'reserve', 'approve', 'charge', 'ship']);
    expect(String(report)).toMatch(/^survives a crash anywhere \(it ends failed\): /);
  });

  it('on files', async () => {
    let stores = 0;
    const report = await checkCrashes(createCns(), {
      ...orderOptions({ amount: 50 }),
      store: () => fileStore({ dir: join(directory, `store-${(stores += 1)}`) }),
      pairs: 5,
    });
    expect(report.problems).toEqual([]);
  });
});

describe('the film import', () => {
  it('survives a crash anywhere, and writes the same report', async () => {
    const out = join(directory, 'report');
    const report = await checkCrashes(movies.createCns(), {
      signal: movies.importMovies.createSignal({ out, batchSize: 1000 }),
      output: movies.reportWritten,
      patience: 60_000,
      reset: () => rm(out, { recursive: true, force: true }),
      effects: () => readFile(join(out, 'report.json'), 'utf8').catch(() => 'none'),
      pairs: 10,
    });
    expect(report.problems).toEqual([]);
    expect(report.points.length).toBeGreaterThan(20);
  });
});

describe('the first flow', () => {
  it('survives a crash anywhere, its own death included', async () => {
    const home = process.cwd();
    process.chdir(directory);
    try {
      const report = await checkCrashes(first.createCns({}), {
        signal: first.entry.createSignal('/'),
        patience: 60_000,
        reset: () => rm('report.txt', { force: true }),
        effects: () => readFile('report.txt', 'utf8').catch(() => 'none'),
      });
      expect(report.problems).toEqual([]);
    } finally {
      process.chdir(home);
    }
  });
});

const go = collateral<{ readonly n: number }>('go');
const done = collateral<unknown>('done');

/** A flow of one neuron that draws, and one that keys what it does by the drawn. */
function drawing(draw: (key: string) => unknown, isMilestone: boolean, lines: unknown[]) {
  const draws = neuron('draws', { done }).dendrite({
    collateral: go,
    response: (_go, axon, ctx) => axon.done.createSignal(draw(ctx.activationId)),
  });
  if (isMilestone) draws.milestone();
  const pays = neuron('pays', {}).dendrite({
    collateral: done,
    response: async (drawn) => {
      await Promise.resolve();
      if (!lines.includes(drawn)) lines.push(drawn);
    },
  });
  const cns = new CNS([draws, pays], { name: 'drawing' });
  return { cns, signal: go.createSignal({ n: 1 }), reset: () => lines.splice(0), effects: () => lines };
}

describe('what is another one every time', () => {
  it('is no fault where it is stored before it is used', async () => {
    const { cns, ...options } = drawing(Math.random, true, []);
    const report = await checkCrashes(cns, options);
    expect(report.problems).toEqual([]);
    expect(report.advice.map(({ message }) => message)).toEqual([
      'what stands outside is never the same twice, so only how much stands there is compared',
    ]);
  });

  it('is one where a crash makes it be drawn again after it was used', async () => {
    const { cns, ...options } = drawing(Math.random, false, []);
    const report = await checkCrashes(cns, options);
    expect(report.problems.map(({ kind, neuron: name }) => `${kind} ${name}`)).toEqual([
      'not-repeatable draws',
      'not-idempotent pays',
    ]);
  });

  it('is none where a service gives the same again for the same key', async () => {
    const given = new Map<string, number>();
    let next = 0;
    const service = (key: string): number => given.get(key) ?? given.set(key, (next += 1)).get(key) ?? 0;
    const { cns, reset, ...options } = drawing(service, false, []);
    const report = await checkCrashes(cns, { ...options, reset: () => (given.clear(), reset()) });
    expect(report.problems).toEqual([]);
  });
});

describe('nobody is blamed for', () => {
  const blamed = async (cns: CNS) => {
    const { problems } = await checkCrashes(cns, { signal: go.createSignal({ n: 1 }), pairs: 0 });
    return problems.map(({ kind, neuron: name }) => `${kind} ${name}`);
  };

  it('what it gives to ctx.update, which is asked when it has ended', async () => {
    const keeps = withCtx<Record<string, number>>()
      .neuron('keeps', {})
      .dendrite({
        collateral: go,
        response: ({ n }, _axon, ctx) => ctx.update((all) => ({ ...all, [ctx.activationId]: n })),
      });
    expect(await blamed(new CNS([keeps], { name: 'keeps' }))).toEqual([]);
  });

  it('a change of a payload that another one makes, who is', async () => {
    const innocent = neuron('innocent', {}).dendrite({ collateral: go, response: async () => Promise.resolve() });
    const guilty = neuron('guilty', {}).dendrite({
      collateral: go,
      response: (payload) => void ((payload as { n: number }).n += 1),
    });
    expect(await blamed(new CNS([innocent, guilty], { name: 'two' }))).toEqual(['changed-in-place guilty']);
  });

  it('a timer that somebody else clears', async () => {
    const timers: NodeJS.Timeout[] = [];
    const sets = neuron('sets', { done }).dendrite({
      collateral: go,
      response: async (_go, axon) => {
        timers.push(setTimeout(() => undefined, 3_600_000));
        await new Promise((resolve) => setImmediate(() => resolve(timers.splice(0).forEach(clearTimeout))));
        return axon.done.createSignal(1);
      },
    });
    expect(await blamed(new CNS([sets], { name: 'timers' }))).toEqual([]);
  });
});

describe('a flow that a handler starts as a child', () => {
  const pay = collateral<number>('pay');
  const parentOf = (child: CNS) => {
    const parent = neuron('parent', { done }).dendrite({
      collateral: go,
      response: async ({ n }, axon, ctx) => {
        await ctx.stimulate(child, pay.createSignal(n));
        return axon.done.createSignal(n);
      },
    });
    return new CNS([parent], { name: 'parent' });
  };
  const childDoing = (pays: (key: string) => void, options = {}) => {
    const paying = neuron('paying', {}).dendrite({
      collateral: pay,
      response: async (_n, _axon, ctx) => {
        await Promise.resolve();
        pays(ctx.activationId);
      },
    });
    return new CNS([paying], { name: 'child', ...options });
  };

  it.each([{}, { store: memoryStore() }])(
    'is killed with it and brought back, and its own store sees nothing',
    async (options) => {
      const keys = new Set<string>();
      const child = childDoing((key) => keys.add(key), options);
      const report = await checkCrashes(parentOf(child), {
        signal: go.createSignal({ n: 1 }),
        reset: () => keys.clear(),
        effects: () => [...keys],
      });
      expect(report.problems).toEqual([]);
      expect(report.points).toContain('paying 1, after');
      expect((await child.store?.list())?.runs ?? []).toEqual([]);
    },
  );

  it('is blamed for what it does twice', async () => {
    const lines: string[] = [];
    const child = childDoing(() => lines.push('paid'), { store: memoryStore() });
    const report = await checkCrashes(parentOf(child), {
      signal: go.createSignal({ n: 1 }),
      reset: () => lines.splice(0),
      effects: () => lines,
    });
    expect(report.problems.map(({ kind, neuron: name }) => `${kind} ${name}`)).toEqual(['not-idempotent paying']);
  });
});

describe('drawn payloads', () => {
  const gives = neuron('gives', { done }).dendrite({
    collateral: go,
    response: (payload, axon) => {
      if (payload.n > 500) (payload as { n: number }).n = 500;
      return axon.done.createSignal(payload.n);
    },
  });
  const cns = new CNS([gives], { name: 'gives' });
  const signal = go.createSignal({ n: 0 });
  const orders = (random: () => number) => ({ n: Math.floor(random() * 1000) });

  it('find what the one at hand does not, and say with what', async () => {
    expect((await checkCrashes(cns, { signal })).problems).toEqual([]);
    const report = await checkCrashes(cns, { signal, arbitraries: { go: orders }, pairs: 0 });
    expect(report.problems).toMatchObject([{ kind: 'changed-in-place', neuron: 'gives' }]);
    const { n } = report.problems[0]?.drawn?.['go'] as { n: number };
    expect(n).toBeGreaterThan(500);
    expect(String(report)).toContain(`\n    go: { n: ${n} }\n`);
    expect(await checkCrashes(cns, { signal, arbitraries: { go: orders }, pairs: 0 })).toMatchObject({
      problems: report.problems,
    });
  });

  it('are of what the run begins with', async () => {
    await expect(checkCrashes(cns, { signal, arbitraries: { went: orders } })).rejects.toThrow(
      'checkCrashes: arbitraries: the run does not begin with "went"',
    );
    await expect(checkCrashes(cns, { signal, arbitraries: { go: orders }, samples: 0 })).rejects.toThrow(
      'checkCrashes: samples must be a whole number from 1, and is 0',
    );
  });
});

describe('several mistakes', () => {
  it('are told of in one report', async () => {
    let counted = 0;
    const mails: string[] = [];
    const counts = neuron('counts', { done }).dendrite({
      collateral: go,
      response: (_go, axon) => axon.done.createSignal((counted += 1)),
    });
    const mailing = neuron('mailing', {}).dendrite({
      collateral: done,
      response: async () => {
        await Promise.resolve();
        mails.push('mail');
      },
    });
    const report = await checkCrashes(new CNS([counts, mailing], { name: 'mistakes' }), {
      signal: go.createSignal({ n: 1 }),
      reset: () => mails.splice(0),
      effects: () => mails,
    });
    expect(report.problems.map(({ kind, neuron: name }) => `${kind} ${name}`)).toEqual([
      'not-repeatable counts',
      'not-idempotent mailing',
    ]);
  });
});

describe('what it leaves as it was', () => {
  it('is everything that it has watched', async () => {
    const all = () => [
      Date,
      Math.random,
      performance.now,
      setTimeout,
      setImmediate,
      setInterval,
      clearTimeout,
      process.kill,
      process.exit,
    ];
    const before = [...all(), Object.hasOwn(performance, 'now')];
    await checkCrashes(
      new CNS([neuron('idle', {}).dendrite({ collateral: go, response: () => undefined })], { name: 'idle' }),
      {
        signal: go.createSignal({ n: 1 }),
      },
    );
    expect([...all(), Object.hasOwn(performance, 'now')]).toEqual(before);
  });
});

describe('what it needs to know', () => {
  it('is that a loop goes round for ever', async () => {
    const again = neuron('again', { go }).dendrite({
      collateral: go,
      response: (given, axon) => axon.go.createSignal(given),
    });
    const { problems } = await checkCrashes(new CNS([again], { name: 'loop' }), { signal: go.createSignal({ n: 1 }) });
    expect(problems).toMatchObject([{ kind: 'goes-wrong' }]);
    expect(problems[0]?.message).toContain('10000');
  });

  it('is what stands outside: effects that show nothing are told of', async () => {
    const pays = neuron('pays', {}).dendrite({ collateral: go, response: async () => Promise.resolve() });
    const { advice } = await checkCrashes(new CNS([pays], { name: 'blind' }), {
      signal: go.createSignal({ n: 1 }),
      effects: () => [],
    });
    expect(advice.map(({ message }) => message)).toEqual([
      '`effects` shows the same before and after every neuron: nothing of what they do is compared',
      'pays runs again after a crash and never asks for ctx.activationId',
    ]);
  });

  it('is how the run is meant to end, where that is not well', async () => {
    const breaks = neuron('breaks', {}).dendrite({
      collateral: go,
      response: () => {
        throw new Error('no');
      },
    });
    const cns = new CNS([breaks], { name: 'breaks' });
    const { problems } = await checkCrashes(cns, { signal: go.createSignal({ n: 1 }) });
    expect(problems).toMatchObject([
      { kind: 'goes-wrong', message: 'the run ends failed when nobody disturbs it, and not completed (breaks: no)' },
    ]);
  });

  it('a crash that is asked for by its name is the only one', async () => {
    const report = await checkCrashes(createCns(), {
      ...orderOptions({ amount: 500 }),
      pairs: 0,
      ends: 'failed',
      at: 'save 1, before',
    });
    expect(report.problems).toEqual([]);
    expect(report.points).toEqual(['save 1, before']);
  });

  it('a flow without a milestone that does dear things in a row is advised to have one', async () => {
    const sent: string[] = [];
    const first = neuron('first', { done }).dendrite({
      collateral: go,
      response: async ({ n }, axon, ctx) => {
        await Promise.resolve();
        if (!sent.includes(ctx.activationId)) sent.push(ctx.activationId);
        return axon.done.createSignal(n);
      },
    });
    const second = neuron('second', {}).dendrite({
      collateral: done,
      response: async (_payload, _axon, ctx) => {
        await Promise.resolve();
        if (!sent.includes(ctx.activationId)) sent.push(ctx.activationId);
      },
    });
    const report = await checkCrashes(new CNS([first, second]), {
      signal: go.createSignal({ n: 1 }),
      reset: () => sent.splice(0),
      effects: () => sent,
    });
    expect(report.problems).toEqual([]);
    expect(report.advice.map(({ kind, neuron: name }) => [kind, name])).toEqual([['missing-milestone', 'first']]);
    expect(String(report)).toContain('first and second again: no milestone stands between them');
  });

  it('an `at` that is no point is refused', async () => {
    await expect(checkCrashes(createCns(), { ...orderOptions({ amount: 5 }), at: 'save' })).rejects.toThrow(
      /checkCrashes: at: "save" is no point/,
    );
  });
});
