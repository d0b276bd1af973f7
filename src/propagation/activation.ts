/** An activation in a working set: which it is, where it stands, and its links in the one list that it is in. */
import type { Subscriber } from '../graph/graph.js';
import { causeText, type Caused } from './cause.js';
import type { Details } from './context.js';

export const QUEUED = 0;
export const STARTING = 1;
export const RUNNING = 2;
/** Behind a barrier. */
export const HELD = 3;
/** In the place of the one that starts, until its gate has answered. */
export const ASKING = 4;
/** In the queue, with a slot of its gate. */
export const GRANTED = 5;
export const GATED = 6;
/** A listener holds it. */
export const PARKED = 7;
export const DELAYED = 8;
/** An expectation. */
export const WAITING = 9;
/** Has arrived at a join; not in the frontier. */
export const JOINED = 10;
/** Settled; itself a barrier until its checkpoint is stored. */
export const BARRIER = 11;
export const GONE = 12;

/** What is known of an activation while its run is written down: its cause is read several times then. */
export class Notes {
  /** As text, once it was read: by then it does not change any more. */
  cause: string | null = null;
  /** When its handler was called (milliseconds since the epoch); null until then. */
  startedAt: number | null = null;
}

export class Activation implements Caused {
  cause1 = 0;
  cause2 = 0;
  n: number;
  state: number;
  /** Where the run is written down. */
  notes: Notes | null = null;
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
    return this.notes === null ? causeText(this) : (this.notes.cause ??= causeText(this));
  }

  /** The barrier it waits behind. */
  get after(): Activation | null {
    return this.state === HELD ? this.link : null;
  }
}

/** With the set that it belongs to, for what has arrived at a join. */
export interface SpecialDetails extends Details {
  readonly key?: string;
  readonly size?: number;
}

/** `<stimulation id>/<cause>`, or the id that it had where it was first to be done. */
export function idOf(run: { readonly id: string }, activation: Activation): string {
  return detailsOf(activation).origin ?? `${run.id}/${activation.cause}`;
}

/** The id of what is undone, from the `undoes` of what undoes it: only whole ids have a slash. */
export const undoneId = (run: { readonly id: string }, undoes: string): string =>
  undoes.includes('/') ? undoes : `${run.id}/${undoes}`;

/** One that has more to it than most. The details never change: another activation of the same cause takes its place. */
export class Special extends Activation {
  readonly details: SpecialDetails;

  constructor(n: number, subscriber: Subscriber, payload: unknown, state: number, details: SpecialDetails) {
    super(n, subscriber, payload, state, null);
    this.details = details;
  }
}

const NOTHING: SpecialDetails = {};

export const detailsOf = (activation: Activation): SpecialDetails =>
  activation instanceof Special ? activation.details : NOTHING;

/** Which attempt it is at. */
export const attemptOf = (activation: Activation): number => detailsOf(activation).attempt ?? 1;

/** A special one only where it needs to be. */
export function withDetails(
  n: number,
  subscriber: Subscriber,
  payload: unknown,
  state: number,
  details: SpecialDetails,
): Activation {
  return Object.keys(details).length === 0
    ? new Activation(n, subscriber, payload, state, null)
    : new Special(n, subscriber, payload, state, details);
}

/** The same activation again, with other details. */
export function remade(activation: Activation, details: SpecialDetails, n: number, state: number): Activation {
  const { subscriber, payload, cause1, cause2 } = activation;
  const again = withDetails(n, subscriber, payload, state, details);
  again.cause1 = cause1;
  again.cause2 = cause2;
  return again;
}

/** Details without some of them. */
export function without(details: SpecialDetails, ...keys: readonly (keyof SpecialDetails)[]): SpecialDetails {
  return Object.fromEntries(Object.entries(details).filter(([key]) => !keys.includes(key as keyof SpecialDetails)));
}
