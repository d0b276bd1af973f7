/** What a picture says of a neuron beside its name, in words that need no manual. */
import { formatDuration } from '../src/graph/duration.js';
import type { GraphNeuron } from '../src/graph/graph.js';

/** The mark of a milestone. */
export const MILESTONE = '⬢';

export function notesOn({ milestone, expects, policy, compensation }: GraphNeuron): string[] {
  const { retry, maxDuration, concurrency } = policy;
  const isRetried = retry !== null && retry.attempts > 1;
  return [
    ...(milestone ? [`${MILESTONE} milestone: saved when done, safe to die`] : []),
    ...(expects.length === 0 ? [] : [`waits for ${expects.map(({ name }) => name).join(' or ')}, safe to die`]),
    ...(isRetried ? [`up to ${retry.attempts} attempts`] : []),
    ...(maxDuration === null ? [] : [`at most ${formatDuration(maxDuration)}${isRetried ? ' each' : ''}`]),
    ...(concurrency === null ? [] : [`${concurrency} at a time`]),
    ...(compensation === null ? [] : ['can be undone']),
  ];
}
