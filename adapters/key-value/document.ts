/** What stands under the key of a run: all there is of it, as one JSON text. */
import type { Lease, RunIndex } from '../../src/durability/store.js';
import { CorruptCheckpointError, UnsupportedFormatError } from '../../src/errors/index.js';

export interface RunDocument {
  readonly id: string;
  readonly seq: number;
  /** The newest that was given out. */
  readonly fence: number;
  readonly lease: Lease | null;
  readonly index: RunIndex;
  readonly head: string;
  readonly parts: ReadonlyMap<string, string>;
}

const KIND = 'engram-run';
const VERSION = 1;

export const writeDocument = ({ parts, ...facts }: RunDocument): string =>
  JSON.stringify({ kind: KIND, version: VERSION, ...facts, parts: [...parts] });

/** @throws CorruptCheckpointError, UnsupportedFormatError */
export function readDocument(text: string, id: string, store: string): RunDocument {
  const where = `run "${id}" in ${store}`;
  const damaged = (what: string, cause?: unknown) => new CorruptCheckpointError(where, what, cause);
  let read: unknown;
  try {
    read = JSON.parse(text);
  } catch (error) {
    throw damaged('what is stored is no JSON', error);
  }
  if (!isRecord(read) || read['kind'] !== KIND) throw damaged('what is stored is no run');
  if (read['version'] !== VERSION) {
    throw new UnsupportedFormatError(where, `version ${String(read['version'])}`, `version ${VERSION}`);
  }
  if (read['id'] !== id) throw damaged(`it says that it is run ${JSON.stringify(read['id'])}`);
  const { seq, fence, lease, index, head, parts } = read;
  const isWhole =
    isCount(seq) && isCount(fence) && (lease === null || isLease(lease)) && isIndex(index) && typeof head === 'string';
  if (!isWhole || !isParts(parts)) throw damaged('something of it is missing or not what it should be');
  return { id, seq, fence, lease, index, head, parts: new Map(parts) };
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isCount = (value: unknown): value is number => Number.isSafeInteger(value) && (value as number) > 0;

const isParts = (value: unknown): value is [string, string][] =>
  Array.isArray(value) &&
  value.every((part) => Array.isArray(part) && part.length === 2 && part.every((text) => typeof text === 'string'));

function isLease(value: unknown): value is Lease {
  if (!isRecord(value) || !isCount(value['fence']) || typeof value['until'] !== 'number') return false;
  const { owner } = value;
  if (!isRecord(owner) || typeof owner['pid'] !== 'number') return false;
  return ['key', 'label', 'boot', 'namespace', 'started'].every((name) => typeof owner[name] === 'string');
}

const STATUS: readonly unknown[] = [
  'running',
  'waiting',
  'completed',
  'failed',
  'aborted',
] satisfies RunIndex['status'][];

const isIndex = (value: unknown): value is RunIndex =>
  isRecord(value) &&
  STATUS.includes(value['status']) &&
  typeof value['graph'] === 'string' &&
  (value['due'] === null || typeof value['due'] === 'number');
