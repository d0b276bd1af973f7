/** The paths of a flow, found on its statechart without running a handler. */
import { createWalker, shortestWays, type Way } from '../../../machines/traversal.js';
import { InvalidArgumentError, UnknownCollateralError } from '../../errors/index.js';
import { type AnyCollateral, isCollateral, isSignal, type Signal } from '../../graph/collateral.js';
import type { Graph } from '../../graph/graph.js';
import type { StartInput } from '../../propagation/events.js';
import { FLOW } from '../../propagation/operations.js';
import { GIVEN } from '../../stimulation/seams.js';
import type { AnyCNS } from '../process/twin.js';
import { endsWait, Explorer, type FlowState, hasEnded, liveIn } from './explorer.js';
import type { FlowPaths, PathStrategy } from './flow-path.js';
import { outcomesOf, type OutcomesByNeuron } from './outcomes.js';
import { replay, type Replayed } from './replay.js';
import { stateKey } from './state-key.js';
import { uniqueTitles } from './title.js';
import { allTransitions, transitionsBehind } from './transition-names.js';
import { walks } from './walks.js';

/** What a run begins with: a signal, a collateral, or several of these. */
export type PathEntry = Signal | AnyCollateral | readonly (Signal | AnyCollateral)[];

export interface FlowPathOptions {
  readonly entry: PathEntry;
  /** What neurons may answer; each signal of their axon, each wait that they declare, nothing and a failure unless told. */
  readonly outcomes?: OutcomesByNeuron;
  /**
   * `shortest`: the shortest path to each end: to the first failure of each neuron, and to each way in which a branch
   * can end. `transitions`: few paths that take everything that neurons can answer. `shortest` unless told.
   */
  readonly strategy?: PathStrategy;
  /** Whether the run is stored, so that milestones hold what follows them; as that of the CNS is, unless told. */
  readonly stored?: boolean;
  /** How many states are looked at; 5,000 unless told. Beyond, the result says that it is truncated. */
  readonly maxStates?: number;
  /** How often a neuron may answer on one path; 10 unless told. Beyond, the result says that it is truncated. */
  readonly maxVisits?: number;
}

const STRATEGIES: readonly PathStrategy[] = ['shortest', 'transitions'];

/**
 * Paths through a flow, from its entry to its ends. Deterministic, and pure: no handler is run.
 * @throws InvalidArgumentError, UnknownCollateralError
 */
export function getFlowPaths(cns: AnyCNS, options: FlowPathOptions): FlowPaths {
  const { strategy = 'shortest', maxStates = 5000, maxVisits = 10 } = options;
  if (!STRATEGIES.includes(strategy)) {
    throw new InvalidArgumentError(`getFlowPaths: there is no strategy "${strategy}"`, {
      hint: "it is 'shortest' or 'transitions'",
    });
  }
  const { [FLOW]: flow } = cns;
  const signals = entrySignals(flow.graph, options.entry);
  const outcomes = outcomesOf(flow.graph, options.outcomes);
  const { stored = cns.store !== undefined } = options;
  const input: StartInput = { id: 'path', signals, hold: stored && holds(cns) };
  const explorer = new Explorer({ flow, walker: createWalker(cns), outcomes, input, maxVisits });
  const search = new Search(explorer, maxStates);
  const entry = signals.map(({ collateral }) => collateral);
  const transitions = allTransitions(outcomes);
  const replayed =
    strategy === 'shortest'
      ? withWaits(explorer, search, entry)
      : coveringPaths(explorer, search, entry, transitions, transitionsBehind(flow.graph, outcomes));
  const paths = uniqueTitles([...replayed].sort(byOrder).map(({ path }) => path));
  return { entry, strategy, paths, transitions, truncated: truncationsOf(search, explorer, options) };
}

/** Whether the engine holds what follows a milestone of a stored run. */
const holds = (cns: AnyCNS): boolean => (cns[GIVEN].options.durability ?? 'sync') === 'sync';

/** @throws InvalidArgumentError, UnknownCollateralError */
function entrySignals(graph: Graph, entry: PathEntry): StartInput['signals'] {
  const list = (Array.isArray(entry) ? entry : [entry]) as readonly (Signal | AnyCollateral)[];
  return list.map((each) => {
    const collateral: unknown = isCollateral(each) ? each : isSignal(each) ? each.collateral : undefined;
    const channel = graph.channelByCollateral.get(collateral as AnyCollateral);
    if (channel === undefined) {
      const name = (collateral as AnyCollateral | undefined)?.name;
      if (name !== undefined) throw new UnknownCollateralError(name, [...graph.channels.keys()]);
      throw new InvalidArgumentError('getFlowPaths: the entry is no signal of the graph', {
        hint: 'getFlowPaths(cns, { entry: placeOrder.createSignal({ … }) }), or the collateral itself',
      });
    }
    const delay = isCollateral(each) ? undefined : each.delay;
    return { collateral: channel.name, payload: undefined, ...(delay === undefined ? {} : { due: delay }) };
  });
}

