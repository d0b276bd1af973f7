/** Turns what a script or the server refuses into the errors of the contract. */
import type { SaveRequest } from '../../src/durability/store.js';
import {
  CorruptCheckpointError,
  LostCheckpointError,
  StaleCheckpointError,
  StaleOwnerError,
  StoreUnavailableError,
  UnknownRunError,
  UnreadMessagesError,
  type EngramError,
} from '../../src/errors/index.js';
import type { Connection } from './connection.js';
import { isStumble, isWrongType } from './failures.js';
import { SCRIPTS, type Script } from './scripts.js';
import type { Reply } from './sender.js';

/** What a script answers: a word, then what belongs to it. */
export type Answer = readonly [word: string, ...details: string[]];

/** Of a renewal or a save, what its refusal speaks of. */
type Refused = Pick<SaveRequest, 'id' | 'fence'> & Partial<Pick<SaveRequest, 'seq' | 'parent'>>;

/** Why a renewal or a save was refused. */
export function refusalOf(
  name: string,
  { id, fence, seq = 0, parent = 0 }: Refused,
  [word, detail, more]: Answer,
): EngramError {
  if (word === 'stale checkpoint') return new StaleCheckpointError(id, seq, Number(detail));
  if (word === 'lost checkpoint') return new LostCheckpointError(id, Number(more ?? parent), Number(detail));
  if (word === 'unread messages') return new UnreadMessagesError(id, Number(detail));
  if (word !== 'stale owner') return new UnknownRunError(id, name);
  // Given up is no better than taken: the next one to hold it has a greater fence.
  return new StaleOwnerError(id, fence, more === 'released' ? fence + 1 : Number(detail));
}

/** The index knows the run, and its keys are gone. */
export function lostRun(name: string, id: string): CorruptCheckpointError {
  const why = 'its keys are gone: evicted (set maxmemory-policy noeviction), or deleted by hand';
  return new CorruptCheckpointError(`run "${id}" in ${name}`, why);
}

/** Calls scripts, and says which key it was when one is not what it ought to be. */
export class Caller {
  readonly #connection: Connection;
  readonly #name: string;

  constructor(connection: Connection, name: string) {
    this.#connection = connection;
    this.#name = name;
  }

  /** @param isAgain it may have been done already */
  call(script: Script, keys: readonly string[], args: readonly string[], isAgain = false): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const failed = (error: unknown): void => void this.#reasonFor(keys, error).then(reject, reject);
      this.#connection.call(script, keys, args, isAgain, resolve, failed);
    });
  }

  async #reasonFor(keys: readonly string[], error: unknown): Promise<unknown> {
    if (isWrongType(error)) return this.#wrongKey(keys, error as EngramError);
    if (!isStumble(error)) return error;
    return new CorruptCheckpointError(`${this.#name}, key ${keys[0] ?? ''}`, 'it cannot be understood', error);
  }

  async #wrongKey(keys: readonly string[], error: EngramError): Promise<EngramError> {
    const found = (await this.call(SCRIPTS.types, keys, [])) as readonly string[];
    const at = keys.findIndex((key, i) => found[i] !== 'none' && found[i] !== typeOf(key));
    const key = keys[at];
    if (key === undefined) return error;
    const what = `${this.#name}: the key ${key} is a ${found[at] ?? ''}, not a ${typeOf(key)}`;
    return new StoreUnavailableError(what, error.cause, error.hint);
  }
}

const TYPES: Readonly<Record<string, string>> = { e: 'list', a: 'set', x: 'zset', t: 'zset', f: 'string' };

/** The letter behind the shard says what a key is. */
function typeOf(key: string): string {
  return TYPES[/\}:([a-z])/.exec(key)?.[1] ?? ''] ?? 'hash';
}
