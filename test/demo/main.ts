/**
 * `npm run demo`: the film import is killed with SIGKILL in the middle of its work, again and again, and resumed. In the
 * end its report is compared with that of an import that nobody disturbed. Exits with 1 when they differ.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { styleText } from 'node:util';
import { type Attempt, filmImport, KillableRun, REPORTS, type Stored } from '../crash/killable-run.js';
import { randomOf, seedOf } from '../support/random.js';

const BATCH = 20;
const KILLS = 5;
const MILESTONES = ['validateBatch', 'byGenre', 'byDecade', 'boxOffice'];

type Style = Parameters<typeof styleText>[0];
const hasColour =
  (process.env['NO_COLOR'] ?? '') === '' && (process.stdout.isTTY || (process.env['FORCE_COLOR'] ?? '0') !== '0');
const paint = (style: Style, text: string) => (hasColour ? styleText(style, text) : text);
const say = (text = '') => process.stdout.write(`${text}\n`);
const row = (cells: readonly string[]) => {
  const widths = [6, 11, 20, 11, 10];
  return `  ${cells.map((cell, i) => cell.padEnd(widths[i] ?? 0)).join('')}`.trimEnd();
};
const seconds = (ms: number) => `${(ms / 1000).toFixed(2)} s`;
const milestonesOf = ({ settled }: Stored) => settled.filter(({ neuron }) => MILESTONES.includes(neuron)).length;
const twice = (ids: readonly string[]) => ids.length - new Set(ids).size;

function assertDone(attempt: Attempt): void {
  if (attempt.exitCode === 0) return;
  throw new Error(`${attempt.command} ended with ${attempt.exitCode}: ${attempt.errors}`);
}

async function storedOf(films: KillableRun): Promise<Stored> {
  const stored = await films.stored();
  if (stored === undefined) throw new Error(`${films.id} is not stored`);
  return stored;
}

async function demo(dir: string, seed: number): Promise<boolean> {
  const random = randomOf(seed);
  say();
  say(`  ${paint('bold', 'An import of 3,201 films, killed again and again')}`);
  say(`  ${paint('dim', `seed ${seed}; ENGRAM_SEED=${seed} npm run demo makes the same choices`)}`);
  say();

  const calm = new KillableRun(dir, 'undisturbed', filmImport(BATCH));
  const whole = await calm.attempt();
  assertDone(whole);
  const expected = await storedOf(calm);
  const total = milestonesOf(expected);
  say(`  undisturbed: ${expected.count} activations, ${total} milestones, ${seconds(whole.took)}`);
  say();
  say(paint('dim', row(['kill', 'alive for', 'milestones stored', 'pending', 'of these run again'])));

  const films = new KillableRun(dir, 'killed', filmImport(BATCH));
  let done = 0;
  let kills = 0;
  let again: number | undefined;
  let line = '';
  let heldAgain = 0;
  const report = (repeated: number) => say(`${line.padEnd(50)}${repeated}`);
  for (;;) {
    const before = films.calls();
    const known = new Set((await films.stored())?.settled.map(({ activation }) => activation));
    const left = total - done;
    const count = 1 + Math.floor(random() * (left / (KILLS - kills + 1)) * 1.6);
    const attempt = await films.attempt(
      kills < KILLS && left > 1 ? { from: 'milestone', count: Math.min(count, left - 1), ms: random() * 6 } : undefined,
    );
    const calls = films.calls().slice(before.length);
    const earlier = new Set(before.map(({ activation }) => activation));
    again = calls.filter(({ activation }) => earlier.has(activation)).length;
    heldAgain += calls.filter(({ activation }) => known.has(activation)).length;
    if (line !== '') report(again);
    line = '';
    if (!attempt.wasKilled) {
      assertDone(attempt);
      break;
    }
    kills++;
    const stored = await storedOf(films);
    done = milestonesOf(stored);
    line = row([String(kills), seconds(attempt.took), `${done} of ${total}`, String(stored.frontier.length)]);
  }

  const end = await storedOf(films);
  const calls = films.calls().map(({ activation }) => activation);
  const settledTwice = twice(end.settled.map(({ activation }) => activation));
  say();
  say(`  kills         ${kills}`);
  say(`  activations   ${end.count} settled, ${settledTwice} of them twice`);
  say(`  calls         ${calls.length}, so ${twice(calls)} were repeated: those that a kill interrupted`);
  say(`  milestones    ${milestonesOf(end)} stored, ${heldAgain} of what they hold run again`);
  say();
  let isEqual = true;
  for (const name of REPORTS) {
    const sums = [calm.sums()[name] ?? '', films.sums()[name] ?? ''] as const;
    isEqual &&= sums[0] === sums[1];
    say(`  ${name}, SHA-256`);
    say(`    whole   ${paint('dim', sums[0])}`);
    say(`    killed  ${paint(sums[0] === sums[1] ? 'green' : 'red', sums[1])}`);
  }
  say();
  const isRight = isEqual && kills >= 3 && settledTwice === 0 && heldAgain === 0 && end.count === expected.count;
  say(
    isRight
      ? paint('green', '  Equal to the byte, and nothing that was stored was done again.')
      : paint('red', isEqual ? '  Equal, but not as promised: see the numbers above.' : '  The reports differ.'),
  );
  say();
  return isRight;
}

const dir = await mkdtemp(join(tmpdir(), 'engram-demo-'));
try {
  process.exitCode = (await demo(dir, seedOf(process.env))) ? 0 : 1;
} finally {
  await rm(dir, { recursive: true, force: true });
}
