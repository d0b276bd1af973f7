/**
 * The rules of a run: what each event does to a working set. The one place where they stand; the statechart, the logic
 * and the run without an actor all come here. No time, no randomness, no I/O, no handlers.
 *
 * I1: `settle` is the only way in which an activation ends well, and it commits everything at once.
 */
import { AbortedError, UnknownCollateralError } from '../errors/index.js';
import type { Channel, Graph, GraphNeuron } from '../graph/graph.js';
import { type AnswerSignal, answerProblem, type CheckedAnswer } from './answer.js';
import { type Caused, deliveryCause, deriveCause, ENTRY, OUTSIDE } from './cause.js';
import { DELIVERIES_KEPT, type FailedActivation } from './context.js';
import type {
  AbortEvent,
  ActivationEvent,
  Effect,
  FailedEvent,
  InitEvent,
  RespondedEvent,
  RunEvent,
  SignalData,
  SignalEvent,
  StartInput,
  Writes,
} from './events.js';
import type { Operation } from './operations.js';
import {
  Activation,
  barriersOf,
  dropBarrier,
  failedOf,
  findBarrier,
  findOpen,
  fly,
  frontierOf,
  GONE,
  hasBarrier,
  HELD,
  leave,
  NO_OUTPUT,
  type Output,
  place,
  pushQueue,
  QUEUED,
  raiseBarrier,
  rareOf,
  remember,
  STARTING,
  type Work,
} from './work.js';

/** Applies an event. @returns false when it is not accepted, and nothing has changed */
export function apply(work: Work, event: RunEvent, effects: Effect[] | null = null): boolean {
  const operation = work.flow.operations.get(event.type);
  if (operation === undefined) return false;
  const accepted = applyOperation(work, operation, event, effects);
  if (accepted) finish(work);
  return accepted;
}

function applyOperation(work: Work, operation: Operation, event: RunEvent, effects: Effect[] | null): boolean {
  switch (operation.kind) {
    case 'init': {
      const { input } = event as InitEvent;
      if (input === undefined || work.name !== null || work.next > 1 || work.status !== 'running') return false;
      start(work, input, effects);
      return true;
    }
    case 'signal':
      return receive(work, operation.channel, event, effects);
    case 'responded':
    case 'failed':
    case 'pending': {
      const open = findOpen(work, (event as ActivationEvent).activation);
      if (open === undefined || open.subscriber.neuron !== operation.neuron) return false;
      if (operation.kind === 'pending') {
        if (open.state !== STARTING) return false;
        fly(work, open);
      } else if (operation.kind === 'failed') fail(work, open, (event as FailedEvent).error);
      else settleChecked(work, open, (event as RespondedEvent).signals, (event as RespondedEvent).writes, effects);
      return true;
    }
    case 'checkpointed':
      return release(work, (event as ActivationEvent).activation, operation.neuron, effects);
    case 'abort':
      if (work.status !== 'running') return false;
      abort(work, (event as AbortEvent).reason);
      return true;
    case 'resume':
      if (work.status !== 'running') return false;
      requeueFlight(work);
      return true;
  }
}

/** @throws UnknownCollateralError */
export function start(work: Work, input: StartInput, effects: Effect[] | null = null): void {
  if (input.id !== undefined) work.name = input.id;
  if (input.hold === true) rareOf(work).hold = true;
  const { channels } = work.flow.graph;
  if (input.output !== undefined) rareOf(work).output = { from: known(channels, input.output), payload: NO_OUTPUT };
  for (let i = 0; i < input.signals.length; i++) {
    const { collateral, payload } = input.signals[i] as SignalData;
    enqueue(work, known(channels, collateral), payload, ENTRY, i, null, null, effects);
  }
}

/** A run that begins with what the graph does not have would end with nothing done. */
function known(channels: Graph['channels'], name: string): Channel {
  const channel = channels.get(name);
  if (channel === undefined) throw new UnknownCollateralError(name, [...channels.keys()]);
  return channel;
}

function receive(work: Work, channel: Channel, event: SignalEvent, effects: Effect[] | null): boolean {
  if (work.status !== 'running') return false;
  const { deliveryId, payload } = event;
  if (deliveryId === undefined) {
    enqueue(work, channel, payload, OUTSIDE, work.next, null, null, effects);
    return true;
  }
  const { deliveries } = rareOf(work);
  if (deliveries.has(deliveryId)) return false;
  deliveries.add(deliveryId);
  if (deliveries.size > DELIVERIES_KEPT) deliveries.delete(deliveries.values().next().value as string);
  if (work.recorder !== null) work.recorder.onDelivered();
  enqueue(work, channel, payload, deliveryCause(deliveryId), work.next, null, null, effects);
  return true;
}

/** One activation for each subscriber. @returns the last of what waits behind `barrier` */
function enqueue(
  work: Work,
  channel: Channel,
  payload: unknown,
  parent: Readonly<Caused>,
  index: number,
  barrier: Activation | null,
  heldTail: Activation | null,
  effects: Effect[] | null,
): Activation | null {
  if (work.rare !== null) setOutput(work, work.rare.output, channel, payload);
  const { subscribers } = channel;
  let tail = heldTail;
  for (let i = 0; i < subscribers.length; i++) {
    const subscriber = subscribers[i] as (typeof subscribers)[number];
    const activation = new Activation(work.next++, subscriber, payload, barrier === null ? QUEUED : HELD, barrier);
    deriveCause(activation, parent, index, subscriber);
    place(work, activation, tail);
    if (barrier !== null) tail = activation;
    else if (effects !== null) {
      effects.push({ type: 'deliver', collateral: channel.name, neuron: subscriber.neuron.name });
    }
  }
  return tail;
}

