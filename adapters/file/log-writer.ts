/**
 * The log that this process appends to. One write and one fdatasync serve all records that have come together; while
 * they are on their way, later ones collect for the next round.
 *
 * Rules:
 *  - a record is stored when its callback is called, and never before it is on the disk (with `fsync`);
 *  - a round that fails is cut off again, unless a new owner of one of its runs may have counted it, and the log is never
 *    appended to afterwards: the next round begins a fresh one. So nothing ever follows a torn line, and a reader who sees a log shrink knows that it has to read it anew;
 *  - when a round fails, so does all that waits behind it, because it may build on what has just failed;
 *  - a log that is read-only is closed for good, and whoever tidies up may replace it. Its writer closes it when it is
 *    long, and at the end; a process that has been silent for long may find that another one has closed its log. So the
 *    log is looked at after every round, and a round that came too late is written once more, to a fresh log.
 */
import { dirname, join } from 'node:path';
import { StoreUnavailableError } from '../../src/errors/index.js';
import {
  createFile,
  discard,
  ensureDirectory,
  isReadOnly,
  lookAt,
  makeReadOnly,
  syncDirectory,
  unavailable,
  writeAll,
} from './disk.js';
import { type FileInfo, files } from './operations.js';

export interface Position {
  readonly log: string;
  readonly offset: number;
  readonly length: number;
  /** Counted from 1, which is the head of the log. */
  readonly line: number;
}

interface Waiting {
  readonly bytes: Buffer;
  /** Whether somebody has taken the run over: then this line may be in what was measured. */
  readonly isOvertaken: () => boolean;
  readonly onStored: (position: Position) => void;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}

export interface LogWriterOptions {
  /** The folder of the logs. */
  readonly folder: string;
  /** What the names of its logs begin with. */
  readonly base: string;
  readonly fsync: boolean;
  /** A log of this many bytes is closed. */
  readonly longest: number;
  /** The first line of the log of that name. */
  readonly head: (log: string) => string;
  /** Called when a round has failed, before anybody is told. */
  readonly onFailure: () => void;
  /** Called when the log was removed by somebody: what is known of what it held is not true any more. */
  readonly onGone: () => void;
  /** Called when a log was begun. */
  readonly onBegun: () => void;
}

interface OpenLog {
  readonly name: string;
  readonly path: string;
  readonly fd: number;
  size: number;
  lines: number;
}

export class LogWriter {
  readonly #options: LogWriterOptions;
  readonly #sizes = new Map<string, number>();
  #waiting: Waiting[] = [];
  #generation = 0;
  #log: OpenLog | undefined;
  /** Which folder the last one was begun in. */
  #folder: number | undefined;
  #draining: Promise<void> | undefined;
  #afresh: (() => void)[] = [];

  constructor(options: LogWriterOptions) {
    this.#options = options;
  }

  /** How far a log of this writer counts; undefined for the log of another one. */
  storedSize(log: string): number | undefined {
    return this.#sizes.get(log);
  }

  /** Whether records may still be added to this log. */
  isOpen(log: string): boolean {
    return this.#log?.name === log;
  }

  /** The log was removed. */
  forget(log: string): void {
    this.#sizes.delete(log);
  }

