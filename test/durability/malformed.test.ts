// Rule: whatever stands in a store, a load gives a typed error or a checkpoint as it was stored: never a crash, a hang or
// another run. `npm run faults` tries 10,000; ENGRAM_SEED repeats the choices.
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { Store } from 'engram';
import { EngramError } from 'engram';
import { fileStore } from 'engram/adapters/file';
import { memoryStore } from 'engram/adapters/memory';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { createCodec } from '../../src/durability/codec.js';
import { unpackAll } from '../../src/durability/compression.js';
import { openEnvelope, verifyState } from '../../src/durability/envelope.js';
import { contextFromParts } from '../../src/durability/parts.js';
import type { StoredCheckpoint } from '../../src/durability/store.js';
import type { RunContext } from '../../src/propagation/context.js';
import { loadRun } from '../../src/stimulation/load.js';
import { SEED } from '../equivalence/seed.js';
import { storeAt, withOverrides } from '../support/stores.js';
import { tally } from '../support/tally.js';
import { damage, type Damage, damagedRecord, damagedText, resealed, type Stored } from './mutations.js';
import { DamagedRedis } from './damaged-redis.js';
import { makeRuns } from './run-samples.js';

const CASES = Number(process.env['ENGRAM_CASES'] ?? 3000);
const codec = createCodec();
const share = (part: number): number => Math.max(1, Math.round(CASES * part));

/** A store with the sample runs in it, that can be damaged from outside. Another real store joins the list below. */
interface Damageable {
  readonly name: string;
  /** Of the cases: what costs more is tried less often. */
  readonly share: number;
  /** @returns the runs as they stood there, undamaged */
  prepare(): Promise<Store>;
  /** Every call gives the sample runs with this damage, and nothing of the damage before. */
  damaged(how: readonly Damage[]): Promise<Store>;
  close(): Promise<void> | void;
}

interface Record extends StoredCheckpoint {
  readonly context: RunContext;
}

function contextOf({ head, parts }: Stored): RunContext {
  const envelope = openEnvelope(head, 'a record');
  verifyState(envelope, parts, 'a record');
  return contextFromParts(envelope.id, unpackAll(parts, envelope.compression, 'a record'), codec, 'a record');
}

async function recordsOf(store: Store, ids: readonly string[]): Promise<Record[]> {
  const records: Record[] = [];
  for (const id of ids) {
    for (const seq of await store.history(id)) {
      const stored = (await store.load(id, seq)) ?? expect.unreachable();
      records.push({ ...stored, context: contextOf(stored) });
    }
  }
  return records;
}

const source = memoryStore();
let ids: readonly string[] = [];
let records: readonly Record[] = [];
beforeAll(async () => {
  ids = await makeRuns(source);
  records = await recordsOf(source, ids);
});

/** @returns whether it was refused */
function expectTyped(error: unknown): true {
  if (error instanceof EngramError && error.code !== 'INVALID_ARGUMENT') return true;
  throw error;
}

const settings = (part: number) => ({ numRuns: share(part), seed: SEED });

it('the samples hold every kind of part', () => {
  const kinds = new Set(records.flatMap(({ parts }) => [...parts.keys()].map((name) => name.split('/')[0])));
  const all = [
    'context',
    'deliveries',
    'early',
    'entry',
    'failed',
    'frontier',
    'hops',
    'options',
    'output',
    'owed',
    'run',
  ];
  expect([...kinds].sort()).toEqual(expect.arrayContaining(all));
  expect(records.some(({ head }) => openEnvelope(head, '').compression === 'brotli')).toBe(true);
});

describe(`a malformed record (ENGRAM_SEED=${SEED})`, () => {
  it('is refused with a typed error, or is the context that was stored', () => {
    let refused = 0;
    const seen = fc.property(fc.nat(), fc.array(damage, { minLength: 1, maxLength: 3 }), (which, how) => {
      const record = records[which % records.length] as Record;
      const stored = how.reduce<Stored>((given, each) => damagedRecord(given, each, records), record);
      let context: RunContext;
      try {
        context = contextOf(stored);
      } catch (error) {
        expectTyped(error);
        refused += 1;
        return;
      }
      const { id, seq } = openEnvelope(stored.head, '');
      const known = records.find((each) => each.id === id && each.seq === seq);
      if (!isDeepStrictEqual(context, known?.context)) expect(context).toEqual(known?.context);
    });
    fc.assert(seen, settings(0.3));
    expect(refused).toBeGreaterThan(share(0.3) * 0.8);
    tally('malformed records refused by their sums', refused);
  }, 600_000);

  it('with sums that fit all the same is refused with a typed error, or is a context', () => {
    let refused = 0;
    const seen = fc.property(fc.nat(), fc.array(damage, { minLength: 1, maxLength: 3 }), (which, how) => {
      const record = records[which % records.length] as Record;
      const stored = resealed(how.reduce<Stored>((given, each) => damagedRecord(given, each, records), record));
      try {
        expect(Object.getPrototypeOf(contextOf(stored).values)).toBe(Object.prototype);
      } catch (error) {
        expectTyped(error);
        refused += 1;
      }
    });
    fc.assert(seen, settings(0.2));
    expect(refused).toBeGreaterThan(share(0.2) * 0.2);
    tally('malformed records with sums that fit, refused', refused);
  }, 600_000);
});

