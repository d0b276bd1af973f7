/**
 * I1: how an activation ends well. One update removes it, commits its context writes and places what every signal of its
 * answer makes; with an answer that is none, it fails and nothing of that has happened.
 */
import { UnwantedAnswerError } from '../errors/index.js';
import type { Channel } from '../graph/graph.js';
import { JoinedAt } from '../graph/join.js';
import type { Activation } from './activation.js';
import { detailsOf, type SpecialDetails } from './activation.js';
import type { WaitingAnswer } from './answer.js';
import {
  type AnswerExpectation,
  type AnswerSignal,
  answerProblem,
  type CheckedAnswer,
  expectedChannel,
  isAnswerExpectation,
  recordOf,
  unwantedIn,
} from './answer.js';
import { arrive } from './arriving.js';
import type { Effect, Writes } from './events.js';
import { openExpectation } from './expecting.js';
import { fail } from './failing.js';
import { leave, raiseBarrier } from './lists.js';
import { Owed } from './owed.js';
import { enqueue, enqueueChecked } from './placing.js';
import { isEnding, type Rare, rareOf } from './rare.js';
import { write } from './values.js';
import type { Work } from './work.js';

/** Settles with an answer that was not looked at yet. */
export function settleChecked(
  work: Work,
  activation: Activation,
  answer: unknown,
  writes: Writes | undefined,
  effects: Effect[] | null = null,
): void {
  const { neuron, plain } = activation.subscriber;
  if (!plain && settleSpecial(work, activation, answer)) return;
  if (answer === undefined || answer === null) {
    leaveSettled(work, activation, writes);
  } else if (Array.isArray(answer)) {
    if (!settleAll(work, activation, answer, writes, effects)) return;
  } else {
    const { collateral, payload } = answer as AnswerSignal;
    const channel = neuron.channelOf(collateral);
    if (channel === undefined) {
      settleRest(work, activation, answer, writes, effects);
      return;
    }
    const barrier = leaveSettled(work, activation, writes);
    if (work.recorder !== null) work.recorder.onSignal?.(0);
    enqueue(work, channel, payload, activation, 0, barrier, null, effects);
  }
  if (work.recorder !== null) work.recorder.onSettled(activation, answer as CheckedAnswer, null);
}

/** What emits nothing. @returns whether it has ended with that */
function settleSpecial(work: Work, activation: Activation, answer: unknown): boolean {
  const { subscriber } = activation;
  const { neuron, arrival } = subscriber;
  if (arrival !== null) {
    if (answer instanceof JoinedAt) arrive(work, activation, answer);
    else fail(work, activation, new UnwantedAnswerError(neuron.name, 'an arrival at a join'));
    return true;
  }
  const unwanted = answer instanceof JoinedAt ? null : unwantedIn(subscriber, answer);
  if (unwanted === null) return false;
  fail(work, activation, unwanted);
  return true;
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
    if (work.recorder !== null) work.recorder.onSignal?.(i);
    tail = enqueue(work, neuron.channelOf(collateral) as Channel, payload, activation, i, barrier, tail, effects);
  }
  return true;
}

/** An answer that waits for something, or none at all: an arrival where no join is, too. */
function settleRest(
  work: Work,
  activation: Activation,
  answer: unknown,
  writes: Writes | undefined,
  effects: Effect[] | null,
): void {
  const { neuron } = activation.subscriber;
  const problem =
    answer instanceof JoinedAt
      ? new UnwantedAnswerError(neuron.name, 'a dendrite that is no part of a join')
      : answerProblem(neuron, answer);
  if (problem === null) settleWaiting(work, activation, answer as WaitingAnswer, writes, effects);
  else fail(work, activation, problem);
}

function settleWaiting(
  work: Work,
  activation: Activation,
  answer: WaitingAnswer,
  writes: Writes | undefined,
  effects: Effect[] | null,
): void {
  const { neuron } = activation.subscriber;
  const barrier = leaveSettled(work, activation, writes);
  const met: Activation[] = [];
  let tail: Activation | null = null;
  answer.items.forEach((item, index) => {
    if (work.recorder !== null) work.recorder.onSignal?.(index);
    if (isAnswerExpectation(item)) {
      tail = openExpectation(work, activation, waitOf(activation, item), { index, barrier, tail, effects, met });
    } else {
      const channel = neuron.channelOf(item.collateral) as Channel;
      tail = enqueueChecked(work, channel, item.payload, item.due, activation, index, barrier, tail, effects);
    }
  });
  if (work.recorder === null) return;
  work.recorder.onSettled(activation, answer, null);
  for (const expectation of met) work.recorder.onSettled(expectation, null, null);
}

function waitOf({ subscriber: { neuron } }: Activation, item: AnswerExpectation): SpecialDetails {
  const { expects, details, otherwise } = item;
  return {
    expects: (expectedChannel(neuron, expects) as Channel).name,
    ...details,
    ...(otherwise === undefined ? {} : { otherwise: recordOf(neuron, otherwise) }),
  };
}

/** The activation leaves, its writes are committed. @returns the barrier that it becomes, if what follows is to be held */
function leaveSettled(work: Work, activation: Activation, writes: Writes | undefined): Activation | null {
  const { neuron } = activation.subscriber;
  leave(work, activation);
  work.settled++;
  if (writes !== undefined) write(work, neuron.name, writes.value);
  return neuron.leavesNothing ? null : leaveTraces(work, rareOf(work), activation);
}

/** What a settlement leaves behind: what would have to be undone, and what must be stored first. */
function leaveTraces(work: Work, rare: Rare, activation: Activation): Activation | null {
  const { subscriber, payload } = activation;
  const { neuron } = subscriber;
  const undoes = subscriber === neuron.compensation;
  if (neuron.compensation !== null && !undoes) {
    const { origin } = detailsOf(activation);
    rare.owed = new Owed(activation, subscriber, payload, origin, rare.owed);
    if (rare.cleanup !== null) rare.cleanup.enter(neuron);
  }
  if (!rare.hold || undoes || !neuron.milestone || isEnding(work)) return null;
  raiseBarrier(work, activation);
  return activation;
}
