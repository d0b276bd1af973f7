/**
 * The statechart as a maze of decisions. In a state, the first live activation chooses its outcome; when none is live,
 * a signal from outside comes or time passes. Whatever needs no decision (slots of gates, checkpoints) happens by itself
 * between two states, in the order in which the engine does it.
 *
 * Canonical order: nothing is interleaved, since a run that does one thing at a time is a run. One thing at a time goes
 * another way than usual: while several branches are under way, and one of them has gone another way, the others go the
 * usual one. Without that the number of states is exponential in the branches.
 */
import type { Position, Walker } from '../../../machines/traversal.js';
import { parseDuration } from '../../graph/duration.js';
import type { GraphNeuron, Subscriber } from '../../graph/graph.js';
import type { PendingActivation, RunContext } from '../../propagation/context.js';
import type { RunEvent, StartInput } from '../../propagation/events.js';
import type { Flow } from '../../propagation/operations.js';
import { findSubscriber } from '../../propagation/tasks.js';
import { hasMark, mark } from './mark.js';
import type { Outcome } from './outcome.js';

export interface FlowState {
  readonly position: Position;
  /** Milliseconds since the run began. */
  readonly now: number;
  /** The neuron that went another way than usual beside other branches. */
  readonly deviator: string | null;
  /** What is worth knowing of the branches that have ended: the first failure, else the first unusual end. */
  readonly fate: string;
  readonly rank: number;
  /** Signals from outside will not come. */
  readonly stopped: boolean;
  /** Barriers whose checkpoint is stored, and of which the run is still to be told. */
  readonly saved: readonly string[];
  /** How often each neuron has answered. */
  readonly visits: Readonly<Record<string, number>>;
}

export interface ExplorerOptions {
  readonly flow: Flow;
  readonly walker: Walker;
  readonly outcomes: ReadonlyMap<Subscriber, readonly Outcome[]>;
  readonly input: StartInput;
  readonly maxVisits: number;
}

export const TIME = 'time passes';
export const NOBODY = 'nothing comes';
const SIGNAL = 'signal ';

/** Whether a choice may end a wait. */
export const endsWait = (choice: string | undefined): boolean =>
  choice !== undefined && (choice === TIME || choice.startsWith(SIGNAL));

/** Ranks of ends of branches: none, the usual, another one, a failure. */
const [NO_END, USUAL, UNUSUAL, FAILED] = [-1, 0, 1, 2];
/** An arbitrary error of explored failures. */
const FAILURE = 'explored';

export class Explorer {
  readonly #flow: Flow;
  readonly #walker: Walker;
  readonly #outcomes: ExplorerOptions['outcomes'];
  readonly #maxVisits: number;
  readonly initial: FlowState;
  readonly isStored: boolean;
  /** Paths have beginnings in common. */
  readonly #moved = new WeakMap<FlowState, Map<string, FlowState>>();
  /** Neurons that were to answer more often than they may. */
  readonly overvisited = new Set<string>();

