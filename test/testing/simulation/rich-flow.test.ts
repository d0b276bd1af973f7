/** Flows with everything that there is: joins, delays, retries, slots, limits, waits, aborts. */
import { CNS, collateral, neuron } from 'engram';
import { simulate } from 'engram/testing';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { approved, everything, go } from '../../orchestration/everything.js';

afterEach(() => void vi.restoreAllMocks());

/** A body that is done twice in one process is a second process here. */
function flow() {
  const { cns, effects } = everything({ isOpen: true });
  vi.spyOn(effects, 'has').mockReturnValue(false);
  return cns;
}

describe('a flow with everything', () => {
  const signals = [go.createSignal('x'), { signal: approved.createSignal('Ann'), after: '1m' }] as const;

  it('breaks no invariant', async () => {
    expect(String(await simulate(flow(), { signals, schedules: 500 }))).toMatch(/^ok: 500 schedules/);
  });

  it('breaks none when it is aborted, and sends nothing to what has ended', async () => {
    const warn = vi.spyOn(console, 'warn').mockReturnValue(undefined); // XState tells of events for stopped actors there
    const result = await simulate(flow(), { signals, schedules: 500, faults: { aborts: true } });
    expect(String(result)).toMatch(/^ok: 500 schedules/);
    expect(result.faults.aborts).toBeGreaterThan(50);
    expect(warn).not.toHaveBeenCalled();
  });
});

it('a handler that waits for something real is waited for, in a time of its own', async () => {
  const begin = collateral('begin');
  const real = neuron('real', {}).dendrite({
    collateral: begin,
    response: async () => {
      for (let turn = 0; turn < 100; turn++) await new Promise((resolve) => setImmediate(resolve));
    },
  });
  const result = await simulate(new CNS([real], { name: 'real' }), { signals: [begin.createSignal()], schedules: 50 });
  expect(String(result)).toMatch(/^ok: 50 schedules/);
});
