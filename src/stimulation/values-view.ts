import type { AnyNeuron, NeuronWithContext } from '../graph/neuron.js';
import type { Work } from '../propagation/work.js';

/** The neurons' context values of one run, as last committed. */
export class ValuesView {
  readonly #work: Work;

  constructor(work: Work) {
    this.#work = work;
  }

  /** The value of a neuron, given as itself or by name; undefined when it has none. */
  get<C>(neuron: NeuronWithContext<C>): C | undefined;
  get(neuron: string): unknown;
  get(neuron: AnyNeuron | string): unknown {
    const name = typeof neuron === 'string' ? neuron : this.#work.flow.graph.nameByNeuron.get(neuron);
    return name === undefined ? undefined : this.#work.committedValue(name);
  }

  /** All values by name. A copy of the record; the values are as they are. */
  getAll(): Record<string, unknown> {
    return Object.fromEntries(this.#work.values ?? []);
  }
}
