/**
 * The parts of one run on their way to the store: measured, packed where they are large, and digested. Remembers of each
 * what the head of the next checkpoint has to say of all. Rule: the digest is that of the texts as they are stored.
 */
import type { Codec } from './codec.js';
import { type Compression, type CompressionOptions, isPacked, pack, sizeOf } from './compression.js';
import { digestText, exchanged, partDigest } from './digest.js';
import { type Limits, SizeGuard } from './limits.js';
import { labelOf } from './part-label.js';
import type { PartChanges } from './store.js';

export interface StoringOptions {
  readonly compression: CompressionOptions | false;
  readonly limits: Limits;
}

/** What is remembered of a part. */
interface Known {
  /** Before it was packed. */
  readonly bytes: number;
  readonly digest: number;
  readonly isPacked: boolean;
}

export class StoredParts {
  readonly #above: number;
  readonly #codec: Codec;
  readonly #guard: SizeGuard;
  readonly #known = new Map<string, Known>();
  #bytes = 0;
  #digest = 0;
  #packed = 0;

  constructor({ compression, limits }: StoringOptions, codec: Codec, warn: (message: string) => void) {
    this.#above = compression === false ? Infinity : compression.above;
    this.#codec = codec;
    this.#guard = new SizeGuard(limits, warn, this.#known);
  }

  /** Goes on with parts as they are stored, without a word about their size: that was said when they were stored. */
  adopt(parts: ReadonlyMap<string, string>): void {
    for (const [name, text] of parts) this.#keep(name, text, sizeOf(text));
  }

  /** Begins anew, without any. */
  clear(): void {
    this.#known.clear();
    this.#bytes = this.#digest = this.#packed = 0;
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
      const bytes = sizeOf(text);
      const stored = bytes > this.#above && !isPacked(text) ? pack(text) : text;
      if (stored !== text) (kept ??= new Map(changes)).set(name, stored);
      this.#keep(name, stored, bytes);
      this.#guard.seePart(name, bytes, label);
    }
    this.#guard.seeAll(this.#bytes, label);
    return kept ?? changes;
  }

  #keep(name: string, text: string, bytes: number): void {
    const before = this.#known.get(name);
    const digest = partDigest(name, text);
    const packed = isPacked(text);
    this.#known.set(name, { bytes, digest, isPacked: packed });
    this.#bytes += bytes - (before?.bytes ?? 0);
    this.#digest = exchanged(this.#digest, before?.digest ?? 0, digest);
    if (packed !== (before?.isPacked ?? false)) this.#packed += packed ? 1 : -1;
  }

  #forget(name: string): void {
    const before = this.#known.get(name);
    if (before === undefined) return;
    this.#known.delete(name);
    this.#bytes -= before.bytes;
    this.#digest = exchanged(this.#digest, before.digest, 0);
    if (before.isPacked) this.#packed -= 1;
  }

  get digest(): string {
    return digestText(this.#digest);
  }

  get compression(): Compression {
    return this.#packed === 0 ? 'none' : 'brotli';
  }
}
