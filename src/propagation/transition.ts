/**
 * The rules of a run: what each event does to a working set. All that changes one comes by here or by `settleChecked`
 * and `fail`, for those who know the activation by reference; the statechart, the logic and the run without an actor
 * alike. No time, no randomness, no I/O, no handlers.
 */
import { UnknownCollateralError } from '../errors/index.js';
import type { Channel, Graph, GraphNeuron } from '../graph/graph.js';
import { JoinedAt } from '../graph/join.js';
import {
  type Activation,
  attemptOf,
  detailsOf,
  GATED,
  GRANTED,
  PARKED,
  QUEUED,
  RUNNING,
  STARTING,
} from './activation.js';
import { answerOfEvent } from './answer.js';
import { ENTRY } from './cause.js';
import { Cleanup } from './cleanup.js';
import type { RunOptions } from './context.js';
import { abort, finish, resume } from './ending.js';
import type {
  AbortEvent,
  ActivationEvent,
  Effect,
  FailedEvent,
  InitEvent,
  RespondedEvent,
  RunEvent,
  SignalData,
  StartInput,
  TickEvent,
} from './events.js';
import { openHeld, receive } from './expecting.js';
import { dropBarrier, findBarrier, findPending, fly, pushQueue, remember, setAside } from './lists.js';
import type { Operation } from './operations.js';
import { announce, enqueue, enqueueChecked, readyState } from './placing.js';
import { NO_OUTPUT, rareOf } from './rare.js';
import { settleChecked } from './settling.js';
import { enterTasks } from './tasks.js';
import { tidyAll, write } from './values.js';
import { failAttemptAt, gate, grant, park, tick, unpark } from './waiting.js';
import type { Work } from './work.js';

/** Applies an event. @returns false when it is not accepted, and nothing has changed */
export function apply(work: Work, event: RunEvent, effects: Effect[] | null = null): boolean {
  const operation = work.flow.operations.get(event.type);
  if (operation === undefined) return false;
  const accepted = applyOperation(work, operation, event, effects);
  if (accepted) finish(work, effects);
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
    case 'pending':
      return applyOutcome(work, operation.kind, operation.neuron, event as ActivationEvent, effects);
    case 'checkpointed':
      return release(work, (event as ActivationEvent).activation, operation.neuron, effects);
    case 'tick':
      return tick(work, (event as TickEvent).now, effects);
    case 'abort': {
      if (work.status !== 'running' || work.rare?.ending?.status === 'aborted') return false;
      const { reason, compensate } = event as AbortEvent;
      abort(work, reason, compensate === true, effects);
      return true;
    }
    case 'resume':
      if (work.status !== 'running') return false;
      resume(work, effects);
      return true;
    default:
      return applyWait(work, operation.kind, event as ActivationEvent, effects);
  }
}

/** What has become of an activation. Also of one that is ready and was not called: it was decided elsewhere. */
function applyOutcome(
  work: Work,
  kind: 'responded' | 'failed' | 'pending' | 'checkpointed',
  neuron: GraphNeuron,
  event: ActivationEvent,
  effects: Effect[] | null,
): boolean {
  const found = findPending(work, event.activation);
  if (found === undefined || found.subscriber.neuron !== neuron || !isOpen(found)) return false;
  if (attemptOf(found) !== (event.attempt ?? 1)) return false;
  if (kind === 'pending') {
    if (found.state !== STARTING) return false;
    fly(work, found);
  } else if (kind === 'failed') {
    const { error, retryAt: due } = event as FailedEvent;
    failAttemptAt(work, found, error, due);
  } else {
    const { joined, writes } = event as RespondedEvent;
    const answer = joined === undefined ? answerOfEvent(event) : new JoinedAt(joined.key, joined.size);
    settleChecked(work, found, answer, writes, effects);
  }
  return true;
}

const isOpen = ({ state }: Activation): boolean =>
  state === STARTING ||
  state === RUNNING ||
  state === QUEUED ||
  state === GRANTED ||
  state === GATED ||
  state === PARKED;

function applyWait(
  work: Work,
  kind: 'granted' | 'gated' | 'parked' | 'unparked',
  { activation }: ActivationEvent,
  effects: Effect[] | null,
): boolean {
  const found = findPending(work, activation);
  if (found === undefined) return false;
  if (kind === 'granted') return grant(work, found);
  if (kind === 'gated') return gate(work, found);
  return kind === 'parked' ? park(work, found) : unpark(work, found, effects);
}

/** @throws UnknownCollateralError */
export function start(work: Work, input: StartInput, effects: Effect[] | null = null): void {
  if (input.id !== undefined) work.name = input.id;
  if (input.hold === true) rareOf(work).hold = true;
  const { channels } = work.flow.graph;
  if (input.output !== undefined) rareOf(work).output = { from: known(channels, input.output), payload: NO_OUTPUT };
  if (input.options !== undefined) applyOptions(work, input.options);
  if (input.values !== undefined) {
    for (const [neuron, value] of Object.entries(input.values)) write(work, neuron, value);
  }
  const { signals, tasks } = input;
  for (let i = 0; i < signals.length; i++) {
    const { collateral, payload, due } = signals[i] as SignalData;
    const channel = known(channels, collateral);
    if (due === undefined) enqueue(work, channel, payload, ENTRY, i, null, null, effects);
    else enqueueChecked(work, channel, payload, due, ENTRY, i, null, null, effects);
  }
  if (tasks !== undefined && tasks.length > 0) {
    enterTasks(work, tasks, effects, signals.length, true);
    if (effects !== null) effects.push({ type: 'moved' });
  }
  if (work.rare !== null) tidyAll(work);
}

/** What a run was told when it was started takes effect. */
export function applyOptions(work: Work, options: RunOptions): void {
  const rare = rareOf(work);
  rare.options = options;
  if (options.concurrency !== undefined) rare.concurrency = options.concurrency;
  if (options.maxFrontier !== undefined) rare.maxFrontier = options.maxFrontier;
  if (options.maxNeuronHops !== undefined) rare.hops = new Map();
  if (options.autoCleanup === true) rare.cleanup = new Cleanup(work.flow.graph);
}

/** A run that begins with what the graph does not have would end with nothing done. */
function known(channels: Graph['channels'], name: string): Channel {
  const channel = channels.get(name);
  if (channel === undefined) throw new UnknownCollateralError(name, [...channels.keys()]);
  return channel;
}

/** A milestone is stored: what it held is ready, in its order. */
function release(work: Work, cause: string, neuron: GraphNeuron, effects: Effect[] | null): boolean {
  const barrier = findBarrier(work, cause);
  if (barrier === undefined || barrier.subscriber.neuron !== neuron) return false;
  let held = dropBarrier(work, barrier);
  while (held !== null) {
    const following: Activation | null = held.next;
    remember(work, held);
    held.n = work.next++;
    held.link = held.next = null;
    if (detailsOf(held).expects === undefined) releaseHeld(work, held, effects);
    else openHeld(work, held, effects);
    held = following;
  }
  return true;
}

function releaseHeld(work: Work, held: Activation, effects: Effect[] | null): void {
  held.state = readyState(held);
  if (held.state === QUEUED) pushQueue(work, held);
  else setAside(work, held);
  if (work.recorder !== null) work.recorder.onPlaced(held);
  announce(held, effects);
}
