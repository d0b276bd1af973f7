/** All that a store can be asked for, as plain data, to be compared with what it gave before. */
import type { Store } from '../../../src/durability/store.js';

export interface WholeRun {
  readonly history: readonly number[];
  readonly checkpoints: Readonly<Record<number, { readonly head: string; readonly parts: Record<string, string> }>>;
  readonly events: readonly string[];
  readonly inbox: readonly string[];
}

/** @param most how many checkpoints of a run, from the newest on */
export async function everythingIn(store: Store, most = Infinity): Promise<Record<string, WholeRun>> {
  const whole: Record<string, WholeRun> = {};
  for (const id of await idsIn(store)) {
    const history = (await store.history(id)).slice(0, most);
    const checkpoints: Record<number, { head: string; parts: Record<string, string> }> = {};
    for (const seq of history) {
      const loaded = await store.load(id, seq);
      if (loaded !== undefined) checkpoints[seq] = { head: loaded.head, parts: Object.fromEntries(loaded.parts) };
    }
    const inbox = (await store.inbox(id)).map(({ deliveryId }) => deliveryId);
    whole[id] = { history, checkpoints, events: await store.events(id), inbox };
  }
  return whole;
}

export async function idsIn(store: Store): Promise<string[]> {
  const ids: string[] = [];
  for (let cursor: string | undefined, isFirst = true; isFirst || cursor !== undefined; isFirst = false) {
    const page = await store.list(cursor === undefined ? {} : { cursor });
    ids.push(...page.runs.map(({ id }) => id));
    cursor = page.cursor;
  }
  return ids;
}
