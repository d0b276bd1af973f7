/**
 * The log that this process appends to. One write and one fdatasync serve all records that have come together; while
 * they are on their way, later ones collect for the next round.
 *
 * Rules:
 *  - a record is stored when its callback is called, and never before it is on the disk (with `fsync`);
 *  - a round that fails is cut off again, and the log is never appended to afterwards: the next round begins a fresh one.
 *    So nothing ever follows a torn line, and a reader who sees a log shrink knows that it has to read it anew;
 *  - when a round fails, so does all that waits behind it, because it may build on what has just failed.
 */
import { close, fdatasync, fstatSync, ftruncate, open, unlinkSync, writeSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { StoreUnavailableError } from '../../src/errors/index.js';
import { ensureDirectory, errnoOf, syncDirectory, unavailable } from './disk.js';

const closeFile = promisify(close);
const openFile = promisify(open);
const syncData = promisify(fdatasync);
const truncateFile = promisify(ftruncate);

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
  /** The first line of the log of that name. */
  readonly head: (log: string) => string;
  /** Called when a round has failed, before anybody is told. */
  readonly onFailure: () => void;
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

  constructor(options: LogWriterOptions) {
    this.#options = options;
  }

  /** How far a log of this writer counts; undefined for the log of another one. */
  storedSize(log: string): number | undefined {
    return this.#sizes.get(log);
  }

  /** Resolves when the record is stored; `onStored` is called in the order of the log, before anything else happens. */
  append(bytes: Buffer, onStored: (position: Position) => void): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#waiting.push({ bytes, onStored, resolve, reject });
      this.#draining ??= Promise.resolve().then(() => this.#drain());
    });
  }

  async close(): Promise<void> {
    while (this.#draining !== undefined) await this.#draining;
    const log = this.#log;
    this.#log = undefined;
    if (log !== undefined) await closeFile(log.fd);
  }

  async #drain(): Promise<void> {
    while (this.#waiting.length > 0) {
      const round = this.#waiting;
      this.#waiting = [];
      try {
        await this.#store(round);
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
    const log = this.#log ?? (await this.#begin());
    const first = round[0];
    const bytes = round.length === 1 && first !== undefined ? first.bytes : Buffer.concat(round.map((w) => w.bytes));
    try {
      // Bytes written to a file that has no name any more would be acknowledged and lost.
      if (fstatSync(log.fd).nlink === 0)
        throw new StoreUnavailableError(`the log ${log.path} is gone`, 'it was removed');
      writeAll(log.fd, bytes);
      if (this.#options.fsync) await syncData(log.fd);
    } catch (error) {
      await this.#abandon(log);
      throw unavailable('appending to the log', log.path, error);
    }
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
  }

  async #begin(): Promise<OpenLog> {
    const { folder, base, fsync, head } = this.#options;
    ensureDirectory(folder);
    for (;;) {
      this.#generation += 1;
      const name = `${base}-${String(this.#generation).padStart(6, '0')}.jsonl`;
      const path = join(folder, name);
      const fd = await openFile(path, 'wx', 0o600).catch((error: unknown) => {
        if (errnoOf(error) === 'EEXIST') return undefined;
        throw unavailable('making a log', path, error);
      });
      if (fd === undefined) continue;
      const log = { name, path, fd, size: 0, lines: 1 };
      try {
        log.size = writeAll(fd, Buffer.from(head(name)));
        if (fsync)
          for (const parent of [folder, dirname(folder), dirname(dirname(folder))]) await syncDirectory(parent);
      } catch (error) {
        log.size = 0;
        await this.#abandon(log);
        throw unavailable('making a log', path, error);
      }
      this.#sizes.set(name, log.size);
      this.#log = log;
      return log;
    }
  }

  /** Cuts off what a failed round has left, as far as that is possible, and lets go of the log. */
  async #abandon(log: OpenLog): Promise<void> {
    this.#log = undefined;
    const steps = [
      () => truncateFile(log.fd, log.size),
      () => closeFile(log.fd),
      async () => (log.lines === 1 ? unlinkSync(log.path) : undefined),
    ];
    if (log.lines === 1) this.#sizes.delete(log.name);
    // The failure that led here is the one to report; a log that cannot even be cut is left as it is, and is complete.
    for (const step of steps) await step().catch(() => undefined);
  }
}

function writeAll(fd: number, bytes: Buffer): number {
  let written = 0;
  while (written < bytes.length) written += writeSync(fd, bytes, written);
  return written;
}
