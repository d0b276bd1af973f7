/**
 * The statechart, made to run: what its named guards and actions do, over the pure core. It is the specification of the
 * logic, and what tests and pictures are made from; it is not meant to be fast.
 */
import { type AnyEventObject, type AnyStateMachine, createMachine, enqueueActions, type MachineContext } from 'xstate';
import { parseCause } from '../src/propagation/cause.js';
import type { RunContext } from '../src/propagation/context.js';
import type { RunEvent } from '../src/propagation/events.js';
import { subscriberOf } from '../src/propagation/image.js';
import type { Flow } from '../src/propagation/operations.js';
import type { Committed } from '../src/propagation/respond.js';
import { accepts, neuronStateOf, step } from '../src/propagation/step.js';
import { Activation, STARTING } from '../src/propagation/work.js';
import { hop } from './hop.js';
import { createStatechartConfig, ENDED } from './statechart-config.js';

interface Announced {
  readonly announced?: true;
}

const announce = (type: string): AnyEventObject => ({ type, announced: true });

const runOf = (context: MachineContext): RunContext => context as unknown as RunContext;

/** What `provide` of the machine takes. */
export type StatechartImplementations = Parameters<AnyStateMachine['provide']>[0];

/** The implementations that the config names, for `createMachine(config).provide(…)`. */
export function createImplementations(flow: Flow): StatechartImplementations {
  return {
    guards: {
      accepts: ({ context, event }: GuardArgs) =>
        (event as Announced).announced !== true && accepts(flow, runOf(context), event),
      is: ({ context }: GuardArgs, params: { neuron: string; state: string }) =>
        neuronStateOf(runOf(context), params.neuron) === params.state,
      ended: ({ context }: GuardArgs, params: { status: string }) => runOf(context).status === params.status,
    },
    actions: {
      propagate: enqueueActions((args) => propagate(flow, args as EnqueueArgs)),
      respond: respondAction(flow),
    },
  };
}

interface GuardArgs {
  readonly context: MachineContext;
  readonly event: AnyEventObject;
}

interface EnqueueArgs extends GuardArgs {
  readonly enqueue: {
    (action: { readonly type: string; readonly params: object }): void;
    assign(context: RunContext): void;
    raise(event: AnyEventObject): void;
  };
}

/** Commits what the core makes of the event, then announces it to the regions. */
function propagate(flow: Flow, { context, event, enqueue }: EnqueueArgs): void {
  const [next, effects] = step(flow, runOf(context), event);
  if (next === runOf(context)) return;
  enqueue.assign(next);
  const kind = flow.operations.get(event.type)?.kind;
  if (kind === 'responded' || kind === 'failed' || kind === 'checkpointed') {
    enqueue.raise(settledEvent(flow, next, event));
  }
  for (const effect of effects) {
    if (effect.type === 'deliver') enqueue.raise(announce(effect.collateral));
    else if (effect.type === 'end') enqueue.raise(announce(`${ENDED}.${effect.status}`));
    else enqueue({ type: 'respond', params: { activation: effect.activation } });
  }
}

/** An answer that turned out to be none is announced as the failure that it is. */
function settledEvent(flow: Flow, next: RunContext, event: AnyEventObject): AnyEventObject {
  const operation = flow.operations.get(event.type);
  const failed =
    operation?.kind === 'responded' &&
    next.failed.some(({ activation }) => activation === (event as { activation?: string }).activation);
  return announce(failed ? operation.neuron.failedType : event.type);
}

/** Calls the handler: a plain custom action, so that exploring the machine never runs it. */
function respondAction(flow: Flow) {
  return ({ context, self }: ActionArgs, { activation: cause }: { activation: string }) => {
    const before = runOf(context);
    const image = before.frontier.find((pending) => pending.activation === cause);
    if (image === undefined) return;
    const subscriber = subscriberOf(flow, image.neuron, image.dendrite);
    const activation = new Activation(image.n, subscriber, image.payload, STARTING, null);
    parseCause(activation, cause);
    let called = false;
    const committed: Committed = {
      id: before.id,
      flow,
      committedValue: (neuron) => (called ? runOf(self.getSnapshot().context) : before).values[neuron],
    };
    hop(committed, activation, (event) => self.send(event));
    called = true;
  };
}

interface ActionArgs {
  readonly context: MachineContext;
  readonly self: { getSnapshot(): { readonly context: MachineContext }; send(event: RunEvent): void };
}

/** The statechart of a flow. `createActor(machine, { input: { id, signals } })` runs it. */
export function createStatechart(flow: Flow): AnyStateMachine {
  const config = createStatechartConfig(flow.graph) as unknown as Parameters<typeof createMachine>[0];
  const machine = createMachine(config, createImplementations(flow) as never) as unknown as AnyStateMachine;
  // a function, so it cannot stand in the config
  (machine.root as { output?: unknown }).output = ({ context }: { context: MachineContext }) => runOf(context).output;
  return machine;
}