  /** Resolves when the record is stored; `onStored` is called in the order of the log, before anything else happens. */
  append(bytes: Buffer, isOvertaken: () => boolean, onStored: (position: Position) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, isOvertaken, onStored, resolve, reject });
      this.#draining ??= Promise.resolve().then(() => this.#drain());
    });
  }

  /** Closes the present log, after the round that is on its way; what comes then goes to another one. */
  startAfresh(): Promise<void> {
    return new Promise((resolve) => {
      this.#afresh.push(resolve);
      this.#draining ??= Promise.resolve().then(() => this.#drain());
    });
  }

  async close(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining;
    if (this.#log !== undefined) this.#finish(this.#log);
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length + this.#afresh.length > 0) {
      if (this.#afresh.length > 0 && this.#log !== undefined) this.#finish(this.#log);
      for (const resolve of this.#afresh.splice(0)) resolve();
      const round = this.#waiting;
      this.#waiting = [];
      try {
        if (round.length > 0) await this.#store(round);
      } catch (error) {
        const failed = [...round, ...this.#waiting];
        this.#waiting = [];
        this.#options.onFailure();
        for (const { reject } of failed) reject(error);
      }
    }
    this.#draining = undefined;
  }

  async #store(round: readonly Waiting[]): Promise<void> {
    const first = round[0];
    const bytes = round.length === 1 && first !== undefined ? first.bytes : Buffer.concat(round.map((w) => w.bytes));
    const log = await this.#write(bytes, () => round.some(({ isOvertaken }) => isOvertaken()));
    for (const {
      bytes: { length },
      onStored,
      resolve,
    } of round) {
      log.lines += 1;
      const position = { log: log.name, offset: log.size, length: length - 1, line: log.lines };
      log.size += length;
      this.#sizes.set(log.name, log.size);
      onStored(position);
      resolve();
    }
    if (log.size >= this.#options.longest) this.#finish(log);
  }

  /** @returns the log that has them now */
  async #write(bytes: Buffer, isOvertaken: () => boolean): Promise<OpenLog> {
    for (;;) {
      const log = this.#log ?? (await this.#begin());
      let isWritten = false;
      let info: FileInfo;
      try {
        writeAll(log.fd, bytes);
        isWritten = true;
        if (this.#options.fsync) await files().syncData(log.fd);
        info = files().info(log.fd);
        if (isThere(log, info, bytes.length)) return log;
      } catch (error) {
        this.#abandon(log, isWritten && isOvertaken());
        throw unavailable('appending to the log', log.path, error);
      }
      this.#log = undefined;
      if (isReadOnly(info) && info.nlink > 0) {
        files().close(log.fd);
        continue;
      }
      quietly(() => files().truncate(log.fd, info.size - bytes.length));
      quietly(() => files().close(log.fd));
      this.#onGone();
      const why = 'it was removed, or another one was put in its place';
      throw unavailable('appending', log.path, new StoreUnavailableError(`the log ${log.path} is gone`, why));
    }
  }

  /** Somebody has put another folder, or an older one, in the place of this one. */
  #onGone(): void {
    this.#sizes.clear();
    this.#folder = undefined;
    this.#options.onGone();
  }

  async #begin(): Promise<OpenLog> {
    const { folder, base, fsync, head } = this.#options;
    // Of a log that was closed nothing is to be told: whoever tidies up may have replaced it.
    if (this.#folder !== undefined && lookAt(folder)?.ino !== this.#folder) this.#onGone();
    ensureDirectory(folder);
    for (;;) {
      this.#generation += 1;
      const name = `${base}-${String(this.#generation).padStart(6, '0')}.jsonl`;
      const path = join(folder, name);
      const fd = createFile(path);
      if (fd === undefined) continue;
      const log = { name, path, fd, size: 0, lines: 1 };
      try {
        log.size = writeAll(fd, Buffer.from(head(name)));
        this.#folder = lookAt(folder)?.ino;
        if (fsync)
          for (const parent of [folder, dirname(folder), dirname(dirname(folder))]) await syncDirectory(parent);
      } catch (error) {
        log.size = 0;
        this.#abandon(log);
        throw unavailable('making a log', path, error);
      }
      this.#sizes.set(name, log.size);
      this.#log = log;
      this.#options.onBegun();
      return log;
    }
  }

  /** Nothing more is added to it. A log that cannot be made read-only stays as it is until its process has ended. */
  #finish(log: OpenLog): void {
    this.#log = undefined;
    quietly(() => makeReadOnly(log.path));
    quietly(() => files().close(log.fd));
  }

  /**
   * Cuts off what a failed round has left, as far as that is possible, and lets go of the log.
   * @param isKept a new owner may build on it: all of it was written, and its disk was too slow to say so
   */
  #abandon(log: OpenLog, isKept = false): void {
    this.#log = undefined;
    // The failure that led here is the one to report. A log that cannot even be cut must not be taken for finished: what
    // was refused stands in it until the next log of this process says better.
    const isCut = isKept || quietly(() => files().truncate(log.fd, log.size));
    const isEmpty = log.lines === 1 && !isKept;
    if (isCut && !isEmpty) quietly(() => makeReadOnly(log.path));
    quietly(() => files().close(log.fd));
    if (!isEmpty) return;
    this.#sizes.delete(log.name);
    discard(log.path);
  }
}

/** Whether what was written is in a file of this name that others may add to: elsewhere it would be stored and lost. */
function isThere({ path, size }: OpenLog, info: FileInfo, length: number): boolean {
  return !isReadOnly(info) && info.nlink > 0 && info.size === size + length && lookAt(path)?.ino === info.ino;
}

/** @returns whether it worked */
function quietly(work: () => void): boolean {
  try {
    work();
    return true;
  } catch {
    return false;
  }
}
