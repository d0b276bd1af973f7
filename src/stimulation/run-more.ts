/** What few runs have beside their working set: made when it is first needed. */
import type { RunEvent } from '../propagation/events.js';
import type { Recorder, Work } from '../propagation/work.js';

/** How the end of a run is decided, when not by its core alone: a durable run ends when its end is stored. */
export interface EndGate {
  /** The run has something new to look at. */
  onTurn(): void;
  /** Somebody stopped the run's actor before its end. */
  onActorStopped(): void;
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
  drainedAt: string;
  /** Called once, at the end. */
  readonly farewells: (() => void)[];
  /** How many promises of listeners are not settled. */
  listening: number;
  /** Errors of listeners: they reject the run at its end. */
  readonly listenerErrors: unknown[];
  /** Sent before the run could take anything. */
  readonly early: RunEvent[];
  /** Why it stopped before its end, e.g. a save that failed. */
  stopped: { readonly error: unknown } | null;
}

export const newMore = (): RunMore => ({
  gate: null,
  changes: null,
  listeners: [],
  drains: [],
  drainedAt: '',
  farewells: [],
  listening: 0,
  listenerErrors: [],
  early: [],
  stopped: null,
});

/** The end of a turn, told once: not for what is only stored, or looked at, after it. */
export function tellDrained(more: RunMore, { next, settled, pending, active }: Work): void {
  const at = `${next} ${settled} ${pending} ${active}`;
  if (at === more.drainedAt) return;
  more.drainedAt = at;
  for (const drained of [...more.drains]) drained();
}
