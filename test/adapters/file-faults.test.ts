import { describe, expect, it } from 'vitest';
import { claim, creation, saving } from '../../adapters/conformance/bench.js';
import { fileStore } from '../../adapters/file.js';
import { EngramError } from '../../src/errors/index.js';
import type { Lease, SaveRequest, Store } from '../../src/durability/store.js';
import { tally } from '../support/tally.js';
import { temporaryFolder } from './support/children.js';
import { type Fault, injectFault } from './support/faulty-files.js';

const LAST = 6;

/** What was acknowledged, and what was tried and refused: that may be there or not, but never by half. */
class Ledger {
  readonly acknowledged = new Set<number>();
  readonly tried = new Set<number>();
  posted: 'no' | 'refused' | 'yes' = 'no';
  isTaken = false;
  isOver = false;
}

/** A run from its beginning to its end: changes, a message that waits and is taken, and a release. */
async function liveThrough(store: Store, ledger: Ledger): Promise<void> {
  ledger.tried.add(1);
  const lease = await store.create(creation('run', { head: '"1"', parts: { base: '"b"', p1: '"1"' } }));
  ledger.acknowledged.add(1);
  for (let seq = 2; seq <= LAST; seq += 1) {
    if (seq === 3) {
      ledger.posted = 'refused';
      await store.post('run', { deliveryId: 'mail', body: '"hello"' });
      ledger.posted = 'yes';
    }
    const request = step(seq, lease as Lease);
    ledger.tried.add(seq);
    await store.save(request);
    ledger.acknowledged.add(seq);
    if (request.ackInbox.length > 0) ledger.isTaken = true;
    if (request.release) ledger.isOver = true;
  }
}

function step(seq: number, lease: Lease): SaveRequest {
  const status = seq === LAST ? 'completed' : 'running';
  return saving('run', seq, lease, {
    head: `"${seq}"`,
    parts: { [`p${seq}`]: `"${seq}"` },
    events: [`"event ${seq}"`],
    ackInbox: seq === 4 ? ['mail'] : [],
    index: { status, graph: 'flow', due: null },
    release: seq === LAST,
  });
}

async function check(dir: string, ledger: Ledger, place: string): Promise<void> {
  const store = fileStore({ dir });
  const loaded = await store.load('run');
  const seq = loaded?.seq ?? 0;
  const newest = Math.max(0, ...ledger.acknowledged);
  expect(seq, `${place}: newest`).toBeGreaterThanOrEqual(newest);
  if (seq > newest) expect(ledger.tried, `${place}: nothing that was never tried`).toContain(seq);
  if (loaded !== undefined) {
    const changed = Array.from({ length: seq }, (_, i) => [`p${i + 1}`, `"${i + 1}"`]);
    const parts = { base: '"b"', ...Object.fromEntries(changed) };
    expect(loaded.head, place).toBe(`"${seq}"`);
    expect(Object.fromEntries(loaded.parts), place).toEqual(parts);
    const events = Array.from({ length: seq - 1 }, (_, i) => `"event ${i + 2}"`);
    expect(await store.events('run'), place).toEqual(events);
    const mail = (await store.inbox('run')).map(({ deliveryId }) => deliveryId);
    if (seq >= 4) expect(mail, place).toEqual([]);
    else if (ledger.posted === 'yes') expect(mail, place).toEqual(['mail']);
    const summary = (await store.list()).runs[0];
    expect([summary?.id, summary?.seq], place).toEqual(['run', seq]);
  }
  await goOn(store, seq, place);
  await store.close();
}

/** Whoever comes next can take the run, or begin it, and save. */
async function goOn(store: Store, seq: number, place: string): Promise<void> {
  const next = { ...claim('next'), isDead: () => true };
  const lease = seq === 0 ? await store.create(creation('run', { claim: next })) : await store.acquire('run', next);
  expect(lease, `${place}: can be taken`).toBeDefined();
  await store.save(saving('run', Math.max(seq, 1) + 1, lease as Lease, { head: '"next"' }));
  expect((await store.load('run'))?.head, place).toBe('"next"');
}

describe('a file system that fails', () => {
  it.each<Fault>(['before', 'after', 'half', 'dead'])(
    'at any one call of a run (%s): nothing acknowledged is lost, nothing refused is half there, and the run goes on',
    async (fault) => {
      const hits = new Map<string, number>();
      let at = 1;
      for (; ; at += 1) {
        const dir = temporaryFolder();
        const ledger = new Ledger();
        const injection = injectFault(at, fault);
        const store = fileStore({ dir });
        const refusal = await liveThrough(store, ledger).catch((error: unknown) => error);
        await store.close().catch(() => undefined);
        injection.end();
        const hit = injection.hit();
        if (hit === undefined) break;
        const place = `${fault} at call ${at} (${hit})`;
        if (refusal !== undefined) expect(refusal, place).toBeInstanceOf(EngramError);
        await check(dir, ledger, place);
        hits.set(hit, (hits.get(hit) ?? 0) + 1);
      }
      const kinds = [...hits].map(([name, times]) => `${name} ${times}`).join(', ');
      console.log(`file store, a fault ${fault} the call: ${kinds}`);
      tally('calls to the file system that failed', at - 1);
      expect(at).toBeGreaterThan(50);
    },
    120_000,
  );

  it('once, lets the same store go on with the next save', async () => {
    let faults = 0;
    for (let at = 1; ; at += 1) {
      const dir = temporaryFolder();
      const store = fileStore({ dir });
      const lease = (await store.create(creation('run', { parts: { base: '"b"' } }))) as Lease;
      const injection = injectFault(at, 'before');
      const first = await store.save(step(2, lease)).catch((error: unknown) => error);
      injection.end();
      if (injection.hit() === undefined) break;
      faults += 1;
      if (first !== undefined) await store.save(step(2, lease)).catch(() => undefined);
      await store.save(step(3, lease));
      await store.close();
      const parts = (await fileStore({ dir }).load('run'))?.parts;
      expect(Object.fromEntries(parts ?? []), `call ${at}`).toEqual({ base: '"b"', p2: '"2"', p3: '"3"' });
    }
    tally('calls to the file system that failed', faults);
    expect(faults).toBeGreaterThan(2);
  });
});
