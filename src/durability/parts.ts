/** The parts that a stored run consists of, and the way back from them to a context. */
import { z } from 'zod';
import { CorruptCheckpointError } from '../errors/index.js';
import type { FailedActivation, PendingActivation, RunContext } from '../propagation/context.js';
import type { Codec } from './codec.js';

export type PartName = string;

const ACTIVATION = 'frontier/';
const VALUE = 'context/';
const FAILURE = 'failed/';

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
};

const runPart = z.object({
  status: z.enum(['running', 'completed', 'failed', 'aborted']),
  hold: z.boolean(),
  next: z.int().min(1),
  settled: z.int().min(0),
  outputFrom: z.string().nullable(),
  barriers: z.array(z.object({ activation: z.string(), n: z.int(), neuron: z.string() })),
});

const activationPart = z.object({
  n: z.int(),
  neuron: z.string(),
  dendrite: z.string(),
  collateral: z.string(),
  after: z.string().optional(),
  payload: z.unknown(),
});

/**
 * The context that these parts hold. What was in flight is queued: nothing of it runs in this process.
 * @throws CorruptCheckpointError when a part is missing or not what it should be
 */
export function contextFromParts(
  id: string,
  parts: ReadonlyMap<PartName, string>,
  codec: Codec,
  where: string,
): RunContext {
  const run = read(parts, partOf.run(), runPart, where);
  const frontier: PendingActivation[] = [];
  const values: Record<string, unknown> = {};
  const failed: [number, FailedActivation][] = [];
  for (const [name, text] of parts) {
    if (name.startsWith(ACTIVATION)) {
      const { n, neuron, dendrite, collateral, after, payload } = parse(text, activationPart, name, where);
      frontier.push({
        activation: name.slice(ACTIVATION.length),
        n,
        neuron,
        dendrite,
        collateral,
        payload: codec.decode(JSON.stringify(payload), `${where}, ${name}`),
        state: after === undefined ? 'queued' : 'held',
        ...(after === undefined ? {} : { after }),
      });
    } else if (name.startsWith(VALUE)) values[name.slice(VALUE.length)] = codec.decode(text, `${where}, ${name}`);
    else if (name.startsWith(FAILURE)) {
      failed.push([Number(name.slice(FAILURE.length)), codec.decode(text, `${where}, ${name}`) as FailedActivation]);
    }
  }
  const held = (pending: PendingActivation) => (pending.state === 'held' ? 1 : 0);
  const output = parts.get(partOf.output());
  const reason = parts.get(partOf.reason());
  return {
    id,
    ...run,
    frontier: frontier.sort((a, b) => held(a) - held(b) || a.n - b.n),
    values,
    failed: failed.sort(([a], [b]) => a - b).map(([, failure]) => failure),
    deliveries: parts.has(partOf.deliveries()) ? read(parts, partOf.deliveries(), z.array(z.string()), where) : [],
    ...(output === undefined ? {} : { output: codec.decode(output, `${where}, output`) }),
    ...(reason === undefined ? {} : { reason: codec.decode(reason, `${where}, reason`) }),
  };
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
    throw new CorruptCheckpointError(where, `the part "${name}" is not what it should be`, cause);
  }
}
