/**
 * The pure core: `step(flow, context, event)` gives the next context and the effects that it asks for. Plain data in,
 * plain data out; the given context is not changed.
 */
import { type Activation, ASKING, STARTING } from './activation.js';
import type { Channel } from '../graph/graph.js';
import type { PendingActivation, PendingState, RunContext } from './context.js';
import type { ActivationEvent, Effect, InitEvent, RunEvent, SignalEvent, TickEvent } from './events.js';
import { freeze, thaw } from './image.js';
import type { Flow } from './operations.js';
import { apply } from './transition.js';
import { begin } from './lists.js';
import type { Work } from './work.js';

export function step(flow: Flow, context: RunContext, event: RunEvent): [RunContext, Effect[]] {
  const work = thaw(flow, context);
  const effects: Effect[] = [];
  if (!apply(work, event, effects)) return [context, []];
  const started = begin(work);
  const startedHere = started ?? grantedIn(work, event);
  if (startedHere !== null) effects.push(startEffect(startedHere));
  if (work.status !== 'running') effects.push({ type: 'end', status: work.status });
  return [freeze(work), effects];
}

/** A slot that comes at once makes the one that asked for it start. */
export function grantedIn({ starting }: Work, event: RunEvent): Activation | null {
  if (event.type !== 'engram.granted' || starting === null || starting.state !== STARTING) return null;
  return starting.cause === (event as ActivationEvent).activation ? starting : null;
}

const startEffect = ({ state, cause, subscriber }: Activation): Effect => ({
  type: state === ASKING ? 'acquire' : 'start',
  activation: cause,
  neuron: subscriber.neuron.name,
});

/** Whether `step` would do anything. */
export function accepts(flow: Flow, context: RunContext, event: RunEvent): boolean {
  const operation = flow.operations.get(event.type);
  if (operation === undefined) return false;
  const { activation, attempt } = event as ActivationEvent;
  const isRunning = context.status === 'running';
  switch (operation.kind) {
    case 'init': // a run starts once, and has an id from then on
      return isRunning && context.id === '' && context.next === 1 && (event as InitEvent).input !== undefined;
    case 'abort':
      return isRunning && context.ending?.status !== 'aborted';
    case 'resume':
      return isRunning;
    case 'tick':
      return isRunning && context.frontier.some((pending) => isDue(pending, (event as TickEvent).now));
    case 'signal':
      return isRunning && takes(context, operation.channel, event);
    case 'checkpointed':
      return context.barriers.some((b) => b.activation === activation && b.neuron === operation.neuron.name);
    case 'pending':
      return isAt(context, event as ActivationEvent, ['starting'], operation.neuron.name, attempt);
    case 'responded':
    case 'failed':
      return isAt(context, event as ActivationEvent, OPEN, operation.neuron.name, attempt);
    default:
      return isAt(context, event as ActivationEvent, FROM[operation.kind]);
  }
}

/** The states in which an outcome is taken. */
const OPEN: readonly PendingState[] = ['queued', 'granted', 'starting', 'running', 'gated', 'parked'];
const FROM: Readonly<Record<'granted' | 'gated' | 'parked' | 'unparked', readonly PendingState[]>> = {
  granted: ['asking', 'gated'],
  gated: ['asking'],
  parked: ['queued', 'granted', 'starting'],
  unparked: ['parked'],
};

const isDue = ({ state, due }: PendingActivation, now: number): boolean =>
  (state === 'delayed' || state === 'waiting') && due !== undefined && due <= now;

function takes(context: RunContext, { subscribers, expected }: Channel, { deliveryId }: SignalEvent): boolean {
  if (context.ending !== undefined || (subscribers.length === 0 && !expected)) return false;
  return deliveryId === undefined || !context.deliveries.includes(deliveryId);
}

function isAt(
  context: RunContext,
  { activation }: ActivationEvent,
  states: readonly PendingState[],
  neuron?: string,
  attempt = 1,
): boolean {
  const found = context.frontier.find((pending) => pending.activation === activation);
  if (found === undefined || !states.includes(found.state)) return false;
  return neuron === undefined || (found.neuron === neuron && (found.attempt ?? 1) === attempt);
}

export type NeuronState = 'idle' | 'responding' | 'waiting' | 'checkpointing';

/** What a neuron is doing. Its checkpoint wins over what else it does; what it does, over what it waits for. */
export function neuronStateOf(context: RunContext, neuron: string): NeuronState {
  if (context.barriers.some((barrier) => barrier.neuron === neuron)) return 'checkpointing';
  const states = context.frontier.filter((pending) => pending.neuron === neuron).map(({ state }) => state);
  if (states.some(isBusy)) return 'responding';
  return states.some((state) => state !== 'held') ? 'waiting' : 'idle';
}

export const isBusy = (state: PendingState): boolean => state !== 'held' && state !== 'delayed' && state !== 'waiting';

/** The state value of the machine, which follows from the context. */
export type RunValue = 'completed' | 'failed' | 'aborted' | { readonly running: Record<string, NeuronState> };

export function valueOf(flow: Flow, context: RunContext): RunValue {
  if (context.status !== 'running') return context.status;
  const running: Record<string, NeuronState> = {};
  for (const neuron of flow.graph.neurons) running[neuron.name] = 'idle';
  for (const { neuron, state } of context.frontier) {
    if (isBusy(state)) running[neuron] = 'responding';
    else if (state !== 'held' && running[neuron] === 'idle') running[neuron] = 'waiting';
  }
  for (const barrier of context.barriers) running[barrier.neuron] = 'checkpointing';
  return { running };
}
