import { createCodec } from '../src/durability/codec.js';
import { settledIn } from '../src/durability/events.js';
import type { Store } from '../src/durability/store.js';
import { CorruptCheckpointError, InvalidArgumentError, UnknownRunError } from '../src/errors/index.js';
import { FLOW, type HasFlow } from '../src/propagation/operations.js';
import { loadRun, strangerOf } from '../src/stimulation/load.js';
import { progressOf, type RunProgress } from './progress.js';

/**
 * How far a stored run of a flow is, for `toSvg(cns, { run })` and the others. Reads, and changes nothing; what the run
 * has done since its last checkpoint is not in it.
 * @throws UnknownRunError, NoValidCheckpointError, InvalidArgumentError for a run of another flow
 */
export async function readProgress(cns: HasFlow, store: Store, id: string): Promise<RunProgress> {
  const { graph } = cns[FLOW];
  const run = await loadRun(store, id, createCodec({ isForShow: true }));
  if (run === undefined) throw new UnknownRunError(id, store.name);
  const { context, envelope, hasBegun } = run;
  const stranger = strangerOf(graph.name, envelope);
  if (stranger !== undefined) {
    throw new InvalidArgumentError(`run "${id}" does not fit the flow: ${stranger}`, {
      hint: 'draw it with the flow that it was started with',
    });
  }
  return progressOf(graph, context, hasBegun ? envelope.status : 'queued', await settled(store, id));
}

/** Damaged events take the colour of what has settled, not the picture. */
async function settled(store: Store, id: string): Promise<ReturnType<typeof settledIn>> {
  try {
    return settledIn(await store.events(id));
  } catch (error) {
    if (error instanceof CorruptCheckpointError) return [];
    throw error;
  }
}
