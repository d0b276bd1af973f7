/**
 * The embedded store: a directory, and nothing else. Several processes may share it; people can read it.
 *
 *   logs/<process>-<n>.jsonl      what is stored: one log per process, one line per checkpoint (file/line.ts)
 *   logs/compacted-….jsonl        one log in the place of many (file/compactor.ts)
 *   runs/<run>.<fence>            who may write a run: one name per taker of a small file (file/claims.ts)
 *   owners/<owner>.json           until when the leases of a process last; while it lives, also what its claims are
 *                                 names of (file/tickets.ts)
 *   inbox/<xx>/<run>/<id>.json    messages that wait (file/inbox.ts)
 *
 * Rules:
 *  - the logs decide what is stored, the claims decide who may store (I5);
 *  - a save is acknowledged when its line is on the disk and nobody had claimed the next fence after that. Who takes a
 *    run over claims first and measures the logs then, so every acknowledged save is within what is measured;
 *  - a read makes nothing: a directory that is not there is an empty store;
 *  - logs that nobody adds to are replaced, when there is enough to gain, by one that holds what counts: of each run the
 *    newest 16 checkpoints (`history`), or those that `prune` has left; all its events; and which messages it has taken.
 *    Until then all checkpoints are there. A deleted run leaves nothing;
 *  - every call to the file system goes through file/operations.ts.
 *
 * With `fsync: false` an acknowledged save survives the end of the process and not that of the machine.
 */
import type { Clock } from '../src/clock/clock.js';
import type { Store } from '../src/durability/store.js';
import { InvalidArgumentError } from '../src/errors/index.js';
import type { Compaction } from './file/compactor.js';
import { FileStore } from './file/file-store.js';

export type { Compaction } from './file/compactor.js';

export interface FileStoreOptions {
  /** Where to keep everything. Made when something is first written. */
  readonly dir: string;
  /** Whether to wait until the disk has it; true unless told. False is faster and loses saves when the machine dies. */
  readonly fsync?: boolean;
  /** How many checkpoints of a run are kept at least when old logs are replaced; 16 unless told. */
  readonly history?: number;
  readonly clock?: Clock;
}

/** A store in a directory, which can be told to tidy up. */
export interface DirectoryStore extends Store {
  /**
   * Replaces the logs that nobody adds to any more by one with what is worth keeping, now. It happens by itself when
   * there is enough to gain.
   */
  compact(): Promise<Compaction>;
}

/** Runs in a directory, with nothing to install or start. */
export function fileStore(options: FileStoreOptions): DirectoryStore {
  const { dir, history = 16 } = given(options);
  if (typeof dir !== 'string' || dir === '') {
    const got = dir === '' ? 'an empty dir' : dir === undefined ? 'no dir' : `a dir that is no string`;
    throw new InvalidArgumentError(`fileStore was given ${got}`, { hint: "name a folder, e.g. dir: '.engram'" });
  }
  if (!Number.isSafeInteger(history) || history < 1) {
    throw new InvalidArgumentError('fileStore was given a history that is no whole number from 1 on', {
      hint: 'say how many checkpoints of a run to keep, e.g. history: 16',
    });
  }
  return new FileStore({ ...options, history });
}

/** Callers without types may give anything. */
function given(options: FileStoreOptions | null | undefined): { readonly dir?: unknown; readonly history?: number } {
  return options ?? {};
}
