/**
 * Where the records of one run are, and which of them count. Positions only: the texts stay on the disk.
 *
 * Rule: who takes a run over measures how far it has come, and says so with every record: on which fence before it this
 * one builds, and up to which seq (`base`). What counts is the newest fence, its base up to that seq, the base of that,
 * and so on. Whatever an overtaken process writes later, be it a save, a take-over or a deletion, is not on that way. A
 * beginning builds on nothing, and so does a deletion. A checkpoint that stands for all before it ends the way.
 */
import type { RunIndex } from '../../src/durability/store.js';
import type { Base, Facts } from './line.js';
import { isCompacted } from './log-reader.js';
import type { Position } from './log-writer.js';

export interface RecordRef extends Position {
  readonly fence: number;
  readonly seq: number;
  readonly prev: number;
  readonly whole: boolean;
  readonly hasEvents: boolean;
  readonly ack: readonly string[];
  readonly index: RunIndex | undefined;
  /** It stands for all before it, of the run that began under this fence. */
  readonly born: number | undefined;
  /** It cannot be read. `guessed`: it is not even certain that it was this checkpoint. */
  readonly damage: 'none' | 'damaged' | 'guessed';
}

/** A record that holds no checkpoint: of a take-over, a release, a deletion, or what is forgotten. */
export interface NoteRef extends Position {
  readonly fence: number;
  readonly release: boolean;
  readonly deleted: boolean;
  readonly floor: number;
}

/** What is known of a record beside its facts. */
export interface Beside {
  readonly isIntact: boolean;
  readonly hasEvents: boolean;
  /** The one of the facts, or one that says the same. */
  readonly index: RunIndex | undefined;
}

const NONE: readonly string[] = [];

export class RunRecords {
  readonly #all: RecordRef[] = [];
  readonly #notes: NoteRef[] = [];
  readonly #bases = new Map<number, Base>();
  #valid: RecordRef[] | undefined = [];
  #born = 0;
  #floor = 0;
  #floorFence = 0;
  #released = 0;
  #deleted = 0;
  #top = 0;
  #isChainKnown = true;

  constructor(readonly id: string) {}

  /** The newest fence that a record tells of. A newer one may have been claimed. */
  get topFence(): number {
    return this.#top;
  }

  /** The fence under which the run began, or began anew; 0 if it is not there. */
  get born(): number {
    return this.valid().length === 0 ? 0 : this.#born;
  }

  baseOf(fence: number): Base {
    return this.#bases.get(fence) ?? [0, 0];
  }

  isReleased(fence: number): boolean {
    return this.#released >= fence;
  }

  isDeleted(fence: number): boolean {
    return this.#deleted >= fence;
  }

