/**
 * Reads texts back: a checkpoint is the newest whole record at or before it, and the changes since. Every line is checked
 * again when it is read. A line that is damaged, or missing between two others, spoils what builds on it up to the next
 * whole record. Of the events, those that can be read are given, in order: the history of the run still names the
 * checkpoint that the others came with, and loading that one says what is damaged.
 */
import type { StoredCheckpoint } from '../../src/durability/store.js';
import { CorruptCheckpointError } from '../../src/errors/index.js';
import { decodeLine, decodeTexts, type Facts } from './line.js';
import { readLines } from './log-reader.js';
import type { Position } from './log-writer.js';
import type { RecordIndex } from './record-index.js';
import type { RecordRef, RunRecords } from './run-records.js';

type Texts = ReturnType<typeof decodeTexts>;

export class CheckpointReader {
  readonly #index: RecordIndex;

  constructor(index: RecordIndex) {
    this.#index = index;
  }

  async checkpoint(run: RunRecords, ref: RecordRef): Promise<StoredCheckpoint> {
    const parts = new Map<string, string>();
    let head = '';
    for (const texts of await this.#texts(run, this.#chain(run, ref))) {
      head = texts.head;
      for (const [name, text] of texts.parts) {
        if (text === null) parts.delete(name);
        else parts.set(name, text);
      }
    }
    return { id: run.id, seq: ref.seq, head, parts };
  }

  async events(run: RunRecords): Promise<string[]> {
    const refs = run.valid().filter((ref) => ref.hasEvents);
    return (await this.#readable(run, refs)).flatMap((texts) => texts?.events ?? []);
  }

  /** Of these checkpoints, all of which must be readable. */
  async eventsOf(run: RunRecords, refs: readonly RecordRef[]): Promise<string[]> {
    const texts = await this.#texts(
      run,
      refs.filter((ref) => ref.hasEvents),
    );
    return texts.flatMap(({ events }) => events);
  }

  /** What a record says beside its texts. */
  async facts(run: RunRecords, ref: RecordRef): Promise<Facts> {
    const decoded = decodeLine(await this.line(ref));
    if (decoded === undefined || decoded.facts.run !== run.id || decoded.facts.seq !== ref.seq) {
      throw this.#damaged(run, ref);
    }
    return decoded.facts;
  }

  /** A line as it stands in its log. */
  async line(position: Position): Promise<Buffer> {
    const [line] = await this.lines([position]);
    return line as Buffer;
  }

  /** Lines as they stand in their logs. Each log is opened once for those that come together. */
  async lines(positions: readonly Position[]): Promise<Buffer[]> {
    const found: Buffer[] = [];
    for (const same of byLog(positions)) {
      const lines = await readLines(this.#index.pathOf(same[0]?.log ?? ''), same);
      lines.forEach((line, i) => {
        if (line === undefined) {
          throw new CorruptCheckpointError(this.#index.where(same[i] as Position), 'the log ends before it');
        }
        found.push(line);
      });
    }
    return found;
  }

  /** The newest checkpoint of each run of which the head can be read; undefined where there is none. */
  async newestHeads(
    runs: readonly RunRecords[],
  ): Promise<({ readonly seq: number; readonly head: string } | undefined)[]> {
    const found: ({ seq: number; head: string } | undefined)[] = runs.map(() => undefined);
    const byLog = new Map<string, number[]>();
    runs.forEach((run, i) => {
      const log = run.newest()?.log ?? '';
      byLog.set(log, [...(byLog.get(log) ?? []), i]);
    });
    for (const [log, places] of byLog) {
      const newest = places.flatMap((i) => runs[i]?.newest() ?? []);
      const lines = await readLines(this.#index.pathOf(log), newest);
      for (const [n, i] of places.entries()) {
        const [run, ref] = [runs[i], newest[n]];
        if (run === undefined || ref === undefined) continue;
        const texts = textsIn(run, ref, lines[n]);
        found[i] = texts === undefined ? await this.#olderHead(run) : { seq: ref.seq, head: texts.head };
      }
    }
    return found;
  }

  async #olderHead(run: RunRecords): Promise<{ readonly seq: number; readonly head: string } | undefined> {
    for (const ref of [...run.offered()].reverse()) {
      const [texts] = await this.#readable(run, [ref]);
      if (texts !== undefined) return { seq: ref.seq, head: texts.head };
    }
    return undefined;
  }

  /** The records that make up this checkpoint, oldest first. */
  #chain(run: RunRecords, newest: RecordRef): RecordRef[] {
    const chain = [newest];
    for (let ref = newest; !ref.whole && ref.damage === 'none';) {
      const before = run.at(ref.prev);
      if (before === undefined) throw this.#gap(newest, ref);
      chain.push(before);
      ref = before;
    }
    return chain.reverse();
  }

  async #texts(run: RunRecords, refs: readonly RecordRef[]): Promise<Texts[]> {
    const damaged = refs.find((ref) => ref.damage !== 'none');
    if (damaged !== undefined) throw this.#damaged(run, damaged);
    return (await this.#readable(run, refs)).map((texts, i) => {
      if (texts === undefined) throw this.#damaged(run, refs[i] as RecordRef);
      return texts;
    });
  }

  /** What cannot be read is undefined. */
  async #readable(run: RunRecords, refs: readonly RecordRef[]): Promise<(Texts | undefined)[]> {
    const texts: (Texts | undefined)[] = [];
    for (const same of byLog(refs)) {
      const lines = await readLines(this.#index.pathOf(same[0]?.log ?? ''), same);
      same.forEach((ref, i) => texts.push(textsIn(run, ref, lines[i])));
    }
    return texts;
  }

  #damaged(run: RunRecords, ref: RecordRef): CorruptCheckpointError {
    return new CorruptCheckpointError(
      this.#index.where(ref),
      `the checksum of checkpoint ${ref.seq} of run "${run.id}" does not fit`,
    );
  }

  #gap(newest: RecordRef, ref: RecordRef): CorruptCheckpointError {
    const lines = this.#index.damage();
    const known =
      lines.length === 0 ? '' : `; damaged: ${lines.slice(0, 3).join(', ')}${lines.length > 3 ? ', …' : ''}`;
    return new CorruptCheckpointError(
      this.#index.where(newest),
      `checkpoint ${newest.seq} builds on ${ref.prev}, which is not there any more${known}`,
    );
  }
}

/** @returns undefined when the line is damaged, or another one than it was */
function textsIn(run: RunRecords, ref: RecordRef, line: Buffer | undefined): Texts | undefined {
  if (line === undefined || ref.damage !== 'none') return undefined;
  const decoded = decodeLine(line);
  if (decoded?.isIntact !== true || decoded.facts.run !== run.id || decoded.facts.seq !== ref.seq) return undefined;
  return decodeTexts(line, decoded);
}

/** In their order, in groups of neighbours that stand in one log. */
function byLog<T extends Position>(positions: readonly T[]): T[][] {
  const groups: T[][] = [];
  for (const position of positions) {
    const last = groups.at(-1);
    if (last?.[0]?.log === position.log) last.push(position);
    else groups.push([position]);
  }
  return groups;
}
