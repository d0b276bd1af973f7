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

/** The size of a part that goes. */
const NONE = -1;

/** What a part is to its user. */
type Label = (name: string) => string;

export interface Measured {
  readonly name: string;
  readonly bytes: number;
}

/** Measures one run. Not its job: what a part is called, which is asked for only when it is to be said. */
export class SizeGuard {
  readonly #limits: Limits;
  readonly #warn: (message: string) => void;
  readonly #warned = new Set<string>();
  readonly #sizes = new Map<string, number>();
  #total = 0;

  constructor(limits: Limits, warn: (message: string) => void) {
    this.#limits = limits;
    this.#warn = warn;
  }

  /** Takes over what is stored, without a word: it was measured when it was stored. */
  adopt(name: string, bytes: number): void {
    this.#total += bytes - (this.#sizes.get(name) ?? 0);
    this.#sizes.set(name, bytes);
  }

  clear(): void {
    this.#sizes.clear();
    this.#total = 0;
  }

  /**
   * @returns the bytes of each part, or less than none of one that goes
   * @throws CheckpointTooLargeError; nothing is taken over then
   */
  take(changes: PartChanges, label: Label): ReadonlyMap<string, number> {
    const { part = Infinity, checkpoint = Infinity } = this.#limits;
    const sizes = new Map<string, number>();
    let total = this.#total;
    for (const [name, text] of changes) {
      const bytes = text === null ? NONE : sizeOf(text);
      if (bytes > part) throw new CheckpointTooLargeError(label(name), bytes, part);
      total += Math.max(bytes, 0) - (this.#sizes.get(name) ?? 0);
      sizes.set(name, bytes);
    }
    if (total > checkpoint) {
      const { name, bytes } = this.#largest(sizes);
      throw new CheckpointTooLargeError(label(name), total, checkpoint, bytes);
    }
    for (const [name, bytes] of sizes) this.#set(name, bytes, label);
    this.#total = total;
    if (isLarge(total, this.#limits.checkpoint, WORTH_A_WARNING.checkpoint)) {
      this.#warnOnce('', () => {
        const { name, bytes } = this.#largest(new Map());
        return largeState(total, this.#limits.checkpoint, `${label(name)} (${bytesText(bytes)})`);
      });
    }
    return sizes;
  }

  #set(name: string, bytes: number, label: Label): void {
    if (bytes === NONE) {
      this.#sizes.delete(name);
      return;
    }
    const { part } = this.#limits;
    this.#sizes.set(name, bytes);
    if (isLarge(bytes, part, WORTH_A_WARNING.part)) this.#warnOnce(name, () => largePart(label(name), bytes, part));
  }

  #warnOnce(name: string, message: () => string): void {
    if (this.#warned.has(name)) return;
    this.#warned.add(name);
    this.#warn(message());
  }

  /** The largest part as it would be after the change. */
  #largest(changed: ReadonlyMap<string, number>): Measured {
    let largest: Measured = { name: '', bytes: NONE };
    for (const [name, bytes] of [...this.#sizes, ...changed]) {
      const now = changed.get(name) ?? bytes;
      if (now > largest.bytes) largest = { name, bytes: now };
    }
    return largest;
  }
}

const isLarge = (bytes: number, limit: number | undefined, worth: number): boolean =>
  bytes > (limit === undefined ? worth : limit * NEAR);

const largePart = (what: string, bytes: number, limit: number | undefined): string =>
  `${what} has ${bytesText(bytes)}${limit === undefined ? ', which every checkpoint that changes it writes whole' : ` of the ${bytesText(limit)} that a part may have (limits.part)`}`;

const largeState = (bytes: number, limit: number | undefined, largest: string): string =>
  `all that is stored of the run has ${bytesText(bytes)}${limit === undefined ? '' : ` of the ${bytesText(limit)} that it may have (limits.checkpoint)`}; the largest of it is ${largest}`;
