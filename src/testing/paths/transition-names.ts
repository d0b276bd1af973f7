/**
 * Transitions, by name: what a neuron answers to what it gets, and how a wait of it ends. They are what is covered.
 *
 *     charge on cleared: charged
 *     approve waits for approved: it comes
 *     approve waits for approved: time is up
 */
import type { Graph, Subscriber } from '../../graph/graph.js';
import { type DueItem, type FlowStep, isNeuronStep, isSignalStep } from './flow-path.js';
import type { Outcome } from './outcome.js';
import { shownDendrite } from './outcome.js';

const answered = (neuron: string, got: string, text: string): string => `${neuron} on ${got}: ${text}`;
const metBy = (neuron: string, collateral: string): string => `${neuron} waits for ${collateral}: it comes`;
const over = (neuron: string, collateral: string): string => `${neuron} waits for ${collateral}: time is up`;

/** What a step takes. */
export function transitionsOfStep(step: FlowStep): readonly string[] {
  if (isNeuronStep(step)) return [answered(step.neuron, step.got, step.answers)];
  if (isSignalStep(step)) return [metBy(step.to, step.signal)];
  return step.due.flatMap(({ what, neuron, collateral }: DueItem) =>
    what === 'end of wait' ? [over(neuron, collateral)] : [],
  );
}

/** All that the outcomes allow. */
export function allTransitions(outcomes: ReadonlyMap<Subscriber, readonly Outcome[]>): readonly string[] {
  const all = new Set<string>();
  for (const [subscriber, allowed] of outcomes) {
    const { name } = subscriber.neuron;
    for (const outcome of allowed) {
      all.add(answered(name, shownDendrite(subscriber), outcome.text));
      for (const item of outcome.items) {
        if (item.kind === 'signal') continue;
        all.add(metBy(name, item.collateral));
        if (item.within !== undefined) all.add(over(name, item.collateral));
      }
    }
  }
  return [...all];
}

/** The transitions of a dendrite, beside those of waits. */
export const transitionsOn = (subscriber: Subscriber, allowed: readonly Outcome[]): readonly string[] =>
  allowed.map(({ text }) => answered(subscriber.neuron.name, shownDendrite(subscriber), text));

/** For each collateral, the transitions that may follow from a signal of it, however far away. */
export function transitionsBehind(
  graph: Graph,
  outcomes: ReadonlyMap<Subscriber, readonly Outcome[]>,
): (collateral: string) => ReadonlySet<string> {
  const known = new Map<string, ReadonlySet<string>>();
  return (collateral) => {
    const found = known.get(collateral) ?? behind(collateral, graph, outcomes);
    known.set(collateral, found);
    return found;
  };
}

function behind(
  collateral: string,
  graph: Graph,
  outcomes: ReadonlyMap<Subscriber, readonly Outcome[]>,
): ReadonlySet<string> {
  const found = new Set<string>();
  const seen = new Set<Subscriber>();
  const left: Subscriber[] = [...(graph.channels.get(collateral)?.subscribers ?? [])];
  for (let subscriber = left.pop(); subscriber !== undefined; subscriber = left.pop()) {
    if (seen.has(subscriber)) continue;
    seen.add(subscriber);
    if (subscriber.arrival !== null) left.push(subscriber.arrival.join.subscriber);
    const allowed = outcomes.get(subscriber) ?? [];
    for (const transition of transitionsOn(subscriber, allowed)) found.add(transition);
    for (const item of allowed.flatMap(({ items }) => items)) {
      left.push(...(graph.channels.get(item.collateral)?.subscribers ?? []));
      if (item.kind === 'signal') continue;
      found.add(metBy(subscriber.neuron.name, item.collateral));
      if (item.within !== undefined) found.add(over(subscriber.neuron.name, item.collateral));
      if (item.otherwise !== undefined) left.push(...(graph.channels.get(item.otherwise)?.subscribers ?? []));
    }
  }
  return found;
}
