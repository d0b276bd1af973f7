/**
 * A store that has lost checkpoints which it had acknowledged: a Redis server that came back from an older snapshot, a
 * folder that was put back from a backup. The run knows better than the store: its next save holds all there is.
 */
import type { Codec } from '../durability/codec.js';
import { partOf } from '../durability/parts.js';
import type { Claim, Lease, Store } from '../durability/store.js';
import { LostCheckpointError } from '../errors/index.js';
import type { Work } from '../propagation/work.js';
import type { Drafts } from './drafts.js';
import { readRun } from './load.js';
import type { Logger } from './options.js';

export interface LossOptions {
  readonly store: Store;
  readonly claim: Claim;
  readonly codec: Codec;
  readonly logger: Logger;
}

type Made =
  { readonly lease: Lease; readonly error?: undefined } | { readonly lease?: undefined; readonly error: unknown };

export class Loss {
  readonly #store: Store;
  readonly #claim: Claim;
  readonly #codec: Codec;
  readonly #logger: Logger;

  constructor({ store, claim, codec, logger }: LossOptions) {
    this.#store = store;
    this.#claim = claim;
    this.#codec = codec;
    this.#logger = logger;
  }

  /**
   * @param error why a save was refused
   * @returns the lease under which the next save makes up for it; else what is wrong
   */
  async makeUp(error: unknown, work: Work, drafts: Drafts): Promise<Made> {
    if (!(error instanceof LostCheckpointError)) return { error };
    try {
      const entry = await this.#entryOf(work.id);
      // it may have lost the take-over as well, and with it the fence that this run writes under
      const lease = entry === undefined ? undefined : await this.#store.acquire(work.id, this.#claim);
      if (entry === undefined || lease === undefined) return { error };
      drafts.startOver(work, error.newest, entry);
      this.#warn(error);
      return { lease };
    } catch (again) {
      return { error: again };
    }
  }

  /** The one part that a live run does not keep; it never changes. */
  async #entryOf(id: string): Promise<string | undefined> {
    const found = await readRun(this.#store, id, this.#codec);
    if (found === undefined) return undefined;
    return 'envelope' in found ? found.stored.get(partOf.entry()) : found.entries[0];
  }

  #warn({ id, parent, newest }: LostCheckpointError): void {
    const lost =
      parent <= newest ? 'who holds' : `checkpoint${parent === newest + 1 ? '' : `s ${newest + 1} to`} ${parent} of`;
    const what = `${this.#store.name} has lost ${lost} run "${id}", which it had acknowledged`;
    this.#logger.warn(`${what}; all there is of the run is stored again`);
  }
}
