/** Working sets to plain contexts and back. A context that came out of `freeze` is never changed by anything. */
import { UnknownNeuronError } from '../errors/index.js';
import type { Subscriber } from '../graph/graph.js';
import {
  Activation,
  ASKING,
  BARRIER,
  detailsOf,
  GATED,
  GRANTED,
  HELD,
  JOINED,
  PARKED,
  QUEUED,
  RUNNING,
  Special,
  type SpecialDetails,
  STARTING,
} from './activation.js';
import { addJoined } from './arriving.js';
import { parseCause } from './cause.js';
import type { Barrier, JoinedActivation, PendingActivation, PendingState, RunContext } from './context.js';
import { barriersOf, frontierOf, place, raiseBarrier, setAside } from './lists.js';
import type { Flow } from './operations.js';
import { Owed, owedFrom, owedRecords } from './owed.js';
import { failedOf, NO_OUTPUT, type Rare, rareOf } from './rare.js';
import { activationFrom, detailsIn, findSubscriber } from './tasks.js';
import { applyOptions } from './transition.js';
import { Work } from './work.js';

/** By number. */
const STATES: readonly PendingState[] = [
  'queued',
  'starting',
  'running',
  'held',
  'asking',
  'granted',
  'gated',
  'parked',
  'delayed',
  'waiting',
];

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
  const full = activation instanceof Special ? { ...image, ...detailsIn(activation.details) } : image;
  return after === null ? full : { ...full, after: after.cause };
}

/** What has arrived at a join, as data. */
export function joinedImageOf(arrival: Activation): JoinedActivation {
  const { state: _state, ...image } = imageOf(arrival);
  const { key = '', size } = detailsOf(arrival);
  return { ...image, key, ...(size === undefined ? {} : { size }) };
}

export const barrierImageOf = (activation: Activation): Barrier => ({
  activation: activation.cause,
  n: activation.n,
  neuron: activation.subscriber.neuron.name,
});

export function freeze(work: Work): RunContext {
  const frontier: PendingActivation[] = [];
  for (const activation of frontierOf(work)) frontier.push(imageOf(activation));
  const joined = work.rare === null || work.rare.joins === null ? [] : work.rare.joins.all().map(joinedImageOf);
  return {
    ...scalarsOf(work),
    frontier,
    barriers: barriersOf(work).map(barrierImageOf),
    values: valuesOf(work),
    joined,
  };
}

/** All of a context but its frontier, barriers, values and open joins. */
export function scalarsOf(work: Work): Omit<RunContext, 'frontier' | 'barriers' | 'values' | 'joined'> {
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
    ...(rare === null ? NOTHING_RARE : rareScalarsOf(rare)),
  };
}

const NOTHING_RARE = { owed: [], early: [] } as const;

