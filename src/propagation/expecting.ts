/** Signals from outside, those who wait for them, and those that came too early. */
import { ExpectationTimeoutError } from '../errors/index.js';
import type { Channel } from '../graph/graph.js';
import {
  type Activation,
  detailsOf,
  HELD,
  remade,
  Special,
  type SpecialDetails,
  WAITING,
  without,
} from './activation.js';
import { type Caused, deliveryCause, deriveCause, OUTSIDE } from './cause.js';
import { DELIVERIES_KEPT, type EarlySignal } from './context.js';
import type { Effect, SignalEvent } from './events.js';
import { failureOf, recordCut, settleFailed } from './failing.js';
import { leave, place, setAside } from './lists.js';
import { enqueue } from './placing.js';
import { isEnding, type Rare, rareOf } from './rare.js';
import type { Work } from './work.js';

/** A signal from outside. @returns false when the run does not take it */
export function receive(work: Work, channel: Channel, event: SignalEvent, effects: Effect[] | null): boolean {
  if (work.status !== 'running' || isEnding(work)) return false;
  if (channel.subscribers.length === 0 && !channel.expected) return false;
  const { deliveryId, payload } = event;
  if (deliveryId !== undefined && !isNewDelivery(work, deliveryId)) return false;
  const signal = {
    collateral: channel.name,
    payload,
    index: work.next,
    ...(deliveryId === undefined ? {} : { deliveryId }),
  };
  if (!channel.expected) {
    enqueueOutside(work, channel, signal, effects);
    return true;
  }
  const rare = rareOf(work);
  const waiting = rare.expectations.get(channel)?.values().next().value;
  if (waiting === undefined) {
    work.next++;
    rare.early = rare.early.concat([signal]);
    return true;
  }
  leave(work, waiting);
  settleMet(work, waiting, effects);
  enqueueOutside(work, channel, signal, effects);
  if (work.recorder !== null) work.recorder.onSettled(waiting, null, null);
  return true;
}

/** A signal that came for a run which had just completed: nobody took it, and that is told. Once for each delivery id. */
export function leaveUnclaimed(work: Work, { type, payload, deliveryId }: SignalEvent): void {
  if (deliveryId !== undefined && !isNewDelivery(work, deliveryId)) return;
  const signal = { collateral: type, payload, index: work.next++, ...(deliveryId === undefined ? {} : { deliveryId }) };
  const rare = rareOf(work);
  rare.early = rare.early.concat([signal]);
}

function isNewDelivery(work: Work, deliveryId: string): boolean {
  const { deliveries } = rareOf(work);
  if (deliveries.has(deliveryId)) return false;
  deliveries.add(deliveryId);
  if (deliveries.size > DELIVERIES_KEPT) deliveries.delete(deliveries.values().next().value as string);
  if (work.recorder !== null) work.recorder.onDelivered();
  return true;
}

/** With a delivery id, what it starts has the same ids whenever it comes; without one they go by when it came. */
const causeOfOutside = ({ deliveryId }: EarlySignal): Readonly<Caused> =>
  deliveryId === undefined ? OUTSIDE : deliveryCause(deliveryId);

function enqueueOutside(work: Work, channel: Channel, signal: EarlySignal, effects: Effect[] | null): void {
  const index = signal.deliveryId === undefined ? signal.index : 0;
  enqueue(work, channel, signal.payload, causeOfOutside(signal), index, null, null, effects);
}

function settleMet(work: Work, expectation: Activation, effects: Effect[] | null): void {
  work.settled++;
  if (effects !== null) {
    effects.push({ type: 'closed', neuron: expectation.subscriber.neuron.name, outcome: 'responded' });
  }
}

interface Place {
  /** In the answer. */
  readonly index: number;
  readonly barrier: Activation | null;
  readonly tail: Activation | null;
  readonly effects: Effect[] | null;
  /** Expectations that were met at once. */
  readonly met: Activation[];
}

/** An answer waits for a signal; one that came early is taken at once. @returns the last of what waits behind the barrier */
export function openExpectation(
  work: Work,
  parent: Activation,
  details: SpecialDetails,
  { index, barrier, tail, effects, met }: Place,
): Activation | null {
  const rare = rareOf(work);
  const expectation = new Special(work.next++, parent.subscriber, parent.payload, WAITING, details);
  deriveCause(expectation, parent, index, parent.subscriber);
  if (isEnding(work)) {
    recordCut(work, expectation);
    return tail;
  }
  if (barrier !== null) {
    // who comes meanwhile has come early: nothing follows from a milestone that is not stored
    expectation.state = HELD;
    expectation.link = barrier;
    place(work, expectation, tail);
    return expectation;
  }
  const signal = takeEarly(rare, details.expects);
  const channel = work.flow.graph.channels.get(details.expects as string);
  if (signal === undefined || channel === undefined) {
    place(work, expectation, null);
    return tail;
  }
  settleMet(work, expectation, effects);
  met.push(expectation);
  enqueueOutside(work, channel, signal, effects);
  return tail;
}

/** The oldest signal of a collateral that came early, taken out. */
function takeEarly(rare: Rare, collateral: string | undefined): EarlySignal | undefined {
  const signal = rare.early.find((each) => each.collateral === collateral);
  if (signal !== undefined) rare.early = rare.early.filter((each) => each !== signal);
  return signal;
}

/** The milestone that it waited behind is stored: it waits for its signal now, unless that came early. */
export function openHeld(work: Work, expectation: Activation, effects: Effect[] | null): void {
  const { expects } = detailsOf(expectation);
  expectation.state = WAITING;
  setAside(work, expectation);
  if (work.recorder !== null) work.recorder.onPlaced(expectation);
  const signal = takeEarly(rareOf(work), expects);
  const channel = work.flow.graph.channels.get(expects as string);
  if (signal === undefined || channel === undefined) return;
  leave(work, expectation);
  settleMet(work, expectation, effects);
  enqueueOutside(work, channel, signal, effects);
  if (work.recorder !== null) work.recorder.onSettled(expectation, null, null);
}

/** Nothing came in time. */
export function expire(work: Work, expectation: Activation, effects: Effect[] | null): void {
  const { neuron } = expectation.subscriber;
  const details = detailsOf(expectation);
  const { otherwise } = details;
  leave(work, expectation);
  const channel = otherwise === undefined ? undefined : neuron.channelOf(otherwise.collateral);
  if (otherwise === undefined || channel === undefined) {
    const kept = remade(expectation, without(details, 'due'), expectation.n, expectation.state);
    const error = new ExpectationTimeoutError(neuron.name, details.expects as string);
    settleFailed(work, expectation, failureOf(kept, error, false));
    if (effects !== null) effects.push({ type: 'closed', neuron: neuron.name, outcome: 'failed' });
    return;
  }
  settleMet(work, expectation, effects);
  if (work.recorder !== null) work.recorder.onSignal?.(0);
  enqueue(work, channel, otherwise.payload, expectation, 0, null, null, effects);
  if (work.recorder !== null) work.recorder.onSettled(expectation, otherwise, null);
}
