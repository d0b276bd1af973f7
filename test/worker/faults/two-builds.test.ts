// Rule: workers of a build are replaced by those of the next one, one after another, while runs come in: a run that one
// build cannot go on with goes back to the queue for the other one, and none is lost or held up.
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collateral } from 'engram';
import { createClient } from 'engram/worker';
import { type StartedRedis, startRedis } from '../../support/redis-server.js';
import { tally } from '../../support/tally.js';
import { Workers } from './processes.js';

const WORKERS = 3;
/** Between two runs that come in. */
const EVERY = 50;
/** Between two workers that are replaced. */
const THERE = 1000;
/** A run that was refused often pauses for 30 s at most; how fast the rest is says the machine. */
const BOUND = 60_000;

const start = collateral<{ readonly n: number }>('start');
const finished = collateral<readonly string[]>('finished');

let redis: StartedRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

interface Ended {
  readonly way: string;
  readonly took: number;
}

describe('workers of two builds of the same version of a flow', () => {
  it('replace each other under load: every run completes, in bounded time, whichever build it came to', async () => {
    const { url } = redis;
    const workers = new Workers('two-builds');
    const client = createClient({ name: 'two-builds', collaterals: [start, finished], connection: { url } });
    try {
      const old = await Promise.all(Array.from({ length: WORKERS }, () => workers.start({ url, build: 'A' })));
      const runs: Promise<Ended>[] = [];
      const run = async (n: number): Promise<Ended> => {
        const began = performance.now();
        const { result } = await client.stimulate(start.createSignal({ n }), { output: finished });
        const { output } = await result();
        return { way: (output as readonly string[]).join(' '), took: performance.now() - began };
      };
      let isOver = false;
      const load = (async () => {
        while (!isOver) {
          runs.push(run(runs.length));
          await wait(EVERY);
        }
      })();
      for (const child of old) {
        await wait(THERE);
        await workers.start({ url, build: 'B' });
        expect(await workers.letGo(child)).toBe(0);
      }
      await wait(THERE);
      isOver = true;
      await load;
      const ended = await Promise.all(runs);
      const ways = new Set(ended.map(({ way }) => way));
      expect([...ways].sort()).toEqual(expect.arrayContaining(['A A', 'A B', 'B check B']));
      const refused = workers.told as readonly { readonly by: string; readonly code: string }[];
      expect(refused.filter(({ code }) => code === 'GRAPH_MISMATCH').length).toBeGreaterThan(0);
      expect(refused.filter(({ by }) => by === 'B')).toEqual([]);
      const longest = Math.max(...ended.map(({ took }) => took));
      tally('runs through two builds', ended.length);
      tally('runs refused by the build that lacks a neuron', refused.length);
      console.log(`longest run through two builds: ${Math.round(longest)} ms`);
      expect(longest).toBeLessThan(BOUND);
      for (const child of workers.living) expect(await workers.letGo(child)).toBe(0);
      expect(workers.complaints).toEqual([]);
    } finally {
      await client.close();
      await workers.end();
    }
  });
});
