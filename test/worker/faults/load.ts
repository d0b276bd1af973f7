/**
 * Runs of the flow in ten-steps.mjs, and what they have left: compared with what the same runs leave when nobody disturbs
 * them, and held against the rule that what a stored milestone has behind it does not run again.
 */
import { createClient as connect } from 'redis';
import { expect } from 'vitest';
import { collateral, type Store } from 'engram';
import { redisStore } from 'engram/adapters/redis';
import { createClient, type FlowClient } from 'engram/worker';
import { Workers } from './processes.js';

interface Step {
  readonly sum: number;
  readonly after: string | null;
}

/** One time that an activation ran. */
export interface Call {
  readonly given: number;
  /** The activation before it. */
  readonly after: string | null;
  readonly pid: number;
  /** Nanoseconds on the clock that all processes of a host share. */
  readonly at: bigint;
}
/** By activation, in the order in which they were recorded. */
export type Calls = ReadonlyMap<string, readonly Call[]>;

const first = collateral<Step>('step0');
const finished = collateral<number>('finished');
const NEURONS = [...Array.from({ length: 10 }, (_, n) => `do${n}`), 'end'];

export class Load {
  readonly ids: readonly string[];
  readonly store: Store;
  readonly client: FlowClient;

  constructor(url: string, runs: number) {
    this.ids = Array.from({ length: runs }, (_, n) => `run-${n}`);
    this.store = redisStore({ url });
    this.client = createClient({
      name: 'ten-steps',
      collaterals: [first, finished],
      connection: { url },
      logger: quiet,
    });
  }

  async begin(from = 0, to = this.ids.length): Promise<void> {
    await Promise.all(
      this.ids
        .slice(from, to)
        .map((id, n) =>
          this.client.stimulate(first.createSignal({ sum: from + n, after: null }), { id, output: finished }),
        ),
    );
  }

  /** When all have completed. */
  async outputs(): Promise<unknown[]> {
    return Promise.all(this.ids.map(async (id) => (await this.client.result(id)).output));
  }

  /** Every run settled each activation once, in order, and nothing besides. */
  async expectSettledOnce(): Promise<void> {
    for (const id of this.ids) {
      const settled = (await this.store.events(id)).map((text) => (JSON.parse(text) as { neuron: string }).neuron);
      expect([id, ...settled]).toEqual([id, ...NEURONS]);
    }
  }

  async close(): Promise<void> {
    await this.client.close();
    await this.store.close();
  }
}

/** A server that is away is what these tests are about. */
const quiet = { warn: () => undefined, error: () => undefined };

export async function callsOn(url: string): Promise<Calls> {
  const redis = connect({ url });
  await redis.connect();
  try {
    const keys = await redis.keys('effect:*');
    const lists = await Promise.all(keys.map((key) => redis.lRange(key, 0, -1)));
    return new Map(keys.map((key, n) => [key.slice('effect:'.length), (lists[n] ?? []).map(callOf)]));
  } finally {
    await redis.close();
  }
}

function callOf(text: string): Call {
  const call = JSON.parse(text) as Omit<Call, 'at'> & { readonly at: string };
  return { ...call, at: BigInt(call.at) };
}

/** What the same runs leave and put out with one worker that nobody disturbs. */
export async function undisturbed(
  url: string,
  runs: number,
): Promise<{ readonly outputs: unknown[]; readonly calls: Calls }> {
  const workers = new Workers('ten-steps');
  const load = new Load(url, runs);
  try {
    await workers.start({ url, effects: url, ms: 0 });
    await load.begin();
    const outputs = await load.outputs();
    return { outputs, calls: await callsOn(url) };
  } finally {
    await load.close();
    await workers.end();
  }
}

/** What there is to say of effects, however often the activations ran: the keys, and what each was done with. */
export const effectsOf = (calls: Calls): ReadonlyMap<string, readonly string[]> =>
  new Map(
    [...calls]
      .sort(([a], [b]) => (a < b ? -1 : 1))
      .map(([id, each]) => [id, [...new Set(each.map(({ given, after }) => `${after ?? 'entry'}: ${given}`))]]),
  );

/**
 * I4: the next one starts when the milestone is stored. So what starts later than it, of the milestone, ran again although
 * it was behind a stored one.
 */
export function ranAgain(calls: Calls): string[] {
  const passed = new Map<string, Call>();
  for (const [, each] of calls) {
    for (const call of each) {
      if (call.after === null) continue;
      const known = passed.get(call.after);
      if (known === undefined || call.at < known.at) passed.set(call.after, call);
    }
  }
  return [...calls].flatMap(([id, each]) => {
    const next = passed.get(id);
    if (next === undefined) return [];
    return each
      .filter(({ at }) => at > next.at)
      .map(
        ({ at, pid }) =>
          `${id} by ${pid} of ${each.map((call) => call.pid).join(', ')}, ${(at - next.at) / 1_000_000n} ms after ${next.pid} went on behind it`,
      );
  });
}

/** How many activations ran more than once, since they had not settled in a stored milestone, and how many runs moved. */
export function movesOf(calls: Calls): { readonly repeated: number; readonly moved: number } {
  const pids = new Map<string, Set<number>>();
  for (const [id, each] of calls) {
    const run = id.slice(0, id.indexOf('/'));
    const known = pids.get(run) ?? new Set();
    for (const { pid } of each) known.add(pid);
    pids.set(run, known);
  }
  return {
    repeated: [...calls.values()].filter(({ length }) => length > 1).length,
    moved: [...pids.values()].filter(({ size }) => size > 1).length,
  };
}
