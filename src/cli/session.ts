/** A flow and a store, opened for one command: what `run` and `resume` have in common. */
import { type Clock, systemClock } from '../clock/clock.js';
import type { SettledEvent } from '../durability/changes.js';
import type { Store } from '../durability/store.js';
import type { CNS } from '../index.js';
import { FLOW } from '../propagation/operations.js';
import { UsageError } from './cli-errors.js';
import { type FlowModule, loadFlowModule } from './flow-module.js';
import { openStore, openStoredRuns, storeUrl } from './open-store.js';
import { LiveLine } from './live-line.js';
import type { Output } from './output.js';
import { plainLines, type Progress, SILENT } from './progress.js';
import { traceHandlers } from './trace.js';
import { shellWord } from './text.js';
import { readSettled, watchStore } from './watch-store.js';

export interface SessionOptions {
  readonly store?: string;
  readonly trace?: string;
}

export interface Session {
  readonly flow: FlowModule;
  readonly cns: CNS;
  /** Undefined when the flow brought its own. */
  readonly store: Store | undefined;
  readonly progress: Progress;
  /** What to add to a command line to name the same store again. */
  readonly storeOption: string;
  close(): Promise<void>;
}

/** @param id of a run that is to be there already */
export async function openSession(
  path: string,
  options: SessionOptions,
  output: Output,
  id?: string,
): Promise<Session> {
  const clock: Clock = systemClock;
  const url = storeUrl(options.store);
  const store = id === undefined ? openStore(url, clock) : openStoredRuns(url, 'resume', clock);
  const flow = await loadFlowModule(path);
  if (flow.hasOwnCns && options.store !== undefined) {
    throw new UsageError(`${path} exports a cns, which has its own store or none`, {
      hint: 'leave --store out, or export createCns({ store, clock }) instead',
    });
  }
  const progress = progressOn(output, clock);
  const before = id === undefined || flow.hasOwnCns ? [] : (await readSettled(store, id)).settled;
  let milestones: ReadonlySet<string> = new Set<string>();
  const isMilestone = ({ neuron, outcome }: SettledEvent) => outcome === 'responded' && milestones.has(neuron);
  const watched = watchStore(store, {
    onCreated: (head) => progress.started(head.id),
    onTaken: (head) => progress.resumed(head.id, head.seq, head.attempt + 1, before.filter(isMilestone).length),
    onSaved: ({ seq }, settled) => {
      for (const { neuron } of settled.filter(isMilestone)) progress.milestone(neuron, seq);
    },
  });
  const cns = await flow.cns({ store: watched, clock });
  milestones = milestonesOf(cns);
  if (options.trace !== undefined) traceHandlers(cns, options.trace);
  return {
    flow,
    cns,
    store: flow.hasOwnCns ? undefined : store,
    progress,
    storeOption: flow.hasOwnCns || options.store === undefined ? '' : ` --store ${shellWord(url)}`,
    close: async () => {
      progress.stop();
      await cns.close();
      await store.close();
    },
  };
}

const milestonesOf = (cns: CNS): ReadonlySet<string> =>
  new Set(cns[FLOW].graph.neurons.filter(({ milestone }) => milestone).map(({ name }) => name));

function progressOn(output: Output, clock: Clock): Progress {
  if (output.isJson) return SILENT;
  return output.isLive ? new LiveLine(output, clock) : plainLines(output);
}
