/** Activations that a run begins with, instead of signals: those that another run has left. */
import { UnknownNeuronError } from '../errors/index.js';
import type { Graph, Subscriber } from '../graph/graph.js';
import { hashText } from '../graph/hash.js';
import { type Activation, DELAYED, QUEUED, WAITING, withDetails } from './activation.js';
import { causeText, deriveCause, ENTRY, parseCause } from './cause.js';
import type { Details } from './context.js';
import type { Effect, TaskData } from './events.js';
import { isRefused } from './failing.js';
import { place } from './lists.js';
import { announce } from './placing.js';
import { rareOf } from './rare.js';
import type { Work } from './work.js';

const DETAILS = ['attempt', 'due', 'expects', 'within', 'otherwise', 'undoes', 'origin'] as const;

/** What an activation has beside what all have. */
export function detailsIn(of: Details): Details {
  const found = DETAILS.filter((key) => of[key] !== undefined).map((key) => [key, of[key]] as const);
  return Object.fromEntries(found);
}

/** An expectation that has timed out waits anew, as long as it did. @param now milliseconds since the epoch */
export function anew<T extends Details>(task: T, now: number): T {
  const { due, expects, within } = task;
  return due === undefined && expects !== undefined && within !== undefined ? { ...task, due: now + within } : task;
}

/** A dendrite, the set of a join, or what undoes, by its key; undefined when the graph has none. */
export function findSubscriber(graph: Graph, neuron: string, dendrite: string): Subscriber | undefined {
  const found = graph.neuronByName.get(neuron);
  if (found === undefined) return undefined;
  if (found.compensation !== null && found.compensation.key === dendrite) return found.compensation;
  const isMeant = ({ key }: Subscriber) => key === dendrite;
  return found.dendrites.find(isMeant) ?? found.joins.map(({ subscriber }) => subscriber).find(isMeant);
}

/** An activation as its record says, in the state that follows from it. */
export function activationFrom(n: number, subscriber: Subscriber, payload: unknown, details: Details): Activation {
  const state = details.expects !== undefined ? WAITING : details.due !== undefined ? DELAYED : QUEUED;
  return withDetails(n, subscriber, payload, state, details);
}

/** @param index of the first, among what the run begins with */
export function enterTasks(
  work: Work,
  tasks: readonly TaskData[],
  effects: Effect[] | null,
  index = 0,
  isVisit = false,
): void {
  const entered = new Set<string>();
  tasks.forEach((task, i) => {
    const id = `${task.origin ?? ''}/${task.activation ?? `#${i}`}`;
    if (entered.has(id)) return;
    entered.add(id);
    enterTask(work, task, index + i, isVisit, effects);
  });
}

function enterTask(work: Work, task: TaskData, index: number, isVisit: boolean, effects: Effect[] | null): void {
  const { neuron, dendrite, payload } = task;
  const n = work.next++;
  const subscriber = findSubscriber(work.flow.graph, neuron, dendrite);
  const cause = { cause1: 0, cause2: 0 };
  if (task.activation === undefined) deriveCause(cause, ENTRY, index, subscriber ?? hashText(`${neuron}/${dendrite}`));
  else parseCause(cause, task.activation);
  if (subscriber === undefined) {
    failUnknown(work, task, causeText(cause));
    return;
  }
  const activation = activationFrom(n, subscriber, payload, detailsIn(task));
  activation.cause1 = cause.cause1;
  activation.cause2 = cause.cause2;
  if (isVisit && isRefused(work, activation)) return;
  place(work, activation, null);
  if (activation.state !== WAITING) announce(activation, effects);
}

/** It stays what it is: a task that is not done, and says why. */
function failUnknown(work: Work, task: TaskData, activation: string): void {
  const { neuron, dendrite, payload } = task;
  const at = dendrite.lastIndexOf('#');
  work.settled++;
  rareOf(work).failed.push({
    activation,
    neuron,
    dendrite,
    collateral: at < 0 ? dendrite : dendrite.slice(0, at),
    payload,
    ...detailsIn(task),
    error: new UnknownNeuronError(neuron, dendrite),
    aborted: false,
  });
}
