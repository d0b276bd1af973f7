/** Working sets to plain contexts and back. A context that came out of `freeze` is never changed by anything. */
import { UnknownNeuronError } from '../errors/index.js';
import type { Subscriber } from '../graph/graph.js';
import { parseCause } from './cause.js';
import type { Barrier, PendingActivation, PendingState, RunContext } from './context.js';
import type { Flow } from './operations.js';
import {
  Activation,
  BARRIER,
  barriersOf,
  failedOf,
  frontierOf,
  HELD,
  NO_OUTPUT,
  place,
  QUEUED,
  raiseBarrier,
  rareOf,
  RUNNING,
  STARTING,
  Work,
} from './work.js';

const STATES: readonly PendingState[] = ['queued', 'starting', 'running', 'held'];

/** A pending activation as data; as it is, or as it was. */
export function imageOf(
  activation: Activation,
  state = activation.state,
  n = activation.n,
  after = activation.after,
): PendingActivation {
  const { subscriber, payload, cause } = activation;
  const image = {
    activation: cause,
    n,
    neuron: subscriber.neuron.name,
    dendrite: subscriber.key,
    collateral: subscriber.channel.name,
    payload,
    state: STATES[state] as PendingState,
  };
  return after === null ? image : { ...image, after: after.cause };
}

export const barrierImageOf = (activation: Activation): Barrier => ({
  activation: activation.cause,
  n: activation.n,
  neuron: activation.subscriber.neuron.name,
});

export function freeze(work: Work): RunContext {
  const frontier: PendingActivation[] = [];
  for (const activation of frontierOf(work)) frontier.push(imageOf(activation));
  return { ...scalarsOf(work), frontier, barriers: barriersOf(work).map(barrierImageOf), values: valuesOf(work) };
}

/** All of a context but its frontier, barriers and values. */
export function scalarsOf(work: Work): Omit<RunContext, 'frontier' | 'barriers' | 'values'> {
  const { rare } = work;
  const output = rare === null ? null : rare.output;
  return {
    id: work.name ?? (work.next === 1 ? '' : work.id),
    status: work.status,
    hold: rare !== null && rare.hold,
    next: work.next,
    settled: work.settled,
    failed: [...failedOf(work)],
    deliveries: rare === null ? [] : [...rare.deliveries],
    outputFrom: output === null ? null : output.from.name,
    ...(output === null || output.payload === NO_OUTPUT ? {} : { output: output.payload }),
    ...(rare === null || rare.reason === undefined ? {} : { reason: rare.reason }),
  };
}

function valuesOf(work: Work): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  if (work.values !== null) for (const [neuron, value] of work.values) values[neuron] = value;
  return values;
}

/** @throws UnknownNeuronError when the graph lacks what the context names */
export function thaw(flow: Flow, context: RunContext): Work {
  const work = new Work(flow);
  if (context.id !== '') work.name = context.id;
  if (context.hold) rareOf(work).hold = true;
  work.status = context.status;
  work.settled = context.settled;
  const from = context.outputFrom === null ? undefined : flow.graph.channels.get(context.outputFrom);
  if (from !== undefined) rareOf(work).output = { from, payload: 'output' in context ? context.output : NO_OUTPUT };
  if (context.failed.length > 0) rareOf(work).failed.push(...context.failed);
  for (const [neuron, value] of Object.entries(context.values)) (work.values ??= new Map()).set(neuron, value);
  if (context.deliveries.length > 0) rareOf(work).deliveries = new Set(context.deliveries);
  if (context.reason !== undefined) rareOf(work).reason = context.reason;
  const tails = new Map<string, { barrier: Activation; tail: Activation | null }>();
  for (const image of context.barriers) {
    const barrier = barrierFrom(flow, image);
    raiseBarrier(work, barrier);
    tails.set(image.activation, { barrier, tail: null });
  }
  for (const image of context.frontier) thawActivation(work, image, tails);
  work.next = context.next;
  return work;
}

function thawActivation(
  work: Work,
  image: PendingActivation,
  tails: Map<string, { barrier: Activation; tail: Activation | null }>,
): void {
  const behind = image.after === undefined ? undefined : tails.get(image.after);
  const state = image.state === 'held' && behind !== undefined ? HELD : QUEUED;
  const subscriber = subscriberOf(work.flow, image.neuron, image.dendrite);
  const activation = new Activation(image.n, subscriber, image.payload, state, behind?.barrier ?? null);
  parseCause(activation, image.activation);
  if (image.state === 'starting' || image.state === 'running') {
    joinFlight(work, activation, image.state === 'starting');
  } else {
    place(work, activation, behind?.tail ?? null);
    if (behind !== undefined) behind.tail = activation;
  }
}

function joinFlight(work: Work, activation: Activation, starting: boolean): void {
  work.active++;
  activation.state = starting ? STARTING : RUNNING;
  if (starting) {
    work.starting = activation;
    return;
  }
  activation.previous = work.flightTail;
  if (work.flightTail === null) work.flightHead = activation;
  else work.flightTail.next = activation;
  work.flightTail = activation;
}

/** A barrier's dendrite is not kept: any of the neuron's stands for it. */
function barrierFrom(flow: Flow, image: Barrier): Activation {
  const subscriber = flow.graph.neuronByName.get(image.neuron)?.dendrites[0];
  if (subscriber === undefined) throw new UnknownNeuronError(image.neuron, '(any)');
  const barrier = new Activation(image.n, subscriber, undefined, BARRIER, null);
  parseCause(barrier, image.activation);
  return barrier;
}

export function subscriberOf(flow: Flow, neuron: string, dendrite: string): Subscriber {
  const found = flow.graph.neuronByName.get(neuron)?.dendrites.find((subscriber) => subscriber.key === dendrite);
  if (found === undefined) throw new UnknownNeuronError(neuron, dendrite);
  return found;
}
