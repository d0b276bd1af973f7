import { createCodec } from '../src/durability/codec.js';
import { settledIn } from '../src/durability/events.js';
import type { Store } from '../src/durability/store.js';
import { CorruptCheckpointError, UnknownRunError } from '../src/errors/index.js';
import { loadRun } from '../src/stimulation/load.js';
import { progressOf, type RunProgress } from './progress.js';

/**
 * How far a stored run is, for `toSvg(cns, { run })` and the others. Reads, and changes nothing; what other processes
 * have done since their last checkpoint is not in it.
 * @throws UnknownRunError, NoValidCheckpointError
 */
export async function readProgress(store: Store, id: string): Promise<RunProgress> {
  const run = await loadRun(store, id, createCodec({ isForShow: true }));
  if (run === undefined) throw new UnknownRunError(id, store.name);
  const { context, envelope, hasBegun } = run;
  const status = hasBegun ? envelope.status : 'queued';
  return progressOf(context, { graph: envelope.graph.name, status }, await settled(store, id));
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
