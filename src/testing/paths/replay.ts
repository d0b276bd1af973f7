/** From choices to a path: what happens at each of them, told as steps. */
import type { RunContext } from '../../propagation/context.js';
import { type Explorer, type FlowState, liveIn, NOBODY, TIME } from './explorer.js';
import type { DueItem, FlowPath, FlowStep, NeuronStates, PathStatus } from './flow-path.js';
import { shownDendrite } from './outcome.js';
import { titleOf } from './title.js';
import { transitionsOfStep } from './transition-names.js';

/** A path, and its place among the others: which choice was made at each of its decisions, the usual one being 0. */
export interface Replayed {
  readonly path: FlowPath;
  readonly order: readonly number[];
}

export function replay(explorer: Explorer, entry: readonly string[], choices: readonly string[]): Replayed {
  let state = explorer.initial;
  const steps: FlowStep[] = [];
  const order: number[] = [];
  for (const choice of choices) {
    const next = explorer.move(state, choice);
    if (choice !== NOBODY) steps.push(stepOf(explorer, state, choice, next));
    order.push(explorer.choices(state, true).indexOf(choice));
    state = next;
  }
  const path = {
    title: titleOf(explorer, entry, steps),
    steps,
    status: statusOf(state),
    stored: explorer.isStored,
    waiting: waitingIn(state.position.context),
    transitions: [...new Set(steps.flatMap(transitionsOfStep))],
  };
  return { path, order };
}

export function stepOf(explorer: Explorer, state: FlowState, choice: string, next: FlowState): FlowStep {
  const { context, value } = state.position;
  const live = liveIn(context);
  if (live !== undefined) {
    const got = (each: typeof live) => shownDendrite(explorer.subscriberOf(each));
    const pending = context.frontier.map((each) => `${each.neuron} on ${got(each)}`);
    return { neuron: live.neuron, got: got(live), answers: choice, pending };
  }
  const states = statesOf(value);
  if (choice === TIME) return { time: 'passes', due: dueIn(context, next.now), states };
  const waiting = context.frontier.find((each) => each.state === 'waiting');
  return { signal: waiting?.expects ?? '', to: waiting?.neuron ?? '', states };
}

function dueIn({ frontier }: RunContext, now: number): DueItem[] {
  return frontier
    .filter(({ due }) => due !== undefined && due <= now)
    .map(({ neuron, collateral, expects, otherwise, attempt }) => {
      if (expects === undefined) return { neuron, what: attempt === undefined ? 'delivery' : 'attempt', collateral };
      const wait = { neuron, what: 'end of wait', collateral: expects } as const;
      return otherwise === undefined ? wait : { ...wait, otherwise: otherwise.collateral };
    });
}

/** What neurons are doing, of a state value of the machine. */
export function statesOf(value: unknown): NeuronStates {
  if (typeof value !== 'object' || value === null) return {};
  const { running } = value as { readonly running: NeuronStates };
  return Object.fromEntries(Object.entries(running).filter(([, state]) => (state as string) !== 'idle'));
}

function statusOf({ position: { context } }: FlowState): PathStatus {
  return context.status === 'running' ? 'waiting' : context.status;
}

const waitingIn = ({ frontier }: RunContext) =>
  frontier.flatMap(({ neuron, expects, state }) =>
    state === 'waiting' && expects !== undefined ? [{ neuron, collateral: expects }] : [],
  );
