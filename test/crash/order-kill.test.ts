// Rule: the order flow in real processes of the built command line. Each of them is killed by SIGKILL at a write of its
// own, until the order is done or undone; the shop's books are then the same to the byte as if nothing had happened.
import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { fileStore } from 'engram/adapters/file';
import { afterAll, beforeAll, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const main = join(root, 'dist/src/cli/main.js');
const flow = join(root, 'test/crash/dying-order.ts');
const ID = 'order-1';
const MOST_PROCESSES = 60;

let base: string;
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'engram-order-kill-'));
});
afterAll(() => rm(base, { recursive: true, force: true }));

interface CarriedOut {
  readonly exitCode: number | null;
  /** The books as bytes. */
  readonly ledger: string;
  /** How many lines the books had whenever a process was killed, without repetition. */
  readonly linesAtKills: readonly number[];
}

/** One order from its beginning to its end, in as many processes as that takes. */
async function carryOut(name: string, order: object, dies: string): Promise<CarriedOut> {
  const dir = join(base, name);
  const store = `file:${join(dir, 'store')}`;
  const books = join(dir, 'shop', 'ledger.jsonl');
  const ledger = () => (existsSync(books) ? readFileSync(books, 'utf8') : '');
  const payload = JSON.stringify({ order: 'A-1', amount: 2500, ledger: join(dir, 'shop'), ...order });
  const linesAtKills = new Set<number>();
  for (let processes = 0; processes < MOST_PROCESSES; processes++) {
    const args = {
      none: ['run', flow, '--id', ID, '--payload', payload],
      asked: ['signal', flow, ID, 'approved', '--payload', '{"by":"Ann"}', '--delivery-id', 'approval'],
      unfinished: ['resume', flow, ID],
    }[await standing(join(dir, 'store'))];
    const { status, signal, stderr } = spawnSync(process.execPath, [main, ...args, '--store', store], {
      encoding: 'utf8',
      env: { ...process.env, ENGRAM_DIES: dies },
    });
    const isLeft = status === 0 && (await standing(join(dir, 'store'))) === 'asked';
    if (signal === 'SIGKILL') linesAtKills.add(ledger().split('\n').length - 1);
    else if (!isLeft) {
      expect(status, stderr).not.toBe(2);
      return { exitCode: status, ledger: ledger(), linesAtKills: [...linesAtKills].sort() };
    }
  }
  return expect.fail(`${name} was not done after ${MOST_PROCESSES} processes`);
}

/** Whether it is there, and whether it waits for a person. */
async function standing(dir: string): Promise<'none' | 'asked' | 'unfinished'> {
  const store = fileStore({ dir });
  try {
    const [run] = (await store.list({})).runs;
    if (run === undefined) return 'none';
    const { status, due } = run.index;
    return status === 'waiting' && (due ?? 0) > Date.now() + 60_000 ? 'asked' : 'unfinished';
  } finally {
    await store.close();
  }
}

const orders = {
  'that is delivered': { more: {}, exitCode: 0, lines: ['reserved', 'charged', 'shipped'] },
  'that nobody carries': {
    more: { strike: true },
    exitCode: 1,
    lines: ['reserved', 'charged', 'refunded', 'released'],
  },
} as const;

// after each line of the books at least one process dies, in the middle of the undoing, too
it.each([
  ['that is delivered', 'before each checkpoint but the first of its process, with what leads to it done', 'before:2'],
  [
    'that nobody carries',
    'before each checkpoint but the first of its process, with what leads to it done',
    'before:2',
  ],
  ['that nobody carries', 'after each checkpoint', 'after:1'],
] as const)(
  'an order %s is in the books once and in order when it is killed %s (I2, I4, I8)',
  async (name, _when, dies) => {
    const { more, exitCode, lines } = orders[name];
    const order = { declines: 1, ...more };
    const calm = await carryOut(`${name}, undisturbed beside ${dies}`, order, '');
    expect(calm).toMatchObject({ exitCode, linesAtKills: [] });
    const entered = calm.ledger.trimEnd().split('\n');
    expect(entered.map((line) => (JSON.parse(line) as { did: string }).did)).toEqual(lines);

    const killed = await carryOut(`${name}, ${dies}`, order, dies);
    expect(killed.ledger).toBe(calm.ledger);
    expect(killed.exitCode).toBe(exitCode);
    const first = dies === 'after:1' ? 0 : 1;
    expect(killed.linesAtKills).toEqual(Array.from({ length: lines.length + 1 - first }, (_, i) => i + first));
  },
  180_000,
);
