/**
 * What it takes to find and bring back dormant runs: 10,000 of them wait in a store with nobody to hold them, until what
 * they wait for is overdue; each then has a handler to start. The bound is the one of DESIGN: 2,000 runs a second.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Clock, CNS, collateral, expect, neuron, systemClock, type Store } from 'engram';
import { fileStore } from 'engram/adapters/file';
import { memoryStore } from 'engram/adapters/memory';
import { redisStore } from 'engram/adapters/redis';
import { type Line, print } from './measure.js';
import { startRedis } from '../support/redis-server.js';

const RUNS = Number(process.env['ENGRAM_BENCH_DORMANT'] ?? 10_000);
const AT_ONCE = 500;
const HOUR = 3_600_000;
/** Microseconds per run: 2,000 runs a second. */
const BOUND = 500;
/** Bytes of heap that one dormant run more may leave behind: its id in the report, and what a store finds it again by. */
const KEPT = 500;

/** Each run waits for an hour; when that is over, its handler waits for what never comes. */
function waiting(store: Store, clock: Clock) {
  const order = collateral<number>('order');
  const approved = collateral<number>('approved');
  const expired = collateral<number>('expired');
  const never = new Promise<void>(() => undefined);
  const clerk = neuron('clerk', { expired })
    .milestone()
    .dendrite({
      collateral: order,
      response: (n, axon) => expect(approved, { within: HOUR, otherwise: axon.expired.createSignal(n) }),
    })
    .expects(approved);
  const late = neuron('late', {}).dendrite({ collateral: [expired, approved], response: () => never });
  return { cns: new CNS([clerk, late], { store, clock, lease: 60_000 }), order };
}

async function leaveBehind(store: Store): Promise<void> {
  const { cns, order } = waiting(store, systemClock);
  for (let first = 0; first < RUNS; first += AT_ONCE) {
    const batch = Array.from({ length: Math.min(AT_ONCE, RUNS - first) }, (_, i) =>
      cns.stimulate(order.createSignal(i), { id: `run-${first + i}` }).checkpoint(),
    );
    await Promise.all(batch);
  }
  await cns.close();
}

interface Recovery {
  /** Microseconds per run, by the clock and of the processor. */
  readonly micros: number;
  readonly cpu: number;
  /** Of heap, per run. */
  readonly bytes: number;
}

async function recovery(store: Store, clock: Clock, brought: number): Promise<Recovery> {
  const { cns } = waiting(store, clock);
  globalThis.gc?.();
  const heap = process.memoryUsage().heapUsed;
  const cpu = process.cpuUsage();
  const began = performance.now();
  const report = await cns.recover();
  const micros = ((performance.now() - began) * 1000) / RUNS;
  const { user, system } = process.cpuUsage(cpu);
  globalThis.gc?.();
  const bytes = (process.memoryUsage().heapUsed - heap) / RUNS;
  const { resumed, waiting: left } = report.counts;
  if (resumed !== brought || left !== RUNS - brought)
    throw new Error(`not as expected: ${JSON.stringify(report.counts)}`);
  await cns.close();
  return { micros, cpu: (user + system) / RUNS, bytes };
}

interface Place {
  readonly name: string;
  /** @param fsync whether what is done is waited for as users have it */
  open(fsync: boolean): Store;
}

async function figuresOf({ name, open }: Place): Promise<Line[]> {
  const maker = open(false);
  await leaveBehind(maker);
  const store = name === 'memory' ? maker : open(true);
  await store.list({ limit: 1 }); // what a store reads once is its own affair
  const dormant = await recovery(store, systemClock, 0);
  const due = await recovery(store, { ...systemClock, now: () => systemClock.now() + 2 * HOUR }, RUNS);
  const told = (what: string, { micros, cpu }: Recovery) => {
    console.log(
      `      ${`${name}: ${what}`.padEnd(44)} ${(1e6 / micros).toFixed(0).padStart(8)} runs/s (${cpu.toFixed(0)} µs of processor each)`,
    );
  };
  told('none due, listed', dormant);
  told('all due, brought back', due);
  await maker.close();
  await store.close();
  return [
    { what: `${name}: µs per dormant run that is listed and left`, value: dormant.micros, bound: BOUND },
    { what: `${name}: µs per dormant run that is brought back`, value: due.micros, bound: BOUND },
    { what: `${name}: bytes kept per dormant run that is left`, value: dormant.bytes, bound: KEPT },
  ];
}

/** Prints the figures. @returns them, with their bounds */
export async function recoverLines(): Promise<Line[]> {
  console.log(`\nrecover() over ${RUNS} dormant runs`);
  const dir = mkdtempSync(join(tmpdir(), 'engram-bench-recover-'));
  const redis = await startRedis({ dir, appendonly: 'everysec' });
  const memory = memoryStore();
  const places: readonly Place[] = [
    { name: 'memory', open: () => memory },
    { name: 'file', open: (fsync) => fileStore({ dir: join(dir, 'file'), fsync }) },
    { name: 'redis', open: () => redisStore({ url: redis.url }) },
  ];
  try {
    const lines: Line[] = [];
    for (const place of places) lines.push(...(await figuresOf(place)));
    print(lines);
    return lines;
  } finally {
    await redis.stop();
    rmSync(dir, { recursive: true, force: true });
  }
}
