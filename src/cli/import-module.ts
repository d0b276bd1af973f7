/**
 * A file of the user's, imported as a module: once, or afresh, as each process of its own would have it.
 *
 * Rule: the flow and the command line share one copy of the library, so that what one makes the other knows. A `.js`
 * module finds it as Node does; a `.ts` module, which Node 20 cannot load, is given the copy that runs here.
 */
import { existsSync, statSync } from 'node:fs';
import { createRequire, register } from 'node:module';
import { dirname, extname, join, sep } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Jiti, JitiOptions } from 'jiti';
import * as fileAdapter from '../../adapters/file.js';
import * as memoryAdapter from '../../adapters/memory.js';
import * as machines from '../../machines/index.js';
import * as engram from '../index.js';
import { LIFE } from './prove/fresh-hooks.js';

export type Exported = Readonly<Record<string, unknown>>;
export type ImportModule = (file: string) => Promise<Exported>;

const TYPESCRIPT = ['.ts', '.mts', '.cts', '.tsx'];
const JAVASCRIPT = ['.js', '.mjs', '.cjs'];
/** What the library itself consists of. */
const OWN = fileURLToPath(new URL('../../', import.meta.url));
const PACKAGES = `${sep}node_modules${sep}`;

const isTypeScript = (file: string): boolean => TYPESCRIPT.includes(extname(file));
export const isModule = (file: string): boolean => isTypeScript(file) || JAVASCRIPT.includes(extname(file));

/** As it was imported before, if it was. */
export const importOnce: ImportModule = async (file) =>
  isTypeScript(file) ? (await jitiFor(file)).import(file) : importUrl(pathToFileURL(file).href);

let lives = 0;
let fresh: Jiti | undefined;

/** Evaluated once more, and with it what it imports by relative paths. Packages, this one too, stay as they are. */
export const importAfresh: ImportModule = async (file) => {
  if (isTypeScript(file)) {
    fresh ??= await remembering(file);
    forget(fresh.cache);
    return fresh.import(file);
  }
  if (lives === 0) register('./prove/fresh-hooks.js', import.meta.url);
  forget(createRequire(import.meta.url).cache);
  const url = pathToFileURL(file);
  url.searchParams.set(LIFE, String((lives += 1)));
  return importUrl(url.href);
};

const importUrl = (url: string) => import(url) as Promise<Exported>;

function forget(cache: Record<string, unknown>): void {
  for (const file of Object.keys(cache)) {
    if (!file.includes(PACKAGES) && !file.startsWith(OWN)) Reflect.deleteProperty(cache, file);
  }
}

async function jitiFor(file: string, more: JitiOptions = {}): Promise<Jiti> {
  const { createJiti } = await import('jiti');
  return createJiti(import.meta.url, {
    fsCache: cacheFolder(file),
    interopDefault: false,
    virtualModules: {
      engram,
      'engram/machines': machines,
      'engram/adapters/memory': memoryAdapter,
      'engram/adapters/file': fileAdapter,
    },
    ...more,
  });
}

/** Compiles each file once, whether or not there is a folder to keep that in. */
async function remembering(file: string): Promise<Jiti> {
  const compiler = await jitiFor(file);
  const known = new Map<string, string>();
  return jitiFor(file, {
    fsCache: false,
    transform: (options) => {
      const key = `${options.filename ?? ''}\0${options.source}`;
      const code = known.get(key) ?? compiler.transform(options);
      known.set(key, code);
      return { code };
    },
  });
}

/**
 * Where what was compiled is kept, which takes most of the time of a short command: among the packages that the module
 * may run, and nowhere that others may write.
 */
function cacheFolder(file: string): string | false {
  for (let folder = dirname(file); ; folder = dirname(folder)) {
    const packages = join(folder, 'node_modules');
    if (existsSync(packages)) {
      const cache = join(packages, '.cache', 'engram');
      return [packages, dirname(cache), cache].every(isOurs) && cache;
    }
    if (folder === dirname(folder)) return false;
  }
}

/** Whether nobody else may write there, or nothing is there yet. */
function isOurs(folder: string): boolean {
  const found = statSync(folder, { throwIfNoEntry: false });
  if (found === undefined || process.getuid === undefined) return true;
  return found.uid === process.getuid() && (found.mode & 0o022) === 0;
}