function setOutput(work: Work, output: Output | null, channel: Channel, payload: unknown): void {
  if (output === null || output.from !== channel) return;
  output.payload = payload;
  if (work.recorder !== null) work.recorder.onOutput();
}

/** Settles with an answer that was not looked at yet; a wrong one makes it a failure, and none of it is committed. */
export function settleChecked(
  work: Work,
  activation: Activation,
  answer: unknown,
  writes: Writes | undefined,
  effects: Effect[] | null = null,
): void {
  const { neuron } = activation.subscriber;
  if (answer === undefined || answer === null) {
    leaveSettled(work, activation, writes);
  } else if (Array.isArray(answer)) {
    if (!settleAll(work, activation, answer, writes, effects)) return;
  } else {
    const { collateral, payload } = answer as AnswerSignal;
    const channel = neuron.channelOf(collateral);
    if (channel === undefined) {
      fail(work, activation, answerProblem(neuron, answer));
      return;
    }
    const barrier = leaveSettled(work, activation, writes);
    enqueue(work, channel, payload, activation, 0, barrier, null, effects);
  }
  if (work.recorder !== null) work.recorder.onSettled(activation, answer as CheckedAnswer, null);
}

/** Several signals: all are looked at before the first is enqueued. @returns false when one of them made it a failure */
function settleAll(
  work: Work,
  activation: Activation,
  answer: readonly unknown[],
  writes: Writes | undefined,
  effects: Effect[] | null,
): boolean {
  const { neuron } = activation.subscriber;
  const problem = answerProblem(neuron, answer);
  if (problem !== null) {
    fail(work, activation, problem);
    return false;
  }
  const barrier = leaveSettled(work, activation, writes);
  let tail: Activation | null = null;
  for (let i = 0; i < answer.length; i++) {
    const { collateral, payload } = answer[i] as AnswerSignal;
    tail = enqueue(work, neuron.channelOf(collateral) as Channel, payload, activation, i, barrier, tail, effects);
  }
  return true;
}

/** The activation leaves, its writes are committed. @returns the barrier that it becomes, if what follows is to be held */
function leaveSettled(work: Work, activation: Activation, writes: Writes | undefined): Activation | null {
  const { neuron } = activation.subscriber;
  leave(work, activation);
  work.settled++;
  if (writes !== undefined) write(work, neuron.name, writes.value);
  if (!neuron.milestone || work.rare === null || !work.rare.hold) return null;
  raiseBarrier(work, activation);
  return activation;
}

function write(work: Work, neuron: string, value: unknown): void {
  const values = (work.values ??= new Map());
  const turn = work.views === null ? null : work.views.turn;
  if (turn !== null) (turn.log ??= []).push({ key: neuron, had: values.has(neuron), old: values.get(neuron) });
  if (value === undefined) values.delete(neuron);
  else values.set(neuron, value);
  if (work.recorder !== null) work.recorder.onWritten(neuron);
}

/** Ends an activation badly: kept with its cause, none of its writes committed. */
export function fail(work: Work, activation: Activation, error: unknown): void {
  leave(work, activation);
  work.settled++;
  const failure = failureOf(activation, error, false);
  rareOf(work).failed.push(failure);
  if (work.recorder !== null) work.recorder.onSettled(activation, null, failure);
}

function failureOf(activation: Activation, error: unknown, aborted: boolean): FailedActivation {
  const { subscriber, payload, cause } = activation;
  return {
    activation: cause,
    neuron: subscriber.neuron.name,
    dendrite: subscriber.key,
    collateral: subscriber.channel.name,
    payload,
    error,
    aborted,
  };
}

function release(work: Work, cause: string, neuron: GraphNeuron, effects: Effect[] | null): boolean {
  const barrier = findBarrier(work, cause);
  if (barrier === undefined || barrier.subscriber.neuron !== neuron) return false;
  let held = dropBarrier(work, barrier);
  while (held !== null) {
    const following: Activation | null = held.next;
    remember(work, held);
    held.n = work.next++;
    held.state = QUEUED;
    held.link = held.next = null;
    pushQueue(work, held);
    if (work.recorder !== null) work.recorder.onPlaced(held);
    const { channel, neuron: target } = held.subscriber;
    if (effects !== null) effects.push({ type: 'deliver', collateral: channel.name, neuron: target.name });
    held = following;
  }
  return true;
}

function abort(work: Work, reason: unknown): void {
  const error = new AbortedError(reason);
  const { failed } = rareOf(work);
  for (const activation of [...frontierOf(work)]) {
    failed.push(failureOf(activation, error, true));
    if (activation.state !== HELD) leave(work, activation);
    else {
      remember(work, activation);
      work.pending--;
      activation.state = GONE;
      if (work.recorder !== null) work.recorder.onLeft(activation);
    }
  }
  for (const barrier of barriersOf(work)) dropBarrier(work, barrier);
  work.status = 'aborted';
  if (reason !== undefined) rareOf(work).reason = reason;
}

/** What was in flight goes back before the queue; its places are the older ones already. */
function requeueFlight(work: Work): void {
  if (work.starting !== null) fly(work, work.starting);
  for (let at = work.flightHead; at !== null; at = at.next) {
    remember(work, at);
    at.state = QUEUED;
    at.previous = null;
    work.active--;
    work.pending++;
  }
  if (work.flightTail === null) return;
  work.flightTail.next = work.queueHead;
  work.queueTail ??= work.flightTail;
  work.queueHead = work.flightHead;
  work.flightHead = work.flightTail = null;
}

/** A run with nothing left to do has ended. */
export function finish(work: Work): void {
  if (work.status === 'running' && work.pending === 0 && work.active === 0 && !hasBarrier(work)) {
    work.status = failedOf(work).length === 0 ? 'completed' : 'failed';
  }
}
