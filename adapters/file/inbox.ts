/**
 * The messages that wait for a run: one file each, named after its delivery id, so that the same one twice is one file.
 * A message that a stored checkpoint acknowledges is gone from that moment; its file is removed afterwards.
 */
import { join } from 'node:path';
import type { InboxMessage } from '../../src/durability/store.js';
import { createExclusive, discard, exists, listFolder, persist, readText, removeFolder, replaceFile } from './disk.js';
import { safeName, shardOf } from './names.js';
import { isUnreadable, seal, unseal } from './sealed.js';

const KIND = 'file-message';
/** The folders above a message, up to the directory of the store. */
const LEVELS = 4;
const NOTHING_DONE: ReadonlySet<string> = new Set();

interface Stored {
  readonly run: string;
  readonly deliveryId: string;
  /** The fence of the run when it was posted: tells a message to a run from one to an earlier run of the same id. */
  readonly fence: number;
  readonly time: number;
  /** Orders the messages that one process posts in the same millisecond. */
  readonly order: number;
  readonly body: string;
}

export class Inbox {
  readonly #dir: string;
  readonly #fsync: boolean;
  #lastTime = 0;
  #order = 0;

  constructor(dir: string, fsync: boolean) {
    this.#dir = dir;
    this.#fsync = fsync;
  }

  async put(run: string, message: InboxMessage, at: { fence: number; born: number; now: number }): Promise<void> {
    const path = join(this.#folder(run), fileOf(message.deliveryId));
    this.#lastTime = Math.max(this.#lastTime, at.now);
    this.#order += 1;
    const { deliveryId, body } = message;
    const stored: Stored = { run, deliveryId, fence: at.fence, time: this.#lastTime, order: this.#order, body };
    const text = seal(KIND, { ...stored });
    if (!createExclusive(path, text) && (this.#read(path)?.fence ?? at.born) < at.born) replaceFile(path, text);
    if (this.#fsync) await persist(path, LEVELS);
  }

  /** Whether a message of this id is there, acknowledged or not. */
  has(run: string, deliveryId: string): boolean {
    return this.#read(join(this.#folder(run), fileOf(deliveryId))) !== undefined;
  }

  /** Whether there may be messages. Most runs never get one: to look is several times cheaper than to list. */
  mayHave(run: string): boolean {
    return exists(this.#folder(run));
  }

  /** Tells which runs may have messages, with one look per folder that many of them share. For one list, then thrown away. */
  look(): (run: string) => boolean {
    const root = join(this.#dir, 'inbox');
    const folders = new Map<string, ReadonlySet<string>>();
    const isThere = exists(root);
    return (run) => {
      if (!isThere) return false;
      const safe = safeName(run);
      const shard = shardOf(safe);
      let names = folders.get(shard);
      if (names === undefined) folders.set(shard, (names = new Set(listFolder(join(root, shard)))));
      return names.has(safe);
    };
  }

  /**
   * Oldest first, of the run that began under the fence `born`, without those that were acknowledged. One that cannot be
   * read stays where it is, and is told of when no other is left: it holds up none of them.
   * @param acknowledged is asked only when there are messages
   * @throws CorruptCheckpointError, UnsupportedFormatError
   */
  waiting(run: string, born: number, acknowledged: () => ReadonlySet<string>): InboxMessage[] {
    const { messages, damage } = this.#look(run, born, acknowledged);
    const [first] = damage;
    if (messages.length === 0 && first !== undefined) throw first;
    return messages
      .sort((a, b) => a.time - b.time || a.order - b.order || (a.deliveryId < b.deliveryId ? -1 : 1))
      .map(({ deliveryId, body }) => ({ deliveryId, body }));
  }

  /** How many there are, with those that cannot be read. */
  count(run: string, born: number, acknowledged: () => ReadonlySet<string>): number {
    if (!this.mayHave(run)) return 0;
    const { messages, damage } = this.#look(run, born, acknowledged);
    return messages.length + damage.length;
  }

  #look(run: string, born: number, acknowledged: () => ReadonlySet<string>): { messages: Stored[]; damage: Error[] } {
    const folder = this.#folder(run);
    const [messages, damage]: [Stored[], Error[]] = [[], []];
    const names = listFolder(folder).filter(isMessage);
    const done = names.length === 0 ? NOTHING_DONE : acknowledged();
    for (const name of names) {
      try {
        const message = this.#read(join(folder, name));
        if (message !== undefined && message.fence >= born && !done.has(message.deliveryId)) messages.push(message);
      } catch (error) {
        if (!isUnreadable(error)) throw error;
        damage.push(error);
      }
    }
    return { messages, damage };
  }

  /** Tidies up. A file that stays is harmless, since the checkpoint says that it is done with. */
  remove(run: string, deliveryIds: readonly string[]): void {
    const folder = this.#folder(run);
    for (const deliveryId of deliveryIds) discard(join(folder, fileOf(deliveryId)));
  }

  removeAll(run: string): void {
    removeFolder(this.#folder(run));
  }

  #read(path: string): Stored | undefined {
    const text = readText(path);
    return text === undefined ? undefined : (unseal(KIND, text, path) as unknown as Stored);
  }

  #folder(run: string): string {
    const safe = safeName(run);
    return join(this.#dir, 'inbox', shardOf(safe), safe);
  }
}

function fileOf(deliveryId: string): string {
  return `${safeName(deliveryId)}.json`;
}

function isMessage(name: string): boolean {
  return name.endsWith('.json');
}
