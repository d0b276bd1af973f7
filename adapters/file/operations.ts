/**
 * Every call that the file store makes to the file system goes through this one interface, and nothing else in
 * `adapters/file` knows `node:fs`. So a test can make the n-th of them fail, half happen, or be the last one of its
 * process. Not exported to users.
 *
 * Whatever waits for the disk itself is a promise; the rest mostly ends in the page cache, where a call that does not
 * leave the thread costs less than the trip through the pool.
 */
import {
  chmodSync,
  closeSync,
  fdatasync,
  fstatSync,
  fsync,
  ftruncateSync,
  linkSync,
  mkdirSync,
  openSync,
  read,
  readdirSync,
  readFileSync,
  readSync,
  renameSync,
  rmdirSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import { promisify } from 'node:util';

export interface FileInfo {
  readonly size: number;
  readonly mode: number;
  /** How many names the file has; 0 when it was removed while open. */
  readonly nlink: number;
  readonly mtimeMs: number;
  /** Which file of its file system it is. */
  readonly ino: number;
  isDirectory(): boolean;
}

/** Each throws what `node:fs` throws. */
export interface FileOperations {
  open(path: string, flags: 'r' | 'wx' | 'ax', mode?: number): number;
  close(fd: number): void;
  /** @returns how many bytes were read, 0 at the end */
  read(fd: number, into: Uint8Array, position: number): number;
  /** The same for what is long, off the thread. */
  readLong(fd: number, into: Uint8Array, position: number): Promise<number>;
  /** @returns how many bytes were written, from `offset` on */
  write(fd: number, bytes: Uint8Array, offset: number): number;
  truncate(fd: number, size: number): void;
  /** Waits until the disk has the file and what is known of it. */
  sync(fd: number): Promise<void>;
  /** Waits until the disk has what is in the file. */
  syncData(fd: number): Promise<void>;
  info(fd: number): FileInfo;
  /** @returns undefined when there is nothing at that path */
  look(path: string): FileInfo | undefined;
  readText(path: string): string;
  list(path: string): string[];
  link(from: string, to: string): void;
  rename(from: string, to: string): void;
  unlink(path: string): void;
  makeFolder(path: string, mode: number): void;
  removeFolder(path: string): void;
  setMode(path: string, mode: number): void;
}

const readLong = promisify(read);

const system: FileOperations = {
  open: openSync,
  close: closeSync,
  read: (fd, into, position) => readSync(fd, into, 0, into.length, position),
  readLong: async (fd, into, position) => (await readLong(fd, into, 0, into.length, position)).bytesRead,
  write: (fd, bytes, offset) => writeSync(fd, bytes, offset),
  truncate: ftruncateSync,
  sync: promisify(fsync),
  syncData: promisify(fdatasync),
  info: (fd) => fstatSync(fd),
  look: (path) => statSync(path, { throwIfNoEntry: false }),
  readText: (path) => readFileSync(path, 'utf8'),
  list: (path) => readdirSync(path),
  link: linkSync,
  rename: renameSync,
  unlink: unlinkSync,
  makeFolder: (path, mode) => {
    mkdirSync(path, { mode });
  },
  removeFolder: rmdirSync,
  setMode: chmodSync,
};

let current = system;

export function files(): FileOperations {
  return current;
}

/** For tests: all stores of this process use what is made of the present operations. @returns puts those back */
export function wrapFiles(wrap: (inner: FileOperations) => FileOperations): () => void {
  const before = current;
  current = wrap(before);
  return () => {
    current = before;
  };
}
