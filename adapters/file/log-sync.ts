import { exists, syncPath } from './disk.js';
import type { Position } from './log-writer.js';
import type { RecordIndex } from './record-index.js';

interface Synced {
  readonly size: number;
  readonly done: Promise<void>;
}

/**
 * Makes sure that the disk has what another process has written, before anything is built on it: that process may have
 * died between its write and its fsync. Many runs that are taken from the same log wait for the same fsync.
 */
export class LogSync {
  readonly #index: RecordIndex;
  readonly #isNeeded: (log: string) => boolean;
  readonly #synced = new Map<string, Synced>();

  /** @param isNeeded whether that is not certain already for this log */
  constructor(index: RecordIndex, isNeeded: (log: string) => boolean) {
    this.#index = index;
    this.#isNeeded = isNeeded;
  }

  /** Resolves when the disk has this line. */
  persist({ log, offset, length }: Position): Promise<void> {
    if (!this.#isNeeded(log)) return Promise.resolve();
    const known = this.#synced.get(log);
    if (known !== undefined && offset + length <= known.size) return known.done;
    const done = this.#sync(log);
    const synced = { size: this.#index.sizeOf(log), done };
    this.#synced.set(log, synced);
    done.catch(() => {
      if (this.#synced.get(log) === synced) this.#synced.delete(log);
    });
    return done;
  }

  async #sync(log: string): Promise<void> {
    const path = this.#index.pathOf(log);
    try {
      await syncPath(path);
    } catch (error) {
      // It was replaced by a log that is on the disk.
      if (exists(path)) throw error;
    }
  }
}
