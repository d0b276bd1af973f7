/** What is odd about a flow as it is wired: dead neurons, collaterals nobody hears, loops that lead nowhere else. */
import type { Graph, GraphNeuron } from '../../graph/graph.js';
import { componentsOf } from '../../graph/reach.js';

export interface Finding {
  readonly kind: 'dead neuron' | 'unheard collateral' | 'cycle without an exit';
  /** Names of neurons, or of a collateral. */
  readonly names: readonly string[];
  readonly why: string;
}

/** @param entries the names of the collaterals by which runs begin */
export function findingsOf(graph: Graph, entries: readonly string[]): Finding[] {
  return [...deadNeurons(graph, entries), ...unheardCollaterals(graph), ...cyclesWithoutExit(graph)];
}

/** Neurons that no signal can reach, however the others answer. */
function deadNeurons(graph: Graph, entries: readonly string[]): Finding[] {
  const heard = reachableCollaterals(graph, entries);
  return graph.neurons
    .filter((neuron) => !isAlive(neuron, heard))
    .map((neuron) => ({ kind: 'dead neuron', names: [neuron.name], why: whyDead(graph, neuron, heard) }));
}

/** One that listens to any of these; a join is complete with all of its slots only. */
function isAlive(neuron: GraphNeuron, heard: ReadonlySet<string>): boolean {
  const isHeard = ({ channel }: { readonly channel: { readonly name: string } }) => heard.has(channel.name);
  const plain = neuron.dendrites.filter(({ arrival }) => arrival === null);
  const joins = neuron.joins.map((join) => neuron.dendrites.filter(({ arrival }) => arrival?.join === join));
  return plain.some(isHeard) || joins.some((slots) => slots.every(isHeard));
}

function reachableCollaterals(graph: Graph, entries: readonly string[]): ReadonlySet<string> {
  const heard = new Set(entries);
  for (let size = -1; size !== heard.size;) {
    size = heard.size;
    for (const neuron of graph.neurons.filter((each) => isAlive(each, heard))) {
      for (const { name } of [...neuron.emits, ...neuron.expects]) heard.add(name);
    }
  }
  return heard;
}

function whyDead(graph: Graph, { name: self, listens }: GraphNeuron, heard: ReadonlySet<string>): string {
  if (listens.length === 0) return 'it listens to nothing';
  const reasons = listens
    .filter((name) => !heard.has(name))
    .map((name) => {
      const owners = graph.neurons.filter(({ emits }) => emits.some((channel) => channel.name === name));
      const others = owners.filter((owner) => owner.name !== self).map((owner) => owner.name);
      if (owners.length === 0) return `nobody emits "${name}" or waits for it, and no run begins with it`;
      if (others.length === 0) return `nobody but itself emits "${name}"`;
      return `only ${others.map((each) => `"${each}"`).join(', ')} emits "${name}", and is not reached itself`;
    });
  return reasons.join('; ');
}

function unheardCollaterals(graph: Graph): Finding[] {
  return [...graph.channels.values()]
    .filter(({ subscribers, expected }) => subscribers.length === 0 && !expected)
    .map(({ name }) => {
      const owners = graph.neurons.filter(({ emits }) => emits.some((channel) => channel.name === name));
      const by = owners.map((owner) => `"${owner.name}"`).join(', ');
      return { kind: 'unheard collateral', names: [name], why: `${by} emits it, and nobody listens to it` };
    });
}

/** Loops of which no signal leads out: they end only when a neuron in them answers nothing, or fails. */
function cyclesWithoutExit(graph: Graph): Finding[] {
  return componentsOf(graph.neurons).flatMap((members) => {
    const inside = new Set(members);
    const channels = members.flatMap(({ emits, expects }) => [...emits, ...expects]);
    const targets = channels.map(({ subscribers }) => subscribers.map(({ neuron }) => neuron));
    const isLoop = targets.some((neurons) => neurons.some((neuron) => inside.has(neuron)));
    const leadsOut = targets.some((neurons) => neurons.length === 0 || neurons.some((neuron) => !inside.has(neuron)));
    if (!isLoop || leadsOut) return [];
    const names = members.map(({ name }) => name);
    const why = 'every signal in it stays in it: it ends only when a neuron in it answers nothing, or fails';
    return [{ kind: 'cycle without an exit', names, why }];
  });
}
