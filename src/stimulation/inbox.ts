/** What was put into the inbox of a durable run: taken once, and acknowledged by the checkpoint that holds it. */
import type { Codec } from '../durability/codec.js';
import type { InboxMessage, Store } from '../durability/store.js';
import { StoreClosedError, UnreadMessagesError } from '../errors/index.js';
import { leaveUnclaimed } from '../propagation/expecting.js';
import { type Mail, mailOf, refusalOf } from './delivery.js';
import type { Logger } from './options.js';
import type { Run } from './run.js';

export interface InboxOptions {
  readonly store: Store;
  readonly codec: Codec;
  readonly logger: Logger;
}

/** What is to be done with a message; null for one that stays where it is. */
type Take = (mail: Mail, deliveryId: string) => (() => void) | null;

const NOTHING = (): void => undefined;
const NONE: readonly string[] = [];
/** However fast messages come, a run ends. */
const MOST_REFUSALS = 5;

export class Inbox {
  readonly #run: Run;
  readonly #options: InboxOptions;
  /** Taken, and not acknowledged yet. */
  readonly #taken = new Set<string>();
  #hasNews = false;
  /** Read, and not for this run to take as it stands. */
  #left: readonly string[] = [];
  /** How often the store has refused the end of the run. */
  #refusals = 0;
  /** The end does not wait for messages any more. */
  #isHurried = false;
  /** Those that this graph cannot take, of which a warning has told. */
  readonly #told = new Set<string>();
  /** The run has ended before, and what was there then has not been read. */
  #holdsOldAborts = false;
  /** The run takes no signals after this, also where it has not come to it yet. */
  #isAborted = false;

  constructor(run: Run, options: InboxOptions) {
    this.#run = run;
    this.#options = options;
  }

  /** Whether anything was taken that no checkpoint holds. */
  get hasNews(): boolean {
    return this.#hasNews;
  }

