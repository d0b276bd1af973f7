/**
 * How large the checkpoints of a run may become. Sizes are those of the texts in UTF-8 before they are packed: what
 * users keep decides, and not how well it can be packed.
 */
import { bytesText, CheckpointTooLargeError } from '../errors/index.js';
import { sizeOf } from './compression.js';
import type { PartChanges } from './store.js';

export interface Limits {
  /** The most bytes that one part may have: one neuron's context value, one signal's payload. */
  readonly part?: number;
  /** The most bytes that the whole state of a run may have. */
  readonly checkpoint?: number;
}

/** Of a limit: from here on there is a warning. */
const NEAR = 0.8;
/** Where no limit is set. */
const WORTH_A_WARNING = { part: 2 ** 20, checkpoint: 32 * 2 ** 20 };

/** What a part is to its user. */
type Label = (name: string) => string;

export interface Measured {
  readonly bytes: number;
}

/** Of one run: refuses what is too large, and warns of what is about to be. What a part is called is asked for only when it is to be said. */
export class SizeGuard {
  readonly #limits: Limits;
  readonly #warn: (message: string) => void;
  readonly #known: ReadonlyMap<string, Measured>;
  readonly #warned = new Set<string>();
  /** From here on there is a warning. */
  readonly #large: Required<Limits>;

  /** @param known the parts that there are, by name */
  constructor(limits: Limits, warn: (message: string) => void, known: ReadonlyMap<string, Measured>) {
    const { part, checkpoint } = limits;
    this.#limits = limits;
    this.#warn = warn;
    this.#known = known;
    this.#large = {
      part: part === undefined ? WORTH_A_WARNING.part : part * NEAR,
      checkpoint: checkpoint === undefined ? WORTH_A_WARNING.checkpoint : checkpoint * NEAR,
    };
  }

  /** Whether there is anything to check. */
  get mayRefuse(): boolean {
    return this.#limits.part !== undefined || this.#limits.checkpoint !== undefined;
  }

  /**
   * @param before how many bytes all parts have that there are
   * @throws CheckpointTooLargeError
   */
  check(changes: PartChanges, before: number, label: Label): void {
    const { part = Infinity, checkpoint = Infinity } = this.#limits;
    let total = before;
    for (const [name, text] of changes) {
      const bytes = text === null ? 0 : sizeOf(text);
      if (bytes > part) throw new CheckpointTooLargeError(label(name), bytes, part);
      total += bytes - (this.#known.get(name)?.bytes ?? 0);
    }
    if (total <= checkpoint) return;
    const after = new Map(this.#known);
    for (const [name, text] of changes) after.set(name, { bytes: text === null ? NONE : sizeOf(text) });
    const [name, bytes] = largestOf(after);
    throw new CheckpointTooLargeError(label(name), total, checkpoint, bytes);
  }

  seePart(name: string, bytes: number, label: Label): void {
    if (bytes > this.#large.part) this.#warnOnce(name, () => largePart(label(name), bytes, this.#limits.part));
  }

  /** @param bytes that all parts have */
  seeAll(bytes: number, label: Label): void {
    if (bytes <= this.#large.checkpoint) return;
    this.#warnOnce('', () => {
      const [name, largest] = largestOf(this.#known);
      return largeState(bytes, this.#limits.checkpoint, `${label(name)} (${bytesText(largest)})`);
    });
  }

  #warnOnce(name: string, message: () => string): void {
    if (this.#warned.has(name)) return;
    this.#warned.add(name);
    this.#warn(message());
  }
}

/** The size of a part that goes. */
const NONE = -1;

function largestOf(parts: ReadonlyMap<string, Measured>): [name: string, bytes: number] {
  let largest: [string, number] = ['', NONE];
  for (const [name, { bytes }] of parts) if (bytes > largest[1]) largest = [name, bytes];
  return largest;
}

const largePart = (what: string, bytes: number, limit: number | undefined): string =>
  `${what} has ${bytesText(bytes)}${limit === undefined ? ', which every checkpoint that changes it writes whole' : ` of the ${bytesText(limit)} that a part may have (limits.part)`}`;

const largeState = (bytes: number, limit: number | undefined, largest: string): string =>
  `all that is stored of the run has ${bytesText(bytes)}${limit === undefined ? '' : ` of the ${bytesText(limit)} that it may have (limits.checkpoint)`}; the largest of it is ${largest}`;
