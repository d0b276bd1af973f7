/** What is undone when the run fails: the settled activations of neurons that can be undone, newest first. */
import type { Subscriber } from '../graph/graph.js';
import type { Caused } from './cause.js';
import { causeText } from './cause.js';
import type { OwedActivation } from './context.js';

/** A list that is never changed in place: a snapshot that points at it stays as it was, at no cost. */
export class Owed implements Readonly<Caused> {
  readonly cause1: number;
  readonly cause2: number;
  readonly subscriber: Subscriber;
  readonly payload: unknown;
  readonly origin: string | undefined;
  readonly older: Owed | null;
  /** How many there are with it. */
  readonly size: number;

  constructor(
    cause: Readonly<Caused>,
    subscriber: Subscriber,
    payload: unknown,
    origin: string | undefined,
    older: Owed | null,
  ) {
    this.cause1 = cause.cause1;
    this.cause2 = cause.cause2;
    this.subscriber = subscriber;
    this.payload = payload;
    this.origin = origin;
    this.older = older;
    this.size = older === null ? 1 : older.size + 1;
  }
}

export function owedRecord(owed: Owed): OwedActivation {
  const { subscriber, payload, origin } = owed;
  return {
    activation: causeText(owed),
    neuron: subscriber.neuron.name,
    dendrite: subscriber.key,
    collateral: subscriber.channel.name,
    payload,
    ...(origin === undefined ? {} : { origin }),
  };
}

/** Newest first. */
export function* owedFrom(newest: Owed | null): Generator<Owed, void> {
  for (let at = newest; at !== null; at = at.older) yield at;
}

/** Oldest first. */
export const owedRecords = (newest: Owed | null): OwedActivation[] => [...owedFrom(newest)].map(owedRecord).reverse();