  /** What the checkpoint that is made now holds, by delivery id: nothing that a run is given before it starts. */
  get taken(): readonly string[] {
    if (this.#run.status === 'starting') return NONE;
    this.#hasNews = false;
    return this.#taken.size === 0 ? NONE : [...this.#taken];
  }

  onAcknowledged(deliveryIds: readonly string[]): void {
    for (const deliveryId of deliveryIds) this.#taken.delete(deliveryId);
  }

  /**
   * Gives the run what is there, as long as it takes anything. A store that cannot be read now is read the next time.
   * @param isReopened the run had ended: an abort that is there was meant for its life before
   */
  async read(isReopened = false): Promise<void> {
    const { work } = this.#run;
    if (isReopened) this.#holdsOldAborts = true;
    if (work.status !== 'running' || work.rare?.ending?.status === 'aborted') return;
    const left = await this.#open((mail, deliveryId) => {
      // it has ended meanwhile, and its end looks again
      if (work.status !== 'running' || this.#run.hasEnded) return null;
      if ('abort' in mail) {
        if (this.#holdsOldAborts) return NOTHING;
        const { reason, compensate } = mail.abort;
        this.#isAborted = true;
        return () => this.#run.abort(reason, compensate);
      }
      if (this.#isAborted || refusalOf(this.#run.work) !== undefined) return null;
      if ('signal' in mail) return () => this.#run.send(mail.signal);
      // while a new version is rolled out, somebody's next one may be for the other version to take
      const isNew = !this.#told.has(deliveryId);
      this.#told.add(deliveryId);
      const what = `cannot be delivered by this process, and stays in its inbox: ${mail.problem}`;
      if (isNew) this.#warn('a signal', deliveryId, what);
      return null;
    });
    if (left !== undefined) this.#holdsOldAborts = false;
  }

  /** What the end of the run leaves there; undefined before it, and where nobody looks. */
  get left(): readonly string[] | undefined {
    return this.#isSealed && this.#run.work.status !== 'running' ? this.#left : undefined;
  }

  /** Whether the store looks for itself, in one step with the end, so that it is not asked before and after it. */
  get #isSealed(): boolean {
    const { inbox, sealsInbox } = this.#options.store.capabilities;
    return inbox && sealsInbox === true && !this.#isHurried;
  }

  /** The end of the run is about to be stored. A store that looks for itself says so where messages wait. */
  async close(): Promise<void> {
    if (!this.#isSealed) await this.#readLast();
  }

  /**
   * Takes what the end of the run would have left unread. Where it cannot be read, or more comes all the time, the run
   * ends all the same, and looks back.
   * @returns whether that is why the store has refused the end
   */
  async readUnread(refusal: unknown): Promise<boolean> {
    if (!(refusal instanceof UnreadMessagesError) || this.#isHurried) return false;
    this.#refusals += 1;
    const wasRead = await this.#readLast();
    if (!wasRead || this.#refusals === MOST_REFUSALS) this.#isHurried = true;
    return true;
  }

  /**
   * A signal that is there when the run has completed was taken by nobody: its result says so; of any other run it
   * stays, and arrives when that is taken up again. An abort comes too late.
   * @returns false when it could not be read
   */
  async #readLast(): Promise<boolean> {
    const { work } = this.#run;
    const left = await this.#open((mail, deliveryId) => {
      if ('abort' in mail) {
        const isLate = work.status !== 'aborted';
        return isLate ? () => this.#warnLate('an abort', deliveryId, `it had ended (${work.status})`) : NOTHING;
      }
      if (work.status !== 'completed') return null;
      if ('signal' in mail) return () => leaveUnclaimed(work, mail.signal);
      const what = `could not be delivered before it completed, and is dropped: ${mail.problem}`;
      return () => this.#warn('a signal', deliveryId, what);
    });
    this.#left = left ?? [];
    return left !== undefined;
  }

  /**
   * The end is stored: what came while that was under way was taken by nobody, and no checkpoint can say so any more.
   * A store that closes the inbox with the end has let nothing in.
   */
  async lookBack(): Promise<void> {
    const { store, codec } = this.#options;
    const { id, flow, status } = this.#run.work;
    if (!store.capabilities.inbox || this.#isSealed) return;
    for (const message of await this.#whatIsLeft(id)) {
      const isAbort = 'abort' in mailOf(flow.graph, message, codec);
      if (isAbort ? status === 'aborted' : status !== 'completed') continue;
      this.#warnLate(isAbort ? 'an abort' : 'a signal', message.deliveryId, 'its end was being stored');
    }
  }

  async #whatIsLeft(id: string): Promise<readonly InboxMessage[]> {
    const { store, logger } = this.#options;
    try {
      return await store.inbox(id);
    } catch (error) {
      // a store that was closed meanwhile keeps the message as it is
      if (error instanceof StoreClosedError) return [];
      logger.warn(`run "${id}" has ended, and what came last stays where it is: its inbox could not be read`, error);
      return [];
    }
  }

  #warnLate(what: string, deliveryId: string, when: string): void {
    this.#warn(what, deliveryId, `came when ${when}, and was not taken`);
  }

  #warn(what: string, deliveryId: string, happened: string): void {
    const { id } = this.#run.work;
    this.#options.logger.warn(`${what} for run "${id}" ${happened} (delivery id "${deliveryId}")`);
  }

  /** @returns what stays there; undefined when it could not be read */
  async #open(take: Take): Promise<string[] | undefined> {
    const { store, logger } = this.#options;
    if (!store.capabilities.inbox) return [];
    const { id } = this.#run.work;
    try {
      const messages = await store.inbox(id);
      const others = messages.filter(({ deliveryId }) => !this.#taken.has(deliveryId));
      return others.flatMap((message) => (this.#hand(message, take) ? [] : [message.deliveryId]));
    } catch (error) {
      logger.warn(`the inbox of run "${id}" could not be read`, error);
      return undefined;
    }
  }

  /** @returns whether it is taken */
  #hand(message: InboxMessage, take: Take): boolean {
    const { deliveryId } = message;
    const mail = mailOf(this.#run.work.flow.graph, message, this.#options.codec);
    const doIt = take(mail, deliveryId);
    if (doIt === null) return false;
    // before it is done: the run may be stored in the turn that this makes
    this.#taken.add(deliveryId);
    this.#hasNews = true;
    doIt();
    return true;
  }
}
