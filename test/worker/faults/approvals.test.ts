// Rule: runs wait for a person while no worker is there; workers come, and approvals before, with and after them, in any
// order and twice, while deadlines of two real seconds pass. ENGRAM_SEED repeats the choices.
import { setTimeout as wait } from 'node:timers/promises';
import { createClient as connect } from 'redis';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { collateral, RunEndedError, UndeliverableSignalError } from 'engram';
import { redisStore } from 'engram/adapters/redis';
import { createClient, type FlowClient } from 'engram/worker';
import { randomOf, seedOf } from '../../support/random.js';
import { type StartedRedis, startRedis } from '../../support/redis-server.js';
import { tally } from '../../support/tally.js';
import { Workers } from './processes.js';

const RUNS = 1000;
const seed = seedOf(process.env);
const random = randomOf(seed);

const requested = collateral<{ readonly within: string }>('requested');
const approved = collateral<{ readonly by: string }>('approved');
const decided = collateral<string>('decided');

/**
 * When somebody approves: before any worker is there; when workers are there and time is left; at about the deadline;
 * never. All but the second kind have a deadline of two seconds.
 */
type Kind = 'early' | 'in time' | 'close' | 'never';
const KINDS: readonly Kind[] = ['early', 'in time', 'close', 'never'];

interface Case {
  readonly id: string;
  readonly kind: Kind;
  readonly by: string;
  readonly isTwice: boolean;
}

let redis: StartedRedis;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis.stop());

function shuffled<T>(all: readonly T[]): T[] {
  return all
    .map((each) => [random(), each] as const)
    .sort(([a], [b]) => a - b)
    .map(([, each]) => each);
}

const hasEnded = (error: unknown) => error instanceof RunEndedError || error instanceof UndeliverableSignalError;

/** @returns false when the run had ended */
async function approve(client: FlowClient, { id, by, isTwice }: Case): Promise<boolean> {
  const send = () => client.signal(id, approved.createSignal({ by }), { deliveryId: `approval of ${id}` });
  const answers = await Promise.allSettled(isTwice ? [send(), send()] : [send()]);
  for (const answer of answers) {
    if (answer.status === 'fulfilled' || hasEnded(answer.reason)) continue;
    throw answer.reason;
  }
  return answers.some(({ status }) => status === 'fulfilled');
}

async function decisions(ids: readonly string[]): Promise<ReadonlyMap<string, readonly string[]>> {
  const records = connect({ url: redis.url });
  await records.connect();
  try {
    const lists = await Promise.all(ids.map((id) => records.lRange(`decided:${id}`, 0, -1)));
    return new Map(ids.map((id, n) => [id, lists[n] ?? []]));
  } finally {
    await records.close();
  }
}

describe(`${RUNS} runs that wait for an approval (ENGRAM_SEED=${seed})`, () => {
  it('are each decided once, by who approved in time or by the deadline, whenever workers and approvals come', async () => {
    const { url } = redis;
    const store = redisStore({ url });
    const client = createClient({
      name: 'approvals',
      collaterals: [requested, approved, decided],
      connection: { url },
      store,
    });
    const workers = new Workers('approvals');
    const cases = Array.from({ length: RUNS }, (_, n): Case => {
      const kind = KINDS[Math.floor(random() * KINDS.length)] ?? 'never';
      return { id: `request-${n}`, kind, by: `person ${n}`, isTwice: random() < 0.3 };
    });
    const of = (kind: Kind) => shuffled(cases.filter((each) => each.kind === kind));
    try {
      await Promise.all(
        cases.map(({ id, kind }) =>
          client.stimulate(requested.createSignal({ within: kind === 'in time' ? '1h' : '2s' }), {
            id,
            output: decided,
          }),
        ),
      );
      for (const each of of('early')) await approve(client, each);
      await Promise.all([workers.start({ url }), workers.start({ url })]);
      const inTime = of('in time').map(async (each) => {
        await wait(random() * 5000);
        expect(await approve(client, each), each.id).toBe(true);
      });
      const atDeadline = of('close').map(async (each) => {
        await wait(1500 + random() * 5000);
        await approve(client, each);
      });
      await Promise.all([...inTime, ...atDeadline]);
      const results = await Promise.all(cases.map(({ id }) => client.result(id)));
      const recorded = await decisions(cases.map(({ id }) => id));
      const close = { approved: 0, expired: 0 };
      for (const [n, { id, kind, by }] of cases.entries()) {
        const output = results[n]?.output;
        const allowed = { early: [by], 'in time': [by], close: [by, 'nobody'], never: ['nobody'] }[kind];
        expect(allowed, `${id}, ${kind}`).toContain(output);
        expect([id, ...(recorded.get(id) ?? [])], kind).toEqual([id, output]);
        const settled = (await store.events(id)).map((text) => (JSON.parse(text) as { dendrite: string }).dendrite);
        const decision = output === by ? 'approved#0' : 'expired#0';
        // asked, waited, decided
        expect([id, ...settled]).toEqual([id, 'requested#0', 'requested#0', decision]);
        if (kind === 'close') close[output === by ? 'approved' : 'expired']++;
      }
      for (const child of workers.living) expect(await workers.letGo(child)).toBe(0);
      expect(workers.complaints).toEqual([]);
      tally('runs that waited for an approval', RUNS);
      console.log(`approvals at about the deadline: ${close.approved} came in time, ${close.expired} did not`);
    } finally {
      await client.close();
      await store.close();
      await workers.end();
    }
  });
});
