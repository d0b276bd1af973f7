/**
 * Small one-line JSON documents that carry a checksum of themselves: claims, heartbeats, messages, the head of a log.
 * `{"crc":"1c291ca3","engram":"file-claim","version":1,…}`
 */
import { crc32 } from 'node:zlib';
import { CorruptCheckpointError, UnsupportedFormatError } from '../../src/errors/index.js';

export const VERSION = 1;
const SEAL = /^\{"crc":"([0-9a-f]{8})",/;

/** What `toString(16)` takes ten times as long to say. */
const BYTES = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));
const byteOf = (sum: number, shift: number): string => BYTES[(sum >>> shift) & 255] as string;

/** The checksum as eight hex digits. */
export function checksum(data: string | Uint8Array): string {
  const sum = crc32(data);
  return `${byteOf(sum, 24)}${byteOf(sum, 16)}${byteOf(sum, 8)}${byteOf(sum, 0)}`;
}

/** One line, with its line break. */
export function seal(kind: string, fields: Readonly<Record<string, unknown>>): string {
  const rest = JSON.stringify({ engram: kind, version: VERSION, ...fields }).slice(1);
  return `{"crc":"${checksum(rest)}",${rest}\n`;
}

/**
 * Reads such a line back.
 * @throws UnsupportedFormatError when it is of another kind or version, CorruptCheckpointError when it is damaged
 */
export function unseal(kind: string, line: string, where: string): Readonly<Record<string, unknown>> {
  const text = line.endsWith('\n') ? line.slice(0, -1) : line;
  const sum = SEAL.exec(text);
  const intact = sum !== null && sum[1] === checksum(text.slice(sum[0].length));
  const fields = parsed(text);
  // A line that looks sealed and is not intact is damaged, whatever kind or version it seems to have now.
  if (sum !== null && !intact) throw new CorruptCheckpointError(where, 'its checksum does not fit');
  if (fields === undefined || fields['engram'] !== kind) {
    throw new UnsupportedFormatError(
      where,
      'something that this library did not write',
      `"${kind}" version ${VERSION}`,
    );
  }
  if (fields['version'] !== VERSION) {
    throw new UnsupportedFormatError(where, `"${kind}" version ${String(fields['version'])}`, `version ${VERSION}`);
  }
  if (!intact) throw new CorruptCheckpointError(where, 'it has no checksum');
  return fields;
}

/** Whether this is what `unseal` throws. */
export function isUnreadable(error: unknown): error is CorruptCheckpointError | UnsupportedFormatError {
  return error instanceof CorruptCheckpointError || error instanceof UnsupportedFormatError;
}

function parsed(text: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}
