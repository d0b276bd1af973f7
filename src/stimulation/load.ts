/** Reads a run back from a store: the newest checkpoint that is whole, checked against the graph that is to go on. */
import type { ZodType } from 'zod';
import type { Codec } from '../durability/codec.js';
import { type Envelope, openEnvelope, verifyState } from '../durability/envelope.js';
import { contextFromParts } from '../durability/parts.js';
import type { Store, StoredCheckpoint } from '../durability/store.js';
import { CorruptCheckpointError, GraphMismatchError, NoValidCheckpointError } from '../errors/index.js';
import type { Graph } from '../graph/graph.js';
import type { RunContext } from '../propagation/context.js';
import { findSubscriber } from '../propagation/tasks.js';
import { issuesOf } from './entry.js';

export interface LoadedRun {
  readonly envelope: Envelope;
  readonly context: RunContext;
  readonly parts: ReadonlyMap<string, string>;
  readonly newestSeq: number;
  /** What was damaged and passed over, for a person. */
  readonly damage: readonly string[];
}

/** @returns undefined when the store has no such run. Changes nothing. */
export async function loadRun(store: Store, id: string, codec: Codec): Promise<LoadedRun | undefined> {
  const damage: string[] = [];
  let newestSeq = 0;
  const attempt = async (seq?: number): Promise<LoadedRun | undefined> => {
    try {
      const stored = await store.load(id, seq);
      if (stored === undefined) return undefined;
      newestSeq = Math.max(newestSeq, stored.seq);
      return { ...open(store, stored, codec), parts: stored.parts, newestSeq, damage };
    } catch (error) {
      if (!(error instanceof CorruptCheckpointError)) throw error;
      damage.push(error.message);
      return undefined;
    }
  };
  const newest = await attempt();
  if (newest !== undefined || damage.length === 0) return newest;
  const seqs = store.capabilities.history ? await store.history(id) : [];
  newestSeq = Math.max(newestSeq, ...seqs.slice(0, 1));
  for (const seq of seqs.slice(1)) {
    const older = await attempt(seq);
    if (older !== undefined) return older;
  }
  throw new NoValidCheckpointError(id, damage);
}

function open(
  store: Store,
  { id, seq, head, parts }: StoredCheckpoint,
  codec: Codec,
): Pick<LoadedRun, 'envelope' | 'context'> {
  const where = `checkpoint ${seq} of run "${id}" in ${store.name}`;
  const envelope = openEnvelope(head, where);
  if (envelope.id !== id || envelope.seq !== seq) {
    throw new CorruptCheckpointError(where, `it says that it is checkpoint ${envelope.seq} of run "${envelope.id}"`);
  }
  verifyState(envelope, parts, where);
  return { envelope, context: contextFromParts(id, parts, codec, where) };
}

/**
 * Refuses a run that needs what this graph does not have.
 * @returns whether the graph has changed in ways that the run can go on with
 */
export function checkGraph(graph: Graph, { envelope, context }: LoadedRun): boolean {
  const gone: string[] = [];
  if (envelope.graph.name !== graph.name) gone.push(`it is a run of "${envelope.graph.name}", not of "${graph.name}"`);
  for (const { neuron, dendrite, collateral, payload, expects } of [...context.frontier, ...context.joined]) {
    if (!graph.neuronByName.has(neuron)) gone.push(`neuron "${neuron}" is gone`);
    else if (findSubscriber(graph, neuron, dendrite) === undefined)
      gone.push(`"${neuron}" has no dendrite "${dendrite}"`);
    else misfit(graph.channels.get(collateral)?.collateral.schema, payload, `a payload of "${collateral}"`, gone);
    if (expects !== undefined && !graph.channels.has(expects))
      gone.push(`the collateral "${expects}", which "${neuron}" waits for, is gone`);
  }
  for (const { neuron, dendrite } of context.owed) {
    if (findSubscriber(graph, neuron, dendrite) === undefined) gone.push(`"${neuron}" has no dendrite "${dendrite}"`);
    else if (graph.neuronByName.get(neuron)?.compensation === null)
      gone.push(`"${neuron}" cannot undo any more what it did`);
  }
  for (const { neuron } of context.barriers)
    if (!graph.neuronByName.has(neuron)) gone.push(`neuron "${neuron}" is gone`);
  for (const [neuron, value] of Object.entries(context.values)) {
    const found = graph.neuronByName.get(neuron);
    if (found === undefined) gone.push(`neuron "${neuron}", which has a stored context value, is gone`);
    else misfit(found.contextSchema, value, `the context of "${neuron}"`, gone);
  }
  const { outputFrom } = context;
  if (outputFrom !== null && !graph.channels.has(outputFrom))
    gone.push(`the output's collateral "${outputFrom}" is gone`);
  if (gone.length > 0) throw new GraphMismatchError(context.id, [...new Set(gone)]);
  return envelope.graph.fingerprint !== graph.fingerprint;
}

function misfit(schema: ZodType | undefined, value: unknown, what: string, gone: string[]): void {
  const checked = schema?.safeParse(value);
  if (checked === undefined || checked.success) return;
  gone.push(`${what} no longer fits its schema (${issuesOf(checked.error).join('; ')})`);
}
