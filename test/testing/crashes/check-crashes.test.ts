// Rule: the crash checker kills a flow everywhere; the flows of this repository survive it.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { CNS, collateral, neuron } from 'engram';
import { fileStore } from 'engram/adapters/file';
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
    const report = await checkCrashes(createCns(), orderOptions({ amount: 500 }));
    expect(report.problems).toEqual([]);
  });

  it('when it is undone since nobody carries it', async () => {
    const report = await checkCrashes(createCns(), orderOptions({ amount: 50, strike: true }));
    expect(report.problems).toEqual([]);
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

describe('what it needs to know', () => {
  it('a run that waits for a signal is told to be given one', async () => {
    const report = await checkCrashes(createCns(), {
      ...orderOptions({ amount: 500 }),
      pairs: 0,
      at: 'save 1, before',
    });
    expect(report.ok).toBe(true);
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
