/**
 * Looking ahead: the statechart taken from event to event without running anything, and the shortest ways through what
 * can be reached like that. Nothing of XState is in what it is given and gives.
 */
import { type AnyActorLogic, createEmptyActor, type Snapshot } from 'xstate';
import { getShortestPaths } from 'xstate/graph';
import type { RunContext } from '../src/propagation/context.js';
import type { RunEvent, StartInput } from '../src/propagation/events.js';
import { FLOW, type HasFlow } from '../src/propagation/operations.js';
import type { RunValue } from '../src/propagation/step.js';
import { createStatechart } from './statechart.js';

declare const TAKEN: unique symbol;

/** Where the statechart stands. Never changes. */
export interface Position {
  readonly context: RunContext;
  readonly value: RunValue;
  readonly [TAKEN]?: never;
}

/** The statechart of a flow, for looking ahead: no handler runs and no timer is set. */
export interface Walker {
  start(input: StartInput): Position;
  send(from: Position, event: RunEvent): Position;
}

/** What is used of an XState machine. */
interface PureMachine {
  getInitialSnapshot(scope: object, input: StartInput): Position;
  transition(from: Position, event: RunEvent, scope: object): Position;
}

/** By the statechart: the specification itself, at the speed of XState. */
export function createWalker(cns: HasFlow): Walker {
  const machine = createStatechart(cns[FLOW]) as unknown as PureMachine;
  const scope = inertScope();
  return {
    start: (input) => machine.getInitialSnapshot(scope, input),
    send: (from, event) => machine.transition(from, event, scope),
  };
}

/** One for all steps: what XState makes for each by itself costs as much as starting the machine. */
function inertScope(): object {
  const self = createEmptyActor();
  const nothing = () => undefined;
  const does = { logger: nothing, defer: nothing, stopChild: nothing, emit: nothing, actionExecutor: nothing };
  return { self, system: self.system, id: '', sessionId: '', ...does };
}

/** Something that can be gone through: a state, what can be chosen there, and where that leads. */
export interface Maze<S extends object> {
  readonly initial: S;
  /** What can be chosen, each once; nothing at an end. */
  choices(state: S): readonly string[];
  move(state: S, choice: string): S;
  /** Equal for states that are not worth telling apart. */
  key(state: S): string;
}

export interface Way<S extends object> {
  readonly end: S;
  readonly choices: readonly string[];
}

interface FoundPath {
  readonly state: unknown;
  readonly steps: readonly { readonly event: unknown }[];
}

/** The shortest way to each state that can be reached; of ways of the same length the one found first. */
export function shortestWays<S extends object>(maze: Maze<S>): Way<S>[] {
  const logic = {
    transition: (state: S, { type }: { readonly type: string }) => maze.move(state, type),
    getInitialSnapshot: () => maze.initial,
    getPersistedSnapshot: (state: S) => state,
  } as unknown as AnyActorLogic;
  const keys = new WeakMap<object, string>();
  const keyOf = (state: Snapshot<unknown>): string => {
    const known = keys.get(state);
    if (known !== undefined) return known;
    const made = maze.key(state as unknown as S);
    keys.set(state, made);
    return made;
  };
  const paths: readonly FoundPath[] = getShortestPaths(logic, {
    events: (state: unknown) => maze.choices(state as S).map((type) => ({ type })),
    serializeState: keyOf,
  });
  return paths.map(({ state, steps }) => ({
    end: state as S,
    choices: steps.slice(1).map(({ event }) => (event as { readonly type: string }).type),
  }));
}
