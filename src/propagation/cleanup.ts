/**
 * Which neurons may still run: those that a pending activation can reach. Counted per strongly connected component, so
 * that a hop costs what its own component leads to and not the graph.
 */
import type { Graph, GraphNeuron } from '../graph/graph.js';
import { type ReachIndex, reachIndex } from '../graph/network.js';

const indexes = new WeakMap<Graph, ReachIndex>();

function indexOf(graph: Graph): ReachIndex {
  const known = indexes.get(graph);
  if (known !== undefined) return known;
  const index = reachIndex(graph);
  indexes.set(graph, index);
  return index;
}

export class Cleanup {
  readonly #graph: Graph;
  readonly #index: ReachIndex;
  /** By component: its pending activations, and the living components that lead to it. */
  readonly #reasons: Int32Array;
  #left: number[] = [];

  constructor(graph: Graph) {
    this.#graph = graph;
    this.#index = indexOf(graph);
    this.#reasons = new Int32Array(this.#index.successors.length);
  }

  enter({ index }: GraphNeuron): void {
    this.#add(this.#index.component[index] as number);
  }

  /** Counts at the next `sweep`: what follows from it may enter before. */
  leave({ index }: GraphNeuron): void {
    this.#left.push(this.#index.component[index] as number);
  }

  /** Calls `drop` for every neuron that has gone out of reach since the last sweep. */
  sweep(drop: (neuron: string) => void): void {
    const dead: number[] = [];
    const stack = this.#left;
    this.#left = [];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const left = (this.#reasons[at] as number) - 1;
      this.#reasons[at] = left;
      if (left > 0) continue;
      dead.push(at);
      stack.push(...(this.#index.successors[at] as readonly number[]));
    }
    for (const component of dead) {
      if (this.#reasons[component] === 0) for (const member of this.#membersOf(component)) drop(member);
    }
  }

  /** Whether something pending can reach a neuron. */
  isAlive({ index }: GraphNeuron): boolean {
    return (this.#reasons[this.#index.component[index] as number] as number) > 0;
  }

  #add(component: number): void {
    const stack = [component];
    for (let at = stack.pop(); at !== undefined; at = stack.pop()) {
      const before = this.#reasons[at] as number;
      this.#reasons[at] = before + 1;
      if (before === 0) stack.push(...(this.#index.successors[at] as readonly number[]));
    }
  }

  #membersOf(component: number): string[] {
    const members = (this.#index.members[component] as readonly number[]) ?? [];
    return members.map((index) => (this.#graph.neurons[index] as GraphNeuron).name);
  }
}
