// Rule: whole flows in real processes of the built command line, killed with SIGKILL at random moments and resumed until
// they are done. ENGRAM_KILLS=200 kills each of them more often; ENGRAM_SEED repeats the choices of a run that was printed.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { randomOf, seedOf } from '../support/random.js';
import { tally } from '../support/tally.js';
import {
  type Attempt,
  type Call,
  fanOut,
  filmImport,
  type KillableFlow,
  KillableRun,
  type Moment,
  type Stored,
} from './killable-run.js';

const KILLS = Number(process.env['ENGRAM_KILLS'] ?? 5);
/** Kills of one run, at most: then it is left alone to its end. */
const KILLS_PER_RUN = 7;
const seed = seedOf(process.env);
const random = randomOf(seed);

const FLOWS: readonly (readonly [string, KillableFlow])[] = [
  ['the film import', filmImport(20)],
  ['a fan-out of 60', fanOut(60)],
];
/** Undefined: a directory of its own for every run. */
const STORES: readonly (readonly [string, string | undefined])[] = [
  ['file store', undefined],
  ['Redis store', inject('redisUrl')],
];

let dir: string;
beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'engram-kill-'));
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function storedOf(run: KillableRun): Promise<Stored> {
  const stored = await run.stored();
  if (stored === undefined) expect.fail(`${run.id} is not stored`);
  return stored;
}

const idsOf = ({ settled }: Stored) => settled.map(({ activation }) => activation);

/** Anywhere in the life of a process, mostly where it works: alone its beginning takes as long as a whole run. */
function randomMoment(calm: Attempt): Moment {
  const kind = random();
  if (kind < 0.15) return { from: 'spawn', ms: random() * calm.took };
  if (kind < 0.75) return { from: 'going', ms: random() * calm.tookGoing * 0.6 };
  return { from: 'milestone', count: 1 + Math.floor(random() * 40), ms: random() * 5 };
}

/** Calls that no checkpoint knows of, although it should. */
function unaccounted({ first, unannounced }: KillableFlow, stored: Stored | undefined): (call: Call) => boolean {
  if (stored === undefined) return () => true;
  const known = new Set([...idsOf(stored), ...stored.frontier]);
  const allowed = stored.count === 0 ? first : unannounced;
  return ({ activation, neuron }) => !known.has(activation) && !allowed.includes(neuron);
}

/** Kills and resumes one run until it is done. @returns how many kills hit a living process */
async function killUntilDone(run: KillableRun, calm: Attempt, most: number): Promise<number> {
  let kills = 0;
  let calls = 0;
  let seq = 0;
  for (;;) {
    const before = new Set(idsOf((await run.stored()) ?? { seq, status: '', settled: [], count: 0, frontier: [] }));
    const attempt = await run.attempt(kills < most ? randomMoment(calm) : undefined);
    const made = run.calls().slice(calls);
    calls += made.length;
    expect(
      made.filter(({ activation }) => before.has(activation)),
      `activations run again by attempt ${kills + 1} that a stored checkpoint held as settled`,
    ).toEqual([]);

    const stored = await run.stored();
    expect(made.filter(unaccounted(run.flow, stored)), 'started before what leads to them was stored').toEqual([]);
    if (stored !== undefined) {
      expect(stored.seq, 'a checkpoint has gone backwards').toBeGreaterThanOrEqual(seq);
      seq = stored.seq;
      expect(stored.settled.length, 'events and checkpoint were stored together').toBe(stored.count);
      expect(stored.frontier.filter((activation) => idsOf(stored).includes(activation))).toEqual([]);
      expect(
        [...before].filter((activation) => !idsOf(stored).includes(activation)),
        'lost',
      ).toEqual([]);
    }
    if (!attempt.wasKilled) {
      expect(attempt).toMatchObject({ exitCode: 0, errors: '' });
      return kills;
    }
    kills++;
  }
}

describe.each(STORES)(`on the %s, killed at ${KILLS} random moments (ENGRAM_SEED=${seed})`, (store, url) => {
  it.each(FLOWS)(
    '%s leaves the same files to the byte every time, and runs nothing again that a checkpoint holds (I2, I4, I8)',
    async (name, flow) => {
      const key = `${store} ${name} ${seed}`.replace(/\W+/g, '-');
      const calm = new KillableRun(dir, `${key}-undisturbed`, flow, url);
      const attempt = await calm.attempt();
      expect(attempt).toMatchObject({ exitCode: 0, errors: '' });
      const expected = await storedOf(calm);
      const sums = calm.sums();

      let kills = 0;
      for (let runs = 1; kills < KILLS; runs++) {
        const run = new KillableRun(dir, `${key}-${runs}`, flow, url);
        kills += await killUntilDone(run, attempt, Math.min(KILLS_PER_RUN, KILLS - kills));
        expect(run.sums()).toEqual(sums);

        const stored = await storedOf(run);
        expect(stored).toMatchObject({ status: 'completed', count: expected.count, frontier: [] });
        expect(idsOf(stored).sort(), 'each activation settled once, and none is missing').toEqual(
          idsOf(expected).sort(),
        );
        await run.forget();
      }
      await calm.forget();
      tally(`kills survived: ${store}, ${name}`, kills);
    },
    60_000 + KILLS * 10_000,
  );
});
