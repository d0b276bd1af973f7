/**
 * Replaces old logs by one that holds what is worth keeping of them (file/compaction-plan.ts).
 *
 * Rules:
 *  - an old log is one that nobody adds to: it is read-only, or its process is certainly dead, or it has been silent for
 *    an hour. It is made read-only first and read then. Should its writer be alive after all, it finds that out before it
 *    acknowledges anything (file/log-writer.ts), so that whatever was acknowledged is in what is read;
 *  - the new log is finished, on the disk and in its place before the first old one is removed, and holds nothing else
 *    than they do. So a crash at any moment leaves each record at least once, and records that stand twice say the same;
 *  - several processes may do this at once. Each removes only logs that were there before its own new one;
 *  - claims of a deleted run go last, when the disk holds no record of it any more (file/claims.ts).
 */
import type { Clock } from '../../src/clock/clock.js';
import { isProvablyDead } from '../../src/durability/owner.js';
import type { Owner } from '../../src/durability/store.js';
import { CorruptCheckpointError } from '../../src/errors/index.js';
import type { CheckpointReader } from './checkpoint-reader.js';
import type { Claims } from './claims.js';
import { everythingOf, planFor, type RunPlan } from './compaction-plan.js';
import {
  createFile,
  discard,
  exists,
  isReadOnly,
  listFolder,
  lookAt,
  makeReadOnly,
  publishFile,
  removeFile,
  syncDirectory,
  syncPath,
  unavailable,
  writeAll,
} from './disk.js';
import type { Inbox } from './inbox.js';
import { encodeLine } from './line.js';
import { compactedName, isCompacted, LogGoneError, logHead, ownerOfLog } from './log-reader.js';
import type { LogWriter, Position } from './log-writer.js';
import { files } from './operations.js';
import type { Ownership } from './ownership.js';
import type { RecordIndex } from './record-index.js';
import type { RecordRef, RunRecords } from './run-records.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
/** How long the claim lasts under which the claims of a deleted run are removed; that takes no time at all. */
const FORGETTING = HOUR / 6;
/** Less than this is not worth rewriting, nor are fewer logs. */
const MANY_BYTES = 4 << 20;
const MANY_LOGS = 64;
const BATCH = 1 << 20;
const LINE_BREAK = Buffer.from('\n');

export interface Compaction {
  /** How many logs were replaced, and what they took. */
  readonly logs: number;
  readonly bytesBefore: number;
  readonly bytesAfter: number;
}

export interface CompactorOptions {
  readonly folder: string;
  readonly base: string;
  readonly self: Owner;
  readonly clock: Clock;
  /** How many checkpoints of a run stay. */
  readonly history: number;
  readonly index: RecordIndex;
  readonly reader: CheckpointReader;
  readonly writer: LogWriter;
  readonly claims: Claims;
  readonly owned: Ownership;
  readonly inbox: Inbox;
  /** Whether to give up. */
  readonly isStopped: () => boolean;
}

interface Written {
  /** The runs of which nothing is left. */
  readonly forgotten: readonly RunRecords[];
  /** How many runs there are of which only the deletion is left. */
  readonly deletions: number;
}

const NOTHING: Compaction = { logs: 0, bytesBefore: 0, bytesAfter: 0 };

export class Compactor {
  readonly #options: CompactorOptions;
  #number = 0;

  constructor(options: CompactorOptions) {
    this.#options = options;
  }

  /** Replaces the old logs if that frees a good part of what they take. */
  async compactIfWorthIt(): Promise<Compaction> {
    this.#tidyOwners();
    const old = this.#oldLogs();
    const fresh = sum(old.filter(({ log }) => !isCompacted(log)).map(({ size }) => size));
    const all = sum(old.map(({ size }) => size));
    const isMuch = fresh >= Math.max(MANY_BYTES, all - fresh) && this.#estimate(old) <= all / 2;
    return isMuch || old.length >= MANY_LOGS ? this.#compact() : NOTHING;
  }

