/**
 * What the file store does with small files and folders. Every failure becomes a `StoreUnavailableError` that names the
 * path and says what to do.
 */
import { dirname, join } from 'node:path';
import { EngramError, StoreUnavailableError } from '../../src/errors/index.js';
import { files, type FileInfo } from './operations.js';

const FILE_MODE = 0o600;
const DIRECTORY_MODE = 0o700;
const MISSING = ['ENOENT'];
const THERE = ['EEXIST'];
/** What file systems say that know no hard links, or none to here. */
const NO_LINKS = ['EPERM', 'ENOSYS', 'ENOTSUP', 'EOPNOTSUPP', 'EXDEV'];
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
  return attempt('reading', path, () => unless(MISSING, undefined, () => files().readText(path)));
}

/** @returns nothing for a folder that is not there */
export function listFolder(path: string): string[] {
  return attempt('listing', path, () => unless(MISSING, [], () => files().list(path)));
}

/** @returns undefined when there is no such file */
export function lookAt(path: string): FileInfo | undefined {
  return attempt('looking at', path, () => files().look(path));
}

export function exists(path: string): boolean {
  return lookAt(path) !== undefined;
}

/** @returns the new file, open to be added to; undefined when there is one of that name already */
export function createFile(path: string): number | undefined {
  return attempt('making', path, () => unless(THERE, undefined, () => files().open(path, 'ax', FILE_MODE)));
}

/** @returns false when a file of that name was there already. Nobody ever sees half of the text. */
export function createExclusive(path: string, text: string): boolean {
  return attempt('writing', path, () => {
    const temp = writeTemporary(path, text);
    try {
      return unless(THERE, false, () => (files().link(temp, path), true));
    } catch (error) {
      if (!NO_LINKS.includes(errnoOf(error))) throw error;
      // For file systems that know no hard links. A crash between the calls leaves an empty, that is a damaged, file.
      return unless(THERE, false, () => (writeNew(path, text), true));
    } finally {
      discard(temp);
    }
  });
}

/** @returns the path of a new file with this text, named after `path` */
export function createTemporary(path: string, text: string): string {
  return attempt('writing', path, () => writeTemporary(path, text));
}

/** Gives a file one more name. @returns false when that name is taken, undefined when this file can have no more names */
export function addName(file: string, name: string): boolean | undefined {
  return attempt('making', name, () => {
    for (let isFolderMade = false; ; isFolderMade = true) {
      try {
        files().link(file, name);
        return true;
      } catch (error) {
        const code = errnoOf(error);
        if (code === 'EEXIST') return false;
        if (code === 'ENOENT' && !isFolderMade) makeFolder(dirname(name));
        else if (code === 'ENOENT' || code === 'EMLINK' || NO_LINKS.includes(code)) return undefined;
        else throw error;
      }
    }
  });
}

/** Puts a text in the place of what is there, in one step. */
export function replaceFile(path: string, text: string): void {
  attempt('writing', path, () => {
    const temp = writeTemporary(path, text);
    try {
      files().rename(temp, path);
    } catch (error) {
      discard(temp);
      throw error;
    }
  });
}

/** Puts a finished file in its place, and waits until the disk knows its name. */
export async function publishFile(from: string, to: string): Promise<void> {
  attempt('renaming', from, () => files().rename(from, to));
  await syncDirectory(dirname(to));
}

/** @returns false when there was none */
export function removeFile(path: string): boolean {
  return attempt('removing', path, () => unless(MISSING, false, () => (files().unlink(path), true)));
}

/** Removes a folder of files. One that somebody puts a file into meanwhile stays. */
export function removeFolder(path: string): void {
  for (const name of listFolder(path)) removeFile(join(path, name));
  const harmless = ['ENOENT', 'ENOTEMPTY', 'EEXIST'];
  attempt('removing', path, () => unless(harmless, undefined, () => files().removeFolder(path)));
}

/** Nobody is to write to this file any more. */
export function makeReadOnly(path: string): void {
  attempt('closing', path, () => files().setMode(path, FILE_MODE & 0o444));
}

export function isReadOnly({ mode }: FileInfo): boolean {
  return (mode & 0o200) === 0;
}

/** Removes what is only in the way, if it can be removed. */
export function discard(path: string): void {
  try {
    files().unlink(path);
  } catch {
    // a leftover is harmless
  }
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
    const fd = files().open(path, 'r');
    try {
      await files().sync(fd);
    } finally {
      files().close(fd);
    }
  } catch (error) {
    throw unavailable('syncing', path, error);
  }
}

/** @returns how many bytes that were */
export function writeAll(fd: number, bytes: Uint8Array): number {
  let written = 0;
  while (written < bytes.length) written += files().write(fd, bytes, written);
  return written;
}

function writeTemporary(path: string, text: string): string {
  let isFolderMade = false;
  for (;;) {
    temporary += 1;
    const temp = `${path}.${process.pid}-${temporary}.tmp`;
    try {
      writeNew(temp, text);
      return temp;
    } catch (error) {
      if (errnoOf(error) === 'EEXIST') continue;
      if (errnoOf(error) !== 'ENOENT' || isFolderMade) {
        discard(temp);
        throw error;
      }
      makeFolder(dirname(path));
      isFolderMade = true;
    }
  }
}

function writeNew(path: string, text: string): void {
  const fd = files().open(path, 'wx', FILE_MODE);
  try {
    writeAll(fd, Buffer.from(text));
  } finally {
    files().close(fd);
  }
}

/** Not by `recursive: true`, which never ends where a system refuses new folders with "no such file", as in /proc. */
function makeFolder(path: string, isTried = false): void {
  try {
    files().makeFolder(path, DIRECTORY_MODE);
  } catch (error) {
    if (errnoOf(error) === 'EEXIST' && files().look(path)?.isDirectory() === true) return;
    const parent = dirname(path);
    if (errnoOf(error) !== 'ENOENT' || parent === path || isTried) throw error;
    // It may be there by now: another process has made it, or else the system makes none.
    if (files().look(parent) === undefined) makeFolder(parent);
    makeFolder(path, true);
  }
}

function attempt<T>(what: string, path: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw unavailable(what, path, error);
  }
}

/** Gives `fallback` when the work fails with one of these. */
function unless<T>(codes: readonly string[], fallback: T, work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (codes.includes(errnoOf(error))) return fallback;
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
