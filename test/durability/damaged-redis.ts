/** Sample runs on a real Redis server, whose keys are damaged from outside: byte by byte, and whole. */
import type { Store } from 'engram';
import { redisStore } from 'engram/adapters/redis';
import { createClient, RESP_TYPES } from 'redis';
import { freshPrefix, removeKeys } from '../adapters/support/redis.js';
import { type Damage, damagedText } from './mutations.js';
import { makeRuns } from './run-samples.js';

/** A field of a hash. Texts are read as latin1, so that every byte may be hit. */
interface Cell {
  readonly key: string;
  readonly field: string;
  readonly text: string;
}

const bytes = (text: string): Buffer => Buffer.from(text, 'latin1');

export class DamagedRedis {
  readonly #url: string;
  readonly #prefix = freshPrefix();
  readonly #client;
  readonly #store: Store;
  #cells: readonly Cell[] = [];
  /** Those where runs stand: the field `h`. */
  #places: readonly Cell[] = [];
  readonly #whole = new Map<string, Buffer>();
  readonly #touched = new Set<string>();

  constructor(url: string) {
    this.#url = url;
    this.#store = redisStore({ url, prefix: this.#prefix });
    this.#client = createClient({ url }).withTypeMapping({ [RESP_TYPES.BLOB_STRING]: Buffer });
  }

  /** @returns the store with the sample runs in it, undamaged */
  async prepare(): Promise<Store> {
    await this.#client.connect();
    await makeRuns(this.#store);
    const cells: Cell[] = [];
    for (const name of (await this.#client.keys(`${this.#prefix}*`)).map(String).sort()) {
      this.#whole.set(name, await this.#client.dump(name));
      if ((await this.#client.type(name)) !== 'hash') continue;
      const fields = await this.#client.hGetAll(name);
      for (const [field, text] of Object.entries(fields)) {
        cells.push({ key: name, field, text: text.toString('latin1') });
      }
    }
    this.#cells = cells;
    this.#places = cells.filter(({ field }) => field === 'h');
    return this.#store;
  }

  /** The same runs with this damage, and nothing of the damage before. */
  async damaged(how: readonly Damage[]): Promise<Store> {
    for (const key of this.#touched) {
      await this.#client.restore(key, 0, this.#whole.get(key) as Buffer, { REPLACE: true });
    }
    this.#touched.clear();
    for (const each of how) await this.#damage(each);
    return this.#store;
  }

  async close(): Promise<void> {
    await this.#store.close();
    await this.#client.close();
    await removeKeys(this.#url, this.#prefix);
  }

  async #damage(how: Damage): Promise<void> {
    switch (how.of) {
      case 'head':
        return this.#change(pick(this.#places, how.text.at), (text) => damagedText(text, how.text));
      case 'part':
        return this.#change(pick(this.#cells, how.which), (text) => damagedText(text, how.text));
      case 'swap':
        return this.#change(pick(this.#cells, how.which), () => pick(this.#cells, how.with).text);
      case 'gone':
        return this.#remove(how.which);
      case 'new':
        return this.#add(pick(this.#cells, how.json.length), how);
      default:
        return this.#retype(how.which);
    }
  }

  async #change({ key, field, text }: Cell, to: (text: string) => string): Promise<void> {
    // what is above latin1 in it is written as UTF-8, as any program would
    const changed = to(text);
    const isBytes = !/[^\0-\xff]/.test(changed);
    await this.#write(key, () => this.#client.hSet(key, field, isBytes ? bytes(changed) : Buffer.from(changed)));
  }

  /** A field, or for every third a whole key. */
  async #remove(which: number): Promise<void> {
    const { key, field } = pick(this.#cells, which);
    if (which % 3 > 0) await this.#write(key, () => this.#client.hDel(key, field));
    else await this.#write(this.#keyOf(which), (any) => this.#client.del(any));
  }

  /** A field that nobody knows, or a checkpoint that was never stored. */
  async #add({ key }: Cell, { name, json }: { readonly name: string; readonly json: string }): Promise<void> {
    await this.#write(key, () => this.#client.hSet(key, json.length % 2 === 0 ? name : '7', json));
  }

  /** A key of another type. */
  async #retype(which: number): Promise<void> {
    await this.#write(this.#keyOf(which), (key) => this.#client.set(key, 'not what it was'));
  }

  async #write(key: string, write: (key: string) => Promise<unknown>): Promise<void> {
    this.#touched.add(key);
    await write(key).catch((error: unknown) => {
      // two kinds of damage at one key, of which the first has changed its type
      if (!String(error).includes('WRONGTYPE')) throw error;
    });
  }

  #keyOf(which: number): string {
    return pick([...this.#whole.keys()], which);
  }
}

function pick<T>(list: readonly T[], which: number): T {
  return list[which % list.length] as T;
}
