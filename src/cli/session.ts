/** A flow and a store, opened for one command: what `run`, `resume` and `signal` have in common. */
import { type Clock, systemClock } from '../clock/clock.js';
import type { SettledEvent } from '../durability/events.js';
import type { Store } from '../durability/store.js';
import type { CNS } from '../index.js';
import { UsageError } from './cli-errors.js';
import { type FlowModule, loadFlowModule } from './flow-module.js';
import { milestonesOf } from './flow-of-run.js';
import { openStore, openStoredRuns, shownUrl, storeUrl } from './open-store.js';
import { LiveLine } from './live-line.js';
import type { Output } from './output.js';
import { plainLines, type Progress, SILENT } from './progress.js';
import { redactBy } from './redaction.js';
import { traceHandlers } from './trace.js';
import { shellWord } from './text.js';
import { readSettled } from '../durability/events.js';
import { watchStore } from './watch-store.js';

export interface SessionOptions {
  readonly store?: string;
  readonly trace?: string;
}

/** What is to be there already, and who asks for it. */
export interface StoredRun {
  /** Missing for all runs there are: they are too many to be followed. */
  readonly id?: string;
  readonly command: string;
}

export interface Session {
  readonly flow: FlowModule;
  readonly cns: CNS;
  readonly clock: Clock;
  /** Undefined when the flow brought its own. */
  readonly store: Store | undefined;
  readonly progress: Progress;
  /** What to add to a command line to name the same store again. */
  readonly storeOption: string;
  /** Called with its id at the end of every synchronous turn of a run. @returns no longer */
  onTurn(listener: (id: string) => void): () => void;
  close(): Promise<void>;
}

export async function openSession(
  path: string,
  options: SessionOptions,
  output: Output,
  stored?: StoredRun,
): Promise<Session> {
  const clock: Clock = systemClock;
  const url = storeUrl(options.store);
  const store = stored === undefined ? openStore(url, clock) : openStoredRuns(url, stored.command, clock);
  const flow = await loadFlowModule(path);
  if (flow.hasOwnCns && options.store !== undefined) {
    throw new UsageError(`${path} exports a cns, which has its own store or none`, {
      hint: 'leave --store out, or export createCns({ store, clock }) instead',
    });
  }
  redactBy(undefined, output);
  const isFollowed = stored === undefined || stored.id !== undefined;
  const progress = isFollowed ? progressOn(output, clock) : SILENT;
  const before = stored?.id === undefined || flow.hasOwnCns ? [] : (await readSettled(store, stored.id)).settled;
  let milestones: ReadonlySet<string> = new Set<string>();
  const isMilestone = (event: SettledEvent) =>
    event.outcome === 'responded' && milestones.has(event.neuron) && !isUndone(event);
  const watched = watchStore(store, {
    onCreated: (head) => progress.started(head.id),
    onTaken: (head) => progress.resumed(head.id, head.seq, head.attempt + 1, before.filter(isMilestone).length),
    onSaved: ({ seq }, settled) => {
      for (const event of settled) {
        if (isUndone(event)) progress.undone(event.neuron, seq);
        else if (isMilestone(event)) progress.milestone(event.neuron, seq);
      }
    },
  });
  const cns = await flow.cns({ store: watched, clock });
  milestones = milestonesOf(cns);
  redactBy(cns, output);
  if (options.trace !== undefined) traceHandlers(cns, options.trace);
  const listeners = new Set<(id: string) => void>();
  cns.addDrainListener(({ stimulation }) => {
    for (const listener of [...listeners]) listener(stimulation.id);
  });
  return {
    flow,
    cns,
    clock,
    store: flow.hasOwnCns ? undefined : store,
    progress,
    storeOption: flow.hasOwnCns || options.store === undefined ? '' : ` --store ${shellWord(shownUrl(url))}`,
    onTurn: (listener) => {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    close: async () => {
      progress.stop();
      await cns.close();
      await store.close();
    },
  };
}

/** What was done is undone. */
const isUndone = ({ dendrite, outcome }: SettledEvent): boolean => dendrite === 'undo' && outcome === 'responded';

function progressOn(output: Output, clock: Clock): Progress {
  if (output.isJson) return SILENT;
  return output.isLive ? new LiveLine(output, clock) : plainLines(output);
}
