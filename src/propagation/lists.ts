/**
 * The lists of a working set. An activation is in exactly one, through its own links: the queue, what is in flight,
 * behind a barrier, the barriers; or in the set of what waits aside. All of them are ordered by `n`: readiness is FIFO,
 * and what was ready first started first (I11). What a superseded snapshot needs to stay as it was is written to the
 * undo log of the turn (rewind.ts).
 */
import {
  type Activation,
  ASKING,
  BARRIER,
  DELAYED,
  detailsOf,
  GONE,
  GRANTED,
  HELD,
  QUEUED,
  RUNNING,
  STARTING,
  WAITING,
} from './activation.js';
import { Deadlines } from './deadlines.js';
import { type Rare, rareOf } from './rare.js';
import type { Work } from './work.js';

/** Writes down how an activation is, when a published snapshot may have to show it so. */
export function remember(work: Work, activation: Activation): void {
  const turn = work.views === null ? null : work.views.turn;
  if (turn !== null && activation.n < turn.next) {
    const { state, n, link } = activation;
    (turn.log ??= []).push({ activation, state, n, link });
  }
}

/** A new activation joins the queue, or what waits behind a barrier (`tail`: the last that waits there so far). */
export function place(work: Work, activation: Activation, tail: Activation | null): void {
  work.pending++;
  if (activation.state === QUEUED) pushQueue(work, activation);
  else if (activation.state !== HELD) setAside(work, activation);
  else if (tail !== null) tail.next = activation;
  else if (activation.link !== null) activation.link.link = activation;
  if (work.rare !== null) know(work.rare, activation);
  if (work.recorder !== null) work.recorder.onPlaced(activation);
}

const know = ({ byCause, cleanup }: Rare, activation: Activation): void => {
  if (byCause !== null) byCause.set(activation.cause, activation);
  if (cleanup !== null) cleanup.enter(activation.subscriber.neuron);
};

export function pushQueue(work: Work, activation: Activation): void {
  const tail = work.queueTail;
  if (tail === null) work.queueHead = activation;
  else tail.next = activation;
  activation.previous = tail;
  work.queueTail = activation;
}

/** It waits for a time, or for a signal from outside. */
const isTimed = ({ state }: Activation): boolean => state === DELAYED || state === WAITING;

/** It waits for something that is no checkpoint. */
export function setAside(work: Work, activation: Activation): void {
  const rare = rareOf(work);
  rare.aside.add(activation);
  if (isTimed(activation)) rare.timed++;
  const { due } = detailsOf(activation);
  if (due !== undefined && isTimed(activation)) {
    (rare.deadlines ??= new Deadlines()).add(activation);
  }
  if (activation.state === WAITING) openExpectation(work, rare, activation);
}

function openExpectation(work: Work, rare: Rare, activation: Activation): void {
  const channel = work.flow.graph.channels.get(detailsOf(activation).expects as string);
  if (channel === undefined) return;
  const open = rare.expectations.get(channel);
  if (open === undefined) rare.expectations.set(channel, new Set([activation]));
  else open.add(activation);
}

/** It waits no longer. */
export function takeBack(work: Work, activation: Activation): void {
  const rare = rareOf(work);
  rare.aside.delete(activation);
  if (isTimed(activation)) rare.timed--;
  if (activation.state !== WAITING) return;
  const channel = work.flow.graph.channels.get(detailsOf(activation).expects as string);
  if (channel === undefined) return;
  const open = rare.expectations.get(channel);
  if (open?.delete(activation) === true && open.size === 0) rare.expectations.delete(channel);
}

/**
 * The next activation starts, if it may: one at a time, in order of readiness (I11). One that needs a slot of a gate
 * comes back `asking`, and is to be granted or gated before anything else begins.
 */
export function begin(work: Work): Activation | null {
  const activation = work.queueHead;
  if (activation === null || work.starting !== null || work.status !== 'running') return null;
  if ((work.rare !== null || work.views !== null) && !mayBegin(work, activation)) return null;
  const { next } = activation;
  work.queueHead = next;
  if (next === null) work.queueTail = null;
  else next.previous = null;
  activation.next = null;
  work.starting = activation;
  if (!activation.subscriber.plain && needsSlot(activation)) activation.state = ASKING;
  else started(work, activation);
  return activation;
}

/** Whether anything may start now, in a run that has more to it; how it was is written down. */
function mayBegin(work: Work, activation: Activation): boolean {
  const { rare, views } = work;
  if (views !== null && views.stopped) return false;
  if (rare !== null && (rare.paused || work.active >= rare.concurrency)) return false;
  if (rare !== null && rare.guard !== null && !rare.guard()) return false;
  if (views !== null) remember(work, activation);
  return true;
}

const needsSlot = ({ state, subscriber }: Activation): boolean =>
  state !== GRANTED && subscriber.neuron.policy.concurrency !== null && subscriber.arrival === null;

/** Its handler is to be called now. */
export function started(work: Work, activation: Activation): void {
  activation.state = STARTING;
  work.pending--;
  work.active++;
  if (work.recorder !== null) work.recorder.onStarted(activation);
}

/** The starting activation goes on by itself. */
export function fly(work: Work, activation: Activation): void {
  if (work.views !== null) remember(work, activation);
  activation.state = RUNNING;
  work.starting = null;
  activation.previous = work.flightTail;
  if (work.flightTail === null) work.flightHead = activation;
  else work.flightTail.next = activation;
  work.flightTail = activation;
}

