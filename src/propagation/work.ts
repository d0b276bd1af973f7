/**
 * The working set of one run: what a context says, in the form in which a hop costs the same whatever the run holds.
 *
 * Job: keep the lists. Not its job: the rules (transition.ts), plain contexts (image.ts), calling handlers (respond.ts).
 *
 * An activation is in exactly one list, through its own links: the queue, what is in flight, behind a barrier, or the
 * barriers. All lists are ordered by `n`: readiness is FIFO, and what was ready first started first (I11). What a
 * superseded snapshot needs to stay as it was is written to the undo log of the turn (rewind.ts).
 */
import type { Channel, Subscriber } from '../graph/graph.js';
import type { CheckedAnswer } from './answer.js';
import { causeText, type Caused } from './cause.js';
import type { FailedActivation, RunStatus } from './context.js';
import type { Flow } from './operations.js';

export const QUEUED = 0;
export const STARTING = 1;
export const RUNNING = 2;
/** Behind a barrier. */
export const HELD = 3;
/** Settled; itself a barrier until its checkpoint is stored. */
export const BARRIER = 4;
export const GONE = 5;

export class Activation implements Caused {
  cause1 = 0;
  cause2 = 0;
  n: number;
  state: number;
  readonly subscriber: Subscriber;
  readonly payload: unknown;
  /** Of a held one: the barrier it waits behind. Of a barrier: the first that waits behind it. */
  link: Activation | null;
  previous: Activation | null = null;
  next: Activation | null = null;

  constructor(n: number, subscriber: Subscriber, payload: unknown, state: number, link: Activation | null) {
    this.n = n;
    this.state = state;
    this.subscriber = subscriber;
    this.payload = payload;
    this.link = link;
  }

  get cause(): string {
    return causeText(this);
  }

  /** The barrier it waits behind. */
  get after(): Activation | null {
    return this.state === HELD ? this.link : null;
  }
}

/**
 * Told what happens, as it happens, so that a checkpoint costs the change. Its methods are called in the middle of
 * transitions and call nothing back, save `flush`, which is called where user code may run.
 */
export interface Recorder {
  /** New, or in a new place. */
  onPlaced(activation: Activation): void;
  onStarted(activation: Activation): void;
  onLeft(activation: Activation): void;
  onSettled(activation: Activation, answer: CheckedAnswer, failure: FailedActivation | null): void;
  onWritten(neuron: string): void;
  onOutput(): void;
  onDelivered(): void;
  flush(): void;
}

/** How something was before the turn that changed it. */
export type Undo =
  | { readonly activation: Activation; readonly state: number; readonly n: number; readonly link: Activation | null }
  | { readonly key: string; readonly had: boolean; readonly old: unknown };

/** Nothing was emitted on the output's collateral yet; `undefined` may be. */
export const NO_OUTPUT = Symbol('no output');

/** The collateral whose last payload is the output, and that payload. */
export interface Output {
  readonly from: Channel;
  payload: unknown;
}

export class Work {
  readonly flow: Flow;
  /** Its id, once it was given one or asked for it. */
  name: string | null = null;
  status: RunStatus = 'running';
  next = 1;
  settled = 0;
  /** Activations queued or held. */
  pending = 0;
  /** Activations starting or running. */
  active = 0;
  starting: Activation | null = null;
  queueHead: Activation | null = null;
  queueTail: Activation | null = null;
  flightHead: Activation | null = null;
  flightTail: Activation | null = null;
  values: Map<string, unknown> | null = null;
  rare: Rare | null = null;
  /** What snapshots of it need, once there is one. */
  views: Views | null = null;
  recorder: Recorder | null = null;

  constructor(flow: Flow) {
    this.flow = flow;
  }

  get id(): string {
    return (this.name ??= this.flow.newId());
  }

  committedValue(neuron: string): unknown {
    return this.values === null ? undefined : this.values.get(neuron);
  }
}

/** What one turn changed: its log, and the scalars as they were before it. Only a run that is running has a turn. */
export interface Turn {
  log: Undo[] | null;
  /** Younger activations are nothing that a snapshot from before the turn knows. */
  readonly next: number;
  readonly settled: number;
  readonly failed: number;
  readonly output: unknown;
  readonly deliveries: readonly string[] | null;
}

/** What an actor's snapshots need of the working set that they show. */
export interface Views {
  /** The newest snapshot that was published of it. */
  snapshot: object | null;
  /** The actor that it belongs to. */
  readonly owner: unknown;
  /** The turn that changes it, or did so last; null before the first. */
  turn: Turn | null;
  /** Whether handlers are being called: what is read now is not what will be true at the end of the turn. */
  turning: boolean;
  /** Nothing starts any more, and answers that come have nobody to go to. */
  stopped: boolean;
}