/** Everything that can be reached, as far as the bounds allow. */
class Search {
  readonly ways: readonly Way<FlowState>[];
  readonly ends: readonly Way<FlowState>[];
  isCut = false;

  constructor(explorer: Explorer, maxStates: number) {
    let looked = 0;
    this.ways = shortestWays<FlowState>({
      initial: explorer.initial,
      choices: (state) => {
        const choices = explorer.choices(state);
        if (choices.length > 0 && looked++ >= maxStates) this.isCut = true;
        return this.isCut ? [] : choices;
      },
      move: (state, choice) => explorer.move(state, choice),
      key: stateKey,
    });
    this.ends = this.ways.filter(({ end }) => hasEnded(end));
  }
}

function truncationsOf(search: Search, explorer: Explorer, { maxStates = 5000, maxVisits = 10 }: FlowPathOptions) {
  return [
    ...(search.isCut
      ? [`${maxStates} states were looked at, and there are more: narrow \`outcomes\`, or raise \`maxStates\``]
      : []),
    ...[...explorer.overvisited]
      .sort()
      .map(
        (neuron) =>
          `"${neuron}" may answer more than ${maxVisits} times: narrow its \`outcomes\`, or raise \`maxVisits\``,
      ),
  ];
}

/** Ways to go on by what is usual, when it is not known whether there is an end. */
const LONGEST_TAIL = 500;

/**
 * The shortest path to each end; and where no such path takes one of the ends of a wait, since what follows of it can be
 * had sooner, one that does and goes on as usual.
 */
function withWaits(explorer: Explorer, search: Search, entry: readonly string[]): readonly Replayed[] {
  const found = search.ends.map(({ choices }) => replay(explorer, entry, choices));
  const taken = new Set(found.flatMap(({ path }) => path.transitions));
  for (const { choices, end } of search.ways) {
    if (!endsWait(choices.at(-1))) continue;
    const news = replay(explorer, entry, choices).path.transitions.filter((each) => !taken.has(each));
    const tail = news.length === 0 ? undefined : usualTail(explorer, end);
    if (tail === undefined) continue;
    const other = replay(explorer, entry, [...choices, ...tail]);
    for (const transition of other.path.transitions) taken.add(transition);
    found.push(other);
  }
  return found;
}

/** Undefined where what is usual leads to no end. */
function usualTail(explorer: Explorer, from: FlowState): readonly string[] | undefined {
  const tail: string[] = [];
  let state = from;
  while (!hasEnded(state)) {
    const [choice] = explorer.choices(state);
    if (choice === undefined || tail.length >= LONGEST_TAIL) return undefined;
    tail.push(choice);
    state = explorer.move(state, choice);
  }
  return tail;
}

/** Walks first; what they have missed and can be reached is taken on the shortest path there is to an end. */
function coveringPaths(
  explorer: Explorer,
  search: Search,
  entry: readonly string[],
  transitions: readonly string[],
  behind: (collateral: string) => ReadonlySet<string>,
): readonly Replayed[] {
  const missed = new Set(transitions);
  const outcomes = (state: FlowState, choice: string) => {
    const live = liveIn(state.position.context);
    return live === undefined ? undefined : explorer.outcomesAt(live).find(({ text }) => text === choice);
  };
  const found = [...walks({ explorer, outcomes, behind }, missed)].map((choices) => replay(explorer, entry, choices));
  if (missed.size > 0) {
    for (const { choices } of search.ends) {
      const other = replay(explorer, entry, choices);
      if (other.path.transitions.filter((each) => missed.delete(each)).length > 0) found.push(other);
    }
  }
  return withoutNeedless(found);
}

/** Without those whose every transition others take. */
function withoutNeedless(found: readonly Replayed[]): Replayed[] {
  let kept = [...found];
  for (const each of found) {
    const others = new Set<string>(kept.filter((other) => other !== each).flatMap(({ path }) => path.transitions));
    if (each.path.transitions.every((transition) => others.has(transition))) kept = kept.filter((one) => one !== each);
  }
  return kept;
}

/** The usual way first, then those that leave it last. */
function byOrder(a: { readonly order: readonly number[] }, b: { readonly order: readonly number[] }): number {
  for (let i = 0; i < Math.min(a.order.length, b.order.length); i++) {
    const difference = (a.order[i] as number) - (b.order[i] as number);
    if (difference !== 0) return difference;
  }
  return a.order.length - b.order.length;
}
