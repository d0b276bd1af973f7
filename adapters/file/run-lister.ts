import type { Lease, ListQuery, RunIndex, RunPage } from '../../src/durability/store.js';
import type { CheckpointReader } from './checkpoint-reader.js';
import type { Claims } from './claims.js';
import type { RecordIndex } from './record-index.js';
import type { RunRecords } from './run-records.js';
import { isUnreadable } from './sealed.js';

interface Looks {
  readonly leaseOf: Claims['lease'];
  readonly waiting: (run: RunRecords) => number;
}

/**
 * Pages through the runs of the index. A run with damage is listed too, with the newest head that can be read (`null`
 * as a JSON text if there is none): a list that leaves it out would hide it.
 */
export class RunLister {
  readonly #index: RecordIndex;
  readonly #reader: CheckpointReader;
  readonly #claims: Claims;

  readonly #counter: () => (run: RunRecords) => number;

  /** @param counter makes, for one page, what counts the messages that wait for a run */
  constructor(
    index: RecordIndex,
    reader: CheckpointReader,
    claims: Claims,
    counter: () => (run: RunRecords) => number,
  ) {
    this.#counter = counter;
    this.#index = index;
    this.#reader = reader;
    this.#claims = claims;
  }

  async page(query: ListQuery): Promise<RunPage> {
    const limit = Math.max(1, query.limit ?? 100);
    const found: { run: RunRecords; index: RunIndex }[] = [];
    for (const id of this.#index.idsAfter(query.cursor)) {
      const run = this.#index.run(id);
      const index = run?.newestIndex();
      if (run === undefined || index === undefined || !matches(index, query)) continue;
      found.push({ run, index });
      if (found.length > limit) break;
    }
    const page = found.slice(0, limit);
    const heads = await this.#reader.newestHeads(page.map(({ run }) => run));
    const looks: Looks = { leaseOf: this.#claims.reader(), waiting: this.#counter() };
    const runs = page.map(({ run, index }, i) => {
      const { seq, head } = heads[i] ?? { seq: run.newest()?.seq ?? 0, head: 'null' };
      const [lease, inbox] = [this.#lease(run, looks), looks.waiting(run)];
      return { id: run.id, seq, head, index: { ...index }, lease, inbox };
    });
    const last = runs.at(-1);
    return found.length > limit && last !== undefined ? { runs, cursor: last.id } : { runs };
  }

  #lease(run: RunRecords, { leaseOf }: Looks): Lease | null {
    const stem = this.#claims.stem(run.id);
    const fence = this.#claims.newestFence(stem, run.topFence);
    if (run.isReleased(fence)) return null;
    try {
      return leaseOf(stem, fence) ?? null;
    } catch (error) {
      // Who takes the run is told of it; a list goes on.
      if (isUnreadable(error)) return null;
      throw error;
    }
  }
}

function matches(index: RunIndex, { status = [], graph, dueBefore }: ListQuery): boolean {
  if (status.length > 0 && !status.includes(index.status)) return false;
  if (graph !== undefined && index.graph !== graph) return false;
  return dueBefore === undefined || (index.due !== null && index.due <= dueBefore);
}
