/**
 * The statechart, made to run: what its named guards and actions do, over the pure core. It is the specification of the
 * logic, and what tests and pictures are made from; it is not meant to be fast.
 */
import { type AnyEventObject, type AnyStateMachine, createMachine, enqueueActions, type MachineContext } from 'xstate';
import { RunSuspendedError } from '../src/errors/index.js';
import { parseCause } from '../src/propagation/cause.js';
import { ASKING, STARTING } from '../src/propagation/activation.js';
import { Bodies } from '../src/propagation/bodies.js';
import type { PendingState, RunContext } from '../src/propagation/context.js';
import type { RunEvent } from '../src/propagation/events.js';
import type { Committed } from '../src/propagation/handler-context.js';
import { subscriberOf } from '../src/propagation/image.js';
import type { Flow } from '../src/propagation/operations.js';
import { accepts, neuronStateOf, step } from '../src/propagation/step.js';
import { activationFrom, detailsIn } from '../src/propagation/tasks.js';
import { hop } from './hop.js';
import { createStatechartConfig, ENDED, MOVED } from './statechart-config.js';

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
      keep: ({ context, self }: ActionArgs) => keep(runOf(context), bodiesOf(flow, self)),
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
    if (effect.type === 'deliver') enqueue.raise(announce(deliveredType(flow, effect.collateral)));
    else if (effect.type === 'moved') enqueue.raise(announce(MOVED));
    else if (effect.type === 'end') enqueue.raise(announce(`${ENDED}.${effect.status}`));
    else if (effect.type === 'closed') enqueue.raise(announce(`${effect.neuron}:${effect.outcome}`));
    else enqueue({ type: 'respond', params: { activation: effect.activation } });
  }
  enqueue({ type: 'keep', params: {} });
}

/** What a join starts, and what undoes, comes through no collateral of the graph. */
const deliveredType = (flow: Flow, collateral: string): string =>
  flow.graph.channels.has(collateral) ? collateral : MOVED;

/** An answer that turned out to be none is announced as the failure that it is. */
function settledEvent(flow: Flow, next: RunContext, event: AnyEventObject): AnyEventObject {
  const operation = flow.operations.get(event.type);
  const failed =
    operation?.kind === 'responded' &&
    next.failed.some(({ activation }) => activation === (event as { activation?: string }).activation);
  return announce(failed ? operation.neuron.failedType : event.type);
}

/** What each actor has going on outside its core. */
const allBodies = new WeakMap<object, Bodies>();

function bodiesOf(flow: Flow, self: ActionArgs['self']): Bodies {
  const known = allBodies.get(self);
  if (known !== undefined) return known;
  const bodies = new Bodies(flow, { tell: (event) => self.send(event) });
  allBodies.set(self, bodies);
  self.subscribe({
    complete: () => {
      const { status, context } = self.getSnapshot();
      if (status !== 'done') bodies.close(new RunSuspendedError(runOf(context).id));
    },
  });
  return bodies;
}

/** At the end of a step: what is not wanted any more is given back, and the next deadline is kept. */
function keep({ ending, reason, frontier, status }: RunContext, bodies: Bodies): void {
  if (ending?.status === 'aborted') bodies.abort(reason);
  const wanted = new Set(frontier.filter(({ state }) => wantsSlot(state)).map(({ activation }) => activation));
  bodies.prune((cause) => wanted.has(cause));
  const dues = frontier.flatMap(({ state, due }) => (due !== undefined && waitsForTime(state) ? [due] : []));
  bodies.awake(status !== 'running' || dues.length === 0 ? null : dues.reduce((a, b) => Math.min(a, b)));
}

const wantsSlot = (state: PendingState): boolean =>
  state === 'asking' || state === 'granted' || state === 'gated' || state === 'starting';
const waitsForTime = (state: PendingState): boolean => state === 'delayed' || state === 'waiting';

/** Calls the handler: a plain custom action, so that exploring the machine never runs it. */
function respondAction(flow: Flow) {
  return ({ context, self }: ActionArgs, { activation: cause }: { activation: string }) => {
    const before = runOf(context);
    const image = before.frontier.find((pending) => pending.activation === cause);
    if (image === undefined) return;
    const subscriber = subscriberOf(flow, image.neuron, image.dendrite);
    const activation = activationFrom(image.n, subscriber, image.payload, detailsIn(image));
    activation.state = image.state === 'asking' ? ASKING : STARTING;
    parseCause(activation, cause);
    let called = false;
    const committed: Committed = {
      id: before.id,
      flow,
      bodies: bodiesOf(flow, self),
      options: before.options ?? null,
      stimulation: undefined,
      committedValue: (neuron) => (called ? runOf(self.getSnapshot().context) : before).values[neuron],
    };
    hop(committed, activation, (event) => self.send(event));
    called = true;
  };
}

interface ActionArgs {
  readonly context: MachineContext;
  readonly self: {
    getSnapshot(): { readonly status: string; readonly context: MachineContext };
    send(event: RunEvent): void;
    subscribe(observer: { readonly complete: () => void }): unknown;
  };
}

/** The statechart of a flow. `createActor(machine, { input: { id, signals } })` runs it. */
export function createStatechart(flow: Flow): AnyStateMachine {
  const config = createStatechartConfig(flow.graph) as unknown as Parameters<typeof createMachine>[0];
  const machine = createMachine(config, createImplementations(flow) as never) as unknown as AnyStateMachine;
  // a function, so it cannot stand in the config
  (machine.root as { output?: unknown }).output = ({ context }: { context: MachineContext }) => runOf(context).output;
  return machine;
}
