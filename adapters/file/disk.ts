/**
 * The calls to the file system that the file store makes beside its logs. Every failure of theirs becomes a
 * `StoreUnavailableError` that names the path and says what to do.
 *
 * Small files are handled synchronously on purpose: four calls that never leave the page cache cost less than one trip
 * through the thread pool, and nothing can interleave. Whatever waits for the disk itself (fsync) is asynchronous.
 */
import {
  closeSync,
  linkSync,
  mkdirSync,
  openSync,
  readFileSync,
  readdirSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { open } from 'node:fs/promises';
import { dirname } from 'node:path';
import { EngramError, StoreUnavailableError } from '../../src/errors/index.js';

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
let temporary = 0;

/** The same failure as a typed error. */
export function unavailable(what: string, path: string, error: unknown): EngramError {
  if (error instanceof EngramError) return error;
  return new StoreUnavailableError(`${what} failed at ${path}`, error, hintFor(errnoOf(error), path));
}

export function errnoOf(error: unknown): string {
  return (error as NodeJS.ErrnoException | undefined)?.code ?? '';
}

export function ensureDirectory(path: string): void {
  attempt('making a folder', path, () => makeFolder(path));
}

/** @returns undefined when there is no such file */
export function readText(path: string): string | undefined {
  return attempt('reading', path, () => unlessMissing(undefined, () => readFileSync(path, 'utf8')));
}

/** @returns nothing for a folder that is not there */
export function listFolder(path: string): string[] {
  return attempt('listing', path, () => unlessMissing([], () => readdirSync(path)));
}

/** @returns the size in bytes, undefined when there is no such file */
export function sizeOf(path: string): number | undefined {
  return attempt('looking at', path, () => statSync(path, { throwIfNoEntry: false })?.size);
}

/** @returns false when a file of that name was there already. Nobody ever sees half of the text. */
export function createExclusive(path: string, text: string): boolean {
  return attempt('writing', path, () => {
    const temp = writeTemporary(path, text);
    try {
      linkSync(temp, path);
      return true;
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') return false;
      if (!['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP'].includes(errnoOf(error))) throw error;
      return createWithoutLinks(path, text);
    } finally {
      rmSync(temp, { force: true });
    }
  });
}

/** Puts a text in the place of what is there, in one step. */
export function replaceFile(path: string, text: string): void {
  attempt('writing', path, () => renameSync(writeTemporary(path, text), path));
}

export function removeTree(path: string): void {
  attempt('removing', path, () => rmSync(path, { recursive: true, force: true }));
}

/** Waits until a file, and that it exists, is on the disk. `levels`: how many folders above it may be new. */
export async function persist(path: string, levels: number): Promise<void> {
  await syncPath(path);
  let folder = path;
  for (let level = 0; level < levels; level += 1) {
    folder = dirname(folder);
    await syncDirectory(folder);
  }
}

export async function syncDirectory(path: string): Promise<void> {
  try {
    await syncPath(path);
  } catch (error) {
    // Some systems cannot open or sync a folder; their file systems need no such call.
    const cause = error instanceof EngramError ? error.cause : error;
    if (!['EISDIR', 'EPERM', 'EINVAL', 'ENOTSUP'].includes(errnoOf(cause))) throw error;
  }
}

export async function syncPath(path: string): Promise<void> {
  try {
    const handle = await open(path, 'r');
    try {
      await handle.sync();
    } finally {
      await handle.close();
    }
  } catch (error) {
    throw unavailable('syncing', path, error);
  }
}

function writeTemporary(path: string, text: string): string {
  let isFolderMade = false;
  for (;;) {
    temporary += 1;
    const temp = `${path}.${process.pid}-${temporary}.tmp`;
    try {
      writeFileSync(temp, text, { flag: 'wx', mode: FILE_MODE });
      return temp;
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') continue;
      if (errnoOf(error) !== 'ENOENT' || isFolderMade) {
        rmSync(temp, { force: true });
        throw error;
      }
      makeFolder(dirname(path));
      isFolderMade = true;
    }
  }
}

/** Not by `recursive: true`, which never ends where a system refuses new folders with "no such file", as in /proc. */
function makeFolder(path: string): void {
  try {
    mkdirSync(path, { mode: DIRECTORY_MODE });
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' && statSync(path).isDirectory()) return;
    const parent = dirname(path);
    if (errnoOf(error) !== 'ENOENT' || parent === path || statSync(parent, { throwIfNoEntry: false })) throw error;
    makeFolder(parent);
    makeFolder(path);
  }
}

/** For file systems that know no hard links. A crash between the two calls leaves an empty, that is a damaged, file. */
function createWithoutLinks(path: string, text: string): boolean {
  try {
    const fd = openSync(path, 'wx', FILE_MODE);
    try {
      writeFileSync(fd, text);
    } finally {
      closeSync(fd);
    }
    return true;
  } catch (error) {
    if (errnoOf(error) === 'EEXIST') return false;
    throw error;
  }
}

function attempt<T>(what: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw unavailable(what, path, error);
  }
}

function unlessMissing<T>(fallback: T, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return fallback;
    throw error;
  }
}

function hintFor(code: string, path: string): string {
  const intact = 'what was stored before is intact';
  switch (code) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `free some space on the disk (or quota) that holds ${path}, then try again; ${intact}`;
    case 'EFBIG':
      return `raise the limit on file sizes of this process (ulimit -f) that ${path} ran into; ${intact}`;
    case 'EROFS':
      return `mount the file system of ${path} writable, or give fileStore another dir; ${intact}`;
    case 'EACCES':
    case 'EPERM':
      return `let this user read and write ${path} and the folder it is in, or give fileStore another dir; ${intact}`;
    case 'ENOTDIR':
    case 'EEXIST':
    case 'EISDIR':
      return `a file stands where ${path} needs a folder, or the other way round; move it away, or give fileStore another dir`;
    case 'ENOENT':
      return `a folder above ${path} is gone or cannot be made there; make it, or give fileStore another dir`;
    case 'EMFILE':
    case 'ENFILE':
      return `too many files are open; raise the limit (ulimit -n), then use ${path} again; ${intact}`;
    default:
      return `check the disk that holds ${path}, then try again; ${intact}`;
  }
}
