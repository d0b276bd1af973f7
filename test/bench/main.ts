/**
 * `npm run bench`: what a hop costs in memory, as ratios within one run. Not measured: stores, the statechart, handlers
 * that do anything. `--check` exits with 1 when a bound does not hold.
 */
import { CNS, collateral, neuron } from 'engram';
import { codecLines } from './codec.js';
import { asyncHandler, bareAwaits, chain, first, flatMachine, HOPS, syncHandler } from './flows.js';
import { durableSteps } from './durable.js';
import { features, heapOfLoop } from './features.js';
import { liveRuns } from './live.js';
import { type Contender, type Figures, holds, keepMany, type Line, measure, print } from './measure.js';
import { queueLines } from './queue.js';
import { recoverLines } from './recover.js';

const RUNS_IN_FLIGHT = 20_000;
const ROUNDS = Number(process.env['ENGRAM_BENCH_ROUNDS'] ?? 15);
const WARM_UP = 5;

const signal = first.createSignal(1);

/** Fresh runs of ten hops, one after another, unobserved. */
const syncRuns = (cns: CNS) => (times: number) => {
  for (let i = 0; i < times; i++) cns.stimulate(signal);
};
const asyncRuns = (cns: CNS) => async (times: number) => {
  for (let i = 0; i < times; i++) await cns.stimulate(signal);
};
/** The same with an actor and an observer from the first hop. */
const liveSyncRuns = (cns: CNS) => {
  const next = liveRuns(cns, 'c0');
  return (times: number) => {
    for (let i = 0; i < times; i++) next();
  };
};
const liveAsyncRuns = (cns: CNS) => {
  const next = liveRuns(cns, 'c0');
  return async (times: number) => {
    for (let i = 0; i < times; i++) await next().waitUntilComplete();
  };
};

const small = { sync: chain(HOPS, syncHandler), async: chain(HOPS, asyncHandler) };
const large = { sync: chain(1000, syncHandler), async: chain(1000, asyncHandler) };

const contenders: readonly Contender[] = [
  { name: 'flat', run: flatMachine(), times: 20_000 },
  { name: 'bare', run: bareAwaits, times: 2_000 },
  { name: 'sync', run: syncRuns(small.sync), times: 4_000 },
  { name: 'sync1000', run: syncRuns(large.sync), times: 4_000 },
  { name: 'async', run: asyncRuns(small.async), times: 2_000 },
  { name: 'async1000', run: asyncRuns(large.async), times: 2_000 },
  { name: 'liveSync', run: liveSyncRuns(small.sync), times: 1_000 },
  { name: 'liveAsync', run: liveAsyncRuns(small.async), times: 1_000 },
];

function linesOf(figures: Figures): Line[] {
  const hop = (name: string) => figures.ratio(name, 'flat') / HOPS;
  return [
    { what: 'sync hop / event of a flat XState machine', value: hop('sync'), bound: 1 / 15 },
    { what: 'async hop / bare await of the same handler', value: figures.ratio('async', 'bare'), bound: 3.5 },
    { what: 'sync hop at 1,000 neurons / at 10', value: figures.ratio('sync1000', 'sync'), bound: 1.2 },
    { what: 'async hop at 1,000 neurons / at 10', value: figures.ratio('async1000', 'async'), bound: 1.2 },
    { what: 'live actor: sync hop / event of a flat machine', value: hop('liveSync'), bound: 1 / 5 },
    { what: 'live actor: async hop / bare await', value: figures.ratio('liveAsync', 'bare'), bound: 8 },
  ];
}

/**
 * Runs that are all in flight at once, on a handler that waits; the promise that it waits for is shared, so that what is
 * counted is the library's. They end before this returns. @returns bytes per run
 */
async function burst(): Promise<number> {
  let open: () => void = () => undefined;
  const until = new Promise<undefined>((resolve) => {
    open = () => resolve(undefined);
  });
  const start = collateral<number>('start');
  const cns = new CNS([neuron('waits', {}).dendrite({ collateral: start, response: () => until })]);
  const { kept, bytes } = keepMany(RUNS_IN_FLIGHT, () => cns.stimulate(start.createSignal(1)));
  open();
  await Promise.all(kept);
  return bytes;
}

console.log(`Node ${process.version}; ${ROUNDS} rounds, medians; fresh ten-hop runs\n`);
const before = await measure(contenders, ROUNDS, WARM_UP);
for (const { name } of contenders) console.log(`      ${name.padEnd(12)} ${before.micros(name).toFixed(3)} µs`);
console.log('');
const lines = linesOf(before);
print(lines);

const memory: Line = { what: 'bytes per run in flight', value: await burst(), bound: 700 };
print([memory]);

console.log(`\nafter a burst of ${RUNS_IN_FLIGHT} live runs`);
const after = linesOf(await measure(contenders, ROUNDS, 2));
print(after);

console.log('\nwhat a feature costs where it is used (µs per run of ten hops, and as a ratio to the plain run)');
const used = await measure(features, ROUNDS, 2);
for (const { name } of features) {
  const ratio = used.ratio(name, 'plain').toFixed(2);
  console.log(`      ${name.padEnd(22)} ${used.micros(name).toFixed(3).padStart(9)} µs ${ratio.padStart(8)}`);
}
const wide: Line[] = [
  {
    what: 'one of 1,000 that a signal reaches / one of 100',
    value: used.ratio('fan-out of 1,000', 'fan-out of 100') / 10,
    bound: 1.5,
  },
  { what: 'heap left by a million hops / by 10,000 (MiB more)', value: leftBehind(), bound: 1 },
];
print(wide);

/** Both are run once before, so that what they warm up does not count. */
function leftBehind(): number {
  heapOfLoop(10_000);
  const few = heapOfLoop(10_000);
  return (heapOfLoop(1_000_000) - few) / 2 ** 20;
}

const steps = await durableSteps();

const queued = await queueLines();

const recovered = await recoverLines();

const written = await codecLines(ROUNDS);
print(written);

const over = [...lines, memory, ...after, ...wide, ...steps, ...queued, ...recovered, ...written].filter(
  (line) => !holds(line),
);
console.log(over.length === 0 ? '\nevery bound holds' : `\n${over.length} bounds do not hold`);
if (over.length > 0 && process.argv.includes('--check')) process.exitCode = 1;
