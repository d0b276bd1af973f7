/**
 * A store that has lost checkpoints which it had acknowledged: a Redis server that came back from an older snapshot, a
 * folder that was put back from a backup. The run knows better than the store: its next save holds all there is.
 */
import type { Codec } from '../durability/codec.js';
import { partOf } from '../durability/parts.js';
import type { Store } from '../durability/store.js';
import { LostCheckpointError } from '../errors/index.js';
import type { Work } from '../propagation/work.js';
import type { Drafts } from './drafts.js';
import { readRun } from './load.js';
import type { Logger } from './options.js';

export class Loss {
  readonly #store: Store;
  readonly #codec: Codec;
  readonly #logger: Logger;

  constructor(options: { readonly store: Store; readonly codec: Codec; readonly logger: Logger }) {
    ({ store: this.#store, codec: this.#codec, logger: this.#logger } = options);
  }

  /**
   * @param error why a save was refused
   * @returns null when it was for a loss, and the next save makes up for it; else what is wrong
   */
  async makeUp(error: unknown, work: Work, drafts: Drafts): Promise<unknown> {
    if (!(error instanceof LostCheckpointError)) return error;
    try {
      const entry = await this.#entryOf(work.id);
      if (entry === undefined) return error;
      drafts.startOver(work, error.newest, entry);
      this.#warn(error);
      return null;
    } catch (again) {
      return again;
    }
  }

  /** The one part that a live run does not keep; it never changes. */
  async #entryOf(id: string): Promise<string | undefined> {
    const found = await readRun(this.#store, id, this.#codec);
    if (found === undefined) return undefined;
    return 'envelope' in found ? found.stored.get(partOf.entry()) : found.entries[0];
  }

  #warn({ id, parent, newest }: LostCheckpointError): void {
    const lost = parent === newest + 1 ? `checkpoint ${parent}` : `checkpoints ${newest + 1} to ${parent}`;
    const what = `${this.#store.name} has lost ${lost} of run "${id}", which it had acknowledged`;
    this.#logger.warn(`${what}; all there is of the run is stored again`);
  }
}
