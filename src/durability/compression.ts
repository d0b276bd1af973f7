/**
 * Compression of single parts. Rule: a part stays one line of JSON text. A packed one is a JSON string, which no other
 * part is: `"<bytes of the text>:<base64 of its brotli stream>"`.
 *
 * Brotli at quality 1: of JSON of 50 kB to 1 MB it makes 5.7 times less (base64 counted), at 150 to 220 MB/s; deflate at
 * its fastest 4.9 times less at 80 to 150, and to be as small it is four times as slow. It is done in the turn that
 * makes the checkpoint.
 */
import { constants as buffers } from 'node:buffer';
import { brotliCompressSync, brotliDecompressSync, constants } from 'node:zlib';
import { CorruptCheckpointError, describeError } from '../errors/index.js';

export const COMPRESSIONS = ['none', 'brotli'] as const;
export type Compression = (typeof COMPRESSIONS)[number];

export interface CompressionOptions {
  /** Parts of more bytes than this are packed. */
  readonly above: number;
}

const PACKED = /^"(\d{1,10}):([A-Za-z0-9+/]*={0,2})"$/;
const CHUNK = 64 * 1024;

const QUOTE = 34;
export const isPacked = (text: string): boolean => text.charCodeAt(0) === QUOTE;

/** @returns the text itself when packing makes it no smaller */
export function pack(text: string): string {
  const bytes = Buffer.from(text);
  const packed = brotliCompressSync(bytes, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: 1,
      [constants.BROTLI_PARAM_MODE]: constants.BROTLI_MODE_TEXT,
      [constants.BROTLI_PARAM_SIZE_HINT]: bytes.length,
    },
  });
  const line = `"${bytes.length}:${packed.toString('base64')}"`;
  return line.length < bytes.length ? line : text;
}

/**
 * The text that was packed. It never takes more memory than the size that stands before it, and no more than a string
 * can have.
 * @throws CorruptCheckpointError
 */
export function unpack(packed: string, where: string): string {
  const [, digits, base64] = PACKED.exec(packed) ?? [];
  if (digits === undefined || base64 === undefined) {
    throw new CorruptCheckpointError(where, 'it is no JSON text, nor a packed one');
  }
  const size = Number(digits);
  if (size < 1 || size > buffers.MAX_STRING_LENGTH) {
    throw new CorruptCheckpointError(where, `it says that it has ${digits} bytes, which no text has`);
  }
  let bytes: Buffer;
  try {
    bytes = brotliDecompressSync(Buffer.from(base64, 'base64'), {
      maxOutputLength: size,
      chunkSize: Math.min(Math.max(size, CHUNK), 16 * CHUNK),
    });
  } catch (cause) {
    throw new CorruptCheckpointError(where, `it cannot be unpacked: ${describeError(cause)}`, cause);
  }
  if (bytes.length !== size) {
    throw new CorruptCheckpointError(where, `it has ${bytes.length} bytes and not ${digits}, as it says`);
  }
  return bytes.toString();
}

/** How many bytes a part has before it is packed. */
export function sizeOf(text: string): number {
  if (!isPacked(text)) return Buffer.byteLength(text);
  return Number(/^"(\d{1,10}):/.exec(text)?.[1] ?? Buffer.byteLength(text));
}

/** The texts of a checkpoint as they were before they were packed. @throws CorruptCheckpointError */
export function unpackAll(
  parts: ReadonlyMap<string, string>,
  compression: Compression,
  where: string,
): ReadonlyMap<string, string> {
  if (compression === 'none') return parts;
  const texts = new Map<string, string>();
  for (const [name, text] of parts) texts.set(name, isPacked(text) ? unpack(text, `${where}, ${name}`) : text);
  return texts;
}
