/**
 * The log that this process appends to. One write and one fdatasync serve all records that have come together; while
 * they are on their way, later ones collect for the next round.
 *
 * Rules:
 *  - a record is stored when its callback is called, and never before it is on the disk (with `fsync`);
 *  - a round that fails is cut off again, and the log is never appended to afterwards: the next round begins a fresh one.
 *    So nothing ever follows a torn line, and a reader who sees a log shrink knows that it has to read it anew;
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
  makeReadOnly,
  syncDirectory,
  unavailable,
  writeAll,
} from './disk.js';
import { files } from './operations.js';

export interface Position {
  readonly log: string;
  readonly offset: number;
  readonly length: number;
  /** Counted from 1, which is the head of the log. */
  readonly line: number;
}

interface Waiting {
  readonly bytes: Buffer;
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
  append(bytes: Buffer, onStored: (position: Position) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, onStored, resolve, reject });
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
    const log = await this.#write(bytes);
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
  async #write(bytes: Buffer): Promise<OpenLog> {
    for (;;) {
      const log = this.#log ?? (await this.#begin());
      try {
        writeAll(log.fd, bytes);
        if (this.#options.fsync) await files().syncData(log.fd);
        const info = files().info(log.fd);
        if (!isReadOnly(info)) {
          // Bytes written to a file that has no name any more would be acknowledged and lost.
          if (info.nlink === 0) {
            this.#sizes.clear(); // there may be an older one of its name in its place by now
            this.#options.onGone();
            throw new StoreUnavailableError(`the log ${log.path} is gone`, 'it was removed');
          }
          return log;
        }
      } catch (error) {
        this.#abandon(log);
        throw unavailable('appending to the log', log.path, error);
      }
      this.#log = undefined;
      files().close(log.fd);
    }
  }

  async #begin(): Promise<OpenLog> {
    const { folder, base, fsync, head } = this.#options;
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

  /** Cuts off what a failed round has left, as far as that is possible, and lets go of the log. */
  #abandon(log: OpenLog): void {
    this.#log = undefined;
    // The failure that led here is the one to report. A log that cannot even be cut must not be taken for finished: what
    // was refused stands in it until the next log of this process says better.
    const isCut = quietly(() => files().truncate(log.fd, log.size));
    if (isCut && log.lines > 1) quietly(() => makeReadOnly(log.path));
    quietly(() => files().close(log.fd));
    if (log.lines > 1) return;
    this.#sizes.delete(log.name);
    discard(log.path);
  }
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
