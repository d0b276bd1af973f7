/**
 * Takes a run along a path: the wiring of a CNS, on a clock of its own and, where the CNS has a store, on a store in
 * memory, with its handlers replaced by what the path says. Fails where the engine leaves the path.
 */
import { memoryStore } from '../../../adapters/memory.js';
import { LONGEST_TIMER } from '../../clock/long-timer.js';
import { InvalidArgumentError, UnknownCollateralError } from '../../errors/index.js';
import { type Collateral, isCollateral, type Signal } from '../../graph/collateral.js';
import type { Channel, Graph } from '../../graph/graph.js';
import { FLOW } from '../../propagation/operations.js';
import type { CNS } from '../../stimulation/cns.js';
import type { CNSOptions } from '../../stimulation/options.js';
import type { FailedTask } from '../../stimulation/results.js';
import type { Stimulation } from '../../stimulation/stimulation.js';
import { quiet } from '../clock/quiet.js';
import { SimulatedClock } from '../clock/simulated-clock.js';
import type { FlowPath, PathStatus } from '../paths/flow-path.js';
import type { PathEntry } from '../paths/get-flow-paths.js';
import { statesOf } from '../paths/replay.js';
import { type AnyCNS, twinOf } from '../process/twin.js';
import { difference } from './difference.js';
import { type Payloads, payloadOf } from './payloads.js';
import { isEqual, type NeuronCall, Player } from './player.js';
import { isNeuronScript, isSignalScript, type PathScript, type ScriptStep } from './script.js';

export interface FollowOptions {
  readonly entry: PathEntry;
  /** A path that `getFlowPaths` has found, or one written by hand: `{ steps: [{ neuron, answers }, { signal }, …] }`. */
  readonly path: PathScript;
  readonly payloads?: Payloads;
  /** Neurons whose own handlers run: all, or these. What they answer must be what the path says. None unless told. */
  readonly real?: boolean | readonly string[];
  /** Told of each neuron that is started; what it throws fails the path. */
  readonly onCall?: (call: NeuronCall) => void;
}

/** How a run along a path has ended. */
export interface PathResult {
  readonly status: PathStatus;
  /** The neurons that were started, in order. */
  readonly calls: readonly NeuronCall[];
  /** The neurons' context values, by name. */
  readonly context: Readonly<Record<string, unknown>>;
  readonly failed: readonly FailedTask[];
  readonly waiting: FlowPath['waiting'];
}

/** @throws AssertionError saying where the engine has left the path; InvalidArgumentError */
export async function followPath(cns: AnyCNS, options: FollowOptions): Promise<PathResult> {
  const { path: script, payloads = {}, real = false, onCall = () => undefined } = options;
  const { graph } = cns[FLOW];
  checkNames(graph, options);
  const title = script.title ?? '';
  const player = new Player({
    script,
    isReal: (neuron) => (typeof real === 'boolean' ? real : real.includes(neuron)),
    payloadOf: ({ neuron }, name, input) =>
      payloadOf(payloads, channelOf(graph, name), input, { path: title, neuron: neuron.name }),
    onCall,
  });
  const clock = new SimulatedClock();
  const hasReal = typeof real === 'boolean' ? real : real.length > 0;
  const isStored = script.stored ?? (cns.store !== undefined && !hasReal);
  const twin = playedTwin(cns, player, clock, isStored);
  const outside = (name: string) =>
    payloadOf(payloads, channelOf(graph, name), undefined, { path: title, neuron: undefined });
  const stimulation = twin.stimulate(entrySignals(graph, options.entry, outside), { concurrency: 1 });
  const ended = stimulation.waitUntilComplete().catch(() => undefined);
  try {
    await play({ script, player, clock, stimulation, outside, graph });
    return resultOf(stimulation, player);
  } finally {
    if (!END.has(stimulation.status)) await stimulation.suspend().catch(() => undefined);
    await twin.close();
    await ended;
  }
}

const END: ReadonlySet<string> = new Set(['completed', 'failed', 'aborted']);
const SILENT = { warn: () => undefined, error: () => undefined };

/** What means nothing without a store. */
const UNSTORED = ['store', 'durability', 'checkpoint', 'onSaveFailure', 'compression', 'limits'];

/** Days of simulated time may pass: no lease is renewed in them. */
function playedTwin(cns: AnyCNS, player: Player, clock: SimulatedClock, isStored: boolean): CNS {
  const store: CNSOptions = isStored
    ? { store: memoryStore({ clock }), lease: LONGEST_TIMER }
    : Object.fromEntries(UNSTORED.map((name) => [name, undefined]));
  const twin = twinOf(cns, { clock, logger: SILENT, ...store }, (subscriber, response) =>
    player.around(subscriber, response),
  );
  const { graph } = twin[FLOW];
  player.graph = graph;
  for (const subscriber of graph.neurons.flatMap(({ dendrites }) => dendrites)) {
    if (subscriber.arrival === null) continue;
    (subscriber as { response: typeof subscriber.response }).response = player.aroundArrival(
      subscriber,
      subscriber.response,
    );
  }
  return twin;
}

interface Played {
  readonly script: PathScript;
  readonly player: Player;
  readonly clock: SimulatedClock;
  readonly stimulation: Stimulation;
  readonly outside: (collateral: string) => unknown;
  readonly graph: Graph;
}

