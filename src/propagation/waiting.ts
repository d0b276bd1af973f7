/** What waits for a time, a slot of a gate or a listener, and comes back to the queue: ready anew, at its end. */
import {
  type Activation,
  ASKING,
  attemptOf,
  DELAYED,
  detailsOf,
  GATED,
  GRANTED,
  PARKED,
  QUEUED,
  remade,
  STARTING,
  without,
} from './activation.js';
import type { Effect } from './events.js';
import { expire } from './expecting.js';
import { fail } from './failing.js';
import { leave, place, pushQueue, remember, setAside, started, takeBack, unlinkPending } from './lists.js';
import { announce } from './placing.js';
import type { Work } from './work.js';

/** What is due by now is ready, in the order in which it was due. @returns false when nothing is */
export function tick(work: Work, now: number, effects: Effect[] | null): boolean {
  const deadlines = work.rare === null ? null : work.rare.deadlines;
  const due = work.status !== 'running' || deadlines === null ? [] : deadlines.take(now);
  for (const activation of due) {
    if (activation.state !== DELAYED) expire(work, activation, effects);
    else {
      leave(work, activation);
      const ready = remade(activation, without(detailsOf(activation), 'due'), work.next++, QUEUED);
      place(work, ready, null);
      announce(ready, effects);
    }
  }
  return due.length > 0;
}

/** An attempt has failed. @param due when another one is made (milliseconds since the epoch), if one is */
export function failAttemptAt(work: Work, activation: Activation, error: unknown, due: number | undefined): void {
  if (due === undefined || !mayRetry(work, activation)) fail(work, activation, error);
  else retryAt(work, activation, due);
}

/** A run that ends makes no attempt any more, unless that undoes what it did. */
function mayRetry({ rare }: Work, activation: Activation): boolean {
  const ending = rare === null ? null : rare.ending;
  return ending === null || (ending.compensate && detailsOf(activation).undoes !== undefined);
}

/** Another attempt will be made. Nothing has settled. */
function retryAt(work: Work, activation: Activation, due: number): void {
  leave(work, activation);
  const details = { ...detailsOf(activation), attempt: attemptOf(activation) + 1, due };
  place(work, remade(activation, details, activation.n, DELAYED), null);
}

/** Its gate has a slot for it. @returns false when it does not ask for one */
export function grant(work: Work, activation: Activation): boolean {
  if (activation.state === ASKING) {
    remember(work, activation);
    started(work, activation);
    return true;
  }
  if (activation.state !== GATED) return false;
  rejoin(work, activation, GRANTED);
  return true;
}

/** Its gate has none. @returns false when it does not ask for one */
export function gate(work: Work, activation: Activation): boolean {
  if (activation.state !== ASKING) return false;
  remember(work, activation);
  work.starting = null;
  activation.state = GATED;
  setAside(work, activation);
  return true;
}

/** A listener holds it. @returns false when it is not ready, or has been called */
export function park(work: Work, activation: Activation): boolean {
  const { state } = activation;
  if (state !== QUEUED && state !== GRANTED && state !== STARTING) return false;
  remember(work, activation);
  unlinkPending(work, activation);
  if (state === STARTING) {
    work.active--;
    work.pending++;
  }
  activation.state = PARKED;
  setAside(work, activation);
  return true;
}

/** The listener lets it go. @returns false when none holds it */
export function unpark(work: Work, activation: Activation, effects: Effect[] | null): boolean {
  if (activation.state !== PARKED) return false;
  rejoin(work, activation, QUEUED);
  announce(activation, effects);
  return true;
}

function rejoin(work: Work, activation: Activation, state: number): void {
  remember(work, activation);
  takeBack(work, activation);
  activation.n = work.next++;
  activation.state = state;
  pushQueue(work, activation);
  if (work.recorder !== null) work.recorder.onPlaced(activation);
}
