/** Reads a run back from a store: the newest checkpoint that is whole, checked against the graph that is to go on. */
import type { ZodType } from 'zod';
import type { Codec } from '../durability/codec.js';
import { type Envelope, openEnvelope, verifyState } from '../durability/envelope.js';
import { isPacked, unpack, unpackAll } from '../durability/compression.js';
import { contextFromParts, partOf } from '../durability/parts.js';
import type { Store, StoredCheckpoint } from '../durability/store.js';
import { CorruptCheckpointError, GraphMismatchError, NoValidCheckpointError } from '../errors/index.js';
import type { Graph } from '../graph/graph.js';
import { emptyContext, type RunContext } from '../propagation/context.js';
import { findSubscriber } from '../propagation/tasks.js';
import { issuesOf } from './entry.js';
import { isUnbegun } from './unbegun.js';

export interface LoadedRun {
  readonly envelope: Envelope;
  /** Of a run that nobody has begun: that of one that has not been told anything. */
  readonly context: RunContext;
  /** False: it was stored with its entry, and waits for somebody to begin it (unbegun.ts). */
  readonly hasBegun: boolean;
  readonly parts: ReadonlyMap<string, string>;
  /** The same as they are stored: some may be packed. */
  readonly stored: ReadonlyMap<string, string>;
  readonly newestSeq: number;
  /** What was damaged and passed over, for a person. */
  readonly damage: readonly string[];
  /** The checkpoints that were passed over, newest first. */
  readonly lost: readonly number[];
}

/** A run of which no checkpoint can be read. */
export interface UnreadableRun {
  readonly newestSeq: number;
  readonly damage: readonly string[];
  readonly lost: readonly number[];
  /** The encoded entries that its checkpoints hold, each once: one, where what can be seen of them is right. */
  readonly entries: readonly string[];
}

/** The newest checkpoint, where the store has given it already. @throws CorruptCheckpointError */
type NewestCheckpoint = () => StoredCheckpoint;

/** @returns undefined when the store has no such run. Changes nothing. @throws NoValidCheckpointError */
export async function loadRun(
  store: Store,
  id: string,
  codec: Codec,
  newest?: NewestCheckpoint,
): Promise<LoadedRun | undefined> {
  const found = await readRun(store, id, codec, newest);
  if (found === undefined || 'envelope' in found) return found;
  throw new NoValidCheckpointError(id, found.damage, found.entries.length === 1);
}

/**
 * The newest checkpoint that is whole, or what is known of a run that has none. What a newer version has written is
 * refused, also where older checkpoints could be read: to go on from those would undo its work.
 * @throws UnsupportedFormatError
 */
export async function readRun(
  store: Store,
  id: string,
  codec: Codec,
  given?: NewestCheckpoint,
): Promise<LoadedRun | UnreadableRun | undefined> {
  const damage: string[] = [];
  const lost = new Set<number>();
  const entries = new Set<string>();
  let newestSeq = 0;
  const attempt = async (asked?: number): Promise<LoadedRun | undefined> => {
    let seq = asked;
    try {
      const stored = asked === undefined && given !== undefined ? given() : await store.load(id, asked);
      if (stored === undefined) return undefined;
      ({ seq } = stored);
      newestSeq = Math.max(newestSeq, seq);
      const entry = entryIn(stored);
      if (entry !== undefined) entries.add(entry);
      return { ...open(store, stored, codec), stored: stored.parts, newestSeq, damage, lost: [...lost] };
    } catch (error) {
      if (!(error instanceof CorruptCheckpointError)) throw error;
      damage.push(error.message);
      if (seq !== undefined) lost.add(seq);
      return undefined;
    }
  };
  const newest = await attempt();
  if (newest !== undefined || damage.length === 0) return newest;
  const seqs = store.capabilities.history ? await store.history(id) : [];
  newestSeq = Math.max(newestSeq, ...seqs.slice(0, 1));
  if (lost.size === 0) for (const seq of seqs.slice(0, 1)) lost.add(seq);
  for (const seq of seqs.slice(1)) {
    const older = await attempt(seq);
    if (older !== undefined) return older;
  }
  return { newestSeq, damage, lost: [...lost], entries: [...entries] };
}

function open(
  store: Store,
  { id, seq, head, parts }: StoredCheckpoint,
  codec: Codec,
): Pick<LoadedRun, 'envelope' | 'context' | 'hasBegun' | 'parts'> {
  const where = `checkpoint ${seq} of run "${id}" in ${store.name}`;
  const envelope = openEnvelope(head, where);
  if (envelope.id !== id || envelope.seq !== seq) {
    throw new CorruptCheckpointError(where, `it says that it is checkpoint ${envelope.seq} of run "${envelope.id}"`);
  }
  verifyState(envelope, parts, where);
  const texts = unpackAll(parts, envelope.compression, where);
  if (isUnbegun(texts)) return { envelope, parts: texts, context: { ...emptyContext(), id }, hasBegun: false };
  return { envelope, parts: texts, context: contextFromParts(id, texts, codec, where), hasBegun: true };
}

/** The encoded entry, also of a checkpoint of which other things are damaged. */
function entryIn({ parts }: StoredCheckpoint): string | undefined {
  const text = parts.get(partOf.entry());
  if (text === undefined || !isPacked(text)) return text;
  try {
    return unpack(text, 'the entry');
  } catch {
    return undefined;
  }
}

/** Why a run is none of the graph of this name, or undefined. */
export const strangerOf = (own: string, { graph: { name } }: Envelope): string | undefined =>
  name === own ? undefined : `it is a run of "${name}", not of "${own}"`;

/**
 * Refuses a run that needs what this graph does not have.
 * @returns whether the graph has changed in ways that the run can go on with
 */
export function checkGraph(graph: Graph, { envelope, context }: LoadedRun): boolean {
  const gone: string[] = [];
  const misfits: string[] = [];
  const stranger = strangerOf(graph.name, envelope);
  if (stranger !== undefined) gone.push(stranger);
  for (const { neuron, dendrite, collateral, payload, expects } of [...context.frontier, ...context.joined]) {
    if (!graph.neuronByName.has(neuron)) gone.push(`neuron "${neuron}" is gone`);
    else if (findSubscriber(graph, neuron, dendrite) === undefined)
      gone.push(`"${neuron}" has no dendrite "${dendrite}"`);
    else misfit(graph.channels.get(collateral)?.collateral.schema, payload, `a payload of "${collateral}"`, misfits);
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
    else misfit(found.contextSchema, value, `the context of "${neuron}"`, misfits);
  }
  const { outputFrom } = context;
  if (outputFrom !== null && !graph.channels.has(outputFrom))
    gone.push(`the output's collateral "${outputFrom}" is gone`);
  if (gone.length + misfits.length > 0) {
    throw new GraphMismatchError(context.id, [...new Set(gone)], [...new Set(misfits)]);
  }
  return envelope.graph.fingerprint !== graph.fingerprint;
}

function misfit(schema: ZodType | undefined, value: unknown, what: string, misfits: string[]): void {
  const checked = schema?.safeParse(value);
  if (checked === undefined || checked.success) return;
  misfits.push(`${what} does not fit its schema (${issuesOf(checked.error).join('; ')})`);
}
