/** The neuron graph as Mermaid text, which GitHub, GitLab and most editors draw. */
import type { Channel, GraphNeuron } from '../src/graph/graph.js';
import { FLOW, type HasFlow } from '../src/propagation/operations.js';

/**
 * Draws a flow: an arrow for every collateral from each neuron that emits it to each that listens, `⬤` where it is
 * entered from outside, double borders for milestones, where it is safe to die.
 */
export function toMermaid(cns: HasFlow): string {
  const { graph } = cns[FLOW];
  const emitters = new Map<Channel, GraphNeuron[]>();
  for (const neuron of graph.neurons) {
    for (const channel of neuron.emits) emitters.set(channel, [...(emitters.get(channel) ?? []), neuron]);
  }
  const lines = ['flowchart LR', ...graph.neurons.map(shapeOf)];
  for (const channel of graph.channels.values()) {
    const sources = emitters.get(channel)?.map(idOf) ?? [];
    const targets = [...new Set(channel.subscribers.map(({ neuron }) => idOf(neuron)))];
    if (sources.length === 0) lines.push(`  in_${escapeId(channel.name)}(("⬤"))`);
    if (targets.length === 0) lines.push(`  out_${escapeId(channel.name)}(("◯"))`);
    const from = sources.length === 0 ? [`in_${escapeId(channel.name)}`] : sources;
    const to = targets.length === 0 ? [`out_${escapeId(channel.name)}`] : targets;
    for (const source of from) for (const target of to) lines.push(`  ${source} -- ${channel.name} --> ${target}`);
  }
  return `${lines.join('\n')}\n`;
}

const shapeOf = (neuron: GraphNeuron): string =>
  neuron.milestone ? `  ${idOf(neuron)}[["${neuron.name}"]]` : `  ${idOf(neuron)}["${neuron.name}"]`;

/** A prefix, because Mermaid takes some words (`end`, `graph`) for its own. */
const idOf = (neuron: GraphNeuron): string => `n_${escapeId(neuron.name)}`;

const escapeId = (name: string): string => name.replace(/[^\w]/g, (char) => `_${char.charCodeAt(0)}_`);