/** What a store hands out is damaged, whatever the store. */
const readDamaged = (): Damageable => {
  let inner: Store;
  return {
    name: 'a store that reads what is not what was written',
    share: 0.2,
    prepare: async () => (inner = source),
    damaged: async (how) => {
      const found = (stored: StoredCheckpoint | undefined) =>
        stored && { ...stored, ...how.reduce<Stored>((given, each) => damagedRecord(given, each, records), stored) };
      const newest = new Map(await Promise.all(ids.map(async (id) => [id, (await inner.history(id))[0]] as const)));
      const isHit = (id: string, seq = newest.get(id)) => seq === newest.get(id) || how.length > 1;
      return withOverrides(inner, {
        load: async (id, seq) => (isHit(id, seq) ? found(await inner.load(id, seq)) : inner.load(id, seq)),
      });
    },
    close: () => undefined,
  };
};

const files = (dir: string): string[] =>
  readdirSync(dir, { recursive: true, encoding: 'utf8' })
    .sort()
    .map((name) => join(dir, name))
    .filter((path) => statSync(path).isFile());

/** Bytes of files are damaged as texts of latin1, so that every byte may be hit. */
const damagedDirectory = (): Damageable => {
  const base = mkdtempSync(join(tmpdir(), 'engram-malformed-'));
  const [whole, copy] = [join(base, 'whole'), join(base, 'copy')];
  let open: Store | undefined;
  return {
    name: 'a file store',
    share: 0.1,
    prepare: async () => {
      const store = fileStore({ dir: whole });
      await makeRuns(store);
      await store.close();
      return (open = fileStore({ dir: whole }));
    },
    damaged: async (how) => {
      await open?.close();
      rmSync(copy, { recursive: true, force: true });
      cpSync(whole, copy, { recursive: true });
      const paths = files(copy);
      const pick = (which: number): string => paths[which % paths.length] as string;
      const change = (path: string, to: (text: string) => string): void =>
        writeFileSync(path, to(readFileSync(path, 'latin1')), 'latin1');
      for (const each of how) {
        switch (each.of) {
          case 'head':
            change(pick(0), (text) => damagedText(text, each.text));
            break;
          case 'part':
            change(pick(each.which), (text) => damagedText(text, each.text));
            break;
          case 'new':
            change(pick(each.json.length), (text) => `${text}${each.json}\n`);
            break;
          case 'gone':
            writeFileSync(pick(each.which), '');
            break;
          default:
            change(pick(each.which), () => readFileSync(pick(each.which + 1), 'latin1'));
        }
      }
      return (open = fileStore({ dir: copy }));
    },
    close: async () => {
      await open?.close();
      rmSync(base, { recursive: true, force: true });
    },
  };
};

const damagedServer = (): Damageable => {
  const redis = new DamagedRedis(inject('redisUrl'));
  return {
    name: 'a Redis store',
    share: 0.2,
    prepare: () => redis.prepare(),
    damaged: (how) => redis.damaged(how),
    close: () => redis.close(),
  };
};

const STORES: readonly Damageable[] = [readDamaged(), damagedDirectory(), damagedServer()];

describe.each(STORES)(`$name (ENGRAM_SEED=${SEED})`, (store) => {
  let known: readonly Record[] = [];
  beforeAll(async () => {
    known = await recordsOf(await store.prepare(), ids);
  });
  afterAll(() => store.close());

  it('I6: gives a typed error or a checkpoint as it was stored, and at most the runs that are there', async () => {
    let [survived, noticed] = [0, 0];
    const tried = fc.asyncProperty(fc.array(damage, { minLength: 1, maxLength: 3 }), async (how) => {
      const damagedStore = await store.damaged(how);
      for (const id of ids) {
        try {
          const run = await loadRun(damagedStore, id, codec);
          if (run === undefined) continue;
          if (run.lost.length > 0) noticed += 1;
          const { seq } = run.envelope;
          const right = known.find((each) => each.id === id && each.seq === seq)?.context;
          if (!isDeepStrictEqual(run.context, right)) expect(run.context).toEqual(right);
        } catch (error) {
          expectTyped(error);
          noticed += 1;
        }
        await Promise.all([damagedStore.events(id), damagedStore.inbox(id), damagedStore.history(id)]).catch(
          expectTyped,
        );
      }
      const listed = await damagedStore.list().catch((error: unknown) => expectTyped(error) && { runs: [] });
      for (const { id } of listed.runs) expect(ids).toContain(id);
      survived += 1;
    });
    await fc.assert(tried, settings(store.share));
    expect(noticed).toBeGreaterThan(share(store.share) * 0.2);
    tally(`malformed: loads of ${store.name}`, survived);
  }, 600_000);
});

it('a damaged newest checkpoint leaves the older one, and the run goes on from there', async () => {
  const [id] = ids;
  const older = await storeAt(source, id as string, 2, await storeAt(source, id as string, 1));
  const hit = withOverrides(older, {
    load: async (run, seq) => {
      const stored = await older.load(run, seq);
      return stored?.seq === 2 ? { ...stored, head: damagedText(stored.head, { kind: 'cut', at: 40 }) } : stored;
    },
  });
  expect(await loadRun(hit, id as string, codec)).toMatchObject({ envelope: { seq: 1 }, lost: [2] });
});
