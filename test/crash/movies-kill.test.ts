// Rule: the film import in real processes of the built command line, killed with SIGKILL at random moments and resumed
// until it is done. ENGRAM_KILLS=200 kills more often; ENGRAM_SEED repeats the choices of a run that was printed.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Attempt,
  type Call,
  KillableImport,
  type Moment,
  randomOf,
  REPORTS,
  seedOf,
  type Stored,
} from './killable-import.js';

const KILLS = Number(process.env['ENGRAM_KILLS'] ?? 20);
/** Kills of one import, at most: then it is left alone to its end. */
const KILLS_PER_IMPORT = 7;
const BATCH = 20;
const seed = seedOf(process.env);
const random = randomOf(seed);

interface Calm {
  readonly films: KillableImport;
  readonly stored: Stored;
  readonly attempt: Attempt;
}

let dir: string;
let calm: Calm;

beforeAll(async () => {
  dir = await mkdtemp(join(tmpdir(), 'engram-kill-'));
  const films = new KillableImport(dir, 'undisturbed', BATCH);
  const attempt = await films.attempt();
  expect(attempt).toMatchObject({ exitCode: 0, errors: '' });
  calm = { films, attempt, stored: await storedOf(films) };
});
afterAll(() => rm(dir, { recursive: true, force: true }));

async function storedOf(films: KillableImport): Promise<Stored> {
  const stored = await films.stored();
  if (stored === undefined) expect.fail(`${films.id} is not stored`);
  return stored;
}

const idsOf = ({ settled }: Stored) => settled.map(({ activation }) => activation);

/** Anywhere in the life of a process, mostly where it works: alone its beginning takes as long as the whole import. */
function randomMoment(): Moment {
  const kind = random();
  if (kind < 0.15) return { from: 'spawn', ms: random() * calm.attempt.took };
  if (kind < 0.75) return { from: 'going', ms: random() * calm.attempt.tookGoing * 0.6 };
  return { from: 'milestone', count: 1 + Math.floor(random() * 40), ms: random() * 5 };
}

/**
 * Calls that no checkpoint knows of. Two may be: what the entry leads to before the first milestone is stored, and the
 * last neuron, which follows one that is no milestone.
 */
function unaccounted(stored: Stored | undefined): (call: Call) => boolean {
  if (stored === undefined) return () => true;
  const known = new Set([...idsOf(stored), ...stored.frontier]);
  const allowed = stored.count === 0 ? ['validateBatch'] : ['writeReport'];
  return ({ activation, neuron }) => !known.has(activation) && !allowed.includes(neuron);
}

/** Kills and resumes one import until it is done. @returns how many kills hit a living process */
async function killUntilDone(films: KillableImport, most: number): Promise<number> {
  let kills = 0;
  let calls = 0;
  for (;;) {
    const before = new Set(
      idsOf((await films.stored()) ?? { seq: 0, status: '', settled: [], count: 0, frontier: [] }),
    );
    const attempt = await films.attempt(kills < most ? randomMoment() : undefined);
    const made = films.calls().slice(calls);
    calls += made.length;
    expect(
      made.filter(({ activation }) => before.has(activation)),
      `activations run again by attempt ${kills + 1} that a stored checkpoint held as settled`,
    ).toEqual([]);

    const stored = await films.stored();
    expect(made.filter(unaccounted(stored)), 'started before what leads to them was stored').toEqual([]);
    if (stored !== undefined) {
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

describe(`the film import, killed at ${KILLS} random moments (ENGRAM_SEED=${seed})`, () => {
  it(
    'ends in the same report to the byte every time, and runs nothing again that a checkpoint holds (I2, I4, I8)',
    async () => {
      let kills = 0;
      for (let imports = 1; kills < KILLS; imports++) {
        const films = new KillableImport(dir, `import-${imports}`, BATCH);
        kills += await killUntilDone(films, Math.min(KILLS_PER_IMPORT, KILLS - kills));
        for (const name of REPORTS) expect(films.sha256(name), name).toBe(calm.films.sha256(name));

        const stored = await storedOf(films);
        expect(stored).toMatchObject({ status: 'completed', count: calm.stored.count, frontier: [] });
        expect(idsOf(stored).sort(), 'each activation settled once, and none is missing').toEqual(
          idsOf(calm.stored).sort(),
        );
      }
    },
    60_000 + KILLS * 10_000,
  );
});
