/** Puts a checkpoint together from what the keys of its run hold, and says what is missing. */
import type { PartChanges, StoredCheckpoint } from '../../src/durability/store.js';
import { CorruptCheckpointError } from '../../src/errors/index.js';
import { quote } from '../quote.js';
import { decodeName, encodeName } from './names.js';

/** What a checkpoint changed: its texts stand behind the head, in the order of `set`, and after them its events. */
type Facts = readonly [
  /** Read by nobody: by it the records of two owners differ where all else is the same. */
  fence: number,
  whole: 0 | 1,
  set: readonly string[],
  /** In bytes, as all that is said of lengths: the server has to find its way as well. */
  sizes: readonly number[],
  deleted: readonly string[],
  /** How long the events are. */
  events: number,
];

interface Record {
  readonly seq: number;
  readonly before: number;
  readonly facts: Facts;
  readonly head: string;
  /** Of the parts, in the order of the facts. */
  readonly texts: readonly string[];
  /** One a line. */
  readonly events: string;
}

/** The seq before it, the bytes of the head, the facts. */
const RECORD = /^(\d+) (\d+) ([^\n]*)\n/;

export interface Change {
  readonly fence: number;
  readonly whole: boolean;
  readonly parts: PartChanges;
  readonly head: string;
  readonly events: readonly string[];
}

/** A checkpoint as the scripts take it. @param before what stands before it: `<seq before it> ` where the caller knows that */
export function encodeRecord(change: Change, before = ''): string {
  const record = recordText(change, before, lengthOf);
  // nearly all of it is ASCII, and one look at all costs less than one at each
  return Buffer.byteLength(record) === record.length ? record : recordText(change, before, bytesOf);
}

const lengthOf = (text: string): number => text.length;
const bytesOf = (text: string): number => Buffer.byteLength(text);

function recordText({ fence, whole, parts, head, events }: Change, before: string, sizeOf: typeof lengthOf): string {
  let [set, sizes, deleted, texts] = ['', '', '', head];
  for (const [given, text] of parts) {
    const name = quote(encodeName(given));
    if (text === null) deleted += deleted === '' ? name : `,${name}`;
    else {
      const comma = set === '' ? '' : ',';
      set += comma + name;
      sizes += `${comma}${sizeOf(text)}`;
      texts += text;
    }
  }
  const lines = events.length === 1 ? (events[0] as string) : events.join('\n');
  return `${before}${sizeOf(head)} [${fence},${whole ? 1 : 0},[${set}],[${sizes}],[${deleted}],${sizeOf(lines)}]\n${texts}${lines}`;
}

/**
 * The events of a run, oldest first: those that can be read.
 * @param moved what stands in the list, @param run the hash of the run, as Redis gives them
 */
export function eventsOf(moved: readonly string[], run: readonly string[]): readonly string[] {
  const fields = asMap(run);
  const floor = fields.has('l') ? seqOf(fields.get('l')) : 0;
  const seqs = [...fields.keys()].map(seqOf).filter((seq) => seq > floor);
  const kept = seqs.sort((a, b) => a - b).map((seq) => parsed(fields.get(String(seq)) ?? '')?.events ?? '');
  return [...moved, ...kept].flatMap((lines) => (lines === '' ? [] : lines.split('\n')));
}

/** How many messages wait, by the hash of the run. */
export function waitingIn(run: readonly string[]): number {
  for (let at = 0; at + 1 < run.length; at += 2) if (run[at] === 'w') return Number(run[at + 1]);
  return 0;
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
  const newest = seqOf(/^\d+/.exec(fields.get('h') ?? '')?.[0]);
  const seq = wanted ?? newest;
  const place = `checkpoint ${seq} of run "${id}" in ${where}`;
  if (Number.isNaN(seq)) throw new CorruptCheckpointError(`run "${id}" in ${where}`, 'its newest seq is missing');
  if (wanted !== undefined && !fields.has(String(wanted))) {
    if (wanted === newest) throw new CorruptCheckpointError(place, 'its record is missing');
    return undefined;
  }
  const floor = fields.has('l') ? seqOf(fields.get('l')) : 0;
  const line = lineOf(fields, seq, floor, place);
  const head = line[0]?.head ?? '';
  const parts = new Map<string, string>();
  if (line.at(-1)?.facts[1] !== 1 || seq === floor) addBase(parts, base, fields.get('z'), place);
  for (const record of line.reverse()) if (record.seq !== floor) change(parts, record);
  return { id, seq, head, parts };
}

/**
 * From the wanted checkpoint back to the one that does not build on another, newest first. What the floor has changed is
 * in the base: it is read only where it is wanted itself.
 */
function lineOf(fields: ReadonlyMap<string, string>, seq: number, floor: number, place: string): Record[] {
  const line: Record[] = [];
  for (let at = seq; ;) {
    if (at === floor && at !== seq) return line;
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
  const record = parsed(text);
  if (record !== undefined) return { seq, ...record };
  throw new CorruptCheckpointError(place, `the record of checkpoint ${seq} cannot be read, or is cut off`);
}

function parsed(text: string): Omit<Record, 'seq'> | undefined {
  const found = RECORD.exec(text);
  const facts = factsOf(found?.[3] ?? '');
  if (found === null || facts === undefined) return undefined;
  const [head, ...texts] = cut(text.slice(found[0].length), [Number(found[2]), ...facts[3], facts[5]]) ?? [];
  const events = texts.pop();
  if (head === undefined || events === undefined) return undefined;
  return { before: Number(found[1]), facts, head, texts, events };
}

/** @returns texts of so many bytes; undefined when that is not what there is */
function cut(text: string, sizes: readonly number[]): string[] | undefined {
  const bytes = Buffer.byteLength(text) === text.length ? text : Buffer.from(text);
  const pieces: string[] = [];
  let at = 0;
  for (const size of sizes) pieces.push(bytes.slice(at, (at += size)).toString());
  return at === bytes.length ? pieces : undefined;
}

function factsOf(text: string): Facts | undefined {
  try {
    const facts: unknown = JSON.parse(text);
    if (!Array.isArray(facts) || facts.length !== 6) return undefined;
    const [, whole, set, sizes, deleted, events] = facts as unknown[];
    const areSizes = Array.isArray(sizes) && sizes.every(isSize) && isSize(events);
    const isValid =
      (whole === 0 || whole === 1) && areNames(set) && areNames(deleted) && areSizes && sizes.length === set.length;
    return isValid ? (facts as unknown as Facts) : undefined;
  } catch {
    return undefined;
  }
}

const isSize = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;

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

function change(parts: Map<string, string>, { facts: [, whole, set, , deleted], texts }: Record): void {
  if (whole === 1) parts.clear();
  set.forEach((name, i) => parts.set(decodeName(name), texts[i] ?? ''));
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