  add(facts: Facts, position: Position, { isIntact, hasEvents, index }: Beside): void {
    const { fence, seq, base } = facts;
    if (base !== undefined && !this.#bases.has(fence)) {
      this.#bases.set(fence, base);
      this.#valid = undefined;
    }
    this.#top = Math.max(this.#top, fence);
    if (facts.release === true) this.#released = Math.max(this.#released, fence);
    if (facts.deleted === true) this.#deleted = Math.max(this.#deleted, fence);
    if (facts.floor !== undefined && fence >= this.#floorFence) {
      this.#floor = fence > this.#floorFence ? facts.floor : Math.max(this.#floor, facts.floor);
      this.#floorFence = fence;
    }
    const { log, offset, length, line } = position;
    if (seq === 0) {
      const { release = false, deleted = false, floor = 0 } = facts;
      this.#notes.push({ log, offset, length, line, fence, release, deleted, floor });
      return;
    }
    this.#put({
      log,
      offset,
      length,
      line,
      fence,
      seq,
      prev: facts.prev ?? 0,
      whole: facts.whole === true,
      hasEvents,
      ack: facts.ack ?? NONE,
      index,
      born: facts.born,
      damage: isIntact ? 'none' : 'damaged',
    });
  }

  /** Notes a line that cannot be read and that seems to have been a checkpoint of this run. */
  suspect(seq: number, fence: number, position: Position): void {
    const damage = 'guessed';
    const { log, offset, length, line } = position;
    this.#put({
      log,
      offset,
      length,
      line,
      fence,
      seq,
      prev: 0,
      whole: false,
      hasEvents: false,
      ack: NONE,
      index: undefined,
      born: undefined,
      damage,
    });
  }

  /** All checkpoints that count, oldest first, also those that were pruned or are damaged. */
  valid(): readonly RecordRef[] {
    return (this.#valid ??= this.#computeValid());
  }

  /** Those that can be asked for. */
  offered(): readonly RecordRef[] {
    const valid = this.valid();
    const floor = this.#floorFence >= this.born ? this.#floor : 0;
    return valid.slice(floor === 0 ? 0 : Math.max(0, lowerBound(valid, floor)));
  }

  /** Every checkpoint that a record tells of, whether it counts or not. */
  all(): readonly RecordRef[] {
    return this.#all;
  }

  notes(): readonly NoteRef[] {
    return this.#notes;
  }

  /** Whether every fence that the newest one builds on is known, so that it is certain what counts. */
  isCertain(): boolean {
    return this.valid().length >= 0 && this.#isChainKnown;
  }

  newest(): RecordRef | undefined {
    return this.valid().at(-1);
  }

  /** What the newest checkpoint that can be read is indexed by. */
  newestIndex(): RunIndex | undefined {
    return this.valid().findLast((ref) => ref.index !== undefined)?.index;
  }

  at(seq: number): RecordRef | undefined {
    const valid = this.valid();
    const found = valid[lowerBound(valid, seq)];
    return found?.seq === seq ? found : undefined;
  }

  #put(ref: RecordRef): void {
    this.#all.push(ref);
    const isNext = ref.fence === this.#top && ref.seq > (this.#valid?.at(-1)?.seq ?? 0);
    if (isNext) this.#valid?.push(ref);
    else this.#valid = undefined;
  }

  #computeValid(): RecordRef[] {
    this.#all.sort((a, b) => b.fence - a.fence || b.seq - a.seq || rank(b) - rank(a) || (a.log < b.log ? 1 : -1));
    const fences = [...this.#bases.keys()].sort((a, b) => b - a);
    const valid: RecordRef[] = [];
    let limit = Infinity;
    let fence = fences[0] ?? this.#all[0]?.fence ?? 0;
    let i = 0;
    this.#isChainKnown = true;
    while (fence > 0) {
      for (let ref = this.#all[i]; ref !== undefined && ref.fence >= fence; ref = this.#all[++i]) {
        // Of two lines for one checkpoint (a round that failed and could not be cut off again), the later log counts.
        const isSuperseded = valid.at(-1)?.seq === ref.seq;
        if (ref.fence !== fence || ref.seq > limit || isSuperseded) continue;
        valid.push(ref);
        if (ref.born === undefined) continue;
        this.#born = ref.born;
        return valid.reverse();
      }
      this.#born = fence;
      const base: Base = this.#bases.get(fence) ?? [0, 0];
      limit = Math.min(limit, base[1]);
      // A base of which every line is damaged: what was before it is the best there is.
      const below = fence;
      const isKnown = base[0] === 0 || this.#bases.has(base[0]);
      this.#isChainKnown &&= isKnown && this.#bases.has(fence);
      fence = isKnown ? base[0] : (fences.find((f) => f < below) ?? 0);
    }
    return valid.reverse();
  }
}

/** A guess gives way to a record, damage to what can be read, and one of many to what stands for more of them. */
function rank({ damage, log, born, whole }: RecordRef): number {
  if (damage !== 'none') return damage === 'guessed' ? 0 : 1;
  if (!isCompacted(log)) return 2;
  return born !== undefined ? 5 : whole ? 4 : 3;
}

function lowerBound(refs: readonly RecordRef[], seq: number): number {
  let low = 0;
  let high = refs.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((refs[middle]?.seq ?? 0) < seq) low = middle + 1;
    else high = middle;
  }
  return low;
}