/** What few runs have. */
export interface Rare {
  /** Whether milestones hold what follows them until they are stored. */
  hold: boolean;
  barrierHead: Activation | null;
  barrierTail: Activation | null;
  readonly failed: FailedActivation[];
  output: Output | null;
  deliveries: Set<string>;
  reason: unknown;
  /** By cause; made when an event names an activation that is not in flight by reference. */
  byCause: Map<string, Activation> | null;
}

export const rareOf = (work: Work): Rare =>
  (work.rare ??= {
    hold: false,
    barrierHead: null,
    barrierTail: null,
    failed: [],
    output: null,
    deliveries: new Set(),
    reason: undefined,
    byCause: null,
  });

const NONE: readonly never[] = [];

export const failedOf = ({ rare }: Work): readonly FailedActivation[] => (rare === null ? NONE : rare.failed);

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
  else if (tail !== null) tail.next = activation;
  else if (activation.link !== null) activation.link.link = activation;
  if (work.rare !== null) know(work.rare, activation);
  if (work.recorder !== null) work.recorder.onPlaced(activation);
}

const know = ({ byCause }: Rare, activation: Activation): void => {
  if (byCause !== null) byCause.set(activation.cause, activation);
};

export function pushQueue(work: Work, activation: Activation): void {
  if (work.queueTail === null) work.queueHead = activation;
  else work.queueTail.next = activation;
  work.queueTail = activation;
}

/** The next activation starts, if it may: one at a time, in order of readiness (I11). */
export function begin(work: Work): Activation | null {
  const activation = work.queueHead;
  if (activation === null || work.starting !== null || work.status !== 'running') return null;
  if (work.views !== null && work.views.stopped) return null;
  if (work.views !== null) remember(work, activation);
  work.queueHead = activation.next;
  if (work.queueHead === null) work.queueTail = null;
  activation.next = null;
  activation.state = STARTING;
  work.starting = activation;
  work.pending--;
  work.active++;
  if (work.recorder !== null) work.recorder.onStarted(activation);
  return activation;
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
  if (activation === work.starting) {
    work.starting = null;
    work.active--;
  } else if (activation.state === RUNNING) {
    unlinkFlight(work, activation);
    work.active--;
  } else {
    unlinkQueue(work, activation);
    work.pending--;
  }
  activation.state = GONE;
  if (work.rare !== null) forget(work.rare, activation);
  if (work.recorder !== null) work.recorder.onLeft(activation);
}

const forget = ({ byCause }: Rare, { cause }: Activation): void => {
  if (byCause !== null) byCause.delete(cause);
};

function unlinkFlight(work: Work, activation: Activation): void {
  const { previous, next } = activation;
  if (previous === null) work.flightHead = next;
  else previous.next = next;
  if (next === null) work.flightTail = previous;
  else next.previous = previous;
  activation.previous = activation.next = null;
}

/** Only an outcome that was decided elsewhere takes an activation out of the queue: a walk is good enough. */
function unlinkQueue(work: Work, activation: Activation): void {
  let previous: Activation | null = null;
  for (let at = work.queueHead; at !== activation; at = at.next) {
    if (at === null) return;
    previous = at;
  }
  if (previous === null) work.queueHead = activation.next;
  else previous.next = activation.next;
  if (work.queueTail === activation) work.queueTail = previous;
  activation.next = null;
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

export function* frontierOf(work: Work): Generator<Activation, void> {
  for (let at = work.flightHead; at !== null; at = at.next) yield at;
  if (work.starting !== null) yield work.starting;
  for (let at = work.queueHead; at !== null; at = at.next) yield at;
  const held: Activation[] = [];
  for (const barrier of barriersOf(work)) {
    for (let at = barrier.link; at !== null; at = at.next) held.push(at);
  }
  yield* held.sort((a, b) => a.n - b.n);
}

/** The unsettled activation with this cause, which is not held. */
export function findOpen(work: Work, cause: string): Activation | undefined {
  const rare = rareOf(work);
  if (rare.byCause === null) {
    rare.byCause = new Map();
    for (const activation of frontierOf(work)) rare.byCause.set(activation.cause, activation);
  }
  const found = rare.byCause.get(cause);
  return found === undefined || found.state === HELD ? undefined : found;
}

export function findBarrier(work: Work, cause: string): Activation | undefined {
  return barriersOf(work).find((barrier) => barrier.cause === cause);
}

/** The output so far; undefined when there is none. */
export function outputOf({ rare }: Work): unknown {
  const payload = rare === null || rare.output === null ? NO_OUTPUT : rare.output.payload;
  return payload === NO_OUTPUT ? undefined : payload;
}
