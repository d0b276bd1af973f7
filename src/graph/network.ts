/** Questions about the graph's shape: who listens, who emits, which neurons form a loop. */
import type { Channel, Graph, GraphNeuron } from './graph.js';
import { componentsOf } from './reach.js';

export { type ReachIndex, reachIndex } from './reach.js';

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

  /** Collaterals that something listens to, and that no neuron emits or waits for: where a run is entered from outside. */
  get entries(): readonly string[] {
    const owners = this.#ownersByChannel();
    return [...this.#graph.channels.values()]
      .filter((channel) => channel.subscribers.length > 0 && !channel.expected && !owners.has(channel))
      .map((channel) => channel.name);
  }

  /**
   * The strongly connected components, sinks first: neurons that can reach each other, along what they emit and what
   * they may wait for. A neuron in no loop is a component of its own.
   */
  get components(): readonly (readonly string[])[] {
    return (this.#components ??= componentsOf(this.#graph.neurons).map((members) =>
      members.map((neuron) => neuron.name),
    ));
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
