/** The parts that a stored run consists of, and the way back from them to a context. */
import { z } from 'zod';
import { CorruptCheckpointError } from '../errors/index.js';
import type {
  Details,
  EarlySignal,
  FailedActivation,
  JoinedActivation,
  OwedActivation,
  PendingActivation,
  RunContext,
  RunOptions,
} from '../propagation/context.js';
import { detailsIn } from '../propagation/tasks.js';
import type { Codec } from './codec.js';

export type PartName = string;

export const PREFIX = {
  activation: 'frontier/',
  value: 'context/',
  failure: 'failed/',
  hops: 'hops/',
  owed: 'owed/',
  early: 'early/',
} as const;
const { activation: ACTIVATION, value: VALUE, failure: FAILURE, hops: HOPS, owed: OWED, early: EARLY } = PREFIX;

export const partOf = {
  /** How the run was started; never changes. */
  entry: (): PartName => 'entry',
  /** The scalars and the barriers. */
  run: (): PartName => 'run',
  output: (): PartName => 'output',
  deliveries: (): PartName => 'deliveries',
  /** Why the run was aborted. */
  reason: (): PartName => 'reason',
  activation: (cause: string): PartName => ACTIVATION + cause,
  value: (neuron: string): PartName => VALUE + neuron,
  failure: (index: number): PartName => FAILURE + String(index),
  /** What the run was told when it was started; never changes. */
  options: (): PartName => 'options',
  /** How often a neuron was visited. */
  hops: (neuron: string): PartName => HOPS + neuron,
  /** The n-th settlement that would have to be undone, from 1. */
  owed: (place: number): PartName => OWED + String(place),
  /** A signal that came before anybody waited for it, by its index. */
  early: (index: number): PartName => EARLY + String(index),
};

const runPart = z.object({
  status: z.enum(['running', 'completed', 'failed', 'aborted']),
  hold: z.boolean(),
  next: z.int().min(1),
  settled: z.int().min(0),
  outputFrom: z.string().nullable(),
  barriers: z.array(z.object({ activation: z.string(), n: z.int(), neuron: z.string() })),
  ending: z.object({ status: z.enum(['failed', 'aborted']), compensate: z.boolean() }).optional(),
});

const activationPart = z.object({
  n: z.int(),
  neuron: z.string(),
  dendrite: z.string(),
  collateral: z.string(),
  after: z.string().optional(),
  attempt: z.int().min(2).optional(),
  due: z.number().optional(),
  expects: z.string().optional(),
  within: z.number().optional(),
  undoes: z.string().optional(),
  origin: z.string().optional(),
  key: z.string().optional(),
  size: z.int().min(1).optional(),
  otherwiseOf: z.string().optional(),
  otherwise: z.unknown().optional(),
  payload: z.unknown(),
});

const settledPart = z.looseObject({
  activation: z.string(),
  neuron: z.string(),
  dendrite: z.string(),
  collateral: z.string(),
  sameErrorAs: z.int().min(0).optional(),
});
const earlyPart = z.looseObject({ index: z.int().min(0), collateral: z.string() });
const optionsPart = z.looseObject({});
const hopsPart = z.int().min(0);

/** A failure as it is stored: one error of several activations is stored once, and is one again. */
export interface StoredFailure extends FailedActivation {
  /** The place of the failure whose error it is, too. */
  readonly sameErrorAs?: number;
}

/**
 * The context that these parts hold. What was in flight is queued: nothing of it runs in this process. Of an aborted run
 * it stays what it is, so that `engram.resume` sees that it is not to be done.
 * @throws CorruptCheckpointError when a part is missing or not what it should be
 */
