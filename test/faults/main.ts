/**
 * `npm run faults`: every fault test with its long settings, and what they have been through, added up. ENGRAM_KILLS,
 * ENGRAM_FIGHT_SECONDS, ENGRAM_FAULT_SECONDS,
 * ENGRAM_WORKER_SECONDS, ENGRAM_CASES and ENGRAM_SEED change the settings; exits with 1 when anything fails.
 */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const LONG = {
  ENGRAM_KILLS: '200',
  ENGRAM_FIGHT_SECONDS: '20',
  ENGRAM_FAULT_SECONDS: '600',
  ENGRAM_CASES: '10000',
  ENGRAM_WORKER_SECONDS: '60',
};
/** Where tests are that tell a tally. */
const FILES = ['test/crash', 'faults', 'malformed'];

const root = fileURLToPath(new URL('../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'engram-faults-'));
const file = join(folder, 'tally.jsonl');
try {
  const args = ['vitest', 'run', '--config', '.config/vitest.config.ts', '--typecheck.enabled=false', ...FILES];
  const env = { ...LONG, ...process.env, ENGRAM_TALLY: file };
  const { status } = spawnSync('npx', args, { cwd: root, env, stdio: 'inherit' });
  const sums = new Map<string, number>();
  const lines = existsSync(file) ? readFileSync(file, 'utf8').trimEnd().split('\n') : [];
  for (const line of lines) {
    const { what, count } = JSON.parse(line) as { readonly what: string; readonly count: number };
    sums.set(what, (sums.get(what) ?? 0) + count);
  }
  const longest = Math.max(0, ...[...sums.keys()].map((what) => what.length));
  for (const [what, count] of [...sums].sort()) console.log(`${what.padEnd(longest)}  ${count}`);
  process.exitCode = status === 0 ? 0 : 1;
} finally {
  rmSync(folder, { recursive: true, force: true });
}
