/**
 * Runs that a handler starts: each is a run of its own, under an id that follows from the activation and the order of
 * the calls, so that the handler, when it is called again, meets the run that it has started before. One that has failed
 * or was aborted by then is asked to do once more what it has not done: whoever asks again wants it done.
 */
import { setMaxListeners } from 'node:events';
import type { NeuronContext } from '../graph/types.js';

interface Parent {
  readonly activationId: string;
  readonly abortSignal: AbortSignal;
}

/** How many children a handler has started so far. */
const started = new WeakMap<Parent, number>();

export const startChild =
  (parent: Parent): NeuronContext<unknown, unknown>['stimulate'] =>
  (cns, signal, options) => {
    const index = started.get(parent) ?? 0;
    started.set(parent, index + 1);
    const own = (options as { readonly abortSignal?: AbortSignal } | undefined)?.abortSignal;
    const { abortSignal } = parent;
    setMaxListeners(0, abortSignal); // as many as it has children
    const given = {
      id: `${parent.activationId}/${index}`,
      retry: true,
      ...options,
      abortSignal: own === undefined ? abortSignal : AbortSignal.any([abortSignal, own]),
    };
    return cns.stimulate(signal, given as unknown as NonNullable<typeof options>);
  };
