/** What few runs have beside their working set: made when it is first needed. */
import type { RunStatus } from '../propagation/context.js';
import type { RunEvent } from '../propagation/events.js';
import type { Recorder, Work } from '../propagation/work.js';

/** How the end of a run is decided, when not by its core alone: a durable run ends when its end is stored. */
export interface EndGate {
  /** The milestone neuron of which a settlement was stored last, or is about to be; null where none was in this process. */
  readonly milestone: string | null;
  /** The run has something new to look at. */
  onTurn(): void;
  /** Somebody stopped the run's actor before its end. */
  onActorStopped(): void;
  /** Stores the run as it stands and gives it up, so that it goes on wherever it is brought up. */
  letGo(whole: boolean): Promise<void>;
  /** Resolves when all that has happened so far is stored, `happens` included, which it calls first. */
  checkpoint(happens?: () => void): Promise<void>;
}

export interface RunMore {
  gate: EndGate | null;
  /** Writes down what the next checkpoint holds. */
  changes: Recorder | null;
  readonly listeners: Recorder[];
  /** Told at the end of every turn. */
  readonly drains: (() => void)[];
  /** Where the run stood when they were told last. */
  readonly drainedAt: { next: number; settled: number; pending: number; active: number };
  /** Called once, at the end. */
  readonly farewells: (() => void)[];
  /** How many promises of listeners are not settled. */
  listening: number;
  /** Errors of listeners: they reject the run at its end. */
  readonly listenerErrors: unknown[];
  /** Sent before the run could take anything. */
  readonly early: RunEvent[];
  /** The end of a turn is being told; what listeners do then makes one more (`again`). */
  isTelling: boolean;
  again: boolean;
  /** Why it stopped before its end, e.g. a save that failed. */
  stopped: { readonly error: unknown } | null;
}

export const newMore = (): RunMore => ({
  gate: null,
  changes: null,
  listeners: [],
  drains: [],
  drainedAt: { next: -1, settled: -1, pending: -1, active: -1 },
  farewells: [],
  listening: 0,
  listenerErrors: [],
  early: [],
  isTelling: false,
  again: false,
  stopped: null,
});

/** A listener fails a run that has done all it had to do. */
export const endStatusOf = ({ status }: Work, more: RunMore | null): RunStatus =>
  status === 'completed' && more !== null && more.listenerErrors.length > 0 ? 'failed' : status;

/** Nothing is about to start: where each hop is an event, a turn is several of them. */
export const isDrained = ({ starting, queueHead, active, rare }: Work): boolean =>
  starting === null && (queueHead === null || (rare !== null && active >= rare.concurrency));

/** The end of a turn, told once: not for what is only stored, or looked at, after it. */
export function tellDrained({ drains, drainedAt: at }: RunMore, { next, settled, pending, active }: Work): void {
  if (at.next === next && at.settled === settled && at.pending === pending && at.active === active) return;
  at.next = next;
  at.settled = settled;
  at.pending = pending;
  at.active = active;
  for (const drained of [...drains]) drained();
}
