/**
 * A writer that can be killed at any moment, and the check of what it leaves.
 *
 * Every checkpoint is a function of its seq alone, so that whoever reads it knows what it must hold, to the part, the
 * event and the message: whatever is half there, or from two checkpoints, is found.
 */
import assert from 'node:assert/strict';
import { systemClock } from '../../src/clock/clock.js';
import type { Claim, PartChanges, RunIndex, Store } from '../../src/durability/store.js';
import { owner, type WriterNote } from './bench.js';

/** The runs that a writer writes. */
export const WRITTEN: readonly string[] = ['written 0', 'written 1', 'written 2', 'written 3'];

const INDEX: RunIndex = { status: 'running', graph: 'flow', due: null };
/** Every so many saves: the whole state instead of the change; a message that the next save acknowledges. */
const WHOLE = 16;
const MAIL = 5;

const headAt = (seq: number): string => `{"at":${seq},"filler":"${'x'.repeat(seq % 300)}"}`;

/** `p0` to `p6` change in turn, `odd` comes and goes, `newest` always changes. */
function changesAt(seq: number): PartChanges {
  const changes = { newest: String(seq), [`p${seq % 7}`]: `"${seq}"`, odd: seq % 2 === 1 ? String(seq) : null };
  return new Map(Object.entries(changes));
}

function partsAt(seq: number): ReadonlyMap<string, string> {
  const seqs = Array.from({ length: Math.min(8, seq) }, (_, i) => Math.max(1, seq - 7) + i);
  const parts = new Map(seqs.flatMap((from) => [...changesAt(from)]));
  return new Map([...parts].filter((part): part is [string, string] => part[1] !== null));
}

const mailAt = (seq: number): string => `mail ${seq}`;

/**
 * Creates runs, or takes them over, and saves them as fast as it can, for ever. For a process that is to be killed.
 * @param tell called with each save that was acknowledged
 */
export async function writeForEver(store: Store, tell: (note: WriterNote) => void): Promise<never> {
  const claim: Claim = { owner: owner(`writer ${systemClock.id()}`), ttl: 600_000, isDead: () => true };
  const endless = WRITTEN.map((run) => write(store, run, claim, tell));
  return Promise.race(endless);
}

async function write(store: Store, id: string, claim: Claim, tell: (note: WriterNote) => void): Promise<never> {
  const first = { id, claim, head: headAt(1), parts: partsAt(1), events: ['1'], index: INDEX };
  const lease = (await store.create(first)) ?? (await store.acquire(id, claim));
  assert.ok(lease, `run "${id}" is neither new nor there`);
  let seq = (await store.load(id))?.seq ?? 0;
  const { fence } = lease;
  for (;;) {
    tell({ run: id, seq });
    seq += 1;
    const whole = seq % WHOLE === 0;
    if (store.capabilities.inbox && seq % MAIL === 0) await store.post(id, { deliveryId: mailAt(seq), body: '1' });
    await store.save({
      ...{ id, seq, fence, parent: seq - 1, head: headAt(seq), parts: whole ? partsAt(seq) : changesAt(seq), whole },
      ...{ events: [String(seq)], ackInbox: seq % MAIL === 1 ? [mailAt(seq - 1)] : [], index: INDEX, release: false },
    });
  }
}

/** Holds a run that a writer left to what its seq says. @returns the seq; 0 when the run is not there */
export async function checkWritten(store: Store, id: string): Promise<number> {
  const loaded = await store.load(id);
  if (loaded === undefined) return 0;
  const { seq, head, parts } = loaded;
  assert.equal(head, headAt(seq), `the head of ${id} is not that of checkpoint ${seq}`);
  assert.deepEqual(new Map(parts), partsAt(seq), `the parts of ${id} are not those of checkpoint ${seq}`);
  const { events, history, inbox, list } = store.capabilities;
  const all = Array.from({ length: seq }, (_, i) => i + 1);
  if (events) assert.deepEqual(await store.events(id), all.map(String), `the events of ${id} at checkpoint ${seq}`);
  if (history) {
    const offered = await store.history(id);
    assert.deepEqual(offered, [...all].reverse().slice(0, offered.length), `the history of ${id}`);
    for (const older of offered.slice(0, 5)) {
      const { parts: stored } = (await store.load(id, older)) ?? { parts: [] };
      assert.deepEqual(new Map(stored), partsAt(older), `checkpoint ${older} of ${id}`);
    }
  }
  if (inbox) {
    const waiting = (await store.inbox(id)).map(({ deliveryId }) => deliveryId);
    // posted before the save that is of the same number, acknowledged by the one after that
    const isCertain = seq % MAIL === 0;
    const isPossible = isCertain || (seq + 1) % MAIL === 0;
    const expected = isPossible && (isCertain || waiting.length > 0) ? [mailAt(isCertain ? seq : seq + 1)] : [];
    assert.deepEqual(waiting, expected, `the inbox of ${id} at checkpoint ${seq}`);
  }
  if (list) {
    const { runs } = await store.list({ limit: 1_000 });
    const summary = runs.find((run) => run.id === id);
    assert.deepEqual([summary?.seq, summary?.head], [seq, head], `${id} as it is listed`);
  }
  return seq;
}
