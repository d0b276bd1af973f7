/** What was put into the inbox of a durable run: taken once, and acknowledged by the checkpoint that holds it. */
import type { Codec } from '../durability/codec.js';
import type { Store } from '../durability/store.js';
import type { SignalEvent } from '../propagation/events.js';
import { leaveUnclaimed } from '../propagation/expecting.js';
import { eventOf, refusalOf } from './delivery.js';
import type { Logger } from './options.js';
import type { Run } from './run.js';

export interface InboxOptions {
  readonly store: Store;
  readonly codec: Codec;
  readonly logger: Logger;
}

export class Inbox {
  readonly #run: Run;
  readonly #options: InboxOptions;
  /** Taken, and not acknowledged yet. */
  readonly #taken = new Set<string>();
  #hasNews = false;

  constructor(run: Run, options: InboxOptions) {
    this.#run = run;
    this.#options = options;
  }

  /** Whether anything was taken that no checkpoint holds. */
  get hasNews(): boolean {
    return this.#hasNews;
  }

  /** What the checkpoint that is made now holds, by delivery id. */
  get taken(): readonly string[] {
    this.#hasNews = false;
    return [...this.#taken];
  }

  onAcknowledged(deliveryIds: readonly string[]): void {
    for (const deliveryId of deliveryIds) this.#taken.delete(deliveryId);
  }

  /** Gives the run what is there, as long as it takes anything. A store that cannot be read now is read the next time. */
  read(): Promise<void> {
    return this.#open(
      ({ work }) => refusalOf(work) === undefined,
      (event) => this.#run.send(event),
    );
  }

  /** What is there when the run has completed was taken by nobody: its result says so. Of any other run it stays. */
  close(): Promise<void> {
    return this.#open(
      ({ work }) => work.status === 'completed',
      (event) => leaveUnclaimed(this.#run.work, event),
    );
  }

  async #open(isWanted: (run: Run) => boolean, take: (event: SignalEvent) => void): Promise<void> {
    const { store, codec, logger } = this.#options;
    if (!store.capabilities.inbox || !isWanted(this.#run)) return;
    const { id, flow } = this.#run.work;
    try {
      for (const message of await store.inbox(id)) {
        if (this.#taken.has(message.deliveryId) || this.#run.hasEnded || !isWanted(this.#run)) continue;
        const opened = eventOf(flow.graph, message, codec);
        this.#taken.add(message.deliveryId);
        this.#hasNews = true;
        if ('event' in opened) take(opened.event);
        else logger.warn(`a signal for run "${id}" cannot be delivered, and is dropped: ${opened.problem}`);
      }
    } catch (error) {
      logger.warn(`the inbox of run "${id}" could not be read`, error);
    }
  }
}
