// Rule: how long the runs of a worker that was killed stand still before another one goes on with them.
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StartedRedis, startRedis } from '../../support/redis-server.js';
import { callsOn, Load } from './load.js';
import { type Launcher, Workers } from './processes.js';

const RUNS = 5;
/** That of a flow whose options say nothing of it. */
const LEASE = 5000;
/** A lost job is found after 4 s at most; the rest is what a machine under load may add. */
const SLACK = 10_000;
/** Longer than any test. */
const FOREVER = 3_600_000;
/** A death in another namespace cannot be proven. */
const elsewhere = [['-pf'], ['-rpf']]
  .map((args) => ['unshare', ...args, '--kill-child'])
  .find(([command = '', ...args]) => spawnSync(command, [...args, 'true']).status === 0);

let redis: StartedRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

/** @returns for each run how many milliseconds after the kill another worker went on with it */
async function standstills(database: number, launcher: Launcher): Promise<number[]> {
  const url = `${redis.url}/${database}`;
  const workers = new Workers('ten-steps');
  const load = new Load(url, RUNS);
  try {
    const victim = await workers.start({ url, effects: url, ms: FOREVER }, launcher);
    await load.begin();
    await expect.poll(async () => (await callsOn(url)).size).toBe(RUNS);
    const [first] = [...(await callsOn(url)).values()].flat();
    await workers.start({ url, effects: url, ms: 0 });
    const killedAt = process.hrtime.bigint();
    await workers.kill(victim);
    await load.outputs();
    const calls = [...(await callsOn(url)).values()].flat();
    return load.ids.map((_, n) => {
      const later = calls.filter(({ pid, given }) => pid !== first?.pid && given === n);
      return Math.min(...later.map(({ at }) => Number((at - killedAt) / 1_000_000n)));
    });
  } finally {
    await load.close();
    await workers.end();
  }
}

describe.concurrent('the runs of a worker that was killed', () => {
  it('go on in another worker of the same host, which sees that it is dead, within the time of a lease', async () => {
    const took = Math.max(...(await standstills(0, [])));
    console.log(`longest standstill after a kill, on the same host: ${took} ms`);
    expect(took).toBeLessThan(LEASE + SLACK);
  });

  it.skipIf(elsewhere === undefined)(
    'go on in a worker that cannot know of its death when the lease is over (needs unshare)',
    async () => {
      const took = Math.max(...(await standstills(1, elsewhere ?? [])));
      console.log(`longest standstill after a kill, elsewhere: ${took} ms`);
      expect(took).toBeLessThan(LEASE + SLACK);
    },
  );
});
