/**
 * Reads a log from where the last reading ended. Only lines that are finished are given out: an unfinished last line is
 * either still being written, or was torn by a crash and will never be finished; both are as if they were not there.
 */
import { open } from 'node:fs/promises';
import { CorruptCheckpointError, UnsupportedFormatError } from '../../src/errors/index.js';
import { errnoOf, unavailable } from './disk.js';
import type { Position } from './log-writer.js';
import { seal, unseal } from './sealed.js';

const LOG_KIND = 'file-log';
const CHUNK = 1 << 20;
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

export function logHead(name: string, owner: unknown): string {
  return seal(LOG_KIND, { log: name, owner });
}

export function newCursor(name: string, path: string): Cursor {
  return { name, path, offset: 0, lines: 0, isOurs: false };
}

/**
 * Reads on up to `size`.
 * @param onLine is given each line without its line break; it says whether the line is a record of ours
 * @throws UnsupportedFormatError for a log of another version, and for a file that is no log
 */
export async function readOn(
  cursor: Cursor,
  size: number,
  onLine: (line: Buffer, position: Position) => boolean,
): Promise<void> {
  const handle = await open(cursor.path, 'r').catch((error: unknown) => {
    throw unavailable('reading the log', cursor.path, error);
  });
  let rest: Buffer = Buffer.alloc(0);
  try {
    for (let at = cursor.offset; at < size;) {
      const chunk = Buffer.allocUnsafe(Math.min(Math.max(CHUNK, rest.length), size - at));
      const { bytesRead } = await handle.read(chunk, 0, chunk.length, at);
      if (bytesRead === 0) break;
      at += bytesRead;
      rest = takeLines(cursor, Buffer.concat([rest, chunk.subarray(0, bytesRead)]), onLine);
    }
  } catch (error) {
    throw unavailable('reading the log', cursor.path, error);
  } finally {
    await handle.close();
  }
  const isUnfinishedHead = cursor.lines === 0 && startsLikeSeal(rest);
  if (!cursor.isOurs && size > 0 && !isUnfinishedHead) throw foreign(cursor.path);
}

/** The lines at these positions of one log. A line that is not there any more is undefined. */
export async function readLines(path: string, positions: readonly Position[]): Promise<(Buffer | undefined)[]> {
  const handle = await open(path, 'r').catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw unavailable('reading the log', path, error);
  });
  if (handle === undefined) return positions.map(() => undefined);
  try {
    const lines: (Buffer | undefined)[] = [];
    for (const { offset, length } of positions) {
      const line = Buffer.allocUnsafe(length);
      const { bytesRead } = await handle.read(line, 0, length, offset);
      lines.push(bytesRead === length ? line : undefined);
    }
    return lines;
  } catch (error) {
    throw unavailable('reading the log', path, error);
  } finally {
    await handle.close();
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
  return new UnsupportedFormatError(path, 'no line that this library wrote', `"${LOG_KIND}" version 1`);
}
