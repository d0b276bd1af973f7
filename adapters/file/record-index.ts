/**
 * What stands where in all the logs of a directory: built by reading them once, and kept by reading on where they have
 * grown. A log that has shrunk or gone makes it start afresh.
 */
import { join } from 'node:path';
import type { RunIndex } from '../../src/durability/store.js';
import { listFolder, sizeOf } from './disk.js';
import { decodeLine, guessFacts, type Facts } from './line.js';
import { newCursor, readOn, type Cursor } from './log-reader.js';
import type { Position } from './log-writer.js';
import { RunRecords } from './run-records.js';

export class RecordIndex {
  readonly #folder: string;
  /** How far a log of this process counts; undefined for a log of another one. */
  readonly #ownSize: (log: string) => number | undefined;
  readonly #runs = new Map<string, RunRecords>();
  readonly #cursors = new Map<string, Cursor>();
  readonly #indexes = new Map<string, RunIndex>();
  readonly #damage: Position[] = [];
  #ids: string[] | undefined;
  #current: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #isReady = false;

  constructor(folder: string, ownSize: (log: string) => number | undefined) {
    this.#folder = folder;
    this.#ownSize = ownSize;
  }

  /** Reads all logs unless that was done before. */
  async ready(): Promise<void> {
    if (!this.#isReady) await this.refresh();
  }

  /** Reads whatever had been written when this was called. */
  refresh(): Promise<void> {
    if (this.#current === undefined) {
      this.#current = this.#readAll().finally(() => {
        this.#current = undefined;
      });
      return this.#current;
    }
    // The one that is on its way may have passed the place already: all who come meanwhile share the next one.
    this.#following ??= this.#current
      .catch(() => undefined)
      .then(() => {
        this.#following = undefined;
        return this.refresh();
      });
    return this.#following;
  }

  /** Reads on, and gives what there is of a run; undefined when it is not there (any more). */
  async find(id: string): Promise<RunRecords | undefined> {
    await this.refresh();
    const run = this.#runs.get(id);
    return run?.newest() === undefined ? undefined : run;
  }

  /** As of the last reading; may tell of a run that was deleted. */
  run(id: string): RunRecords | undefined {
    return this.#runs.get(id);
  }

  /** The ids of all runs that records tell of, in order, after `cursor`. */
  idsAfter(cursor: string | undefined): readonly string[] {
    this.#ids ??= [...this.#runs.keys()].sort();
    if (cursor === undefined) return this.#ids;
    let low = 0;
    let high = this.#ids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.#ids[middle] ?? '') <= cursor) low = middle + 1;
      else high = middle;
    }
    return this.#ids.slice(low);
  }

  /** Takes in a record that this process has just stored. */
  add(facts: Facts, position: Position): void {
    const cursor = this.#cursorOf(position.log);
    const end = position.offset + position.length + 1;
    if (end > cursor.offset) {
      cursor.offset = end;
      cursor.lines = position.line;
      cursor.isOurs = true;
    }
    this.#runOf(facts.run).add(facts, position, true, this.#shared(facts.index));
  }

  /** The damaged lines, as `<log> line <n>`. */
  damage(): readonly string[] {
    return this.#damage.map((position) => this.where(position));
  }

  where(position: Position): string {
    return `${this.pathOf(position.log)} line ${position.line}`;
  }

  pathOf(log: string): string {
    return join(this.#folder, log);
  }

  async #readAll(): Promise<void> {
    const names = listFolder(this.#folder).filter((name) => name.endsWith('.jsonl'));
    const sizes = new Map(names.map((name) => [name, this.#ownSize(name) ?? sizeOf(this.pathOf(name)) ?? 0]));
    for (const { name, offset } of this.#cursors.values()) {
      if ((sizes.get(name) ?? 0) < offset) {
        this.#clear();
        break;
      }
    }
    for (const [name, size] of sizes) {
      const cursor = this.#cursorOf(name);
      // A file that is not known to be ours is looked at every time, so that every call says so.
      if (size > cursor.offset || (size > 0 && !cursor.isOurs))
        await readOn(cursor, size, (line, position) => this.#take(line, position));
    }
    this.#isReady = true;
  }

  #take(line: Buffer, position: Position): boolean {
    const decoded = decodeLine(line);
    if (decoded !== undefined) {
      if (!decoded.isIntact) this.#damage.push(position);
      const { facts, isIntact } = decoded;
      this.#runOf(facts.run).add(facts, position, isIntact, this.#shared(facts.index));
      return true;
    }
    this.#damage.push(position);
    const guess = guessFacts(line);
    if (guess !== undefined) this.#suspect(guess, position);
    return false;
  }

  #suspect(guess: { readonly run: string; readonly seq: number; readonly fence: number }, position: Position): void {
    const run = this.#runOf(guess.run);
    const newest = run.newest();
    // A fence that nobody has taken, or a seq that is there already, was not in the line before it was damaged.
    const isLikely = newest === undefined ? guess.seq === 1 : guess.seq > newest.seq && guess.fence === run.topFence;
    if (isLikely) run.suspect(guess.seq, guess.fence, position);
  }

  #cursorOf(name: string): Cursor {
    const cursor = this.#cursors.get(name) ?? newCursor(name, this.pathOf(name));
    this.#cursors.set(name, cursor);
    return cursor;
  }

  #runOf(id: string): RunRecords {
    const known = this.#runs.get(id);
    if (known !== undefined) return known;
    const run = new RunRecords(id);
    this.#runs.set(id, run);
    this.#ids = undefined;
    return run;
  }

  /** Most records of a run that does not wait say the same: one object for all of them. */
  #shared(index: RunIndex | undefined): RunIndex | undefined {
    if (index === undefined || index.due !== null) return index === undefined ? undefined : { ...index };
    const key = `${index.status} ${index.graph}`;
    let shared = this.#indexes.get(key);
    if (shared === undefined) this.#indexes.set(key, (shared = { ...index }));
    return shared;
  }

  #clear(): void {
    this.#runs.clear();
    this.#cursors.clear();
    this.#damage.length = 0;
    this.#ids = undefined;
  }
}
