/** Joins whose sets are not complete: what has arrived, by join and key. An arrival costs the same however many wait. */
import type { GraphJoin } from '../graph/graph.js';
import { type Activation, detailsOf, JOINED } from './activation.js';

/** What has arrived in one slot, first first; what was taken is skipped, and dropped now and then. */
class Line {
  readonly #arrivals: Activation[] = [];
  #taken = 0;

  get length(): number {
    return this.#arrivals.length - this.#taken;
  }

  /** How many of them make a set. */
  get wanted(): number {
    const first = this.#arrivals[this.#taken];
    return first === undefined ? 1 : (detailsOf(first).size ?? 1);
  }

  /** By `n`: nearly always at the end. */
  add(arrival: Activation): void {
    const arrivals = this.#arrivals;
    let at = arrivals.length;
    while (at > this.#taken && (arrivals[at - 1] as Activation).n > arrival.n) at--;
    if (at === arrivals.length) arrivals.push(arrival);
    else arrivals.splice(at, 0, arrival);
  }

  take(count: number): Activation[] {
    const taken = this.#arrivals.slice(this.#taken, this.#taken + count);
    this.#taken += count;
    if (this.#taken * 2 > this.#arrivals.length) {
      this.#arrivals.splice(0, this.#taken);
      this.#taken = 0;
    }
    return taken;
  }

  rest(): Activation[] {
    return this.#arrivals.slice(this.#taken);
  }
}

/** The sets of one key, one after another. */
type Lines = ReadonlyMap<string, Line>;

/** A complete set: what has arrived, by slot in the order of the join. */
export type CompleteSet = readonly (readonly Activation[])[];

export class OpenJoins {
  readonly #byJoin = new Map<GraphJoin, Map<string, Lines>>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  /** @param arrival has the key of its set among its details */
  add(arrival: Activation): void {
    const { join, slot } = arrival.subscriber.arrival as NonNullable<Activation['subscriber']['arrival']>;
    const key = detailsOf(arrival).key as string;
    const byKey = this.#byJoin.get(join) ?? new Map<string, Lines>();
    this.#byJoin.set(join, byKey);
    const lines: Lines = byKey.get(key) ?? new Map(join.slots.map((name) => [name, new Line()]));
    byKey.set(key, lines);
    (lines.get(slot) as Line).add(arrival);
    this.#size++;
  }

  /** The next set of this key, taken out; undefined while there is none. */
  take(join: GraphJoin, key: string): CompleteSet | undefined {
    const lines = this.#byJoin.get(join)?.get(key);
    if (lines === undefined) return undefined;
    for (const line of lines.values()) if (line.length === 0 || line.length < line.wanted) return undefined;
    const set = [...lines.values()].map((line) => line.take(line.wanted));
    this.#size -= set.reduce((sum, { length }) => sum + length, 0);
    if ([...lines.values()].every(({ length }) => length === 0)) this.#byJoin.get(join)?.delete(key);
    return set;
  }

  /** All that has arrived, by `n`. */
  all(): Activation[] {
    const all: Activation[] = [];
    for (const byKey of this.#byJoin.values()) {
      for (const lines of byKey.values()) {
        for (const line of lines.values()) for (const arrival of restOf(line)) all.push(arrival);
      }
    }
    return all.sort((a, b) => a.n - b.n);
  }

  /** What a set still lacks, for messages. */
  lacking(join: GraphJoin, key: string): string[] {
    const lines = this.#byJoin.get(join)?.get(key) ?? new Map<string, Line>();
    return [...lines]
      .filter(([, line]) => line.length < line.wanted || line.length === 0)
      .map(([slot, line]) => (line.wanted === 1 ? slot : `${slot} (${line.length} of ${line.wanted})`));
  }

  clear(): void {
    this.#byJoin.clear();
    this.#size = 0;
  }
}

const restOf = (line: Line): Activation[] => line.rest().filter(({ state }) => state === JOINED);
