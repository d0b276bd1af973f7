/** What can be reached from where: the graph's loops, and what each of them leads to. */
import type { Graph, GraphNeuron } from './graph.js';

/** By components: neurons that can reach each other. A neuron in no loop is one of its own. */
export interface ReachIndex {
  /** The component of each neuron, by the neuron's index. What a component leads to has a smaller number than itself. */
  readonly component: Int32Array;
  /** The indexes of the neurons of each component. */
  readonly members: readonly (readonly number[])[];
  /** The components that each leads to at once, each once, itself never; in no order. */
  readonly successors: readonly (readonly number[])[];
}

/** Linear in neurons and subscriptions. */
export function reachIndex(graph: Graph): ReachIndex {
  const { neurons } = graph;
  const components = componentsOf(neurons);
  const component = new Int32Array(neurons.length);
  components.forEach((members, number) => {
    for (const member of members) component[member.index] = number;
  });
  const successors = components.map((members, number) => {
    const found = new Set<number>();
    for (const member of members) for (const next of successorsOf(member)) found.add(component[next.index] as number);
    found.delete(number);
    return [...found];
  });
  return { component, members: components.map((members) => members.map(({ index }) => index)), successors };
}

/** The neurons that a neuron can start: those on what it emits, and those on what it may wait for. */
function* successorsOf({ emits, expects }: GraphNeuron): Generator<GraphNeuron, undefined> {
  for (const channel of emits) for (const subscriber of channel.subscribers) yield subscriber.neuron;
  for (const channel of expects) for (const subscriber of channel.subscribers) yield subscriber.neuron;
  return undefined;
}

interface Visit {
  readonly neuron: GraphNeuron;
  readonly next: Iterator<GraphNeuron>;
}

/**
 * The strongly connected components, sinks first.
 * Source: R. Tarjan, Depth-first search and linear graph algorithms (1972); here with an explicit stack, so that the
 * depth of the graph is bounded by memory and not by the call stack.
 * @param neurons all of a graph, each at its index
 */
export function componentsOf(neurons: readonly GraphNeuron[]): GraphNeuron[][] {
  const order = new Int32Array(neurons.length).fill(-1);
  const low = new Int32Array(neurons.length);
  const onStack = new Uint8Array(neurons.length);
  const stack: GraphNeuron[] = [];
  const visits: Visit[] = [];
  const components: GraphNeuron[][] = [];
  let count = 0;

  const open = (neuron: GraphNeuron) => {
    order[neuron.index] = low[neuron.index] = count++;
    onStack[neuron.index] = 1;
    stack.push(neuron);
    visits.push({ neuron, next: successorsOf(neuron) });
  };
  const lower = (neuron: GraphNeuron, to: number) => {
    low[neuron.index] = Math.min(low[neuron.index] as number, to);
  };
  const close = ({ neuron }: Visit) => {
    visits.pop();
    const parent = visits.at(-1);
    if (parent !== undefined) lower(parent.neuron, low[neuron.index] as number);
    if (low[neuron.index] !== order[neuron.index]) return;
    const members: GraphNeuron[] = [];
    for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
      onStack[member.index] = 0;
      members.push(member);
      if (member === neuron) break;
    }
    components.push(members.reverse());
  };

  for (const root of neurons) {
    if (order[root.index] !== -1) continue;
    open(root);
    for (let visit = visits.at(-1); visit !== undefined; visit = visits.at(-1)) {
      const step = visit.next.next();
      if (step.done === true) close(visit);
      else if (order[step.value.index] === -1) open(step.value);
      else if (onStack[step.value.index] === 1) lower(visit.neuron, order[step.value.index] as number);
    }
  }
  return components;
}
