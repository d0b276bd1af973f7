/**
 * The pure core: `step(flow, context, event)` gives the next context and the effects that it asks for. Plain data in,
 * plain data out; the given context is not changed.
 */
import type { RunContext } from './context.js';
import type { ActivationEvent, Effect, InitEvent, RunEvent, SignalEvent } from './events.js';
import { freeze, thaw } from './image.js';
import type { Flow } from './operations.js';
import { apply } from './transition.js';
import { begin } from './work.js';

export function step(flow: Flow, context: RunContext, event: RunEvent): [RunContext, Effect[]] {
  const work = thaw(flow, context);
  const effects: Effect[] = [];
  if (!apply(work, event, effects)) return [context, []];
  const started = begin(work);
  if (started !== null) {
    effects.push({ type: 'start', activation: started.cause, neuron: started.subscriber.neuron.name });
  }
  if (work.status !== 'running') effects.push({ type: 'end', status: work.status });
  return [freeze(work), effects];
}

/** Whether `step` would do anything. */
export function accepts(flow: Flow, context: RunContext, event: RunEvent): boolean {
  const operation = flow.operations.get(event.type);
  if (operation === undefined) return false;
  const { activation, deliveryId } = event as ActivationEvent & SignalEvent;
  switch (operation.kind) {
    case 'init': // a run starts once, and has an id from then on
      return context.status === 'running' && context.id === '' && (event as InitEvent).input !== undefined;
    case 'abort':
    case 'resume':
      return context.status === 'running';
    case 'signal':
      return context.status === 'running' && (deliveryId === undefined || !context.deliveries.includes(deliveryId));
    case 'checkpointed':
      return context.barriers.some((b) => b.activation === activation && b.neuron === operation.neuron.name);
    case 'pending':
      return isOpen(context, activation, operation.neuron.name, true);
    case 'responded':
    case 'failed':
      return isOpen(context, activation, operation.neuron.name, false);
  }
}

function isOpen(context: RunContext, activation: string, neuron: string, starting: boolean): boolean {
  const found = context.frontier.find((pending) => pending.activation === activation);
  if (found === undefined || found.neuron !== neuron || found.state === 'held') return false;
  return !starting || found.state === 'starting';
}

export type NeuronState = 'idle' | 'responding' | 'checkpointing';

/** What a neuron is doing. Its checkpoint wins over what else it does. */
export function neuronStateOf(context: RunContext, neuron: string): NeuronState {
  if (context.barriers.some((barrier) => barrier.neuron === neuron)) return 'checkpointing';
  return context.frontier.some((p) => p.neuron === neuron && p.state !== 'held') ? 'responding' : 'idle';
}

/** The state value of the machine, which follows from the context. */
export type RunValue = 'completed' | 'failed' | 'aborted' | { readonly running: Record<string, NeuronState> };

export function valueOf(flow: Flow, context: RunContext): RunValue {
  if (context.status !== 'running') return context.status;
  const running: Record<string, NeuronState> = {};
  for (const neuron of flow.graph.neurons) running[neuron.name] = 'idle';
  for (const pending of context.frontier) if (pending.state !== 'held') running[pending.neuron] = 'responding';
  for (const barrier of context.barriers) running[barrier.neuron] = 'checkpointing';
  return { running };
}