export function contextFromParts(
  id: string,
  parts: ReadonlyMap<PartName, string>,
  codec: Codec,
  where: string,
): RunContext {
  const { ending, ...run } = read(parts, partOf.run(), runPart, where);
  const frontier: PendingActivation[] = [];
  const values: [string, unknown][] = [];
  const failed: [number, StoredFailure][] = [];
  const joined: JoinedActivation[] = [];
  const owed: [number, OwedActivation][] = [];
  const early: EarlySignal[] = [];
  const hops: [string, number][] = [];
  // what the codec gives back is what was given to it; the schema asks, and copies nothing
  const record = <T>(name: PartName, text: string, schema: z.ZodType): T => {
    const value = codec.decode(text, `${where}, ${name}`);
    const { error } = schema.safeParse(value);
    if (error !== undefined) throw unexpected(name, where, error);
    return value as T;
  };
  for (const [name, text] of parts) {
    if (name.startsWith(ACTIVATION)) {
      const record = activationOf(name, parse(text, activationPart, name, where), codec, where);
      if ('key' in record) joined.push(record);
      else frontier.push(record);
    } else if (name.startsWith(VALUE)) values.push([name.slice(VALUE.length), codec.decode(text, `${where}, ${name}`)]);
    else if (name.startsWith(FAILURE)) {
      failed.push([Number(name.slice(FAILURE.length)), record(name, text, settledPart)]);
    } else if (name.startsWith(OWED)) {
      owed.push([Number(name.slice(OWED.length)), record(name, text, settledPart)]);
    } else if (name.startsWith(EARLY)) early.push(record(name, text, earlyPart));
    else if (name.startsWith(HOPS)) hops.push([name.slice(HOPS.length), parse(text, hopsPart, name, where)]);
  }
  const decoded = (name: PartName): unknown => {
    const text = parts.get(name);
    return text === undefined ? undefined : codec.decode(text, `${where}, ${name}`);
  };
  const output = parts.get(partOf.output());
  const reason = decoded(partOf.reason());
  const told = parts.get(partOf.options());
  const options = told === undefined ? undefined : record<RunOptions>(partOf.options(), told, optionsPart);
  return {
    id,
    ...run,
    frontier: frontier
      .map((record) => (ending?.status === 'aborted' ? calledOf(record) : record))
      .sort((a, b) => rankOf(a) - rankOf(b) || a.n - b.n),
    values: Object.fromEntries(values),
    failed: withErrors(failed.sort(([a], [b]) => a - b).map(([, failure]) => failure)),
    deliveries: parts.has(partOf.deliveries()) ? read(parts, partOf.deliveries(), z.array(z.string()), where) : [],
    ...(output === undefined ? {} : { output: codec.decode(output, `${where}, output`) }),
    ...(reason === undefined ? {} : { reason }),
    ...(ending === undefined ? {} : { ending }),
    ...(options === undefined ? {} : { options }),
    early: early.sort((a, b) => a.index - b.index),
    ...(hops.length === 0 ? {} : { hops: Object.fromEntries(hops) }),
    owed: owed.sort(([a], [b]) => a - b).map(([, settled]) => settled),
    joined: joined.sort((a, b) => a.n - b.n),
  };
}

function withErrors(stored: readonly StoredFailure[]): FailedActivation[] {
  const failed: FailedActivation[] = [];
  for (const { sameErrorAs, ...failure } of stored) {
    failed.push(sameErrorAs === undefined ? failure : { ...failure, error: failed[sameErrorAs]?.error });
  }
  return failed;
}

/** In a run that was aborted nothing is left but what was in flight then, and what undoes: that is all that goes on. */
const calledOf = (record: PendingActivation): PendingActivation =>
  record.state === 'queued' && record.undoes === undefined ? { ...record, state: 'running' } : record;

const rankOf = ({ state }: PendingActivation): number =>
  state === 'held' ? 2 : state === 'queued' || state === 'running' ? 0 : 1;

/** One that stood in flight, or waited for a slot or a listener, is queued: nothing of that is here any more. */
function activationOf(
  name: PartName,
  part: z.infer<typeof activationPart>,
  codec: Codec,
  where: string,
): PendingActivation | JoinedActivation {
  const { n, neuron, dendrite, collateral, payload, after, otherwiseOf, otherwise, key, size, ...details } = part;
  const valueOf = (value: unknown): unknown => codec.decodeParsed(value, `${where}, ${name}`);
  const record = {
    activation: name.slice(ACTIVATION.length),
    n,
    neuron,
    dendrite,
    collateral,
    payload: valueOf(payload),
    ...detailsIn(details as Details),
    ...(otherwiseOf === undefined ? {} : { otherwise: { collateral: otherwiseOf, payload: valueOf(otherwise) } }),
  };
  if (key !== undefined) return { ...record, key, ...(size === undefined ? {} : { size }) };
  if (after !== undefined) return { ...record, state: 'held', after };
  const state = details.expects !== undefined ? 'waiting' : details.due !== undefined ? 'delayed' : 'queued';
  return { ...record, state };
}

function read<T>(parts: ReadonlyMap<PartName, string>, name: PartName, schema: z.ZodType<T>, where: string): T {
  const text = parts.get(name);
  if (text === undefined) throw new CorruptCheckpointError(where, `the part "${name}" is missing`);
  return parse(text, schema, name, where);
}

function parse<T>(text: string, schema: z.ZodType<T>, name: PartName, where: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw unexpected(name, where, cause);
  }
}

const unexpected = (name: PartName, where: string, cause: unknown): CorruptCheckpointError =>
  new CorruptCheckpointError(where, `the part "${name}" is not what it should be`, cause);
