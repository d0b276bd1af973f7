/**
 * The slots of neurons that may run only so many bodies at once: shared by all runs of a CNS, first come, first served.
 * A slot is held from when it is granted until the body has really ended, whatever has become of its activation.
 */
import type { Graph, GraphNeuron } from '../graph/graph.js';

/** Somebody who waits for a slot. */
export interface Asker {
  /** The slot is his. */
  granted(): void;
}

interface Gate {
  free: number;
  /** Longest waiting first. */
  readonly asking: Set<Asker>;
}

export class Gates {
  readonly #gates = new Map<GraphNeuron, Gate>();
  /** Gates that may have a slot for somebody. */
  readonly #open: Gate[] = [];
  #isGranting = false;

  constructor({ neurons }: Graph) {
    for (const neuron of neurons) {
      const { concurrency } = neuron.policy;
      if (concurrency !== null) this.#gates.set(neuron, { free: concurrency, asking: new Set() });
    }
  }

  /** @returns whether there was a slot; if not, `asker` is told when there is */
  acquire(neuron: GraphNeuron, asker: Asker): boolean {
    const gate = this.#gates.get(neuron);
    if (gate === undefined) return true;
    if (gate.free > 0 && gate.asking.size === 0) {
      gate.free--;
      return true;
    }
    gate.asking.add(asker);
    return false;
  }

  /** Somebody waits no longer. */
  forget(neuron: GraphNeuron, asker: Asker): void {
    this.#gates.get(neuron)?.asking.delete(asker);
  }

  /** A slot is given back, and goes to whoever has waited longest. Grants follow one another, however deep this is called. */
  release(neuron: GraphNeuron): void {
    const freed = this.#gates.get(neuron);
    if (freed === undefined) return;
    freed.free++;
    this.#open.push(freed);
    if (this.#isGranting) return;
    this.#isGranting = true;
    try {
      for (let gate = this.#open.shift(); gate !== undefined; gate = this.#open.shift()) this.#grant(gate);
    } finally {
      this.#isGranting = false;
    }
  }

  #grant(gate: Gate): void {
    const asker = gate.asking.values().next().value;
    if (asker === undefined || gate.free === 0) return;
    gate.asking.delete(asker);
    gate.free--;
    asker.granted();
  }
}
