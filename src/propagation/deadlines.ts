/**
 * What waits for a time, soonest first: a binary heap by (due, n). What has left meanwhile is dropped when it
 * comes up, and before there is more of it than of what waits.
 */
import { type Activation, DELAYED, detailsOf, WAITING } from './activation.js';

export class Deadlines {
  #heap: Activation[] = [];
  /** How long the heap may get before it is looked through. */
  #limit = 64;

  add(activation: Activation): void {
    if (this.#heap.length >= this.#limit) this.#tidy();
    const heap = this.#heap;
    let at = heap.length;
    heap.push(activation);
    while (at > 0) {
      const above = (at - 1) >> 1;
      if (!isBefore(activation, heap[above] as Activation)) break;
      heap[at] = heap[above] as Activation;
      at = above;
    }
    heap[at] = activation;
  }

  /** When the first is due (milliseconds since the epoch); null when nothing waits. */
  get soonest(): number | null {
    const first = this.#first();
    return first === undefined ? null : dueOf(first);
  }

  /** Takes out what is due, in order. */
  take(now: number): Activation[] {
    const due: Activation[] = [];
    for (let first = this.#first(); first !== undefined && dueOf(first) <= now; first = this.#first()) {
      due.push(first);
      this.#drop();
    }
    return due;
  }

  /** What is due, in order; left where it is. */
  due(now: number): Activation[] {
    const heap = this.#heap;
    const due: Activation[] = [];
    const below = [0];
    for (let at = below.pop(); at !== undefined; at = below.pop()) {
      const activation = heap[at];
      if (activation === undefined || dueOf(activation) > now) continue;
      if (waits(activation)) due.push(activation);
      below.push(2 * at + 1, 2 * at + 2);
    }
    return due.sort((a, b) => (isBefore(a, b) ? -1 : 1));
  }

  #tidy(): void {
    this.#heap = this.#heap.filter(waits).sort((a, b) => (isBefore(a, b) ? -1 : 1));
    this.#limit = Math.max(64, this.#heap.length * 2);
  }

  #first(): Activation | undefined {
    while (this.#heap.length > 0 && !waits(this.#heap[0] as Activation)) this.#drop();
    return this.#heap[0];
  }

  #drop(): void {
    const heap = this.#heap;
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return;
    let at = 0;
    for (;;) {
      let below = 2 * at + 1;
      if (below >= heap.length) break;
      if (below + 1 < heap.length && isBefore(heap[below + 1] as Activation, heap[below] as Activation)) below++;
      if (!isBefore(heap[below] as Activation, last)) break;
      heap[at] = heap[below] as Activation;
      at = below;
    }
    heap[at] = last;
  }
}

const dueOf = (activation: Activation): number => detailsOf(activation).due as number;
const waits = ({ state }: Activation): boolean => state === DELAYED || state === WAITING;
const isBefore = (a: Activation, b: Activation): boolean => dueOf(a) < dueOf(b) || (dueOf(a) === dueOf(b) && a.n < b.n);
