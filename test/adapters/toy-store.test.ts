import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { conformanceCases } from 'engram/adapters/conformance';

const root = fileURLToPath(new URL('../..', import.meta.url));

/** Runs the suite on the toy with the test runner of Node, whose report is TAP. */
function run(toy: string): { readonly status: number | null; readonly report: string; readonly failed: string[] } {
  const script = fileURLToPath(new URL('./support/toy-store.ts', import.meta.url));
  const args = ['--import', 'tsx', '--test', '--test-reporter=tap', script];
  const env = { ...process.env, TOY: toy, TSX_TSCONFIG_PATH: `${root}tsconfig.json` };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: root, env, encoding: 'utf8' });
  const failed = [...stdout.matchAll(/^ {4,}not ok \d+ - (.*)$/gm)].map(([, title = '']) => title);
  return { status, report: stdout + stderr, failed };
}

describe('a store from elsewhere, under `node --test`', () => {
  it('passes the published suite, with what it declares that it cannot left out by name', () => {
    const { status, report, failed } = run('good');
    expect(failed).toEqual([]);
    expect(status, report).toBe(0);
    expect(report).toContain('# Subtest: toyStore keeps the store contract');
    const passed = [...report.matchAll(/^ {4,}ok \d+ - /gm)];
    expect(passed.length).toBeGreaterThanOrEqual(conformanceCases.length + 2);
    expect(report).toMatch(/ok \d+ - \(left out: the store declares that it cannot list runs\) list of an empty store/);
  });

  it('fails it by the outcome that it breaks, and is told what was expected', () => {
    const { status, report, failed } = run('forgetful');
    expect(status).toBe(1);
    expect(failed).toContain('I5: a save, a renewal or a release by an overtaken owner touches nothing');
    expect(failed.every((title) => title.startsWith('I5: ') || title === 'toyStore keeps the store contract')).toBe(
      true,
    );
    expect(report).toContain('expected StaleOwnerError, but it was not refused');
  });
});
