/**
 * One record of a log as one line of JSON.
 *
 *   {"crc":"<facts><texts>","size":<bytes>,"run":"order-7","seq":3,…,"sizes":{…},"head":{…},"parts":{…},"events":[…]}
 *
 * The facts (run, seq, fence, index, …) and the texts have a checksum each, so that damage to a text can still be told
 * to belong to a certain checkpoint. Texts stand in the line as they are, for people to read; they come back cut out by
 * the lengths in `sizes` and not by way of parsing, so that they are the same to the letter. A text that could not stand
 * in a line (a line break, half a surrogate pair) stands there as a JSON string, with a negative length; a deleted part
 * has the length 0.
 */
import type { PartChanges, RunIndex } from '../../src/durability/store.js';
import { quote } from '../quote.js';
import { checksum } from './sealed.js';

export interface Facts {
  readonly run: string;
  /** 0 in a note, which holds no checkpoint. */
  readonly seq: number;
  readonly fence: number;
  /** What this fence builds on: the fence before it that counts, and its last seq that does; zeros for a beginning. */
  readonly base?: Base;
  /** The seq that the changes build on; 0 when they build on nothing. */
  readonly prev?: number;
  readonly whole?: true | undefined;
  readonly release?: true | undefined;
  readonly deleted?: true | undefined;
  /** Checkpoints before this seq are forgotten. */
  readonly floor?: number;
  /** This checkpoint stands for all before it, of the run that began under this fence: their events, what they took. */
  readonly born?: number | undefined;
  readonly ack?: readonly string[] | undefined;
  readonly index?: RunIndex;
  readonly sizes?: Sizes;
}

export type Base = readonly [fence: number, seq: number];

interface Sizes {
  readonly head: number;
  readonly parts: readonly number[];
  readonly events: readonly number[];
}

export interface Texts {
  readonly head: string;
  readonly parts: PartChanges;
  readonly events: readonly string[];
}

export interface DecodedLine {
  readonly facts: Facts;
  /** Where the texts begin, in bytes. */
  readonly body: number;
  readonly isIntact: boolean;
}

const LINE = /^\{"crc":"([0-9a-f]{8})([0-9a-f]{8})",("size":(\d{1,9}),)/;
const LONGEST_START = 48;
const LINE_BREAK = 10;
const NAME = /"(?:[^"\\]|\\.)*":/y;
const GUESS = /"run":("(?:[^"\\]|\\.)*"),"seq":(\d{1,15}),"fence":(\d{1,15})/;

/** @returns the line with its line break */
export function encodeLine(facts: Facts, texts?: Texts): Buffer {
  const fields = factsText(facts);
  if (texts === undefined) return lineOf(fields, '}');
  const plain = encodeTexts(texts, isThere);
  const line = lineOf(fields + plain.sizes, plain.body);
  const isOneLine = line.indexOf(LINE_BREAK) === line.length - 1;
  if (isOneLine && isWellFormed(plain.body)) return line;
  const { sizes, body } = encodeTexts(texts, (text) => isThere(text) && fitsInLine(text));
  return lineOf(fields + sizes, body);
}

function lineOf(inner: string, body: string): Buffer {
  const facts = `"size":${Buffer.byteLength(inner)},${inner}`;
  return Buffer.from(`{"crc":"${checksum(facts)}${checksum(body)}",${facts}${body}\n`);
}

/** JSON without its braces. What every checkpoint says is written by hand, which costs a third of `JSON.stringify`. */
function factsText(facts: Facts): string {
  const { run, seq, fence, base, prev, index, ack, floor, born } = facts;
  let text = `"run":${quote(run)},"seq":${seq},"fence":${fence}`;
  if (base !== undefined) text += `,"base":[${base[0]},${base[1]}]`;
  if (prev !== undefined) text += `,"prev":${prev}`;
  if (facts.whole === true) text += ',"whole":true';
  if (facts.release === true) text += ',"release":true';
  if (facts.deleted === true) text += ',"deleted":true';
  if (floor !== undefined) text += `,"floor":${floor}`;
  if (born !== undefined) text += `,"born":${born}`;
  if (ack !== undefined) text += `,"ack":${JSON.stringify(ack)}`;
  if (index !== undefined) {
    const due = Number.isFinite(index.due) ? index.due : null;
    text += `,"index":{"status":"${index.status}","graph":${quote(index.graph)},"due":${due}}`;
  }
  return text;
}

