/** One run out of a list: who holds it, and which checkpoint is its newest, without reading its state. */
import type { RunSummary, Store } from '../durability/store.js';

/** A list is in the order of ids, and a cursor just before this one makes it the first. */
export async function summaryOf(store: Store, id: string): Promise<RunSummary | undefined> {
  const cursor = `${id.slice(0, -1)}${String.fromCharCode(Math.max(0, id.charCodeAt(id.length - 1) - 1))}\uffff`;
  const { runs } = await store.list({ cursor, limit: 1 });
  return runs.find((run) => run.id === id);
}
