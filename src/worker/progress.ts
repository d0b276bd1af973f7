/** Tells how far a run is: not more often than asked for, and behind the run, which waits for nothing of it. */
import type { Clock } from '../clock/clock.js';
import type { CNS } from '../stimulation/cns.js';
import { CODEC } from '../stimulation/seams.js';
import { FLOW } from '../propagation/operations.js';
import { decodeEntry } from '../stimulation/entry.js';
import { loadRun } from '../stimulation/load.js';
import type { Stimulation } from '../stimulation/stimulation.js';
import { partOf } from '../durability/parts.js';
import type { FlowJob, RunProgress } from './jobs.js';
import { progressOf } from './run-status.js';
import type { WorkerEvents } from './worker-events.js';

export interface PaceOptions {
  readonly job: FlowJob;
  readonly cns: CNS;
  readonly clock: Clock;
  /** Milliseconds between two reports; the first comes after so many. */
  readonly every: number;
  readonly emit: (event: 'progress', ...args: WorkerEvents['progress']) => void;
}

export class Pace {
  readonly #run: Stimulation;
  readonly #options: PaceOptions;
  readonly #began: number;
  /** How it stood when it came here. */
  readonly #before: { readonly settled: number; readonly milestone: string | null };
  #toldAt: number;
  #isTelling = false;
  #total: number | null | undefined;

  constructor(run: Stimulation, options: PaceOptions) {
    this.#run = run;
    this.#options = options;
    this.#began = this.#toldAt = options.clock.monotonic();
    this.#before = { settled: run.settledActivations, milestone: progressOf(options.job)?.milestone ?? null };
  }

  onTurn(): void {
    const { clock, every } = this.#options;
    if (this.#isTelling || clock.monotonic() - this.#toldAt < every) return;
    void this.tell();
  }

  /** Never rejects: a queue that is away costs a report, and not a run. */
  async tell(): Promise<void> {
    const { job, clock, emit } = this.#options;
    this.#isTelling = true;
    try {
      const progress = this.#now(await this.#totalOf());
      emit('progress', { id: this.#run.id, ...progress });
      await job.updateProgress(progress);
    } catch {
      // told with the next
    } finally {
      this.#toldAt = clock.monotonic();
      this.#isTelling = false;
    }
  }

  #now(total: number | null): RunProgress {
    const { settledActivations: settled } = this.#run;
    const milestone = this.#run.milestone ?? this.#before.milestone;
    const pending = this.#run.getOutstandingTasks().length;
    const known = { settled, pending, milestone };
    if (total === null || !(total > 0)) return known;
    const percent = Math.min(100, Math.floor((100 * settled) / total));
    const here = settled - this.#before.settled;
    if (here === 0) return { ...known, total, percent };
    const each = (this.#options.clock.monotonic() - this.#began) / here;
    return { ...known, total, percent, left: Math.round(each * Math.max(0, total - settled)) };
  }

  /** What the flow says; asked once, and of the stored entry where it depends on that. */
  async #totalOf(): Promise<number | null> {
    if (this.#total !== undefined) return this.#total;
    const { cns } = this.#options;
    const { total, store } = cns;
    if (typeof total !== 'function') return (this.#total = total ?? null);
    const codec = cns[CODEC];
    const stored = store === undefined ? undefined : await loadRun(store, this.#run.id, codec);
    const text = stored?.parts.get(partOf.entry());
    if (text === undefined) return (this.#total = null);
    return (this.#total = total(decodeEntry(cns[FLOW].graph, text, codec).signals) ?? null);
  }
}
