/** Which states are worth telling apart: by what is under way, in order, and by what has become of what has ended. */
import type { PendingActivation } from '../../propagation/context.js';
import type { FlowState } from './explorer.js';
import { hasMark } from './mark.js';

export function stateKey({ position: { context }, now, deviator, fate, stopped, saved }: FlowState): string {
  const { status, frontier, barriers, joined, owed, early, ending, failed } = context;
  return JSON.stringify([
    status,
    stopped,
    frontier.map((pending) => pendingKey(pending, now)),
    barriers.map(({ neuron, activation }) => [neuron, saved.includes(activation)]),
    joined.map(({ neuron, dendrite, size }) => [neuron, dendrite, size]),
    [...new Set(owed.map(({ neuron, dendrite }) => `${neuron}/${dendrite}`))],
    early.map(({ collateral }) => collateral),
    ending?.status,
    failed.length > 0,
    deviator,
    fate,
  ]);
}

/** Equal however often a loop was gone through: times count from now. */
function pendingKey(pending: PendingActivation, now: number): unknown {
  const { neuron, dendrite, state, payload, expects, otherwise, attempt, due, undoes } = pending;
  const left = due === undefined ? undefined : due - now;
  return [
    neuron,
    dendrite,
    state,
    hasMark(payload),
    expects,
    otherwise?.collateral,
    attempt,
    left,
    undoes !== undefined,
  ];
}
