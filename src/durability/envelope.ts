/**
 * The envelope: the `head` of a checkpoint, a JSON text of one line that says what the checkpoint is, and by which its
 * damage is found. Validated by one schema on write and on read.
 *
 * Two sums: `checksum` covers the envelope itself (the JSON text of all other fields in the order of the schema),
 * `digest` covers the parts; both find damage, not malice (digest.ts). What a reader cannot understand because it is
 * newer is told apart, before anything else is looked at, from what is damaged.
 */
import { z } from 'zod';

import { CorruptCheckpointError, InvalidArgumentError, UnsupportedFormatError } from '../errors/index.js';
import { quote } from './codec/text.js';
import { type Compression, COMPRESSIONS } from './compression.js';
import { digestOf, digestOfText } from './digest.js';

const FORMAT = 'engram';
const VERSION = 1;
/** What every head begins with. */
const BEGINNING = `{"format":"${FORMAT}","version":${VERSION},`;
const DIGEST = /^\d{1,16}$/;

const fieldShape = {
  id: z.string().min(1),
  seq: z.int().min(1),
  parentSeq: z.int().min(0).nullable(),
  fence: z.int().min(1),
  graph: z.strictObject({ name: z.string(), version: z.string(), fingerprint: z.string() }),
  status: z.enum(['running', 'waiting', 'completed', 'failed', 'aborted']),
  /** The neuron whose settlement this checkpoint holds, or null. */
  milestone: z.string().nullable(),
  /** How often the run was brought up, this time included. */
  attempt: z.int().min(1),
  /** Milliseconds since the epoch. */
  savedAt: z.int(),
  /** Of the parts, as `digestText` gives it. */
  digest: z.string().regex(DIGEST),
};

const fieldsSchema = z.strictObject(fieldShape);
const FIELDS = Object.keys(fieldShape).length;
const STATUSES: ReadonlySet<string> = new Set(fieldShape.status.options);
const envelopeSchema = z.strictObject({
  format: z.literal(FORMAT),
  version: z.literal(VERSION),
  ...fieldShape,
  codec: z.literal('json+superjson/1'),
  /** Of the parts that are packed; `none` when none is. */
  compression: z.string(),
  checksum: z.string().regex(DIGEST),
});

/** What the caller says of a checkpoint; the rest of the envelope is the same for all, or computed. */
export type EnvelopeFields = Readonly<z.infer<typeof fieldsSchema>>;
export type Envelope = Readonly<z.infer<typeof envelopeSchema>> & { readonly compression: Compression };

const problemsOf = (error: z.ZodError): string =>
  error.issues.map((issue) => `${issue.path.join('.') || 'it'}: ${issue.message}`).join('; ');

/**
 * The text that the checksum is of, without its last brace: JSON, written field by field, so that the order cannot
 * depend on the caller. Every checkpoint has one, and to name the fields here costs half of what `JSON.stringify` does.
 */
const bodyText = (f: EnvelopeFields, compression: string): string =>
  `${BEGINNING}"id":${quote(f.id)},"seq":${f.seq},"parentSeq":${f.parentSeq},"fence":${f.fence},"graph":${graphText(f.graph)},"status":"${f.status}","milestone":${f.milestone === null ? 'null' : quote(f.milestone)},"attempt":${f.attempt},"savedAt":${f.savedAt},"codec":"json+superjson/1","compression":${quote(compression)},"digest":"${f.digest}"`;

/** Most checkpoints of a process are of one graph. */
let lastGraph: EnvelopeFields['graph'] | undefined;
let lastGraphText = '';

function graphText(graph: EnvelopeFields['graph']): string {
  if (graph !== lastGraph) {
    const { name, version, fingerprint } = graph;
    lastGraph = graph;
    lastGraphText = `{"name":${quote(name)},"version":${quote(version)},"fingerprint":${quote(fingerprint)}}`;
  }
  return lastGraphText;
}

