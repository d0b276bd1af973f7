// Rule: tests that run the build find it as new as the sources. ENGRAM_SKIP_BUILD=1 leaves dist as it is.
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('../..', import.meta.url));
const inputs = [
  'src',
  'machines',
  'adapters',
  'visualizations',
  'package.json',
  'tsconfig.json',
  '.config/tsconfig.build.json',
];
const output = join(root, 'dist/src/index.js');

function newest(path: string): number {
  const stat = statSync(path);
  if (!stat.isDirectory()) return stat.mtimeMs;
  return readdirSync(path).reduce((latest, name) => Math.max(latest, newest(join(path, name))), stat.mtimeMs);
}

export function setup(): void {
  if (process.env['ENGRAM_SKIP_BUILD'] === '1') return;
  const needed = Math.max(...inputs.map((path) => newest(join(root, path))));
  if (existsSync(output) && statSync(output).mtimeMs >= needed) return;
  execFileSync('npm', ['run', '--silent', 'build'], { cwd: root, stdio: 'inherit' });
}
