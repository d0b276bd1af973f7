/**
 * The parts of one run on their way to the store: measured, packed where they are large, and digested. Remembers of each
 * what the head of the next checkpoint has to say of all. Rule: the digest is that of the texts as they are stored.
 */
import type { Codec } from './codec.js';
import { type Compression, type CompressionOptions, isPacked, pack, sizeOf } from './compression.js';
import { StateDigest } from './digest.js';
import { type Limits, SizeGuard } from './limits.js';
import { labelOf } from './part-label.js';
import type { PartChanges } from './store.js';

export interface StoringOptions {
  readonly compression: CompressionOptions | false;
  readonly limits: Limits;
}

export class StoredParts {
  readonly #above: number;
  readonly #codec: Codec;
  readonly #guard: SizeGuard;
  readonly #digest = new StateDigest();
  readonly #packed = new Set<string>();

  constructor({ compression, limits }: StoringOptions, codec: Codec, warn: (message: string) => void) {
    this.#above = compression === false ? Infinity : compression.above;
    this.#codec = codec;
    this.#guard = new SizeGuard(limits, warn);
  }

  /** Goes on with parts as they are stored. */
  adopt(parts: ReadonlyMap<string, string>): void {
    for (const [name, text] of parts) {
      this.#set(name, text);
      this.#guard.adopt(name, sizeOf(text));
    }
  }

  /** Begins anew, without any. */
  clear(): void {
    this.#digest.clear();
    this.#guard.clear();
    this.#packed.clear();
  }

  /**
   * @param changes texts as the codec gives them, or as they are stored already
   * @returns what is to be stored
   * @throws CheckpointTooLargeError; nothing is changed then
   */
  take(changes: PartChanges): PartChanges {
    const sizes = this.#guard.take(changes, (name) => labelOf(name, changes.get(name), this.#codec));
    let kept: Map<string, string | null> | undefined;
    for (const [name, text] of changes) {
      if (text === null) {
        this.#digest.delete(name);
        this.#packed.delete(name);
      } else if ((sizes.get(name) ?? 0) > this.#above && !isPacked(text)) {
        const packed = pack(text);
        kept ??= new Map(changes);
        kept.set(name, packed);
        this.#set(name, packed);
      } else this.#set(name, text);
    }
    return kept ?? changes;
  }

  #set(name: string, text: string): void {
    this.#digest.set(name, text);
    if (isPacked(text)) this.#packed.add(name);
    else this.#packed.delete(name);
  }

  get digest(): string {
    return this.#digest.toString();
  }

  get compression(): Compression {
    return this.#packed.size === 0 ? 'none' : 'brotli';
  }
}
