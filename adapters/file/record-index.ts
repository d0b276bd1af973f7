/**
 * What stands where in all the logs of a directory: built by reading them once, and kept by reading on where they have
 * grown. A log that has shrunk or gone makes it read all of them anew, beside what is known, which is given out meanwhile.
 */
import { join } from 'node:path';
import type { RunIndex } from '../../src/durability/store.js';
import { listFolder, lookAt } from './disk.js';
import { decodeLine, guessFacts, type Facts } from './line.js';
import { LogGoneError, newCursor, readOn, type Cursor } from './log-reader.js';
import type { Position } from './log-writer.js';
import { RunRecords } from './run-records.js';

const ATTEMPTS = 100;
/** A list of more names may take the system more than one step. */
const LONG_LIST = 200;

/** A record that this process has stored. */
export interface Added {
  readonly facts: Facts;
  readonly position: Position;
  readonly hasEvents: boolean;
}

/** What was read from one set of logs. */
class Known {
  readonly runs = new Map<string, RunRecords>();
  readonly cursors = new Map<string, Cursor>();
  readonly indexes = new Map<string, RunIndex>();
  readonly damage: Position[] = [];
  ids: string[] | undefined;

  constructor(readonly folder: string) {}

  cursorOf(name: string): Cursor {
    let cursor = this.cursors.get(name);
    if (cursor === undefined) this.cursors.set(name, (cursor = newCursor(name, join(this.folder, name))));
    return cursor;
  }

  /** Takes in a record of this process, which need not be read. */
  add({ facts, position, hasEvents }: Added): void {
    const cursor = this.cursorOf(position.log);
    const end = position.offset + position.length + 1;
    if (end <= cursor.offset) return;
    cursor.offset = end;
    cursor.lines = position.line;
    cursor.isOurs = true;
    this.runOf(facts.run).add(facts, position, { isIntact: true, hasEvents, index: this.shared(facts.index) });
  }

  take(line: Buffer, position: Position): boolean {
    const decoded = decodeLine(line);
    if (decoded !== undefined) {
      if (!decoded.isIntact) this.damage.push(position);
      const { facts, isIntact } = decoded;
      const hasEvents = (facts.sizes?.events.length ?? 0) > 0;
      this.runOf(facts.run).add(facts, position, { isIntact, hasEvents, index: this.shared(facts.index) });
      return true;
    }
    this.damage.push(position);
    const guess = guessFacts(line);
    if (guess !== undefined) this.#suspect(guess, position);
    return false;
  }

  runOf(id: string): RunRecords {
    const known = this.runs.get(id);
    if (known !== undefined) return known;
    const run = new RunRecords(id);
    this.runs.set(id, run);
    this.ids = undefined;
    return run;
  }

  /** Most records of a run that does not wait say the same: one object for all of them. */
  shared(index: RunIndex | undefined): RunIndex | undefined {
    if (index === undefined || index.due !== null) return index === undefined ? undefined : { ...index };
    const key = `${index.status} ${index.graph}`;
    let shared = this.indexes.get(key);
    if (shared === undefined) this.indexes.set(key, (shared = { ...index }));
    return shared;
  }

  #suspect(guess: { readonly run: string; readonly seq: number; readonly fence: number }, position: Position): void {
    const run = this.runOf(guess.run);
    const newest = run.newest();
    // A fence that nobody has taken, or a seq that is there already, was not in the line before it was damaged.
    const isLikely = newest === undefined ? guess.seq === 1 : guess.seq > newest.seq && guess.fence === run.topFence;
    if (isLikely) run.suspect(guess.seq, guess.fence, position);
  }
}

export class RecordIndex {
  readonly #folder: string;
  /** How far a log of this process counts; undefined for a log of another one. */
  readonly #ownSize: (log: string) => number | undefined;
  #known: Known;
  /** What this process has stored while all is read anew. */
  #added: Added[] | undefined;
  #current: Promise<void> | undefined;
  #following: Promise<void> | undefined;
  #isReady = false;
  #epoch = 0;