/** An activation leaves the frontier. */
export function leave(work: Work, activation: Activation): void {
  if (work.views !== null) remember(work, activation);
  if (activation.state === RUNNING) {
    unlinkFlight(work, activation);
    work.active--;
  } else if (activation === work.starting && activation.state === STARTING) {
    work.starting = null;
    work.active--;
  } else {
    unlinkPending(work, activation);
    work.pending--;
  }
  activation.state = GONE;
  if (work.rare !== null) forget(work.rare, activation);
  if (work.recorder !== null) work.recorder.onLeft(activation);
}

export const forget = ({ byCause, cleanup }: Rare, activation: Activation): void => {
  if (byCause !== null) byCause.delete(activation.cause);
  if (cleanup !== null) cleanup.leave(activation.subscriber.neuron);
};

/** Takes an activation that is not active out of where it is; a held one stays linked behind its barrier. */
export function unlinkPending(work: Work, activation: Activation): void {
  if (activation === work.starting) work.starting = null;
  else if (activation.state === QUEUED || activation.state === GRANTED) unlinkQueue(work, activation);
  else if (activation.state !== HELD) takeBack(work, activation);
}

function unlinkFlight(work: Work, activation: Activation): void {
  const { previous, next } = activation;
  if (previous === null) work.flightHead = next;
  else previous.next = next;
  if (next === null) work.flightTail = previous;
  else next.previous = previous;
  activation.previous = activation.next = null;
}

function unlinkQueue(work: Work, activation: Activation): void {
  const { previous, next } = activation;
  if (previous === null) work.queueHead = next;
  else previous.next = next;
  if (next === null) work.queueTail = previous;
  else next.previous = previous;
  activation.previous = activation.next = null;
}

/** What has begun and was not called goes back to the head of the queue. */
export function unbegin(work: Work): void {
  const activation = work.starting;
  if (activation === null) return;
  if (activation.state === STARTING) {
    work.pending++;
    work.active--;
  }
  activation.state = QUEUED;
  work.starting = null;
  activation.previous = null;
  activation.next = work.queueHead;
  if (work.queueHead === null) work.queueTail = activation;
  else work.queueHead.previous = activation;
  work.queueHead = activation;
}

/** A settled activation becomes a barrier. Barriers stay in order of `n`. */
export function raiseBarrier(work: Work, activation: Activation): void {
  const rare = rareOf(work);
  activation.state = BARRIER;
  activation.link = null;
  let before = rare.barrierTail;
  while (before !== null && before.n > activation.n) before = before.previous;
  activation.previous = before;
  activation.next = before === null ? rare.barrierHead : before.next;
  if (activation.previous === null) rare.barrierHead = activation;
  else activation.previous.next = activation;
  if (activation.next === null) rare.barrierTail = activation;
  else activation.next.previous = activation;
}

/** A barrier goes; returns the first that waited behind it. */
export function dropBarrier(work: Work, barrier: Activation): Activation | null {
  remember(work, barrier);
  const rare = rareOf(work);
  const { previous, next, link } = barrier;
  if (previous === null) rare.barrierHead = next;
  else previous.next = next;
  if (next === null) rare.barrierTail = previous;
  else next.previous = previous;
  barrier.previous = barrier.next = barrier.link = null;
  barrier.state = GONE;
  return link;
}

/** Whether a settlement waits for its checkpoint. */
export const hasBarrier = ({ rare }: Work): boolean => rare !== null && rare.barrierHead !== null;

export function barriersOf({ rare }: Work): Activation[] {
  const barriers: Activation[] = [];
  for (let at = rare === null ? null : rare.barrierHead; at !== null; at = at.next) barriers.push(at);
  return barriers;
}

const byPlace = (a: Activation, b: Activation): number => a.n - b.n;

/** What waits aside, by `n`. */
export const asideOf = ({ rare }: Work): Activation[] => (rare === null ? [] : [...rare.aside].sort(byPlace));

/** What is in flight, what starts, and the queue. */
export function* inHand(work: Work): Generator<Activation, void> {
  for (let at = work.flightHead; at !== null; at = at.next) yield at;
  if (work.starting !== null) yield work.starting;
  for (let at = work.queueHead; at !== null; at = at.next) yield at;
}

/** In restart order (I2). */
export function* frontierOf(work: Work): Generator<Activation, void> {
  yield* inHand(work);
  yield* asideOf(work);
  const held: Activation[] = [];
  for (const barrier of barriersOf(work)) {
    for (let at = barrier.link; at !== null; at = at.next) held.push(at);
  }
  yield* held.sort(byPlace);
}

/** The unsettled activation with this cause. */
export function findPending(work: Work, cause: string): Activation | undefined {
  const rare = rareOf(work);
  if (rare.byCause === null) {
    rare.byCause = new Map();
    for (const activation of frontierOf(work)) rare.byCause.set(activation.cause, activation);
  }
  return rare.byCause.get(cause);
}

export function findBarrier(work: Work, cause: string): Activation | undefined {
  for (let at = work.rare === null ? null : work.rare.barrierHead; at !== null; at = at.next) {
    if (at.cause === cause) return at;
  }
  return undefined;
}

/** Whether nothing but times and signals from outside can make the run go on. */
export const isWaiting = ({ status, active, starting, queueHead, rare }: Work): boolean =>
  status === 'running' &&
  active === 0 &&
  starting === null &&
  queueHead === null &&
  rare !== null &&
  rare.barrierHead === null &&
  rare.timed > 0 &&
  rare.timed === rare.aside.size;

/** The same of a run that is stored: what its milestones do not hold back is let go when it is. */
export const isWaitingStored = ({ status, active, pending, rare }: Work): boolean =>
  status === 'running' && active === 0 && rare !== null && rare.timed > 0 && rare.timed === pending;

/** When the run goes on by itself (milliseconds since the epoch), or null. */
export const dueOf = ({ status, rare }: Work): number | null =>
  status !== 'running' || rare === null || rare.deadlines === null ? null : rare.deadlines.soonest;
