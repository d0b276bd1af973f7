import { createHash } from 'node:crypto';
import type { GraphNeuron } from './graph.js';

/**
 * A hash of what stored runs depend on: neurons, their axons, their dendrites and milestones, by name. The order of
 * neurons and of axon keys does not count; what handlers do cannot be seen and does not count either.
 */
export function fingerprintOf(neurons: readonly GraphNeuron[]): string {
  const shape = neurons
    .map((neuron) => ({
      name: neuron.name,
      milestone: neuron.milestone,
      emits: neuron.emits.map((channel) => channel.name).sort(),
      dendrites: neuron.dendrites.map((dendrite) => dendrite.key).sort(),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(shape)).digest('base64url').slice(0, 22);
}
