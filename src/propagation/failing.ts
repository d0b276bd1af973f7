/** How activations end badly: kept with their cause, none of their writes committed. */
import { AbortedError, FrontierLimitError, HopLimitError } from '../errors/index.js';
import { type Activation, detailsOf } from './activation.js';
import type { FailedActivation } from './context.js';
import { leave } from './lists.js';
import { isEnding, type Rare, rareOf } from './rare.js';
import type { Work } from './work.js';

export function failureOf(activation: Activation, error: unknown, aborted: boolean): FailedActivation {
  const { subscriber, payload, cause } = activation;
  const { key: _key, size: _size, ...details } = detailsOf(activation);
  return {
    activation: cause,
    neuron: subscriber.neuron.name,
    dendrite: subscriber.key,
    collateral: subscriber.channel.name,
    payload,
    ...details,
    error,
    aborted,
  };
}

/** One that was in the frontier has failed. */
export function fail(work: Work, activation: Activation, error: unknown): void {
  leave(work, activation);
  settleFailed(work, activation, failureOf(activation, error, false));
}

/** One that has left already, or never was in the frontier, has failed. */
export function settleFailed(work: Work, activation: Activation, failure: FailedActivation): void {
  work.settled++;
  rareOf(work).failed.push(failure);
  if (work.recorder !== null) work.recorder.onSettled(activation, null, failure);
}

/** It will not be done: the run ends. Not a settlement. */
export function cut(work: Work, activation: Activation): void {
  leave(work, activation);
  recordCut(work, activation);
}

/** The same for one that is not in the frontier. */
export function recordCut(work: Work, activation: Activation): void {
  const rare = rareOf(work);
  rare.failed.push(failureOf(activation, abortedError(rare), true));
}

const abortedError = ({ reason }: Rare): AbortedError => new AbortedError(reason);

/** Why the run does not take up another activation of this neuron, or null. Counts the visit. */
export function refusalOf(work: Work, rare: Rare, activation: Activation): Error | null {
  const { neuron, arrival } = activation.subscriber;
  const { expects, undoes } = detailsOf(activation);
  if (rare.hops !== null && arrival === null && expects === undefined && undoes === undefined) {
    const limit = rare.options?.maxNeuronHops ?? Number.POSITIVE_INFINITY;
    if (countHop(work, rare.hops, neuron.name) > limit) return new HopLimitError(neuron.name, limit);
  }
  return work.pending + work.active >= rare.maxFrontier ? new FrontierLimitError(neuron.name, rare.maxFrontier) : null;
}

function countHop(work: Work, hops: Map<string, number>, neuron: string): number {
  const before = hops.get(neuron) ?? 0;
  const turn = work.views === null ? null : work.views.turn;
  if (turn !== null) (turn.log ??= []).push({ hop: neuron, count: before });
  hops.set(neuron, before + 1);
  if (work.recorder !== null) work.recorder.onHop?.(neuron);
  return before + 1;
}

/** @returns whether it was refused, and so has failed */
export function isRefused(work: Work, activation: Activation): boolean {
  const rare = rareOf(work);
  if (isEnding(work)) {
    recordCut(work, activation);
    return true;
  }
  const refusal = refusalOf(work, rare, activation);
  if (refusal === null) return false;
  settleFailed(work, activation, failureOf(activation, refusal, false));
  return true;
}
