/** Another CNS of the same neurons, options and global as a given one, with something put around every handler. */
import type { AnyResponse } from '../../graph/types.js';
import type { Graph, Subscriber } from '../../graph/graph.js';
import { FLOW } from '../../propagation/operations.js';
import { CNS } from '../../stimulation/cns.js';
import type { CNSOptions } from '../../stimulation/options.js';
import { GIVEN } from '../../stimulation/seams.js';

/** Any CNS, whatever its global is. */
export type AnyCNS = Pick<CNS<never>, typeof FLOW | typeof GIVEN | 'network' | 'store'>;

/**
 * What is called in the place of a handler.
 * @param subscriber a dendrite, what a complete set of a join starts, or what undoes (its `key` is `undo`)
 * @param response what the flow's author wrote
 */
export type Around = (subscriber: Subscriber, response: AnyResponse) => AnyResponse;

/** @param changes options that are other than those of the given one */
export function twinOf(cns: AnyCNS, changes: CNSOptions, around?: Around): CNS {
  const { neurons, options, global } = cns[GIVEN];
  const twin = new CNS<never>(neurons, { ...options, ...changes }, global as never) as unknown as CNS;
  if (around !== undefined) for (const subscriber of handlersOf(twin[FLOW].graph)) replace(subscriber, around);
  return twin;
}

/** Everything in a graph that calls a handler: dendrites that are no part of a join, joins, and what undoes. */
export function* handlersOf({ neurons }: Graph): Generator<Subscriber, undefined> {
  for (const { dendrites, joins, compensation } of neurons) {
    for (const dendrite of dendrites) if (dendrite.arrival === null) yield dendrite;
    for (const join of joins) yield join.subscriber;
    if (compensation !== null) yield compensation;
  }
  return undefined;
}

/** The graph is the twin's own, and nothing has run on it yet. */
function replace(subscriber: Subscriber, around: Around): void {
  (subscriber as { response: AnyResponse }).response = around(subscriber, subscriber.response);
}