/** @returns undefined when the facts are damaged, or when this is no record at all */
export function decodeLine(line: Buffer): DecodedLine | undefined {
  const start = LINE.exec(line.toString('latin1', 0, LONGEST_START));
  if (start === null) return undefined;
  const [whole, factsSum, textsSum, size, bytes] = start;
  const body = whole.length + Number(bytes);
  if (body >= line.length) return undefined;
  if (checksum(line.subarray(whole.length - (size ?? '').length, body)) !== factsSum) return undefined;
  // What fits its checksum was written by `encodeLine`.
  const facts = JSON.parse(`{${line.toString('utf8', whole.length, body)}}`) as Facts;
  return { facts, body, isIntact: checksum(line.subarray(body)) === textsSum };
}

/** The texts of an intact checkpoint. */
export function decodeTexts(
  line: Buffer,
  decoded: DecodedLine,
): { head: string; parts: Map<string, string | null>; events: string[] } {
  const {
    head: headSize,
    parts: partSizes,
    events: eventSizes,
  } = decoded.facts.sizes ?? { head: 0, parts: [], events: [] };
  const text = line.toString('utf8', decoded.body);
  let at = ',"head":'.length;
  const cut = (size: number): string => {
    const slice = text.slice(at, at + Math.abs(size));
    at += Math.abs(size);
    return size < 0 ? (JSON.parse(slice) as string) : slice;
  };
  const head = cut(headSize);
  const parts = new Map<string, string | null>();
  at += ',"parts":'.length;
  for (const size of partSizes) {
    NAME.lastIndex = at + 1;
    const quoted = NAME.exec(text)?.[0] ?? '"":';
    at = NAME.lastIndex;
    parts.set(JSON.parse(quoted.slice(0, -1)) as string, size === 0 ? null : cut(size));
    if (size === 0) at += 'null'.length;
  }
  at += (partSizes.length === 0 ? '{}' : '}').length + ',"events":'.length;
  const events = eventSizes.map((size) => {
    at += 1;
    return cut(size);
  });
  return { head, parts, events };
}

/** What a damaged line most likely was. Good enough to report it, not to believe it. */
export function guessFacts(
  line: Buffer,
): { readonly run: string; readonly seq: number; readonly fence: number } | undefined {
  const found = GUESS.exec(line.toString('utf8'));
  if (found === null) return undefined;
  try {
    const run = JSON.parse(found[1] ?? '') as string;
    const seq = Number(found[2]);
    return seq > 0 ? { run, seq, fence: Number(found[3]) } : undefined;
  } catch {
    return undefined;
  }
}

interface Encoded {
  /** What the facts say of the lengths, with the comma before it. */
  readonly sizes: string;
  readonly body: string;
}

/** Put together by hand, in one go: a checkpoint that is due holds up its run until this is done. */
function encodeTexts({ head, parts, events }: Texts, isPlain: (text: string) => boolean): Encoded {
  const isHeadPlain = isPlain(head);
  const writtenHead = isHeadPlain ? head : JSON.stringify(head);
  let sizes = `,"sizes":{"head":${isHeadPlain ? '' : '-'}${writtenHead.length},"parts":[`;
  let body = `,"head":${writtenHead},"parts":{`;
  let separator = '';
  for (const [name, text] of parts) {
    const isRaw = text === null || isPlain(text);
    const written = isRaw ? text : JSON.stringify(text);
    sizes += `${separator}${isRaw ? '' : '-'}${written === null ? 0 : written.length}`;
    body += `${separator}${quote(name)}:${written}`;
    separator = ',';
  }
  sizes += '],"events":[';
  body += '},"events":[';
  separator = '';
  for (const text of events) {
    const isRaw = isPlain(text);
    const written = isRaw ? text : JSON.stringify(text);
    sizes += `${separator}${isRaw ? '' : '-'}${written.length}`;
    body += separator + written;
    separator = ',';
  }
  return { sizes: `${sizes}]}`, body: `${body}]}` };
}

const isThere = (text: string): boolean => text !== '';
const isWellFormed = (text: string): boolean => (text as unknown as { isWellFormed(): boolean }).isWellFormed();
const fitsInLine = (text: string): boolean => !text.includes('\n') && isWellFormed(text);
