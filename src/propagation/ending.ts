/** How runs end: by themselves, by an abort, by undoing what they did; and how one that has ended begins again. */
import {
  Activation,
  BARRIER,
  detailsOf,
  GATED,
  HELD,
  PARKED,
  QUEUED,
  RUNNING,
  Special,
  STARTING,
} from './activation.js';
import { clearJoins, failIncomplete } from './arriving.js';
import { causeText, deriveCause } from './cause.js';
import type { FailedActivation } from './context.js';
import type { Effect } from './events.js';
import { cut, recordCut } from './failing.js';
import {
  asideOf,
  barriersOf,
  dropBarrier,
  frontierOf,
  hasBarrier,
  inHand,
  place,
  raiseBarrier,
  remember,
  takeBack,
} from './lists.js';
import type { Owed } from './owed.js';
import { type Rare, rareOf } from './rare.js';
import { anew, enterTasks } from './tasks.js';
import { tidy } from './values.js';
import type { Work } from './work.js';

/** Nothing new starts; what runs may finish; everything else is cut. */
export function abort(work: Work, reason: unknown, compensate: boolean, effects: Effect[] | null): void {
  const rare = rareOf(work);
  rare.ending = { status: 'aborted', compensate };
  rare.paused = rare.leaving !== null;
  if (reason !== undefined) rare.reason = reason;
  if (effects !== null) effects.push({ type: 'moved' });
  for (const activation of [...frontierOf(work)]) if (!isCalled(activation)) cut(work, activation);
  for (const arrival of clearJoins(work, rare)) recordCut(work, arrival);
  for (const barrier of barriersOf(work)) dropBarrier(work, barrier);
}

const isCalled = ({ state }: Activation): boolean => state === STARTING || state === RUNNING;

/** The process in which it was in flight is gone: all of that is ready again, in the places that it had. */
export function resume(work: Work, effects: Effect[] | null): void {
  if (effects !== null) effects.push({ type: 'moved' });
  if (work.rare?.ending?.status === 'aborted') {
    for (const activation of [...frontierOf(work)]) {
      if (isCalled(activation) && detailsOf(activation).undoes === undefined) cut(work, activation);
    }
  }
  const aside = asideOf(work).filter(({ state }) => state === GATED || state === PARKED);
  for (const activation of aside) takeBack(work, activation);
  const back = [...inHand(work), ...aside].sort((a, b) => a.n - b.n);
  for (const activation of back) {
    remember(work, activation);
    if (isCalled(activation)) {
      work.active--;
      work.pending++;
    }
    activation.state = QUEUED;
  }
  linkQueue(work, back);
}

function linkQueue(work: Work, queue: readonly Activation[]): void {
  work.starting = work.flightHead = work.flightTail = null;
  work.queueHead = queue[0] ?? null;
  work.queueTail = queue.at(-1) ?? null;
  queue.forEach((activation, i) => {
    activation.previous = queue[i - 1] ?? null;
    activation.next = queue[i + 1] ?? null;
  });
}

/** A run with nothing left to do has ended, or undoes what it did. @returns whether there is something new to begin */
export function finish(work: Work, effects: Effect[] | null = null): boolean {
  const { rare } = work;
  if (rare !== null) tidy(work);
  if (work.status !== 'running' || work.pending !== 0 || work.active !== 0 || hasBarrier(work)) return false;
  if (rare !== null) return finishRare(work, rare, effects);
  work.status = 'completed';
  return false;
}

function finishRare(work: Work, rare: Rare, effects: Effect[] | null): boolean {
  if (rare.ending === null) {
    if (rare.joins !== null && rare.joins.size > 0) failIncomplete(work, rare);
    tidy(work);
    if (rare.failed.length === 0) {
      work.status = 'completed';
      return false;
    }
    if (rare.owed !== null) rare.ending = { status: 'failed', compensate: true };
  }
  if (rare.ending?.compensate === true && rare.owed !== null) {
    undo(work, rare, rare.owed, effects);
    return true;
  }
  work.status = rare.ending?.status ?? 'failed';
  return false;
}

/**
 * What has settled last is undone; what has settled before it follows when that has ended. Where milestones hold, each
 * waits until what has led to it is stored: nothing is undone of a run that a crash could still let succeed.
 */
function undo(work: Work, rare: Rare, owed: Owed, effects: Effect[] | null): void {
  const { subscriber, payload, origin } = owed;
  const { neuron } = subscriber;
  if (neuron.compensation === null) return;
  const details = { undoes: origin ?? causeText(owed) };
  const activation = new Special(work.next++, neuron.compensation, payload, QUEUED, details);
  deriveCause(activation, owed, 0, neuron.compensation);
  rare.owed = owed.older;
  if (rare.hold) {
    const barrier = new Activation(work.next++, subscriber, undefined, BARRIER, null);
    barrier.cause1 = owed.cause1;
    barrier.cause2 = owed.cause2;
    raiseBarrier(work, barrier);
    activation.state = HELD;
    activation.link = barrier;
  }
  place(work, activation, null);
  if (rare.cleanup !== null) rare.cleanup.leave(neuron);
  if (effects !== null) effects.push({ type: 'moved' });
}

/**
 * A run that has failed or was aborted goes on: what has failed is to be done once more, under the ids that it had. Of
 * one that was undone, that is what could not be undone: what it had done is not there any more to build upon.
 * @param now milliseconds since the epoch
 */
export function reopen(work: Work, now: number): void {
  const rare = rareOf(work);
  const { failed } = rare;
  const isUndone = rare.ending !== null && rare.ending.compensate;
  const isLeft = ({ undoes }: FailedActivation): boolean => !isUndone || undoes !== undefined;
  rare.failed = failed.filter((failure) => !isLeft(failure));
  if (!isUndone) {
    rare.ending = null;
    rare.reason = undefined;
  }
  work.status = 'running';
  const left = failed.filter(isLeft).map((task) => anew(task, now));
  enterTasks(work, left, null);
  finish(work);
}