/** What the schema asks, at a twentieth of its price: it is asked of every checkpoint, and the schema only for its words. */
function isSound(f: EnvelopeFields): boolean {
  return (
    isText(f.id) &&
    f.id !== '' &&
    isFrom(1, f.seq) &&
    (f.parentSeq === null || isFrom(0, f.parentSeq)) &&
    isFrom(1, f.fence) &&
    (f.graph === lastGraph || isSoundGraph(f.graph)) &&
    STATUSES.has(f.status) &&
    (f.milestone === null || isText(f.milestone)) &&
    isFrom(1, f.attempt) &&
    Number.isSafeInteger(f.savedAt) &&
    DIGEST.test(f.digest) &&
    countOf(f) === FIELDS
  );
}

const isSoundGraph = (graph: EnvelopeFields['graph']): boolean =>
  isText(graph.name) && isText(graph.version) && isText(graph.fingerprint) && countOf(graph) === 3;

/** Of the fields of a plain object. */
function countOf(fields: object): number {
  let count = 0;
  for (const _ in fields) count++;
  return count;
}

const isText = (value: unknown): boolean => typeof value === 'string';
const isFrom = (least: number, value: number): boolean => Number.isSafeInteger(value) && value >= least;

/** @throws InvalidArgumentError when a field is not what the schema allows */
export function sealEnvelope(fields: EnvelopeFields, compression: Compression = 'none'): string {
  if (!isSound(fields)) {
    const { error } = fieldsSchema.safeParse(fields);
    throw new InvalidArgumentError(`the head of a checkpoint cannot be written: ${error ? problemsOf(error) : ''}`, {
      hint: 'give every field of an envelope as its type says',
    });
  }
  const body = bodyText(fields, compression);
  return `${body},"checksum":"${digestOfText(body)}"}`;
}

/**
 * @param where what the text is, for the message
 * @throws UnsupportedFormatError when another program or a newer version wrote it
 * @throws CorruptCheckpointError when it is damaged
 */
export function openEnvelope(text: string, where: string): Envelope {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new CorruptCheckpointError(where, 'its head is not JSON', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new CorruptCheckpointError(where, 'its head is no JSON object');
  }
  const { format, version } = value as { readonly format?: unknown; readonly version?: unknown };
  const supported = `"${FORMAT}" in version ${VERSION}`;
  if (format !== FORMAT) {
    throw new UnsupportedFormatError(where, formatText(format), supported);
  }
  if (typeof version === 'number' && version > VERSION) {
    throw new UnsupportedFormatError(where, `the format "${FORMAT}" in version ${version}`, supported);
  }
  const checked = envelopeSchema.safeParse(value);
  if (!checked.success) throw new CorruptCheckpointError(where, `its head is not valid: ${problemsOf(checked.error)}`);
  const { checksum, compression } = checked.data;
  if (digestOfText(bodyText(checked.data, compression)) !== checksum) {
    throw new CorruptCheckpointError(where, 'the checksum of its head does not fit');
  }
  if (!isKnown(compression)) {
    throw new UnsupportedFormatError(where, `the compression "${compression}"`, COMPRESSIONS.join(' and '));
  }
  return { ...checked.data, compression };
}

const formatText = (format: unknown): string => {
  if (format === undefined) return 'no format name';
  return typeof format === 'string' ? `the format ${JSON.stringify(format.slice(0, 80))}` : 'a format that is no name';
};

const isKnown = (name: string): name is Compression => (COMPRESSIONS as readonly string[]).includes(name);

/** Whether a head says at first sight that this version wrote it. What is wrong with it then, `openEnvelope` tells. */
export const looksFamiliar = (head: string): boolean => head.startsWith(BEGINNING);

/** @throws CorruptCheckpointError when these are not the parts that the envelope was sealed for */
export function verifyState(envelope: Envelope, parts: ReadonlyMap<string, string>, where: string): void {
  if (digestOf(parts) === envelope.digest) return;
  throw new CorruptCheckpointError(where, `its ${parts.size} parts do not fit the digest of its head`);
}
