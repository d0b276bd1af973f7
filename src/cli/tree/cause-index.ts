/** Activations by cause, and the causes that are made of others (propagation/cause.ts). */
import { hashText, type Hash64 } from '../../graph/hash.js';
import { type Caused, deriveCause, parseCause } from '../../propagation/cause.js';
import type { RunNode } from './run-tree.js';

export class CauseIndex {
  readonly #nodes = new Map<number, RunNode>();
  readonly #causes = new Map<RunNode, Caused>();
  readonly #hashes = new Map<string, Hash64>();
  readonly #made: Caused = { cause1: 0, cause2: 0 };

  add(node: RunNode): void {
    const cause = { cause1: 0, cause2: 0 };
    parseCause(cause, node.activation);
    this.#causes.set(node, cause);
    this.#nodes.set(keyOf(cause), node);
  }

  causeOf(node: RunNode): Readonly<Caused> {
    return this.#causes.get(node) as Caused;
  }

  /** The activation of this cause. */
  find(cause: Readonly<Caused>): RunNode | undefined {
    const node = this.#nodes.get(keyOf(cause));
    if (node === undefined) return undefined;
    const { cause1, cause2 } = this.causeOf(node);
    return cause1 === cause.cause1 && cause2 === cause.cause2 ? node : undefined;
  }

  /** What a signal of a parent has made at a dendrite. @param index of the signal in the parent's answer */
  child(parent: Readonly<Caused>, index: number, neuron: string, dendrite: string): RunNode | undefined {
    deriveCause(this.#made, parent, index, this.hashOf(neuron, dendrite));
    return this.find(this.#made);
  }

  hashOf(neuron: string, dendrite: string): Hash64 {
    const name = `${neuron}/${dendrite}`;
    let hash = this.#hashes.get(name);
    if (hash === undefined) this.#hashes.set(name, (hash = hashText(name)));
    return hash;
  }
}

/** 53 of its 64 bits: numbers are found much sooner than texts. */
const keyOf = ({ cause1, cause2 }: Readonly<Caused>): number => (cause1 >>> 0) * 2_097_152 + (cause2 >>> 11);
