/** Runs with a live actor from their first hop, as durable runs begin; without a store, so that the actor is what is measured. */
import { createLogic } from '../../machines/logic.js';
import { FLOW, type HasFlow } from '../../src/propagation/operations.js';
import { start } from '../../src/propagation/transition.js';
import { Work } from '../../src/propagation/work.js';
import { Run } from '../../src/stimulation/run.js';
import { Stimulation } from '../../src/stimulation/stimulation.js';

export function liveRuns(cns: HasFlow, entry: string): () => Run {
  const flow = cns[FLOW];
  const host = {
    logic: createLogic(flow),
    inspect: undefined,
    onEnded: () => undefined,
    onFailure: () => undefined,
    handleOf: (run: Run) => new Stimulation(run),
    checkSignal: () => {
      throw new TypeError('nothing is signalled here');
    },
  };
  const input = { signals: [{ collateral: entry, payload: 1 }] };
  return () => {
    const work = new Work(flow);
    const run = new Run(work, host);
    run.hold({
      milestone: null,
      letGo: () => Promise.resolve(),
      onTurn() {
        if (work.status !== 'running') run.end();
      },
      onActorStopped: () => undefined,
      checkpoint: () => Promise.resolve(),
    });
    start(work, input);
    run.actor.subscribe(() => undefined);
    run.go();
    return run;
  };
}
