// Rule: between the store and a real server stands a proxy that spoils one piece of the traffic of each run. What was
// acknowledged is there afterwards, what is there is whole and in order, and nothing of it is there twice.
// ENGRAM_FAULT_SECONDS bounds it, in an order that ENGRAM_SEED decides; all are tried within ten minutes.
import { describe, expect, it } from 'vitest';
import type { Store } from 'engram';
import { redisStore } from 'engram/adapters/redis';
import { claim, creation, saving } from '../../adapters/conformance/bench.js';
import { randomOf, seedOf } from '../support/random.js';
import { startRedis, type StartedRedis } from '../support/redis-server.js';
import { tally } from '../support/tally.js';
import { type Fate, TcpProxy } from '../support/tcp-proxy.js';

const SECONDS = Number(process.env['ENGRAM_FAULT_SECONDS'] ?? 30);
const SAVES = 6;
const seed = seedOf(process.env);
const random = randomOf(seed);
const FATES: readonly Fate[] = ['cut before', 'cut in the middle', 'cut after', 'hold'];

interface Spoiled {
  readonly redis: StartedRedis;
  readonly proxy: TcpProxy;
  readonly direct: Store;
}

async function behindProxy(appendonly: 'no' | 'always', test: (spoiled: Spoiled) => Promise<void>): Promise<void> {
  const redis = await startRedis({ appendonly });
  const proxy = await TcpProxy.before(redis.port);
  const direct = redisStore({ url: redis.url });
  try {
    await test({ redis, proxy, direct });
  } finally {
    await direct.close();
    await proxy.close();
    await redis.stop();
  }
}

/** What the store has said that it did. */
interface Acknowledged {
  seq: number;
  posted: boolean;
  errors: unknown[];
}

const partsAt = (seq: number) => ({ state: `"at ${seq}"`, [`part${seq}`]: String(seq) });

/** One run through the proxy, from its creation to its end. A refused call is made again, as the run's keeper would not. */
async function throughProxy(proxy: TcpProxy, id: string): Promise<Acknowledged> {
  const store = redisStore({ url: `redis://127.0.0.1:${proxy.port}`, saveTimeout: 3000 });
  const acknowledged: Acknowledged = { seq: 0, posted: false, errors: [] };
  const note = (error: unknown) => void acknowledged.errors.push(error);
  try {
    const lease = await store.create(creation(id, { claim: claim('one'), parts: partsAt(1), events: ['"1"'] }));
    if (lease === undefined) throw new TypeError(`${id} was there already`);
    acknowledged.seq = 1;
    const later = [];
    for (let seq = 2; seq <= SAVES; seq++) {
      if (seq === 3) {
        await store.post(id, { deliveryId: 'd', body: '1' });
        acknowledged.posted = true;
      }
      const saved = store
        .save(
          saving(id, seq, lease, {
            parts: partsAt(seq),
            events: [`"${seq}"`],
            ackInbox: seq === 5 ? ['d'] : [],
            release: seq === SAVES,
          }),
        )
        .then(() => (acknowledged.seq = Math.max(acknowledged.seq, seq)), note);
      if (seq % 2 === 0) later.push(saved);
      else await saved;
    }
    await Promise.all(later);
  } catch (error) {
    note(error);
  } finally {
    await store.close().catch(note);
  }
  return acknowledged;
}

async function check(direct: Store, id: string, { seq, posted, errors }: Acknowledged): Promise<void> {
  const stored = await direct.load(id);
  expect(stored?.seq ?? 0, `what was acknowledged; ${String(errors[0])}`).toBeGreaterThanOrEqual(seq);
  if (stored === undefined) return;
  const expected = Object.assign({}, ...Array.from({ length: stored.seq }, (_, i) => partsAt(i + 1))) as object;
  expect(Object.fromEntries(stored.parts)).toEqual(expected);
  expect(await direct.events(id)).toEqual(Array.from({ length: stored.seq }, (_, i) => `"${i + 1}"`));
  expect(await direct.history(id)).toEqual(Array.from({ length: stored.seq }, (_, i) => stored.seq - i));
  const inbox = (await direct.inbox(id)).map(({ deliveryId }) => deliveryId);
  if (stored.seq >= 5) expect(inbox).toEqual([]);
  else if (posted) expect(inbox).toEqual(['d']);
}

describe(`through a connection that is spoiled (ENGRAM_SEED=${seed})`, () => {
  it(
    'at any piece of the traffic: nothing acknowledged is lost, nothing is there twice or half (I3)',
    () =>
      behindProxy('no', async ({ proxy, direct }) => {
        await check(direct, 'calm', await throughProxy(proxy, 'calm'));
        const { pieces } = proxy;
        expect(pieces).toBeGreaterThan(SAVES);
        const all = FATES.flatMap((fate) =>
          Array.from({ length: pieces }, (_, i) => ({ fate, at: i + 1, by: random() })),
        );
        const until = performance.now() + SECONDS * 1000;
        let faults = 0;
        let untroubled = 0;
        for (const { fate, at } of all.sort((a, b) => a.by - b.by)) {
          if (performance.now() > until) break;
          const id = `${fate} ${at}`;
          let isSpoiled = false;
          proxy.pieces = 0;
          proxy.fate = ({ n }) => {
            if (n !== at) return 'pass';
            isSpoiled = true;
            return fate;
          };
          const acknowledged = await throughProxy(proxy, id);
          proxy.fate = () => 'pass';
          if (!isSpoiled) continue;
          faults++;
          await check(direct, id, acknowledged);
          if (acknowledged.errors.length === 0) untroubled++;
        }
        expect(faults).toBeGreaterThan(FATES.length);
        expect(untroubled, 'calls are made again by the store itself').toBeGreaterThan(faults / 2);
        tally('connection faults injected: Redis store', faults);
      }),
    60_000 + SECONDS * 2000,
  );

  it(
    'by a server that is killed and started again from its log: what was acknowledged is there',
    () =>
      behindProxy('always', async ({ redis, proxy, direct }) => {
        let restarts = 0;
        for (let at = 3; at <= 15; at += 4) {
          const id = `restarted ${at}`;
          let restarted: Promise<void> | undefined;
          proxy.pieces = 0;
          proxy.fate = ({ n }) => {
            if (n === at) restarted ??= redis.kill().then(() => redis.restart());
            return 'pass';
          };
          const acknowledged = await throughProxy(proxy, id);
          proxy.fate = () => 'pass';
          if (restarted === undefined) continue;
          await restarted;
          restarts++;
          await check(direct, id, acknowledged);
        }
        expect(restarts).toBeGreaterThan(1);
        tally('server restarts in the middle: Redis store', restarts);
      }),
    120_000,
  );
});
