import { createHash } from 'node:crypto';
import type { GraphJoin, GraphNeuron } from './graph.js';

/**
 * A hash of what stored runs depend on: neurons, their axons, dendrites, joins, what they wait for, whether they can be
 * undone, and declared milestones, by name. The order of neurons and of axon keys does not count; what handlers do cannot be seen
 * and does not count either, nor do limits, durations and retries.
 */
export function fingerprintOf(
  neurons: readonly GraphNeuron[],
  isDeclaredMilestone: (neuron: GraphNeuron) => boolean,
): string {
  const shape = neurons
    .map((neuron) => ({
      name: neuron.name,
      milestone: isDeclaredMilestone(neuron),
      emits: neuron.emits.map((channel) => channel.name).sort(),
      dendrites: neuron.dendrites.map((dendrite) => dendrite.key).sort(),
      // absent where there are none, so that graphs without them keep the fingerprint that their runs were stored with
      ...(neuron.joins.length > 0 && { joins: neuron.joins.map(joinShape).sort() }),
      ...(neuron.expects.length > 0 && { expects: neuron.expects.map((channel) => channel.name).sort() }),
      ...(neuron.compensation !== null && { undone: true }),
    }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
  return createHash('sha256').update(JSON.stringify(shape)).digest('base64url').slice(0, 22);
}

/** Its key says which collaterals, in order; its slots are the keys of payloads that are stored. */
const joinShape = ({ subscriber, slots, sized }: GraphJoin): string => JSON.stringify([subscriber.key, slots, sized]);
