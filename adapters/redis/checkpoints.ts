/** Puts a checkpoint together from what the keys of its run hold, and says what is missing. */
import type { StoredCheckpoint } from '../../src/durability/store.js';
import { CorruptCheckpointError } from '../../src/errors/index.js';
import { decodeName, encodeName } from './names.js';

/** What a checkpoint changed: fence, 1 if it is whole, names of parts that it set, names of parts that it deleted. */
type Facts = readonly [fence: number, whole: 0 | 1, set: readonly string[], deleted: readonly string[]];

interface Record {
  readonly seq: number;
  readonly before: number;
  readonly facts: Facts;
  readonly head: string;
}

const RECORD = /^(\d+) ([^\n]*)\n/;

/** Facts and head as the scripts take them. */
export function encodeRecord(
  fence: number,
  isWhole: boolean,
  set: readonly string[],
  deleted: readonly string[],
  head: string,
): string {
  const facts: Facts = [fence, isWhole ? 1 : 0, set, deleted];
  return `${JSON.stringify(facts)}\n${head}`;
}

/** The names of parts as they are stored, and the fields that hold their texts. */
export function partsOf(
  seq: number,
  parts: Readonly<{ [name: string]: string | null }>,
): {
  readonly set: readonly string[];
  readonly deleted: readonly string[];
  readonly fields: readonly string[];
} {
  const set: string[] = [];
  const deleted: string[] = [];
  const fields: string[] = [];
  for (const given of Object.keys(parts)) {
    const text = parts[given];
    const name = encodeName(given);
    if (text === null || text === undefined) deleted.push(name);
    else {
      set.push(name);
      fields.push(`${seq}:${name}`, text);
    }
  }
  return { set, deleted, fields };
}

/**
 * @param run the hash of the run, and `base` that of the parts of its oldest checkpoint, as Redis gives them
 * @param wanted a seq; the newest unless told
 */
export function readCheckpoint(
  id: string,
  where: string,
  run: readonly string[],
  base: readonly string[],
  wanted: number | undefined,
): StoredCheckpoint | undefined {
  const fields = asMap(run);
  const seq = wanted ?? seqOf(fields.get('s'));
  const place = `checkpoint ${seq} of run "${id}" in ${where}`;
  if (Number.isNaN(seq)) throw new CorruptCheckpointError(`run "${id}" in ${where}`, 'its newest seq is missing');
  if (wanted !== undefined && !fields.has(String(wanted))) {
    const newest = seqOf(fields.get('s'));
    if (wanted === newest) throw new CorruptCheckpointError(place, 'its record is missing');
    return undefined;
  }
  const floor = fields.has('l') ? seqOf(fields.get('l')) : 0;
  const line = lineOf(fields, seq, floor, place);
  const oldest = line.at(-1);
  const parts = new Map<string, string>();
  if (oldest?.seq === floor) addBase(parts, base, fields.get('z'), place);
  for (const record of line.reverse()) if (record.seq !== floor) change(parts, record, fields, place);
  return { id, seq, head: headOf(fields, seq, place), parts };
}

/** The record of a checkpoint without the seq before it and the facts. */
export function headOfRecord(text: string): string | undefined {
  const found = RECORD.exec(text);
  return found === null ? undefined : text.slice(found[0].length);
}

function headOf(fields: ReadonlyMap<string, string>, seq: number, place: string): string {
  return recordOf(fields, seq, place).head;
}

/** From the wanted checkpoint back to the one that does not build on another, newest first. */
function lineOf(fields: ReadonlyMap<string, string>, seq: number, floor: number, place: string): Record[] {
  const line: Record[] = [];
  for (let at = seq; ;) {
    const record = recordOf(fields, at, place);
    line.push(record);
    if (at === floor || record.facts[1] === 1) return line;
    if (record.before >= at || record.before === 0) {
      throw new CorruptCheckpointError(place, `checkpoint ${at} builds on checkpoint ${record.before}`);
    }
    at = record.before;
  }
}

function recordOf(fields: ReadonlyMap<string, string>, seq: number, place: string): Record {
  const text = fields.get(String(seq));
  if (text === undefined) throw new CorruptCheckpointError(place, `the record of checkpoint ${seq} is missing`);
  const found = RECORD.exec(text);
  const facts = found === null ? undefined : factsOf(found[2] ?? '');
  if (found === null || facts === undefined) {
    throw new CorruptCheckpointError(place, `the record of checkpoint ${seq} cannot be read`);
  }
  return { seq, before: Number(found[1]), facts, head: text.slice(found[0].length) };
}

function factsOf(text: string): Facts | undefined {
  try {
    const facts: unknown = JSON.parse(text);
    if (!Array.isArray(facts) || facts.length !== 4) return undefined;
    const [, whole, set, deleted] = facts as unknown[];
    const isValid = (whole === 0 || whole === 1) && areNames(set) && areNames(deleted);
    return isValid ? (facts as unknown as Facts) : undefined;
  } catch {
    return undefined;
  }
}

function areNames(value: unknown): value is readonly string[] {
  return Array.isArray(value) && value.every((name) => typeof name === 'string');
}

function addBase(
  parts: Map<string, string>,
  base: readonly string[],
  expected: string | undefined,
  place: string,
): void {
  const missing = Number(expected) - base.length / 2;
  if (missing !== 0)
    throw new CorruptCheckpointError(place, `${missing} of the ${expected ?? '?'} parts under it are missing`);
  for (const [name, text] of asMap(base)) parts.set(decodeName(name), text);
}

function change(
  parts: Map<string, string>,
  { seq, facts: [, whole, set, deleted] }: Record,
  fields: ReadonlyMap<string, string>,
  place: string,
): void {
  if (whole === 1) parts.clear();
  for (const name of set) {
    const text = fields.get(`${seq}:${name}`);
    if (text === undefined)
      throw new CorruptCheckpointError(place, `part "${decodeName(name)}" of checkpoint ${seq} is missing`);
    parts.set(decodeName(name), text);
  }
  for (const name of deleted) parts.delete(decodeName(name));
}

function asMap(flat: readonly string[]): Map<string, string> {
  const map = new Map<string, string>();
  for (let at = 0; at + 1 < flat.length; at += 2) map.set(flat[at] ?? '', flat[at + 1] ?? '');
  return map;
}

function seqOf(text: string | undefined): number {
  return text !== undefined && /^[1-9]\d*$/.test(text) ? Number(text) : Number.NaN;
}
