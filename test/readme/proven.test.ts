import { describe, expect, it } from 'vitest';
import { checkCrashes, describeFlow, simulate } from 'engram/testing';
import { createCns, placeOrder, shipped } from '../../machines/flows/order.js';
import type { LedgerLine } from '../../machines/flows/order/ledger.js';

const lines = new Map<string, LedgerLine>(); // what the shop has done, in the place of its file
const ledger = { enter: async (_name: string, line: LedgerLine) => void lines.set(line.key, line) };
const order = placeOrder.createSignal({ order: 'A-17', amount: 250, ledger: 'shop' });

// a test for every path through the flow, its neurons answering as the path says
describeFlow(createCns({ ledger }), { runner: { describe, it }, entry: order });

it('survives a crash anywhere', async () => {
  const report = await checkCrashes(createCns({ ledger }), {
    signal: order,
    output: shipped,
    reset: () => lines.clear(),
    effects: () => [...lines.values()],
  });
  expect(report.problems).toEqual([]);
});

it('survives whatever comes together', async () => {
  const { failure } = await simulate(createCns({ ledger }), { signals: [order], output: shipped, schedules: 200 });
  expect(failure).toBeUndefined();
});
