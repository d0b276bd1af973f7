/** The slots of gates, as the oracle's harness keeps them: who waits for one, who has one and was not called yet. */
import { type GraphPlan, neuronName } from './arbitrary-graph.js';

interface Asker {
  readonly neuron: string;
  readonly activation: string;
}

export class OracleGates {
  readonly #free: Record<string, number>;
  /** Longest waiting first. */
  #asking: Asker[] = [];
  #granted: Asker[] = [];
  #givenBack: string[] = [];

  constructor({ neurons }: GraphPlan) {
    this.#free = Object.fromEntries(neurons.map(({ gate }, at) => [neuronName(at), gate ?? Infinity]));
  }

  /** @returns whether there was a slot; if not, it is granted one later */
  acquire(asker: Asker): boolean {
    const isNext = !this.#asking.some(({ neuron }) => neuron === asker.neuron);
    const isFree = isNext && (this.#free[asker.neuron] ?? 0) > 0;
    if (isFree) this.#grant(asker);
    else this.#asking.push(asker);
    return isFree;
  }

  /** It is called. @returns whether it has a slot */
  take(activation: string): boolean {
    const has = this.#granted.some((each) => each.activation === activation);
    this.#granted = this.#granted.filter((each) => each.activation !== activation);
    return has;
  }

  /** A slot is given back. `granted` says to whom it goes. */
  release(neuron: string): void {
    this.#free[neuron] = (this.#free[neuron] ?? 0) + 1;
    this.#givenBack.push(neuron);
  }

  /** @returns who has waited longest for the next slot that was given back; undefined when there is nobody */
  granted(): string | undefined {
    for (let neuron = this.#givenBack.shift(); neuron !== undefined; neuron = this.#givenBack.shift()) {
      const next = this.#asking.find((each) => each.neuron === neuron);
      // meanwhile somebody may have come who found it free
      if (next === undefined || this.#free[neuron] === 0) continue;
      this.#asking = this.#asking.filter((each) => each !== next);
      this.#grant(next);
      return next.activation;
    }
    return undefined;
  }

  /** What is not to start any more neither waits for a slot nor keeps one. */
  prune(wanted: readonly string[]): void {
    this.#asking = this.#asking.filter(({ activation }) => wanted.includes(activation));
    const lost = this.#granted.filter(({ activation }) => !wanted.includes(activation));
    this.#granted = this.#granted.filter((each) => !lost.includes(each));
    for (const { neuron } of lost) this.release(neuron);
  }

  #grant(asker: Asker): void {
    this.#free[asker.neuron] = (this.#free[asker.neuron] ?? 0) - 1;
    this.#granted.push(asker);
  }
}
