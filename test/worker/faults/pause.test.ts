// Rule: a worker that was stopped in the middle of its saves, for so long that others have gone on with its runs, finds
// that out before it starts anything.
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StartedRedis, startRedis } from '../../support/redis-server.js';
import { callsOn, Load, ranAgain } from './load.js';
import { Workers } from './processes.js';

let redis: StartedRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

describe('a worker that was paused while it stored milestones', () => {
  it('starts nothing that is behind a milestone which others have stored (I4, I5)', async () => {
    const workers = new Workers('ten-steps');
    const load = new Load(redis.url, 200);
    const config = { url: redis.url, effects: redis.url, ms: 2 };
    try {
      const paused = await workers.start(config);
      await load.begin(0, 20);
      await load.client.result('run-5');
      const begun = load.begin(20);
      await load.client.result('run-25');
      paused.kill('SIGSTOP');
      await begun;
      await workers.start(config);
      await load.outputs();
      paused.kill('SIGCONT');
      for (const child of workers.living) expect(await workers.letGo(child)).toBe(0);
      const calls = await callsOn(redis.url);
      expect(ranAgain(calls)).toEqual([]);
    } finally {
      await load.close();
      await workers.end();
    }
  });
});
