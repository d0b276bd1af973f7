/**
 * Reads texts back: a checkpoint is the newest whole record at or before it, and the changes since. Every line is checked
 * again when it is read. A line that is damaged, or missing between two others, spoils what builds on it up to the next
 * whole record.
 */
import type { StoredCheckpoint } from '../../src/durability/store.js';
import { CorruptCheckpointError } from '../../src/errors/index.js';
import { decodeLine, decodeTexts } from './line.js';
import { readLines } from './log-reader.js';
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
    const refs = run.valid().filter((ref) => ref.hasEvents || ref.damage !== 'none');
    return (await this.#texts(run, refs)).flatMap((texts) => texts.events);
  }

  /** The newest checkpoint of which the head can be read. */
  async newestHead(run: RunRecords): Promise<{ readonly seq: number; readonly head: string } | undefined> {
    for (const ref of [...run.offered()].reverse()) {
      try {
        const [texts] = await this.#texts(run, [ref]);
        if (texts !== undefined) return { seq: ref.seq, head: texts.head };
      } catch (error) {
        if (!(error instanceof CorruptCheckpointError)) throw error;
      }
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
    const texts: Texts[] = [];
    for (let start = 0; start < refs.length;) {
      const log = refs[start]?.log ?? '';
      const other = refs.findIndex((ref, i) => i > start && ref.log !== log);
      const same = refs.slice(start, other === -1 ? undefined : other);
      const lines = await readLines(this.#index.pathOf(log), same);
      same.forEach((ref, i) => {
        const line = lines[i];
        const decoded = line === undefined ? undefined : decodeLine(line);
        const { run: id, seq } = decoded?.facts ?? {};
        if (line === undefined || decoded?.isIntact !== true || id !== run.id || seq !== ref.seq) {
          throw this.#damaged(run, ref);
        }
        texts.push(decodeTexts(line, decoded));
      });
      start += same.length;
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
