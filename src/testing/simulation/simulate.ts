/**
 * Runs a flow through thousands of schedules that a seed decides: handlers and store calls that take their time, crashes,
 * pauses beyond the lease, deploys, refused calls, lost answers, signals that come twice or late. After each step the
 * library's own invariants are checked from outside, at the end those of the user.
 */
import { memoryStore } from '../../../adapters/memory.js';
import { InvalidArgumentError } from '../../errors/index.js';
import { parseDuration } from '../../graph/duration.js';
import { FLOW } from '../../propagation/operations.js';
import { CODEC, GIVEN } from '../../stimulation/seams.js';
import type { CNS } from '../../stimulation/cns.js';
import type { AnyCNS } from '../process/twin.js';
import { Choices } from './choices.js';
import { allowedFaults, type FaultTally, noFaults } from './faults.js';
import type { SimulateOptions } from './options.js';
import { isOf } from './journal.js';
import { planOf } from './plan.js';
import { Simulation, type SimulationFailure } from './report.js';
import type { Rates, Setting } from './scene.js';
import { type ScheduleOutcome, Schedules } from './schedule.js';
import { shrink } from './shrink.js';
import { eventLoopTurn } from './stillness.js';

const DEFAULT_LEASE = 5000;
const RATES: Rates = {
  slowCall: 0.2,
  failedCall: 0.03,
  slowHandler: 0.3,
  killedHandler: 0.03,
  strike: 0.04,
  order: 0.3,
};
/** Other work of the process has its turn after so many schedules. */
const TURN = 50;

/**
 * Runs a flow through many schedules, until one breaks an invariant: the library's own, or one of yours. The result says
 * which, and the shortest schedule that does it:
 *
 *     const result = await simulate(createCns(), {
 *       signals: [placeOrder.createSignal(order), { signal: approved.createSignal({ by: 'Ann' }), after: '1m' }],
 *       global: () => new LedgerInMemory(),
 *       invariants: { 'charged once': ({ global }) => (global.charges > 1 ? `charged ${global.charges} times` : undefined) },
 *     });
 *     expect(result.ok, String(result)).toBe(true);
 *
 * The same seed gives the same schedules, step by step, on every machine, as long as handlers wait for nothing real. One
 * that waits for a file or a network is waited for; a crash cannot stop its body then, as it stops everything else.
 * @param cns the flow; its store and clock are replaced, its handlers are called as they are
 * @throws InvalidArgumentError
 */
export async function simulate<G = unknown>(cns: AnyCNS, options: SimulateOptions<G>): Promise<Simulation> {
  const { seed = 1, schedules = 1000, choices, onSchedule, shrink: most = 1000 } = options;
  checkWhole('schedules', schedules, 1);
  checkWhole('seed', seed, 0);
  const { invariants = {}, deterministic = true } = options as SimulateOptions;
  const runner = new Schedules(settingOf(cns, options as SimulateOptions), {
    invariants,
    isDeterministic: deterministic,
  });
  const faults = noFaults();
  const isTraced = onSchedule !== undefined;
  const count = choices === undefined ? schedules : 1;
  const ends: Record<string, number> = {};
  let steps = 0;
  for (let done = 0; done < count; done++) {
    const its = seed + done;
    const outcome = await runner.run(
      its,
      choices === undefined ? Choices.fromSeed(its) : Choices.replay(choices),
      isTraced,
    );
    steps += outcome.steps;
    addTo(faults, outcome.tally);
    const { status } = outcome.end;
    ends[status] = (ends[status] ?? 0) + 1;
    onSchedule?.({ seed: its, trace: outcome.trace });
    if (outcome.violation !== undefined) {
      const failure = await failureOf(runner, its, outcome, choices === undefined ? most : 0);
      return new Simulation({ schedules: done + 1, steps, seed, faults, ends, failure });
    }
    if (done % TURN === TURN - 1) await eventLoopTurn();
  }
  return new Simulation({ schedules: count, steps, seed, faults, ends });
}

async function failureOf(
  runner: Schedules,
  seed: number,
  { violation, choices }: ScheduleOutcome,
  most: number,
): Promise<SimulationFailure> {
  const attempt = async (given: readonly number[]): Promise<readonly number[] | undefined> => {
    const again = await runner.run(seed, Choices.replay(given));
    return again.violation?.invariant === violation?.invariant ? again.choices : undefined;
  };
  const shortest = await shrink(choices, { attempt, most });
  const told = await runner.run(seed, Choices.replay(shortest), true);
  const { invariant, message } = told.violation ?? { invariant: 'determinism', message: NOT_AGAIN };
  return { seed, invariant, message, schedule: told.words, choices: shortest, trace: told.trace };
}

const NOT_AGAIN =
  'a schedule has failed, and did not when it was done again: a handler reads time, chance or the world outside';

function settingOf(cns: AnyCNS, options: SimulateOptions): Setting {
  const { options: given } = cns[GIVEN];
  const { durability = 'sync', lease = DEFAULT_LEASE, onSaveFailure = 'fail' } = given;
  const codec = (cns as CNS)[CODEC];
  return {
    cns,
    plan: planOf(options),
    allowed: allowedFaults(options.faults),
    journal: {
      holds: durability === 'sync' && onSaveFailure === 'fail',
      isArrival: arrivalsOf(cns),
      encode: (payload) => codec.encode(payload, 'payload'),
    },
    makeStore: options.store ?? ((clock) => memoryStore({ clock })),
    through: options.through,
    makeGlobal: options.global,
    options: {},
    lease,
    latency: parseDuration(options.latency ?? '2s', 'simulate: latency'),
    steps: options.steps ?? 2000,
    rates: RATES,
  };
}

/** Tells whether the text of an activation is that of one that arrives at a join. */
function arrivalsOf(cns: AnyCNS): (text: string) => boolean {
  const arrivals = cns[FLOW].graph.neurons.flatMap(({ dendrites }) =>
    dendrites.filter(({ arrival }) => arrival !== null),
  );
  return (text) => arrivals.some((arrival) => isOf(arrival, text));
}

function addTo(sum: FaultTally, more: FaultTally): void {
  for (const kind of Object.keys(more) as (keyof FaultTally)[]) sum[kind] += more[kind];
}

function checkWhole(name: string, given: number, least: number): void {
  if (Number.isSafeInteger(given) && given >= least) return;
  throw new InvalidArgumentError(`simulate: ${name} must be a whole number from ${least}, and is ${given}`, {
    hint: `leave it out for the usual`,
  });
}
