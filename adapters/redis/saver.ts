/**
 * Saves. Who holds a run is the only one that saves it, so it knows where the run stands: a save that finds it there is
 * written without another look (`steps`). One that does not, and one that does more than that script can, takes the one
 * that looks at everything (`save`).
 */
import type { SaveRequest } from '../../src/durability/store.js';
import { encodeRecord } from './checkpoints.js';
import { encodeIndex, encodeName, type KeyNames, letterIn } from './names.js';
import { type Answer, type Caller, refusalOf } from './refusals.js';
import { SCRIPTS } from './scripts.js';
import { type Standing, standingText } from './standing.js';

export interface SaverOptions {
  /** Of the store, for messages. */
  readonly name: string;
  readonly caller: Caller;
  readonly keys: KeyNames;
  /** Milliseconds that a run which has ended is kept; 0 for good. */
  readonly finishedTtl: number;
}

export class Saver {
  readonly #options: SaverOptions;
  /** Where the runs stand that this process holds, as far as it knows. */
  readonly #standing = new Map<string, Standing>();

  constructor(options: SaverOptions) {
    this.#options = options;
  }

  /** The run was taken, and stands so. */
  holds(id: string, standing: Standing | undefined): void {
    if (standing === undefined) this.letGo(id);
    else this.#standing.set(id, standing);
  }

  /** The run was given up, or lost. */
  letGo(id: string): void {
    this.#standing.delete(id);
  }

  /** @returns how many checkpoints the run has then @throws as `Store.save` */
  async save(request: SaveRequest): Promise<number> {
    const { id, seq, fence, release } = request;
    const index = encodeIndex(request.index);
    const record = encodeRecord(request);
    const before = this.#standing.get(id);
    const isStepping = before !== undefined && this.#isStep(request, index, before);
    let count = before === undefined ? 0 : before.count + 1;
    if (!isStepping || !(await this.#step(request, before, { seq, fence, count, index }, record))) {
      this.letGo(id);
      count = await this.#whole(request, index, record, isStepping);
    }
    this.holds(id, release ? undefined : { seq, fence, count, index });
    return count;
  }

  /** Whether it adds a checkpoint to what the run is known to be, and nothing that `steps` does not know. */
  #isStep(
    { seq, fence, whole, parent, ackInbox, release, leaves }: SaveRequest,
    index: string,
    before: Standing,
  ): boolean {
    const isNext = fence === before.fence && seq > before.seq && (whole || parent <= before.seq);
    const isForgotten = release && this.#options.finishedTtl > 0;
    // the inbox is looked at where the letter changes
    const hasRead = leaves === undefined || (leaves.length === 0 && letterIn(index) !== letterIn(before.index));
    return isNext && !isForgotten && ackInbox.length === 0 && hasRead;
  }

  /** @returns false where the run stands elsewhere */
  async #step({ id, release }: SaveRequest, before: Standing, after: Standing, record: string): Promise<boolean> {
    const { caller, keys } = this.#options;
    const [from, to] = [letterIn(before.index), letterIn(after.index)];
    const { run, index, inbox } = keys.of(id);
    const used = from === to ? [run] : [run, index, inbox];
    const letters = from === to ? '' : from + to;
    const args = [standingText(before), standingText(after, release), `${before.seq} ${record}`, letters];
    return (await caller.call(SCRIPTS.steps, used, args)) === 1;
  }

  /** @param isAgain it may be stored already, and it is the answer to that which was lost */
  async #whole(request: SaveRequest, index: string, record: string, isAgain: boolean): Promise<number> {
    const { name, caller, finishedTtl } = this.#options;
    const { id, seq, fence, ackInbox, release, parent, leaves } = request;
    const keys = this.#options.keys.of(id);
    const builtOn = request.whole ? 0 : parent;
    const ending = `${release ? 1 : 0} ${finishedTtl} ${leaves?.length ?? '-'}`;
    const header = `${seq} ${fence} ${builtOn} ${ending} ${index}`;
    const args = [header, record, ...ackInbox.map(encodeName), ...(leaves ?? []).map(encodeName)];
    const needsAll = ackInbox.length > 0 || (release && finishedTtl > 0);
    const used = needsAll ? [...keys.whole(), keys.expiry] : [keys.run, keys.index, keys.inbox];
    const reply = await caller.call(SCRIPTS.save, used, args, isAgain);
    if (typeof reply !== 'number') throw refusalOf(name, request, reply as Answer);
    return reply;
  }
}