  /** About how many bytes would be left. */
  #estimate(old: readonly { readonly log: string }[]): number {
    const logs = new Set(old.map(({ log }) => log));
    const isOld = (log: string): boolean => logs.has(log);
    const isSettled = (): boolean => true;
    const options = { history: this.#options.history, isOld, isSettled, isAbandoned: isSettled };
    return sum(
      this.#options.index.runs().map((run) => {
        const { copy, summary, whole } = planFor(run, options);
        // As long as the first one, which was whole, and what has changed since.
        const made = [summary, whole].filter((ref) => ref !== undefined);
        const first = run.valid()[0]?.length ?? 0;
        return sum(copy.map(({ length }) => length)) + sum(made.map(({ length }) => length + first));
      }),
    );
  }

  /** Replaces the old logs, whatever that frees. */
  compact(): Promise<Compaction> {
    this.#tidyOwners();
    return this.#compact();
  }

  #tidyOwners(): void {
    try {
      this.#options.claims.tidy(this.#options.clock.now(), DAY);
    } catch {
      // what is left is harmless, and is looked at again with the next log
    }
  }

  async #compact(isLast = false): Promise<Compaction> {
    const old = new Map(this.#close(this.#oldLogs()).map(({ log, size }) => [log, size]));
    await this.#options.index.refresh();
    if (old.size === 0) return NOTHING;
    const bytesBefore = sum([...old.values()]);
    try {
      const { size, forgotten, deletions } = await this.#replace(old);
      for (const { id, topFence } of forgotten) this.#forget(id, topFence + 1);
      // Of what is deleted, the first round leaves the deletion itself; it goes when the disk has nothing else of the run.
      const again = deletions > 0 && !isLast ? await this.#compact(true) : NOTHING;
      return { logs: old.size, bytesBefore, bytesAfter: again.logs > 0 ? again.bytesAfter : size };
    } catch (error) {
      // Another process has replaced them meanwhile.
      if (error instanceof LogGoneError) return NOTHING;
      throw error;
    }
  }

  async #replace(old: ReadonlyMap<string, number>): Promise<Written & { readonly size: number }> {
    const { folder, base, self, index, writer } = this.#options;
    this.#number += 1;
    const name = compactedName(`${base}-${String(this.#number).padStart(6, '0')}.jsonl`);
    const path = index.pathOf(name);
    const temp = `${path}.tmp`;
    const fd = createFile(temp);
    if (fd === undefined) throw unavailable('making a log', temp, 'it is there already');
    let size = 0;
    let isOpen = true;
    try {
      const output = new Output(fd, logHead(name, self));
      const written = await this.#write(old, output);
      size = output.finish();
      files().close(fd);
      isOpen = false;
      if (size > 0) {
        await syncPath(temp);
        makeReadOnly(temp);
        // Another process may have replaced them meanwhile, and forgotten what stands in this copy.
        if ([...old.keys()].some((log) => !exists(index.pathOf(log)))) throw new LogGoneError(folder);
        await publishFile(temp, path);
      }
      for (const log of old.keys()) {
        removeFile(index.pathOf(log));
        writer.forget(log);
      }
      if (size === 0) removeFile(temp);
      await syncDirectory(folder);
      await index.refresh();
      return { ...written, size };
    } catch (error) {
      if (isOpen) files().close(fd);
      discard(temp);
      throw unavailable('replacing old logs', temp, error);
    }
  }

  async #write(old: ReadonlyMap<string, number>, output: Output): Promise<Written> {
    const { index, history, claims } = this.#options;
    const { epoch } = index;
    const isOld = (log: string): boolean => old.has(log);
    const isSettled = (run: RunRecords): boolean =>
      claims.newestFence(claims.stem(run.id), run.topFence) === run.topFence;
    const isAbandoned = (run: RunRecords): boolean => this.#isAbandoned(run);
    const forgotten: RunRecords[] = [];
    let deletions = 0;
    const copied = new Set<string>();
    const copy = async (positions: readonly Position[]): Promise<void> => {
      for (const line of await this.#options.reader.lines(positions)) {
        await output.add(Buffer.concat([line, LINE_BREAK]));
      }
      for (const position of positions) copied.add(keyOf(position));
    };
    for (const run of index.runs()) {
      this.#goOn(epoch);
      const plan = planFor(run, { history, isOld, isSettled, isAbandoned });
      if (plan.isForgotten) forgotten.push(run);
      if (plan.isDeletion) deletions += 1;
      const made = await this.#madeLines(run, plan);
      for (const bytes of made ?? []) await output.add(bytes);
      await copy(made === undefined ? everythingOf(run, isOld).copy : plan.copy);
    }
    // Lines of which nobody knows whose they were: they stay, so that they can be reported and mended.
    await copy(index.damagedLines().filter((line) => isOld(line.log) && !copied.has(keyOf(line))));
    this.#goOn(epoch);
    return { forgotten, deletions };
  }

  /** The lines that are not copies; undefined when what they are made of cannot be read. */
  async #madeLines(run: RunRecords, { summary, whole }: RunPlan): Promise<Buffer[] | undefined> {
    try {
      const lines: Buffer[] = [];
      if (summary !== undefined) {
        const before = run.valid().filter(({ seq }) => seq <= summary.seq);
        const events = await this.#options.reader.eventsOf(run, before);
        const ack = before.flatMap((ref) => ref.ack);
        lines.push(await this.#wholeLine(run, summary, { events, ack, born: run.born }));
      }
      if (whole !== undefined) {
        const events = await this.#options.reader.eventsOf(run, [whole]);
        lines.push(await this.#wholeLine(run, whole, { events, ack: whole.ack }));
      }
      return lines;
    } catch (error) {
      if (error instanceof CorruptCheckpointError) return undefined;
      throw error;
    }
  }

  async #wholeLine(
    run: RunRecords,
    ref: RecordRef,
    more: { readonly events: readonly string[]; readonly ack: readonly string[]; readonly born?: number },
  ): Promise<Buffer> {
    const { reader } = this.#options;
    const facts = await reader.facts(run, ref);
    const { head, parts } = await reader.checkpoint(run, ref);
    const ack = more.ack.length > 0 ? more.ack : undefined;
    const prev = more.born === undefined ? (facts.prev ?? 0) : 0;
    const bare = { ...facts, prev, whole: true, ack, born: more.born ?? facts.born } as const;
    return encodeLine(bare, { head, parts, events: more.events });
  }

  /** Another process has replaced logs as well, or this one is to end. */
  #goOn(epoch: number): void {
    const { index, isStopped, folder } = this.#options;
    if (isStopped() || index.epoch !== epoch) throw new LogGoneError(folder);
  }

  #oldLogs(): { readonly log: string; readonly size: number; readonly isClosed: boolean }[] {
    const { folder, index, writer, clock } = this.#options;
    return listFolder(folder).flatMap((log) => {
      const path = index.pathOf(log);
      const info = lookAt(path);
      if (info === undefined) return [];
      const isSilent = clock.now() - info.mtimeMs > HOUR;
      if (log.endsWith('.tmp') && isSilent) removeFile(path);
      if (!log.endsWith('.jsonl') || writer.isOpen(log)) return [];
      const own = writer.storedSize(log);
      const isClosed = isReadOnly(info) || own !== undefined;
      const size = own ?? info.size;
      return isClosed || isSilent || isDead(ownerOfLog(path)) ? [{ log, size, isClosed }] : [];
    });
  }

  /** From here on nobody adds to them. One that may not be touched is left out. */
  #close<T extends { readonly log: string; readonly isClosed: boolean }>(logs: readonly T[]): T[] {
    return logs.filter(({ log, isClosed }) => {
      if (isClosed) return true;
      try {
        makeReadOnly(this.#options.index.pathOf(log));
        return true;
      } catch {
        return false;
      }
    });
  }

  #isAbandoned(run: RunRecords): boolean {
    const { claims, owned, clock } = this.#options;
    if (owned.holds(run.id)) return false;
    const leases = claims.leases(claims.stem(run.id), run.topFence);
    if (leases.length < run.topFence) return false;
    return leases.every(
      ({ owner, until }) => claims.isMine(owner) || isProvablyDead(owner) || clock.now() - until > DAY,
    );
  }

  #forget(id: string, fence: number): void {
    const { claims, inbox, self, clock } = this.#options;
    inbox.removeAll(id);
    const stem = claims.stem(id);
    claims.forget(stem, { owner: self, fence, until: clock.now() + FORGETTING });
  }
}

