// Rule: the Redis server that holds the queue and the runs is killed, and restarted in order, while runs go through four
// workers, one of which dies meanwhile; what it had acknowledged it has in its log (AOF), and no run notices.
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type StartedRedis, startRedis } from '../../support/redis-server.js';
import { tally } from '../../support/tally.js';
import { callsOn, effectsOf, Load, movesOf, ranAgain, undisturbed } from './load.js';
import { Workers } from './processes.js';

const WORKERS = 4;
const RUNS = 100;
/** How long the server is away, and how long it is there in between. */
const AWAY = 1000;
const THERE = 2000;
/** Of a step, on average: with four times ten runs at once, they last for about eight seconds. */
const STEP = 300;

let redis: StartedRedis;
/** Where the effects are: it is there all the time. */
let witness: StartedRedis;
beforeAll(async () => {
  // an answer says that what it answers is in the log
  redis = await startRedis({ appendonly: 'always' });
  witness = await startRedis();
});
afterAll(async () => {
  await redis.stop();
  await witness.stop();
});

describe('a Redis server that is killed and restarted under load', () => {
  it(`has ${RUNS} runs complete as if nothing had happened: nothing behind a stored milestone runs twice (I2, I4, I8)`, async () => {
    const workers = new Workers('ten-steps');
    const load = new Load(redis.url, RUNS);
    const config = { url: redis.url, effects: witness.url, ms: STEP };
    try {
      const [victim] = await Promise.all(Array.from({ length: WORKERS }, () => workers.start(config)));
      await load.begin();
      const calm = await undisturbed(`${witness.url}/1`, RUNS);
      const outputs = load.outputs();
      outputs.catch(() => undefined);
      await redis.kill();
      await wait(AWAY);
      await workers.kill(victim ?? expect.fail('no worker'));
      await redis.restart();
      await wait(THERE);
      await redis.restart();
      await workers.start(config);
      expect(await outputs).toEqual(calm.outputs);
      await load.expectSettledOnce();
      expect(workers.living).toHaveLength(WORKERS);
      for (const child of workers.living) expect(await workers.letGo(child)).toBe(0);
      const calls = await callsOn(witness.url);
      expect(effectsOf(calls)).toEqual(effectsOf(calm.calls));
      expect(ranAgain(calls)).toEqual([]);
      tally('restarts of the Redis server under workers', 2);
      tally('runs that went on in another worker after a restart', movesOf(calls).moved);
    } finally {
      await load.close();
      await workers.end();
    }
  });
});