  constructor(folder: string, ownSize: (log: string) => number | undefined) {
    this.#folder = folder;
    this.#known = new Known(folder);
    this.#ownSize = ownSize;
  }

  /** Grows whenever the logs were read anew: positions from before are worth nothing. */
  get epoch(): number {
    return this.#epoch;
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
    const run = this.run(id);
    return run?.newest() === undefined ? undefined : run;
  }

  /** As of the last reading; may tell of a run that was deleted. */
  run(id: string): RunRecords | undefined {
    return this.#known.runs.get(id);
  }

  /** Every run that records tell of. */
  runs(): RunRecords[] {
    return [...this.#known.runs.values()];
  }

  /** How far it was read. */
  sizeOf(log: string): number {
    return this.#known.cursors.get(log)?.offset ?? 0;
  }

  /** The ids of all runs that records tell of, in order, after `cursor`. */
  *idsAfter(cursor: string | undefined): Iterable<string> {
    const ids = (this.#known.ids ??= [...this.#known.runs.keys()].sort());
    let low = 0;
    let high = cursor === undefined ? 0 : ids.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((ids[middle] ?? '') <= (cursor ?? '')) low = middle + 1;
      else high = middle;
    }
    for (let i = low; i < ids.length; i += 1) yield ids[i] ?? '';
  }

  /** Takes in a record that this process has just stored. */
  add(added: Added): void {
    this.#known.add(added);
    this.#added?.push(added);
  }

  /** The damaged lines, as `<log> line <n>`. */
  damage(): readonly string[] {
    return this.damagedLines().map((position) => this.where(position));
  }

  damagedLines(): readonly Position[] {
    return this.#known.damage;
  }

  where(position: Position): string {
    return `${this.pathOf(position.log)} line ${position.line}`;
  }

  pathOf(log: string): string {
    return join(this.#folder, log);
  }

  async #readAll(): Promise<void> {
    for (let attempt = 1; ; attempt += 1) {
      try {
        const sizes = this.#sizes();
        if (this.#isSameLogs(sizes)) await this.#readOn(this.#known, sizes);
        else await this.#readAnew(sizes);
        this.#isReady = true;
        return;
      } catch (error) {
        // Somebody tidies up: what the log had stands in another one by now, which the next list shows.
        if (!(error instanceof LogGoneError) || attempt === ATTEMPTS) throw error;
      }
    }
  }

  async #readOn(known: Known, sizes: ReadonlyMap<string, number>): Promise<void> {
    for (const [name, size] of sizes) {
      const cursor = known.cursorOf(name);
      // A file that is not known to be ours is looked at every time, so that every call says so.
      if (size > cursor.offset || (size > 0 && !cursor.isOurs))
        await readOn(cursor, size, (line, position) => known.take(line, position));
    }
  }

  async #readAnew(sizes: ReadonlyMap<string, number>): Promise<void> {
    const fresh = new Known(this.#folder);
    const added = (this.#added = [] as Added[]);
    try {
      await this.#readOn(fresh, sizes);
      for (const each of added) fresh.add(each);
      this.#known = fresh;
      this.#epoch += 1;
    } finally {
      this.#added = undefined;
    }
  }

  #isSameLogs(sizes: ReadonlyMap<string, number>): boolean {
    for (const { name, offset } of this.#known.cursors.values()) {
      if ((sizes.get(name) ?? 0) < offset) return false;
    }
    return true;
  }

  /** How long each log is. A log may replace others while a long list is read: then it is read until it stays the same. */
  #sizes(): Map<string, number> {
    let names = this.#list();
    const isAnyGone = [...this.#known.cursors.keys()].some((name) => !names.includes(name));
    if (isAnyGone || names.length > LONG_LIST) {
      for (let before = ''; before !== names.join('\n'); names = this.#list()) before = names.join('\n');
    }
    return new Map(names.map((name) => [name, this.#ownSize(name) ?? lookAt(this.pathOf(name))?.size ?? 0]));
  }

  #list(): string[] {
    return listFolder(this.#folder)
      .filter((name) => name.endsWith('.jsonl'))
      .sort();
  }
}
