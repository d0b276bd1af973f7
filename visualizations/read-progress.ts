import { createCodec } from '../src/durability/codec.js';
import { readSettled } from '../src/durability/events.js';
import type { Store } from '../src/durability/store.js';
import { InvalidArgumentError, UnknownRunError } from '../src/errors/index.js';
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
  const { settled, omitted, damage } = await readSettled(store, id);
  const { name, version } = envelope.graph;
  return {
    id,
    graph: { name, version },
    status: hasBegun ? envelope.status : 'queued',
    ...progressOf(context, settled),
    omitted,
    damage: [...run.damage, ...damage],
  };
}
