/** Questions about what was seen of a run. */
import type { Graph } from '../../graph/graph.js';
import type { Handled } from './handled.js';
import type { Trace } from './run-through.js';

const ENDED: readonly string[] = ['completed', 'failed', 'aborted'];
export const hasEnded = ({ end }: Trace): boolean => ENDED.includes(end.status);

/** The same in every run and every life. */
export const keyOf = ({ activation, attempt }: Handled): string => `${activation} ${attempt}`;

/** The neurons of which an activation was begun in several lives. */
export function repeatedNeurons(trace: Trace): string[] {
  const lives = new Map<string, Set<number>>();
  for (const { activation, life } of trace.handled) {
    lives.set(activation, (lives.get(activation) ?? new Set()).add(life));
  }
  const repeated = trace.handled.filter(({ activation }) => (lives.get(activation)?.size ?? 0) > 1);
  return [...new Set(repeated.map(({ neuron }) => neuron))];
}

/** Whether one neuron leads to another, and no milestone stands between them. */
export function leadsTo(graph: Graph, from: string, to: string): boolean {
  const seen = new Set<string>();
  const ahead = [from];
  for (let name = ahead.pop(); name !== undefined; name = ahead.pop()) {
    const neuron = graph.neuronByName.get(name);
    if (neuron === undefined || neuron.milestone || seen.has(name)) continue;
    seen.add(name);
    const next = neuron.emits.flatMap(({ subscribers }) => subscribers.map((subscriber) => subscriber.neuron.name));
    if (next.includes(to)) return true;
    ahead.push(...next);
  }
  return false;
}
