// Rule: four worker processes are killed, paused beyond their leases and replaced at random while runs go through them,
// and no run notices. ENGRAM_WORKER_SECONDS=60 does so to 500 runs; ENGRAM_SEED repeats the choices.
import { setTimeout as wait } from 'node:timers/promises';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { randomOf, seedOf } from '../../support/random.js';
import { type StartedRedis, startRedis } from '../../support/redis-server.js';
import { tally } from '../../support/tally.js';
import { callsOn, effectsOf, Load, movesOf, ranAgain, undisturbed } from './load.js';
import { Workers } from './processes.js';

const SECONDS = Number(process.env['ENGRAM_WORKER_SECONDS'] ?? 8);
const WORKERS = 4;
/** Of one worker at once. */
const CONCURRENCY = 10;
const RUNS = SECONDS < 60 ? 150 : 500;
/** Of a step, on average: so that what there is to do lasts about as long as the faults. */
const STEP = (0.6 * SECONDS * 1000 * WORKERS * CONCURRENCY) / (10 * RUNS);
/** Longer than a lease. */
const PAUSE = 5500;
const seed = seedOf(process.env);
const random = randomOf(seed);

let redis: StartedRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

/** Kills one worker and puts another in its place, or pauses one until others have taken what it held. */
async function disturb(workers: Workers, config: object): Promise<void> {
  const { awake, ready } = workers;
  if (awake.length < WORKERS / 2) return;
  const isKill = random() < 0.6 || awake.length === WORKERS / 2;
  const among = isKill ? ready : awake;
  const child = among[Math.floor(random() * among.length)];
  if (child === undefined) return;
  if (!isKill) return workers.pause(child, PAUSE + random() * 2000);
  await workers.kill(child);
  await workers.start(config);
}

describe(`${WORKERS} workers, killed, paused and replaced for ${SECONDS} seconds (ENGRAM_SEED=${seed})`, () => {
  it(
    `complete each of ${RUNS} runs as if nothing had happened: nothing behind a stored milestone runs twice (I4, I5, I8)`,
    async () => {
      const workers = new Workers('ten-steps');
      const load = new Load(redis.url, RUNS);
      const config = { url: redis.url, effects: redis.url, ms: STEP };
      try {
        const started = Array.from({ length: WORKERS }, () => workers.start(config));
        const [calm] = await Promise.all([undisturbed(`${redis.url}/1`, RUNS), ...started]);
        await load.begin();
        const disturbed: Promise<void>[] = [];
        const until = performance.now() + SECONDS * 1000;
        while (performance.now() < until) {
          await wait(300 + random() * 1200);
          disturbed.push(disturb(workers, config));
        }
        await Promise.all(disturbed);
        await workers.allAwake();
        expect(await load.outputs()).toEqual(calm.outputs);
        await load.expectSettledOnce();
        expect(workers.living).toHaveLength(WORKERS);
        for (const child of workers.living) expect(await workers.letGo(child)).toBe(0);
        const calls = await callsOn(redis.url);
        expect(effectsOf(calls)).toEqual(effectsOf(calm.calls));
        expect(ranAgain(calls)).toEqual([]);
        expect(workers.complaints).toEqual([]);
        const { repeated, moved } = movesOf(calls);
        tally('workers killed', workers.kills);
        tally('workers paused beyond their leases', workers.pauses);
        tally('runs that went on in another worker', moved);
        tally('activations that ran again, since no milestone held them', repeated);
      } finally {
        await load.close();
        await workers.end();
      }
    },
    90_000 + SECONDS * 4000,
  );
});
