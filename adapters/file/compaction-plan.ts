/**
 * What of a run is worth keeping when the logs that hold it are replaced.
 *
 * Rules:
 *  - of the checkpoints that count, the newest ones stay, as many as the history keeps. The oldest of them is written
 *    whole and stands for all before it; the newest is written whole too, so that damage to one leaves the other;
 *  - what does not count goes. Where it is not certain what counts (a take-over is on its way, a line is damaged),
 *    everything stays as it is;
 *  - only what stands in an old log is judged: other logs are added to while this goes on;
 *  - a deletion stays as long as anything of the run does, in any log, or anybody could still write to it.
 */
import type { Position } from './log-writer.js';
import type { RecordRef, RunRecords } from './run-records.js';

export interface RunPlan {
  /** These lines are copied. */
  readonly copy: readonly Position[];
  /** This one is written whole, and stands for all before it. */
  readonly summary?: RecordRef;
  /** This one is written whole. */
  readonly whole?: RecordRef;
  /** Nothing is left of the run but its deletion, which can go when the disk has nothing else. */
  readonly isDeletion?: true;
  /** Nothing is left of the run but its claims. */
  readonly isForgotten?: true;
}

export interface PlanOptions {
  /** How many checkpoints stay. */
  readonly history: number;
  /** Whether a log is one of those that are replaced. */
  readonly isOld: (log: string) => boolean;
  /** Whether nobody has claimed the run beyond what the records tell. */
  readonly isSettled: (run: RunRecords) => boolean;
  /** Whether none of those who have ever claimed the run can write to it any more. */
  readonly isAbandoned: (run: RunRecords) => boolean;
}

export function planFor(run: RunRecords, { history, isOld, isSettled, isAbandoned }: PlanOptions): RunPlan {
  const isOldOne = ({ log }: Position): boolean => isOld(log);
  if (!isCertain(run) || !isSettled(run)) return everythingOf(run, isOld);
  const valid = run.valid();
  const notes = run.notes().filter(isOldOne);
  if (valid.length === 0) {
    if (!run.isDeleted(run.topFence)) return everythingOf(run, isOld);
    const isLast = run.all().length === 0 && notes.length === run.notes().length;
    const isGone = isAbandoned(run);
    if (isLast && isGone) return { copy: [], isForgotten: true };
    const copy = notes.filter(({ deleted, fence }) => deleted && fence === run.topFence).slice(0, 1);
    return isGone && copy.length > 0 ? { copy, isDeletion: true } : { copy };
  }
  const offered = run.offered();
  const oldest = offered[Math.max(0, offered.length - history)]?.seq ?? 0;
  const summary = valid.findLast((ref) => ref.seq <= oldest && isOldOne(ref));
  const stay = valid.filter((ref) => isOldOne(ref) && ref.seq > (summary?.seq ?? 0));
  const kept = notes.filter(({ fence, floor }) => fence > (summary?.fence ?? 0) || floor > (summary?.seq ?? 0));
  const released = notes.filter(({ release, fence }) => release && fence === run.topFence && !kept.some(isOf(fence)));
  const rest = [...kept, ...released.slice(0, 1)];
  if (summary === undefined || summary === valid[0]) {
    return { copy: [...(summary === undefined ? [] : [summary]), ...stay, ...rest] };
  }
  const newest = run.newest();
  if (newest === undefined || !stay.includes(newest) || newest.whole) return { copy: [...stay, ...rest], summary };
  return { copy: [...stay.slice(0, -1), ...rest], summary, whole: newest };
}

/** As it is: also what does not count, and what cannot be read. */
export function everythingOf(run: RunRecords, isOld: (log: string) => boolean): RunPlan {
  return { copy: [...run.all(), ...run.notes()].filter(({ log }) => isOld(log)) };
}

function isCertain(run: RunRecords): boolean {
  return run.isCertain() && run.all().every(({ damage }) => damage === 'none');
}

function isOf(fence: number): (note: { readonly fence: number; readonly release: boolean }) => boolean {
  return (note) => note.fence === fence && note.release;
}
