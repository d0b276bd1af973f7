// Rule: the repository keeps its shape: known top-level entries, short files, and exports that exist in the build.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folders = ['adapters', 'machines', 'src', 'test', 'visualizations'];
const topFiles = ['CHANGELOG.md', 'LICENSE', 'README.md', 'package-lock.json', 'package.json', 'tsconfig.json'];

interface Manifest {
  bin: Record<string, string>;
  exports: Record<string, string | Record<string, string>>;
}
const manifest = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as Manifest;

/** Files that are tracked or would be; undefined where there is no git to ask. */
function repositoryFiles(): string[] | undefined {
  const args = ['ls-files', '-z', '--cached', '--others', '--exclude-standard'];
  const { status, stdout } = spawnSync('git', args, { cwd: root, encoding: 'utf8', maxBuffer: 2 ** 28 });
  if (status !== 0) return undefined;
  return stdout.split('\0').filter((path) => path !== '' && existsSync(join(root, path)));
}
const files = repositoryFiles();

function sources(folder: string): string[] {
  const all = readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' });
  return all.map((path) => join(folder, path).replaceAll('\\', '/')).filter((path) => path.endsWith('.ts'));
}

describe('the repository', () => {
  it.skipIf(files === undefined)('has exactly the known top-level entries, dotfiles aside', () => {
    const visible = (files ?? []).filter((path) => !path.startsWith('.'));
    const inFolders = visible.filter((path) => path.includes('/')).map((path) => path.split('/')[0]);
    expect([...new Set(inFolders)].sort()).toEqual(folders);
    expect(visible.filter((path) => !path.includes('/')).sort()).toEqual(topFiles);
  });

  it.each([
    { limit: 400, in: ['src', 'machines', 'adapters', 'visualizations'] },
    { limit: 600, in: ['test'] },
  ])('has no file over $limit lines in $in', ({ limit, in: where }) => {
    const counted = where.flatMap(sources).filter((path) => !path.startsWith('machines/flows/'));
    const lines = (path: string) => readFileSync(join(root, path), 'utf8').trimEnd().split('\n').length;
    expect(counted.filter((path) => lines(path) > limit)).toEqual([]);
  });

  it('names no host in its lockfile', () => {
    const lock = readFileSync(join(root, 'package-lock.json'), 'utf8');
    expect(lock).not.toMatch(/"resolved"|registry/);
  });
});

describe('the package', () => {
  const published = Object.values(manifest.exports).flatMap((entry) =>
    typeof entry === 'string' ? [entry] : Object.values(entry),
  );

  it('exports and runs only files that the build made', () => {
    const targets = [...published, ...Object.values(manifest.bin)];
    expect(targets.filter((path) => !existsSync(join(root, path)))).toEqual([]);
  });

  it('gives types first in every export', () => {
    const coded = Object.entries(manifest.exports).filter(([name]) => name !== './package.json');
    expect(coded.map(([, entry]) => Object.keys(entry))).toEqual(coded.map(() => ['types', 'default']));
  });

  it('exports every index of the build', () => {
    const indexes = ['src', 'machines', 'adapters', 'visualizations'].map((folder) => `./dist/${folder}/index.js`);
    expect(indexes.filter((path) => existsSync(join(root, path)) && !published.includes(path))).toEqual([]);
  });

  it('builds neither tests nor flows', () => {
    expect(readdirSync(join(root, 'dist')).sort()).toEqual(['adapters', 'machines', 'src', 'visualizations']);
    expect(existsSync(join(root, 'dist/machines/flows'))).toBe(false);
  });
});
