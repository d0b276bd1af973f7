/** Neurons with other handlers, for tests that build a CNS of their own. */
import type { AnyNeuron, Neuron } from '../graph/neuron.js';
import type { DendriteSpec, ListenerSpec, NeuronSpec } from '../graph/neuron-spec.js';
import { collateralsOf } from '../graph/neuron-spec.js';
import type { JoinSpec } from '../graph/join.js';
import type { AnyResponse, Axon, Response } from '../graph/types.js';

/** What a mock was given. */
export interface MockCall<P> {
  /** The name of the collateral; of a join, those of its slots, joined by `+`. */
  readonly got: string | undefined;
  readonly payload: P;
  readonly activationId: string;
}

export interface MockedNeuron<P, G> extends AnyNeuron<G> {
  /** In order; those of all runs. */
  readonly calls: readonly MockCall<P>[];
  /** What has undone something, in order. */
  readonly undone: readonly MockCall<P>[];
}

/**
 * A neuron of the same name, axon, dendrites and policies as another one, which answers what it is told to; nothing,
 * unless told. What it emits is typed by the axon. Its compensation undoes nothing, and is noted.
 *
 *     const charge2 = mockNeuron(charge, (order, axon) => axon.charged.createSignal(order));
 *     const cns = new CNS([accept, charge2, ship]);
 *     // … expect(charge2.calls).toHaveLength(1)
 *
 * The neuron itself is sealed by this, as by `new CNS`.
 */
export function mockNeuron<A extends Axon, C, G, P>(
  neuron: Neuron<A, C, G, P>,
  answer: Response<P, A, C, G> = () => undefined,
): MockedNeuron<P, G> {
  const calls: MockCall<P>[] = [];
  const undone: MockCall<P>[] = [];
  const noted =
    (into: MockCall<P>[], got: string | undefined, then: AnyResponse): AnyResponse =>
    (payload, axon, ctx) => {
      into.push({ got, payload: payload as P, activationId: (ctx as { readonly activationId: string }).activationId });
      return then(payload, axon, ctx);
    };
  const respond = answer as AnyResponse;
  const mocked = (listener: ListenerSpec): readonly (DendriteSpec | JoinSpec)[] => {
    const names = collateralsOf(listener).map(({ name }) => name);
    if (listener.kind === 'join') return [{ ...listener, response: noted(calls, names.join('+'), respond) }];
    return [{ kind: 'dendrite', collateral: listener.collateral, response: noted(calls, names[0], respond) }];
  };
  const seal = (): NeuronSpec => {
    const spec = neuron.seal();
    const { compensation } = spec;
    return {
      ...spec,
      listeners: spec.listeners.flatMap(mocked),
      compensation: compensation === undefined ? undefined : noted(undone, 'undo', () => undefined),
    };
  };
  return { name: neuron.name, seal, calls, undone };
}
