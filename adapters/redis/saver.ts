/**
 * Saves. Who holds a run is the only one that saves it, so it knows where the run stands: a save that finds it there is
 * written without another look (`steps`). One that does not, and one that does more than that script can, takes the one
 * that looks at everything (`save`).
 */
import { Roster } from '../../src/collections/roster.js';
import type { SaveRequest } from '../../src/durability/store.js';
import { encodeRecord } from './checkpoints.js';
import { encodeIndex, encodeName, type KeyNames, letterIn, type RunKeys } from './names.js';
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

/** A run that this process holds, and where it stands as far as it knows. */
class Held {
  standing: Standing;
  text: string;
  readonly keys: RunKeys;
  readonly run: string;

  constructor(standing: Standing, text: string, keys: RunKeys) {
    this.standing = standing;
    this.text = text;
    this.keys = keys;
    this.run = keys.run;
  }

  advance(standing: Standing, text: string): void {
    this.standing = standing;
    this.text = text;
  }
}

export class Saver {
  readonly #options: SaverOptions;
  /** The runs that this process holds. */
  readonly #held = new Roster<Held>();

  constructor(options: SaverOptions) {
    this.#options = options;
  }

  /** The run was taken, and stands so. */
  holds(id: string, standing: Standing | undefined): void {
    if (standing === undefined) this.letGo(id);
    else this.#held.set(id, new Held(standing, standingText(standing), this.#options.keys.of(id)));
  }

  /** The run was given up, or lost. */
  letGo(id: string): void {
    this.#held.delete(id);
  }

  /** @returns how many checkpoints the run has then @throws as `Store.save` */
  save(request: SaveRequest): Promise<number> {
    const { id, seq, fence, release } = request;
    const index = encodeIndex(request.index);
    const held = this.#held.get(id);
    if (held === undefined || !this.#isStep(request, index, held.standing)) return this.#whole(request, index);
    const { standing, text, run, keys } = held;
    const after = { seq, fence, count: standing.count + 1, index };
    const textAfter = standingText(after, release);
    const [from, to] = [letterIn(standing.index), letterIn(index)];
    const used = from === to ? [run] : [run, keys.index, keys.inbox];
    const args = [text, textAfter, encodeRecord(request, `${standing.seq} `), from === to ? '' : from + to];
    return this.#options.caller.call(SCRIPTS.steps, used, args).then((reply) => {
      if (reply !== 1) return this.#whole(request, index, true);
      if (release) this.letGo(id);
      else held.advance(after, textAfter);
      return after.count;
    });
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

  /** @param isAgain it may be stored already, and it is the answer to that which was lost */
  async #whole(request: SaveRequest, index: string, isAgain = false): Promise<number> {
    const { name, caller, finishedTtl } = this.#options;
    this.letGo(request.id);
    const { id, seq, fence, ackInbox, release, parent, leaves } = request;
    const keys = this.#options.keys.of(id);
    const builtOn = request.whole ? 0 : parent;
    const ending = `${release ? 1 : 0} ${finishedTtl} ${leaves?.length ?? '-'}`;
    const header = `${seq} ${fence} ${builtOn} ${ending} ${index}`;
    const args = [header, encodeRecord(request), ...ackInbox.map(encodeName), ...(leaves ?? []).map(encodeName)];
    const needsAll = ackInbox.length > 0 || (release && finishedTtl > 0);
    const used = needsAll ? [...keys.whole(), keys.expiry] : [keys.run, keys.index, keys.inbox];
    const reply = await caller.call(SCRIPTS.save, used, args, isAgain);
    if (typeof reply !== 'number') throw refusalOf(name, request, reply as Answer);
    if (!release) this.holds(id, { seq, fence, count: reply, index });
    return reply;
  }
}