  constructor({ flow, walker, outcomes, input, maxVisits }: ExplorerOptions) {
    this.#flow = flow;
    this.#walker = walker;
    this.#outcomes = outcomes;
    this.#maxVisits = maxVisits;
    this.isStored = input.hold === true;
    const rest = { now: 0, deviator: null, fate: '', rank: USUAL, stopped: false, visits: {} };
    this.initial = { ...rest, ...this.#settle(walker.start(input), []) };
  }

  /** What can be chosen, the usual first. @param isFree whether several branches may go another way than usual */
  choices(state: FlowState, isFree = false): readonly string[] {
    const { context } = state.position;
    if (hasEnded(state)) return [];
    const live = liveIn(context);
    if (live === undefined) return this.#waits(state, isFree);
    if ((state.visits[live.neuron] ?? 0) >= this.#maxVisits) {
      this.overvisited.add(live.neuron);
      return [];
    }
    const outcomes = this.outcomesAt(live).map(({ text }) => text);
    return !isFree && this.#isBound(state, live) ? outcomes.slice(0, 1) : outcomes;
  }

  /** What an activation may answer at this attempt, the usual first. */
  outcomesAt(live: PendingActivation): readonly Outcome[] {
    const subscriber = this.subscriberOf(live);
    const all = this.#outcomes.get(subscriber) ?? [];
    const attempts = subscriber.neuron.policy.retry?.attempts ?? 1;
    return (live.attempt ?? 1) < attempts ? all : all.filter(({ kind }) => kind !== 'retries');
  }

  subscriberOf({ neuron, dendrite }: Pick<PendingActivation, 'neuron' | 'dendrite'>): Subscriber {
    return findSubscriber(this.#flow.graph, neuron, dendrite) as Subscriber;
  }

  /** Whether a neuron can answer nothing else. */
  isMute(neuron: string): boolean {
    const { emits, expects } = this.#flow.graph.neuronByName.get(neuron) as GraphNeuron;
    return emits.length + expects.length === 0;
  }

  #waits({ position: { context }, ...state }: FlowState, isFree: boolean): readonly string[] {
    const waiting = context.frontier.find(isWaiting);
    const isTimed = context.frontier.some(({ due }) => due !== undefined);
    if (waiting === undefined) return isTimed ? [TIME] : [];
    const all = [`${SIGNAL}${waiting.expects}`, isTimed ? TIME : NOBODY];
    const isBound = !isFree && this.#isBound({ ...state, position: { context } as Position }, waiting);
    return isBound ? all.slice(0, 1) : all;
  }

  /** Another branch has gone another way already. */
  #isBound({ position: { context }, deviator }: FlowState, live: PendingActivation): boolean {
    if (deviator === null || !isBeside(context)) return false;
    const isOfIt = (each: PendingActivation) => hasMark(each.payload) || each.neuron === deviator;
    return !isOfIt(live) || context.frontier.filter(isOfIt).length > 1;
  }

  move(state: FlowState, choice: string): FlowState {
    const known = this.#moved.get(state) ?? new Map<string, FlowState>();
    this.#moved.set(state, known);
    const next = known.get(choice) ?? this.#move(state, choice);
    known.set(choice, next);
    return next;
  }

