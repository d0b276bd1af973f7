/**
 * The parts of one run on their way to the store: measured, packed where they are large, and digested. Remembers of each
 * what the head of the next checkpoint has to say of all. Rule: the digest is that of the texts as they are stored.
 */
import type { Codec } from './codec.js';
import { type Compression, type CompressionOptions, isPacked, pack, sizeOf } from './compression.js';
import { digestText, exchanged, partSum, type PartSum } from './digest.js';
import { type Limits, SizeGuard } from './limits.js';
import { labelOf } from './part-label.js';
import type { PartChanges } from './store.js';

export interface StoringOptions {
  readonly compression: CompressionOptions | false;
  readonly limits: Limits;
}

/** The most bytes that a unit of a text takes in UTF-8. */
const WIDEST = 3;

export class StoredParts {
  readonly #above: number;
  /** So many units are never more bytes than that. */
  readonly #least: number;
  readonly #codec: Codec;
  readonly #guard: SizeGuard;
  /** Of each part that there is; of a packed one the bytes that it had before. */
  readonly #known = new Map<string, PartSum>();
  #bytes = 0;
  #digest = 0;
  readonly #packed = new Set<string>();

  constructor({ compression, limits }: StoringOptions, codec: Codec, warn: (message: string) => void) {
    this.#above = compression === false ? Infinity : compression.above;
    this.#least = this.#above / WIDEST;
    this.#codec = codec;
    this.#guard = new SizeGuard(limits, warn, this.#known);
  }

  /** Goes on with parts as they are stored, without a word about their size: that was said when they were stored. */
  adopt(parts: ReadonlyMap<string, string>): void {
    for (const [name, text] of parts) this.#keep(name, text);
  }

  /** Begins anew, without any. */
  clear(): void {
    this.#known.clear();
    this.#packed.clear();
    this.#bytes = this.#digest = 0;
  }

  /**
   * @param changes texts as the codec gives them, or as they are stored already
   * @returns what is to be stored
   * @throws CheckpointTooLargeError; nothing is changed then
   */
  take(changes: PartChanges): PartChanges {
    const label = (name: string): string => labelOf(name, changes.get(name), this.#codec);
    if (this.#guard.mayRefuse) this.#guard.check(changes, this.#bytes, label);
    let kept: Map<string, string | null> | undefined;
    for (const [name, text] of changes) {
      if (text === null) {
        this.#forget(name);
        continue;
      }
      const stored = text.length > this.#least && sizeOf(text) > this.#above && !isPacked(text) ? pack(text) : text;
      if (stored !== text) (kept ??= new Map(changes)).set(name, stored);
      this.#guard.seePart(name, this.#keep(name, stored), label);
    }
    this.#guard.seeAll(this.#bytes, label);
    return kept ?? changes;
  }

  /** @returns how many bytes it has */
  #keep(name: string, text: string): number {
    const before = this.#known.get(name);
    let sum = partSum(name, text);
    if (isPacked(text)) {
      sum = { digest: sum.digest, bytes: sizeOf(text) };
      this.#packed.add(name);
    } else if (this.#packed.size > 0) this.#packed.delete(name);
    this.#known.set(name, sum);
    this.#bytes += sum.bytes - (before === undefined ? 0 : before.bytes);
    this.#digest = exchanged(this.#digest, before === undefined ? 0 : before.digest, sum.digest);
    return sum.bytes;
  }

  #forget(name: string): void {
    const before = this.#known.get(name);
    if (before === undefined) return;
    this.#known.delete(name);
    this.#bytes -= before.bytes;
    this.#digest = exchanged(this.#digest, before.digest, 0);
    this.#packed.delete(name);
  }

  get digest(): string {
    return digestText(this.#digest);
  }

  get compression(): Compression {
    return this.#packed.size === 0 ? 'none' : 'brotli';
  }
}