/** Collects lines and writes many of them at once. */
class Output {
  readonly #fd: number;
  readonly #head: Buffer;
  #waiting: Buffer[] = [];
  #length = 0;
  #size = 0;

  constructor(fd: number, head: string) {
    this.#fd = fd;
    this.#head = Buffer.from(head);
  }

  async add(line: Buffer): Promise<void> {
    if (this.#size === 0 && this.#length === 0) this.#put(this.#head);
    this.#put(line);
    if (this.#length < BATCH) return;
    this.#flush();
    // Others have their turn.
    await new Promise<void>((resolve) => void setImmediate(resolve));
  }

  /** @returns how many bytes that are; 0 when there is nothing to keep */
  finish(): number {
    this.#flush();
    return this.#size;
  }

  #put(bytes: Buffer): void {
    this.#waiting.push(bytes);
    this.#length += bytes.length;
  }

  #flush(): void {
    if (this.#length > 0) this.#size += writeAll(this.#fd, Buffer.concat(this.#waiting));
    this.#waiting = [];
    this.#length = 0;
  }
}

function isDead(owner: unknown): boolean {
  return typeof owner === 'object' && owner !== null && isProvablyDead(owner as Owner);
}

function keyOf({ log, offset }: Position): string {
  return `${log} ${offset}`;
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, each) => total + each, 0);
}
