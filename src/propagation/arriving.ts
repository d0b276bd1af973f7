/** Joins: what arrives is kept until its set is complete; a complete set is one activation. */
import { IncompleteJoinError } from '../errors/index.js';
import type { GraphJoin } from '../graph/graph.js';
import type { JoinedAt } from '../graph/join.js';
import { Activation, detailsOf, GONE, JOINED, QUEUED, remade } from './activation.js';
import { joinCause } from './cause.js';
import { cut, failureOf, settleFailed } from './failing.js';
import { type CompleteSet, OpenJoins } from './joins.js';
import { leave, remember } from './lists.js';
import { admit } from './placing.js';
import { isEnding, type Rare, rareOf } from './rare.js';
import type { Work } from './work.js';

/** What has arrived joins its set; every set that is complete with it starts an activation. */
export function arrive(work: Work, activation: Activation, { key, size }: JoinedAt): void {
  if (isEnding(work)) {
    cut(work, activation);
    return;
  }
  leave(work, activation);
  const details = { ...detailsOf(activation), key, ...(size === undefined ? {} : { size }) };
  const arrival = remade(activation, details, activation.n, JOINED);
  addJoined(work, arrival);
  if (work.recorder !== null) work.recorder.onPlaced(arrival);
  const { join } = arrival.subscriber.arrival as NonNullable<typeof arrival.subscriber.arrival>;
  const { joins } = rareOf(work);
  for (let set = joins?.take(join, key); set !== undefined; set = joins?.take(join, key)) {
    fire(work, join, set);
  }
}

/** Keeps what has arrived, as it is. */
export function addJoined(work: Work, arrival: Activation): void {
  const rare = rareOf(work);
  (rare.joins ??= new OpenJoins()).add(arrival);
  if (rare.cleanup !== null) rare.cleanup.enter(arrival.subscriber.neuron);
}

/** What a complete set starts is no signal: nothing is announced. */
function fire(work: Work, join: GraphJoin, set: CompleteSet): void {
  const payload = Object.fromEntries(
    join.slots.map((slot, i) => {
      const arrivals = set[i] as readonly Activation[];
      return [slot, join.sized ? arrivals.map((arrival) => arrival.payload) : (arrivals[0] as Activation).payload];
    }),
  );
  const activation = new Activation(work.next++, join.subscriber, payload, QUEUED, null);
  joinCause(activation, set, join.subscriber);
  if (work.recorder !== null) work.recorder.onJoined?.(activation, set);
  for (const arrivals of set) for (const arrival of arrivals) leaveJoin(work, arrival);
  admit(work, activation, null, null, null);
}

function leaveJoin(work: Work, arrival: Activation): void {
  remember(work, arrival);
  arrival.state = GONE;
  const { rare } = work;
  if (rare !== null && rare.cleanup !== null) rare.cleanup.leave(arrival.subscriber.neuron);
  if (work.recorder !== null) work.recorder.onLeft(arrival);
}

/** Takes all that has arrived out of the joins, by `n`. */
export function clearJoins(work: Work, rare: Rare): Activation[] {
  const all = rare.joins === null ? [] : rare.joins.all();
  rare.joins?.clear();
  for (const arrival of all) leaveJoin(work, arrival);
  return all;
}

/** Nothing is left that could complete a set: what has arrived has failed, with one error for each set. */
export function failIncomplete(work: Work, rare: Rare): void {
  const errors = new Map<GraphJoin, Map<string, IncompleteJoinError>>();
  const errorOf = (arrival: Activation): IncompleteJoinError => {
    const { join } = arrival.subscriber.arrival as NonNullable<typeof arrival.subscriber.arrival>;
    const key = detailsOf(arrival).key ?? '';
    const byKey = errors.get(join) ?? new Map<string, IncompleteJoinError>();
    errors.set(join, byKey);
    const known = byKey.get(key);
    if (known !== undefined) return known;
    const lacking = rare.joins?.lacking(join, key) ?? [];
    const error = new IncompleteJoinError(arrival.subscriber.neuron.name, key, lacking);
    byKey.set(key, error);
    return error;
  };
  const found = (rare.joins?.all() ?? []).map((arrival) => [arrival, errorOf(arrival)] as const);
  clearJoins(work, rare);
  work.pending += found.length; // until each of them is told
  for (const [arrival, error] of found) {
    work.pending--;
    settleFailed(work, arrival, failureOf(arrival, error, false));
  }
}
