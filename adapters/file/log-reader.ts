/**
 * Reads a log from where the last reading ended. Only lines that are finished are given out: an unfinished last line is
 * either still being written, or was torn by a crash and will never be finished; both are as if they were not there.
 */
import { CorruptCheckpointError, StoreUnavailableError, UnsupportedFormatError } from '../../src/errors/index.js';
import { errnoOf, unavailable } from './disk.js';
import type { Position } from './log-writer.js';
import { files } from './operations.js';
import { seal, unseal } from './sealed.js';

const LOG_KIND = 'file-log';
const COMPACTED = 'compacted-';
const CHUNK = 1 << 20;
/** What is shorter is read without a trip through the thread pool. */
const SHORT = 1 << 18;
const NEWLINE = 0x0a;

/** How far a log has been read. */
export interface Cursor {
  readonly name: string;
  readonly path: string;
  offset: number;
  lines: number;
  /** Whether one line at least was written by this library, so that what cannot be read is damage, not a foreign file. */
  isOurs: boolean;
}

/** A log that is not there any more: its lines stand elsewhere by now, and whoever looks again finds them. */
export class LogGoneError extends StoreUnavailableError {
  constructor(path: string) {
    super(
      `reading the log ${path} failed`,
      'it is not there any more',
      'try again; what it held stands in another log',
    );
  }
}

export function logHead(name: string, owner: unknown): string {
  return seal(LOG_KIND, { log: name, owner });
}

/** Who writes to this log, as its head says; undefined when that cannot be read. */
export function ownerOfLog(path: string): unknown {
  return withLog(path, (fd) => {
    const start = Buffer.alloc(4096);
    const line = start.toString('utf8', 0, files().read(fd, start, 0)).split('\n', 1)[0] ?? '';
    try {
      return unseal(LOG_KIND, line, path)['owner'];
    } catch {
      return undefined;
    }
  });
}

/** The name of a log that stands for others. Of two lines for one checkpoint, the one in such a log counts. */
export function compactedName(rest: string): string {
  return `${COMPACTED}${rest}`;
}

export function isCompacted(log: string): boolean {
  return log.startsWith(COMPACTED);
}

export function newCursor(name: string, path: string): Cursor {
  return { name, path, offset: 0, lines: 0, isOurs: false };
}

/**
 * Reads on up to `size`.
 * @param onLine is given each line without its line break; it says whether the line is a record of ours
 * @throws UnsupportedFormatError for a log of another version, and for a file that is no log; LogGoneError
 */
export async function readOn(
  cursor: Cursor,
  size: number,
  onLine: (line: Buffer, position: Position) => boolean,
): Promise<void> {
  const fd = openLog(cursor.path);
  let rest: Buffer = Buffer.alloc(0);
  try {
    for (let at = cursor.offset; at < size;) {
      const chunk = Buffer.allocUnsafe(Math.min(Math.max(CHUNK, rest.length), size - at));
      const bytesRead = await readAt(fd, chunk, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      const bytes = chunk.subarray(0, bytesRead);
      rest = takeLines(cursor, rest.length === 0 ? bytes : Buffer.concat([rest, bytes]), onLine);
    }
  } catch (error) {
    throw unavailable('reading the log', cursor.path, error);
  } finally {
    files().close(fd);
  }
  // a machine that died may have left nothing but zeros of it
  const isUnfinishedHead = cursor.lines === 0 && (startsLikeSeal(rest) || rest.every((byte) => byte === 0));
  if (!cursor.isOurs && size > 0 && !isUnfinishedHead) throw foreign(cursor.path);
}

/**
 * The lines at these positions of one log. One that is not there any more is undefined.
 * @throws LogGoneError
 */
export async function readLines(path: string, positions: readonly Position[]): Promise<(Buffer | undefined)[]> {
  const fd = openLog(path);
  try {
    const lines: (Buffer | undefined)[] = [];
    for (const { offset, length } of positions) {
      const line = Buffer.allocUnsafe(length);
      lines.push((await readAt(fd, line, offset)) === length ? line : undefined);
    }
    return lines;
  } catch (error) {
    throw unavailable('reading the log', path, error);
  } finally {
    files().close(fd);
  }
}

function readAt(fd: number, into: Buffer, position: number): number | Promise<number> {
  return into.length <= SHORT ? files().read(fd, into, position) : files().readLong(fd, into, position);
}

function openLog(path: string): number {
  try {
    return files().open(path, 'r');
  } catch (error) {
    throw errnoOf(error) === 'ENOENT' ? new LogGoneError(path) : unavailable('reading the log', path, error);
  }
}

function withLog<T>(path: string, work: (fd: number) => T): T {
  const fd = openLog(path);
  try {
    return work(fd);
  } catch (error) {
    throw unavailable('reading the log', path, error);
  } finally {
    files().close(fd);
  }
}

function takeLines(cursor: Cursor, bytes: Buffer, onLine: (line: Buffer, position: Position) => boolean): Buffer {
  let start = 0;
  for (let end = bytes.indexOf(NEWLINE); end !== -1; end = bytes.indexOf(NEWLINE, start)) {
    const line = bytes.subarray(start, end);
    const position = { log: cursor.name, offset: cursor.offset, length: line.length, line: cursor.lines + 1 };
    const isRecord = position.line === 1 ? isHead(cursor, line) : onLine(line, position);
    cursor.isOurs ||= isRecord;
    cursor.lines += 1;
    cursor.offset += line.length + 1;
    start = end + 1;
  }
  return bytes.subarray(start);
}

/** A damaged head leaves the question open: the lines after it tell whether the log is ours. */
function isHead(cursor: Cursor, line: Buffer): boolean {
  try {
    unseal(LOG_KIND, line.toString('utf8'), cursor.path);
    return true;
  } catch (error) {
    if (error instanceof CorruptCheckpointError) return line.includes(`"engram":"${LOG_KIND}"`);
    if (error instanceof UnsupportedFormatError && line.includes('"engram":')) throw error;
    return false;
  }
}

function startsLikeSeal(bytes: Buffer): boolean {
  const start = '{"crc":"';
  return start.startsWith(bytes.toString('latin1', 0, start.length));
}

function foreign(path: string): UnsupportedFormatError {
  const what = 'no line that this library wrote';
  return new UnsupportedFormatError(
    path,
    what,
    `"${LOG_KIND}" version 1`,
    'move it out of this folder; nothing was changed',
  );
}