async function play(played: Played): Promise<void> {
  const { script, player, stimulation } = played;
  const { steps } = script;
  for (;;) {
    await idle(played);
    const step = steps[player.at];
    if (step === undefined) break;
    if (isNeuronScript(step)) {
      const { status } = stimulation;
      const what = `"${step.neuron}" was to be started, and nothing more is: the run is ${status}`;
      throw difference({ script, at: player.at }, what, { expected: step.neuron, actual: status });
    }
    compareStates(played, step);
    player.at++;
    await takeOutside(played, step);
  }
  compareEnd(played);
}

/** Everything that can go on by itself has done so, attempts that real handlers make again included. */
async function idle({ player, stimulation, clock }: Played): Promise<void> {
  for (let before = ''; ;) {
    await quiet();
    const busy = await player.idle();
    if (player.problem !== null) throw player.problem.error;
    if (busy === 'stuck') {
      // one that waits for its time limit, or for another attempt, gets there
      const { next } = clock;
      if (next === undefined || clock.timers === 0) return player.refuseStuck();
      await clock.advance(Math.max(0, next - clock.now()));
      continue;
    }
    const { status, settledActivations, pendingActivations } = stimulation;
    const now = `${status} ${settledActivations} ${pendingActivations} ${player.at}`;
    if (busy === 'ended' || now !== before) {
      before = now;
      continue;
    }
    const again = stimulation.getOutstandingTasks().find(({ id }) => id === player.failing);
    if (again?.due === undefined) break;
    await clock.advance(Math.max(0, again.due - clock.now()));
    before = '';
  }
  player.finish(stimulation);
}

async function takeOutside(played: Played, step: Exclude<ScriptStep, { readonly neuron: string }>): Promise<void> {
  const { script, player, stimulation, clock, outside, graph } = played;
  const at = player.at - 1;
  if (isSignalScript(step)) {
    const payload = Object.hasOwn(step, 'payload') ? step.payload : outside(step.signal);
    const { collateral } = channelOf(graph, step.signal);
    await stimulation.signal((collateral as Collateral<unknown>).createSignal(payload));
    return;
  }
  const { due } = stimulation;
  if (due === null) {
    const what = `time was to pass until something is due, and nothing is: the run is ${stimulation.status}`;
    throw difference({ script, at }, what, { expected: 'something that is due', actual: stimulation.status });
  }
  await clock.advance(Math.max(0, due - clock.now()));
}

function compareStates({ script, player, stimulation }: Played, { states }: { readonly states?: object }): void {
  if (states === undefined) return;
  const actual = statesOf(stimulation.actor.getSnapshot().value);
  if (isEqual(sorted(actual), sorted(states))) return;
  const what = 'neurons are not in the states that the statechart says';
  throw difference({ script, at: player.at }, what, { expected: states, actual });
}

const sorted = (record: object): unknown => Object.entries(record).sort(([a], [b]) => (a < b ? -1 : 1));

function compareEnd({ script, player, stimulation }: Played): void {
  const place = { script, at: player.at };
  const { status } = stimulation;
  if (script.status !== undefined && script.status !== status) {
    const errors = stimulation.getFailedTasks().map(({ task, error }) => `\n  "${task.neuron}": ${String(error)}`);
    const what = `the run was to be ${script.status}, and is ${status}${errors.join('')}`;
    throw difference(place, what, { expected: script.status, actual: status });
  }
  const actual = waitingIn(stimulation);
  if (script.waiting === undefined || isEqual(actual, script.waiting)) return;
  throw difference(place, 'other neurons wait than in the statechart', { expected: script.waiting, actual });
}

const waitingIn = (stimulation: Stimulation): FlowPath['waiting'] =>
  stimulation.getOutstandingTasks().flatMap(({ neuron, expects }) => {
    return expects === undefined ? [] : [{ neuron, collateral: expects }];
  });

const resultOf = (stimulation: Stimulation, { calls }: Player): PathResult => ({
  status: stimulation.status as PathStatus,
  calls,
  context: stimulation.getContext().getAll(),
  failed: stimulation.getFailedTasks(),
  waiting: waitingIn(stimulation),
});

function entrySignals(graph: Graph, entry: PathEntry, outside: (name: string) => unknown): Signal[] {
  const list = (Array.isArray(entry) ? entry : [entry]) as readonly (Signal | Collateral<unknown>)[];
  return list.map((each) => {
    if (!isCollateral(each)) return each;
    const name = graph.channelByCollateral.get(each)?.name ?? each.name ?? '';
    return each.createSignal(outside(name));
  });
}

function channelOf({ channels }: Graph, name: string): Channel {
  const channel = channels.get(name);
  if (channel === undefined) throw new UnknownCollateralError(name, [...channels.keys()]);
  return channel;
}

/** What is misspelt would never be asked for. @throws InvalidArgumentError, UnknownCollateralError */
function checkNames(graph: Graph, { payloads = {}, real = false, path }: FollowOptions): void {
  for (const name of Object.keys(payloads)) channelOf(graph, name);
  const named = path.steps.flatMap((step) => (isNeuronScript(step) ? [step.neuron] : []));
  for (const name of [...(typeof real === 'boolean' ? [] : real), ...named]) {
    if (graph.neuronByName.has(name)) continue;
    throw new InvalidArgumentError(`the flow has no neuron "${name}"`, {
      hint: `it has: ${[...graph.neuronByName.keys()].join(', ')}`,
    });
  }
}
