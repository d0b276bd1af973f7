import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Result, Stimulation, StimulationFailedError, Store } from 'engram';
import { fileStore } from 'engram/adapters/file';
import { memoryStore } from 'engram/adapters/memory';
import { afterAll, describe, expect, it } from 'vitest';
import { quiet } from '../support/manual-clock.js';
import { heldStore, storeAt, withOverrides } from '../support/stores.js';
import { BROKEN, ENTRY, label, order, parcels, type Parcels } from './parcels.js';

/** What is compared between runs: everything that a user could see of the end. */
interface End {
  readonly status: string;
  readonly output: unknown;
  readonly context: Readonly<Record<string, unknown>>;
  readonly failed: ReturnType<Stimulation['getFailedTasks']>;
  readonly errors: readonly unknown[];
}

async function endOf(run: Stimulation): Promise<End> {
  const ended: Result | StimulationFailedError = await run
    .waitUntilComplete()
    .catch((error: unknown) => error as StimulationFailedError);
  return {
    status: run.status,
    output: run.actor.getSnapshot().output,
    context: run.getContext().getAll(),
    failed: run.getFailedTasks(),
    errors: 'errors' in ended ? ended.errors : [],
  };
}

interface Life {
  readonly store: Store;
  readonly end: End;
  readonly effects: ReadonlyMap<string, string>;
  /** For each checkpoint, in order: its seq and which activations had settled by then. */
  readonly checkpoints: readonly { readonly seq: number; readonly settled: ReadonlySet<string> }[];
}

/** Keeps, for each checkpoint, which activations the events up to it say have settled. */
function watched(inner: Store, id: string): { store: Store; checkpoints: { seq: number; settled: Set<string> }[] } {
  const checkpoints: { seq: number; settled: Set<string> }[] = [];
  const settled = new Set<string>();
  const store = withOverrides(inner, {
    create: async (request) => {
      const lease = await inner.create(request);
      if (lease !== undefined) checkpoints.push({ seq: 1, settled: new Set() });
      return lease;
    },
    save: async (request) => {
      await inner.save(request);
      for (const text of request.events) {
        settled.add(`${id}/${(JSON.parse(text) as { activation: string }).activation}`);
      }
      checkpoints.push({ seq: request.seq, settled: new Set(settled) });
    },
  });
  return { store, checkpoints };
}

/** In a box: what `stimulate` returns would be awaited for its result on the way. */
type Begin = (flow: Parcels) => Promise<readonly [Stimulation]>;

async function live(id: string, inner: Store, begin: Begin): Promise<Life> {
  const { store, checkpoints } = watched(inner, id);
  const flow = parcels({ store });
  const [run] = await begin(flow);
  const end = await endOf(run);
  return { store: inner, end, effects: flow.effects, checkpoints };
}

const rehydrated =
  (id: string): Begin =>
  async ({ cns }) => {
    const run = await cns.rehydrate(id);
    if (run === undefined) throw new TypeError(`there is no run ${id}`);
    return [run];
  };

/** The second life of a run, from a checkpoint of its first, against the first. */
async function expectSameEnd(id: string, first: Life, seq: number, again: Store): Promise<Life> {
  const second = await live(id, await storeAt(first.store, id, seq, again), rehydrated(id));
  expect(second.end, `rehydrated from checkpoint ${seq}`).toEqual(first.end);
  const done = first.checkpoints.find((checkpoint) => checkpoint.seq === seq)?.settled ?? new Set();
  const expected = [...first.effects].filter(([activation]) => !done.has(activation));
  expect(new Map(second.effects), `effects after checkpoint ${seq}`).toEqual(new Map(expected));
  return second;
}

const scratch = mkdtempSync(join(tmpdir(), 'engram-interruption-'));
afterAll(() => rmSync(scratch, { recursive: true, force: true }));
let folders = 0;
const stores: readonly (readonly [string, () => Store])[] = [
  ['memoryStore', () => memoryStore()],
  ['fileStore', () => fileStore({ dir: join(scratch, String(++folders)), fsync: false })],
];
const entries: readonly (readonly [string, readonly number[]])[] = [
  ['completes', ENTRY.items],
  ['fails in one of its activations', [3, BROKEN, 2]],
];

describe.each(stores)('on a %s', (_name, fresh) => {
  describe.each(entries)('a run that %s', (_what, items) => {
    const id = 'parcel/1';
    const signal = order.createSignal({ ...ENTRY, items });
    const started: Begin = async ({ cns }) => [cns.stimulate(signal, { id, output: label })];

    it('I8: ends the same, with the same effects, from whichever checkpoint it is rehydrated', async () => {
      const first = await live(id, fresh(), started);
      expect(first.end.status).toBe(items === ENTRY.items ? 'completed' : 'failed');
      expect(first.checkpoints.length).toBeGreaterThanOrEqual(3);
      for (const { seq } of first.checkpoints) await expectSameEnd(id, first, seq, fresh());
    });

    it('I8: ends the same when the rehydrated run is interrupted at each of its checkpoints too', async () => {
      const first = await live(id, fresh(), started);
      for (const { seq } of first.checkpoints) {
        const second = await expectSameEnd(id, first, seq, fresh());
        for (const checkpoint of second.checkpoints) {
          const third = await live(id, await storeAt(second.store, id, checkpoint.seq, fresh()), rehydrated(id));
          expect(third.end, `rehydrated from ${seq}, then from ${checkpoint.seq}`).toEqual(first.end);
          for (const activation of checkpoint.settled) expect(third.effects.has(activation)).toBe(false);
        }
      }
    });

    it('I4, I8: ends the same when it dies after a checkpoint is stored and before it is told so', async () => {
      const first = await live(id, fresh(), started);
      let everHeldBack = 0;
      for (const { seq, settled } of first.checkpoints) {
        const inner = fresh();
        const held = heldStore(inner);
        const victim = parcels({ store: held.store });
        await started(victim);
        let write = await held.next();
        for (; write.seq < seq; write = await held.next()) await write.acknowledge();
        await write.write();
        await quiet(); // untold, it goes on with all that the checkpoint does not hold back
        const behind = await heldBack(inner, id);
        everHeldBack += behind.length;
        for (const activation of behind) expect(victim.effects.has(activation), 'ran before the ack').toBe(false);

        const survivor = await live(id, await storeAt(inner, id, seq, fresh()), rehydrated(id));
        expect(survivor.end).toEqual(first.end);
        for (const activation of settled) expect(survivor.effects.has(activation)).toBe(false);
        expect(new Set([...victim.effects.keys(), ...survivor.effects.keys()])).toEqual(new Set(first.effects.keys()));
      }
      expect(everHeldBack).toBeGreaterThan(0);
    });
  });
});

/** The activations that the newest checkpoint holds behind a milestone. */
async function heldBack(store: Store, id: string): Promise<string[]> {
  const parts = (await store.load(id))?.parts ?? new Map<string, string>();
  return [...parts]
    .filter(([name, text]) => name.startsWith('frontier/') && (JSON.parse(text) as { after?: string }).after)
    .map(([name]) => `${id}/${name.slice('frontier/'.length)}`);
}