  #move(state: FlowState, choice: string): FlowState {
    const { position } = state;
    if (choice === NOBODY) return { ...state, stopped: true };
    const live = liveIn(position.context);
    if (live !== undefined) return this.#answer(state, live, choice);
    const waiting = position.context.frontier.find(isWaiting);
    const isUsual = choice !== TIME || waiting === undefined;
    const deviator = !isUsual && isBeside(position.context) ? (waiting?.neuron ?? null) : state.deviator;
    if (choice === TIME) {
      const now = Math.min(...position.context.frontier.flatMap(({ due }) => due ?? []));
      const next = this.#walker.send(position, { type: 'engram.tick', now });
      const isFailed = next.context.failed.length > position.context.failed.length;
      const isOver = position.context.frontier.some((each) => isWaiting(each) && each.due === now);
      const rank = isFailed ? FAILED : isOver ? UNUSUAL : NO_END;
      return this.#after({ ...state, deviator, now }, next, rank, `${TIME} at ${waiting?.neuron}`);
    }
    const payload = mark(waiting !== undefined && (hasMark(waiting.payload) || waiting.neuron === deviator));
    const type = choice.slice(SIGNAL.length);
    return this.#after(state, this.#walker.send(position, { type, payload }), USUAL, choice);
  }

  #answer(state: FlowState, live: PendingActivation, choice: string): FlowState {
    const { context } = state.position;
    const outcomes = this.outcomesAt(live);
    const outcome = outcomes.find(({ text }) => text === choice) as Outcome;
    const isUsual = outcome === outcomes[0];
    const deviates = !isUsual && isBeside(context) && state.deviator === null;
    const deviator = deviates ? live.neuron : state.deviator;
    // what follows of a branch that is alone is no branch any more
    const isMarked = isBeside(context) && (deviates || hasMark(live.payload));
    let position = state.position;
    for (const event of this.#eventsOf(state, live, outcome, mark(isMarked)))
      position = this.#walker.send(position, event);
    const visits = { ...state.visits, [live.neuron]: (state.visits[live.neuron] ?? 0) + 1 };
    const rank = outcome.kind === 'retries' ? NO_END : outcome.kind === 'fails' ? FAILED : isUsual ? USUAL : UNUSUAL;
    const told = `${live.neuron} on ${live.dendrite}: ${choice}, ${live.attempt ?? 1}`;
    if (live.undoes === undefined) return this.#after({ ...state, deviator, visits }, position, rank, told);
    const fate = isUsual ? state.fate : `${state.fate}; ${told}`;
    return { ...state, visits, fate, ...this.#settle(position, state.saved) };
  }

  /** @param rank of the end of a branch, where it is one */
  #after(state: FlowState, position: Position, rank: number, told: string): FlowState {
    const counts = rank === FAILED || (rank >= state.rank && isEndOfBranch(state.position.context, position.context));
    const isNews = counts && (rank > state.rank || state.fate === '');
    const next = { ...state, ...this.#settle(position, state.saved) };
    return isNews ? { ...next, rank, fate: told } : next;
  }

  #eventsOf(state: FlowState, live: PendingActivation, outcome: Outcome, payload: unknown): RunEvent[] {
    const { neuron } = this.subscriberOf(live);
    const { activation, attempt = 1 } = live;
    const of = { activation, ...(attempt === 1 ? {} : { attempt }) };
    const nothing = { type: neuron.respondedType, ...of, signals: null };
    switch (outcome.kind) {
      case 'fails':
        return [{ type: neuron.failedType, ...of, error: FAILURE }];
      case 'retries':
        return [
          { type: neuron.failedType, ...of, error: FAILURE, retryAt: state.now + (neuron.policy.retry?.initial ?? 0) },
        ];
      case 'aborts':
        return [{ type: 'engram.abort', reason: FAILURE }, nothing];
      case 'joins': {
        const { size } = outcome;
        return [{ ...nothing, joined: size === undefined ? { key: '' } : { key: '', size } }];
      }
      case 'answer':
        return [outcome.items.length === 0 ? nothing : { ...nothing, ...answerData(outcome, payload, state.now) }];
    }
  }

  /**
   * What happens by itself. A save holds the barriers that there are when nothing can go on; when it is stored, the run
   * is told of one after the other, and does what follows of each before it is told of the next.
   */
  #settle(from: Position, before: readonly string[]): Pick<FlowState, 'position' | 'saved'> {
    let position = from;
    let saved = before;
    for (;;) {
      const { frontier, barriers } = position.context;
      const asking = frontier.find(({ state }) => state === 'asking');
      if (asking !== undefined) {
        position = this.#walker.send(position, { type: 'engram.granted', activation: asking.activation });
        continue;
      }
      if (liveIn(position.context) !== undefined || barriers.length === 0) return { position, saved };
      const stored = barriers.filter(({ activation }) => saved.includes(activation));
      if (stored[0] === undefined) saved = barriers.map(({ activation }) => activation);
      else {
        const { neuron, activation } = stored[0];
        saved = stored.slice(1).map((barrier) => barrier.activation);
        position = this.#walker.send(position, { type: `${neuron}:checkpointed`, activation });
      }
    }
  }
}

function answerData({ items }: Outcome, payload: unknown, now: number) {
  const dueIn = (text: string | undefined) =>
    text === undefined ? {} : { due: now + parseDuration(text, 'an outcome') };
  return {
    signals: items.flatMap((item) =>
      item.kind === 'signal' ? [{ collateral: item.collateral, payload, ...dueIn(item.delay) }] : [],
    ),
    expectations: items.flatMap((item, index) => {
      if (item.kind === 'signal') return [];
      const { collateral: expects, within, otherwise } = item;
      const waits = within === undefined ? {} : { within: parseDuration(within, 'an outcome'), ...dueIn(within) };
      return [
        {
          index,
          expects,
          ...waits,
          ...(otherwise === undefined ? {} : { otherwise: { collateral: otherwise, payload } }),
        },
      ];
    }),
  };
}

export const hasEnded = ({ position: { context }, stopped }: FlowState): boolean =>
  stopped || context.status !== 'running';

const isWaiting = ({ state }: PendingActivation): boolean => state === 'waiting';

/** The one that is to answer. */
export const liveIn = ({ frontier }: RunContext): PendingActivation | undefined =>
  frontier.find(({ state }) => state === 'starting' || state === 'asking');

/** Whether there is more than one branch. */
const isBeside = ({ frontier, joined }: RunContext): boolean => frontier.length + joined.length > 1;

function isEndOfBranch(before: RunContext, after: RunContext): boolean {
  const known = new Set([...before.frontier, ...before.joined].map(({ activation }) => activation));
  return [...after.frontier, ...after.joined].every(({ activation }) => known.has(activation));
}