function rareScalarsOf({ reason, options, hops, ending, owed, early }: Rare) {
  return {
    ...(reason === undefined ? {} : { reason }),
    ...(options === null ? {} : { options }),
    ...(hops === null || hops.size === 0 ? {} : { hops: Object.fromEntries(hops) }),
    ...(ending === null ? {} : { ending }),
    owed: owedRecords(owed),
    early,
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
  if (context.failed.length > 0) rareOf(work).failed = [...context.failed];
  for (const [neuron, value] of Object.entries(context.values)) (work.values ??= new Map()).set(neuron, value);
  if (context.deliveries.length > 0) rareOf(work).deliveries = new Set(context.deliveries);
  if (context.reason !== undefined) rareOf(work).reason = context.reason;
  thawRare(work, context);
  const tails = new Map<string, { barrier: Activation; tail: Activation | null }>();
  for (const image of context.barriers) {
    const barrier = barrierFrom(flow, image);
    raiseBarrier(work, barrier);
    tails.set(image.activation, { barrier, tail: null });
  }
  for (const image of context.frontier) thawActivation(work, image, tails);
  for (const image of context.joined) addJoined(work, arrivalFrom(flow, image));
  work.next = context.next;
  return work;
}

function thawRare(work: Work, { options, hops, ending, owed, early }: RunContext): void {
  if (options !== undefined) applyOptions(work, options);
  if (hops !== undefined) rareOf(work).hops = new Map(Object.entries(hops));
  if (ending !== undefined) rareOf(work).ending = ending;
  if (early.length > 0) rareOf(work).early = early;
  for (const { neuron, dendrite, payload, origin, activation } of owed) {
    const rare = rareOf(work);
    const subscriber = subscriberOf(work.flow, neuron, dendrite);
    const cause = { cause1: 0, cause2: 0 };
    parseCause(cause, activation);
    rare.owed = new Owed(cause, subscriber, payload, origin, rare.owed);
  }
  const { rare } = work;
  if (rare === null || rare.cleanup === null) return;
  for (const { subscriber } of owedFrom(rare.owed)) rare.cleanup.enter(subscriber.neuron);
}

function thawActivation(
  work: Work,
  image: PendingActivation,
  tails: Map<string, { barrier: Activation; tail: Activation | null }>,
): void {
  const subscriber = subscriberOf(work.flow, image.neuron, image.dendrite);
  const activation = activationFrom(image.n, subscriber, image.payload, detailsIn(image));
  parseCause(activation, image.activation);
  const behind = image.after === undefined ? undefined : tails.get(image.after);
  if (image.state === 'held' && behind !== undefined) {
    activation.state = HELD;
    activation.link = behind.barrier;
    place(work, activation, behind.tail);
    behind.tail = activation;
    return;
  }
  place(work, activation, null);
  const state = STATES.indexOf(image.state);
  if (activation.state === QUEUED && state !== HELD) becomeAgain(work, activation, state);
}

/** What stands at the end of the queue is put where it was. */
function becomeAgain(work: Work, activation: Activation, state: number): void {
  if (state === GRANTED) activation.state = GRANTED;
  if (state !== STARTING && state !== RUNNING && state !== ASKING && state !== GATED && state !== PARKED) return;
  const { previous } = activation;
  work.queueTail = previous;
  if (previous === null) work.queueHead = null;
  else previous.next = null;
  activation.previous = null;
  activation.state = state;
  if (state === GATED || state === PARKED) setAside(work, activation);
  else if (state === RUNNING) joinFlight(work, activation);
  else {
    work.starting = activation;
    if (state === STARTING) becomeActive(work);
  }
}

function joinFlight(work: Work, activation: Activation): void {
  becomeActive(work);
  activation.previous = work.flightTail;
  if (work.flightTail === null) work.flightHead = activation;
  else work.flightTail.next = activation;
  work.flightTail = activation;
}

function becomeActive(work: Work): void {
  work.active++;
  work.pending--;
}

/** A barrier's dendrite is not kept: any of the neuron's stands for it. */
function barrierFrom(flow: Flow, image: Barrier): Activation {
  const subscriber = flow.graph.neuronByName.get(image.neuron)?.dendrites[0];
  if (subscriber === undefined) throw new UnknownNeuronError(image.neuron, '(any)');
  const barrier = new Activation(image.n, subscriber, undefined, BARRIER, null);
  parseCause(barrier, image.activation);
  return barrier;
}

function arrivalFrom(flow: Flow, image: JoinedActivation): Activation {
  const subscriber = subscriberOf(flow, image.neuron, image.dendrite);
  const { key, size } = image;
  const details: SpecialDetails = { ...detailsIn(image), key, ...(size === undefined ? {} : { size }) };
  const arrival = new Special(image.n, subscriber, image.payload, JOINED, details);
  parseCause(arrival, image.activation);
  return arrival;
}

export function subscriberOf(flow: Flow, neuron: string, dendrite: string): Subscriber {
  const found = findSubscriber(flow.graph, neuron, dendrite);
  if (found === undefined) throw new UnknownNeuronError(neuron, dendrite);
  return found;
}
