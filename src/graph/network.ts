/** Questions about the graph's shape: who listens, who emits, which neurons form a loop. */
import type { Channel, Graph, GraphNeuron } from './graph.js';

export class Network {
  readonly #graph: Graph;
  #owners: ReadonlyMap<Channel, readonly GraphNeuron[]> | undefined;
  #components: readonly (readonly string[])[] | undefined;

  constructor(graph: Graph) {
    this.#graph = graph;
  }

  /** Names of all neurons, in the order given. */
  get neurons(): readonly string[] {
    return this.#graph.neurons.map((neuron) => neuron.name);
  }

  /** Names of all collaterals: first those of axons, then those that only come from outside. */
  get collaterals(): readonly string[] {
    return [...this.#graph.channels.keys()];
  }

  /** Names of the neurons that listen to a collateral, each once; empty for an unknown one. */
  subscribersOf(collateral: string): readonly string[] {
    const subscribers = this.#graph.channels.get(collateral)?.subscribers ?? [];
    return [...new Set(subscribers.map((subscriber) => subscriber.neuron.name))];
  }

  /** Names of the neurons that may emit a collateral; empty for an unknown one. */
  ownersOf(collateral: string): readonly string[] {
    const channel = this.#graph.channels.get(collateral);
    return channel === undefined ? [] : (this.#ownersByChannel().get(channel) ?? []).map((neuron) => neuron.name);
  }

  /** Collaterals that something listens to and no neuron emits: where a run can only be entered from outside. */
  get entries(): readonly string[] {
    const owners = this.#ownersByChannel();
    return [...this.#graph.channels.values()]
      .filter((channel) => channel.subscribers.length > 0 && !owners.has(channel))
      .map((channel) => channel.name);
  }

  /**
   * The strongly connected components, sinks first: neurons that can reach each other. A neuron in no loop is a
   * component of its own.
   * Source: R. Tarjan, Depth-first search and linear graph algorithms (1972); here with an explicit stack, so that the
   * depth of the graph is bounded by memory and not by the call stack.
   */
  get components(): readonly (readonly string[])[] {
    return (this.#components ??= stronglyConnected(this.#graph.neurons));
  }

  #ownersByChannel(): ReadonlyMap<Channel, readonly GraphNeuron[]> {
    if (this.#owners !== undefined) return this.#owners;
    const owners = new Map<Channel, GraphNeuron[]>();
    for (const neuron of this.#graph.neurons) {
      for (const channel of neuron.emits) {
        const known = owners.get(channel);
        if (known === undefined) owners.set(channel, [neuron]);
        else known.push(neuron);
      }
    }
    return (this.#owners = owners);
  }
}

interface Visit {
  readonly neuron: GraphNeuron;
  readonly next: Iterator<GraphNeuron>;
}

function* successors(neuron: GraphNeuron): Generator<GraphNeuron, undefined> {
  for (const channel of neuron.emits) for (const subscriber of channel.subscribers) yield subscriber.neuron;
  return undefined;
}

function stronglyConnected(neurons: readonly GraphNeuron[]): string[][] {
  const order = new Int32Array(neurons.length).fill(-1);
  const low = new Int32Array(neurons.length);
  const onStack = new Uint8Array(neurons.length);
  const stack: GraphNeuron[] = [];
  const visits: Visit[] = [];
  const components: string[][] = [];
  let count = 0;

  const open = (neuron: GraphNeuron) => {
    order[neuron.index] = low[neuron.index] = count++;
    onStack[neuron.index] = 1;
    stack.push(neuron);
    visits.push({ neuron, next: successors(neuron) });
  };
  const lower = (neuron: GraphNeuron, to: number) => {
    low[neuron.index] = Math.min(low[neuron.index] as number, to);
  };
  const close = ({ neuron }: Visit) => {
    visits.pop();
    const parent = visits.at(-1);
    if (parent !== undefined) lower(parent.neuron, low[neuron.index] as number);
    if (low[neuron.index] !== order[neuron.index]) return;
    const names: string[] = [];
    for (let member = stack.pop(); member !== undefined; member = stack.pop()) {
      onStack[member.index] = 0;
      names.push(member.name);
      if (member === neuron) break;
    }
    components.push(names.reverse());
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
