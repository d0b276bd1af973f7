/** What the batches have found so far: counts, and the rejected rows, which are few; never the films themselves. */
import { checkRow, type RejectedRow } from './check-row.js';

export interface Tally {
  readonly rows: number;
  readonly accepted: number;
  readonly rejected: readonly RejectedRow[];
}

export const emptyTally: Tally = { rows: 0, accepted: 0, rejected: [] };

/** The tally after one more batch; `offset` is the position of its first row in the file. */
export function addBatch(tally: Tally, batch: readonly unknown[], offset: number): Tally {
  const rejected = batch.flatMap((raw, index) => {
    const checked = checkRow(raw, offset + index);
    return 'rejected' in checked ? [checked.rejected] : [];
  });
  return {
    rows: tally.rows + batch.length,
    accepted: tally.accepted + batch.length - rejected.length,
    rejected: [...tally.rejected, ...rejected],
  };
}
