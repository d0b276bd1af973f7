/** The same seed gives the same trace, byte for byte. */
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { PATIENT, PROMPT, simulateOrder } from './order-world.js';

const child = fileURLToPath(new URL('./order-child.ts', import.meta.url));
const SCENARIOS = Object.entries({ ...PROMPT, ...PATIENT });

async function traces(seed: number, schedules: number): Promise<string> {
  let text = '';
  for (const [name, scenario] of SCENARIOS) {
    await simulateOrder(scenario, {
      seed,
      schedules,
      onSchedule: ({ seed: its, trace }) => (text += `an order ${name}, seed ${its}\n${trace}`),
    });
  }
  return text;
}
const hashOf = (text: string): string => createHash('sha256').update(text).digest('hex');

describe('the trace of a schedule', () => {
  it('is the same in the same process, and another one for another seed', async () => {
    const first = await traces(100, 50);
    expect(hashOf(await traces(100, 50))).toBe(hashOf(first));
    expect(await traces(151, 50)).not.toBe(first);
    expect(first.split('\n').length).toBeGreaterThan(5000);
  });

  it('is the same in another process', async () => {
    const run = promisify(execFile);
    const { stdout } = await run(process.execPath, ['--import', 'tsx', child, '7'], { maxBuffer: 1e8 });
    expect(hashOf(stdout)).toBe(hashOf(await traces(7, 20)));
  });

  it('does not depend on the schedules before it, nor on being written down', async () => {
    const scenario = PATIENT['that has to be approved']!;
    const seen: string[] = [];
    await simulateOrder(scenario, { seed: 40, schedules: 10, onSchedule: ({ trace }) => seen.push(trace) });
    await simulateOrder(scenario, { seed: 49, schedules: 1, onSchedule: ({ trace }) => seen.push(trace) });
    expect(seen[10]).toBe(seen[9]);
    const silent = await simulateOrder(scenario, { seed: 40, schedules: 10 });
    const traced = await simulateOrder(scenario, { seed: 40, schedules: 10, onSchedule: () => undefined });
    expect(traced).toEqual(silent);
  });

  it('of a failure is that of its shortest schedule, and its choices give it again', async () => {
    const scenario = PROMPT['up to the limit']!;
    const invariants = { 'never shipped': ({ status }: { status: string }) => `it is ${status}` };
    const { failure } = await simulateOrder(scenario, { seed: 5, invariants });
    expect(failure).toMatchObject({
      seed: 5,
      invariant: 'never shipped',
      message: 'it is completed',
      schedule: [],
      choices: [],
    });
    const again = await simulateOrder(scenario, { choices: failure?.choices ?? [], invariants });
    expect(again.failure?.trace).toBe(failure?.trace);
    expect(failure?.trace).toMatch(/^ +\+0 {3}process 1: starts the run\n/);
    expect(failure?.trace).toMatch(/\nbroken: never shipped: it is completed\n$/);
  });
});
