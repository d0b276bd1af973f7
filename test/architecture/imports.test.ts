// Rule: the import rules hold for the sources, and are shown to catch what they forbid.
import { spawnSync } from 'node:child_process';
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const config = join(root, '.config/dependency-cruiser.mjs');
const depcruise = join(root, 'node_modules/dependency-cruiser/bin/dependency-cruise.mjs');

interface Cruise {
  summary: { totalCruised: number; violations: { from: string; to: string; rule: { name: string } }[] };
}

function cruise(cwd: string): { cruised: number; violations: string[] } {
  const folders = ['src', 'machines', 'adapters', 'visualizations'];
  const args = [depcruise, '--config', config, '--output-type', 'json', ...folders];
  const { stdout, stderr } = spawnSync(process.execPath, args, { cwd, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (!stdout) throw new Error(`dependency-cruiser gave no report: ${stderr}`);
  const { summary } = JSON.parse(stdout) as Cruise;
  return {
    cruised: summary.totalCruised,
    violations: summary.violations.map(({ rule, from, to }) => `${rule.name}: ${from} -> ${to}`).sort(),
  };
}

/** One tree that breaks each kind of rule once, among imports that the rules allow. */
const tree: Record<string, string> = {
  'src/index.ts': `export { memory } from '../adapters/memory.js';\n`,
  'src/cli/main.ts': `export { memory } from '../../adapters/memory.js';\n`,
  'src/graph/a.ts': `import type { B } from './b.js';\nexport type A = B | 1;\n`,
  'src/graph/b.ts': `import type { A } from './a.js';\nexport type B = A | 2;\n`,
  'src/propagation/step.ts': `import type { Go } from '../stimulation/go.js';\nexport type Step = Go;\n`,
  'src/stimulation/go.ts': `import type { A } from '../graph/a.js';\nexport type Go = A;\n`,
  'src/durability/log.ts': `export const log = 1;\n`,
  'src/durability/store.ts': `export const store = 1;\n`,
  'adapters/memory.ts': `export { store as memory } from '../src/durability/store.js';\n`,
  'adapters/file.ts': `export { log as file } from '../src/durability/log.js';\n`,
  'src/inspector/index.ts': `export { log } from '../durability/log.js';\n`,
  'src/worker/queue.ts': `export const queue = 1;\n`,
  'visualizations/index.ts': `export { queue } from '../src/worker/queue.js';\n`,
  'machines/flows/public.ts': `export { memory } from 'engram';\n`,
  'machines/flows/sibling.ts': `export { memory } from './public.js';\n`,
  'machines/flows/relative.ts': `export { memory } from '../../src/index.js';\n`,
};

let copy: string;
beforeAll(() => {
  copy = mkdtempSync(join(tmpdir(), 'engram-imports-'));
  cpSync(join(root, 'tsconfig.json'), join(copy, 'tsconfig.json'));
  writeFileSync(join(copy, 'package.json'), '{ "name": "engram", "type": "module" }');
  for (const [path, text] of Object.entries(tree)) {
    mkdirSync(dirname(join(copy, path)), { recursive: true });
    writeFileSync(join(copy, path), text);
  }
});
afterAll(() => rmSync(copy, { recursive: true, force: true }));

describe('the import rules', () => {
  it('hold for all that is published, and for the flows', () => {
    const { cruised, violations } = cruise(root);
    expect(cruised).toBeGreaterThan(0);
    expect(violations).toEqual([]);
  });

  it('catch what they forbid, types included, and nothing else', () => {
    expect(cruise(copy).violations).toEqual([
      'adapters-layer: adapters/file.ts -> src/durability/log.ts',
      'flows-public-name: machines/flows/relative.ts -> src/index.ts',
      'inspector-layer: src/inspector/index.ts -> src/durability/log.ts',
      'no-cycles: src/graph/a.ts -> src/graph/b.ts',
      'propagation-layer: src/propagation/step.ts -> src/stimulation/go.ts',
      'src-not-to-adapters: src/index.ts -> adapters/memory.ts',
      'visualizations-layer: visualizations/index.ts -> src/worker/queue.ts',
    ]);
  });
});
