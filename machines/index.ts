/** The generator: a CNS becomes an XState machine, in two forms that behave alike. */
import type { AnyStateMachine } from 'xstate';
import { FLOW, type HasFlow } from '../src/propagation/operations.js';
import { createLogic, type LogicOptions, type RunLogic } from './logic.js';
import { createImplementations, createStatechart, type StatechartImplementations } from './statechart.js';

/**
 * The flow as an ordinary XState machine: a parallel region per neuron, pure JSON config, context = the run's context.
 * Run it with `createActor(toMachine(cns), { input: { id, signals: [{ collateral, payload }] } })`. A restored one goes
 * on at the event `engram.resume`.
 */
export const toMachine = (cns: HasFlow): AnyStateMachine => createStatechart(cns[FLOW]);

/**
 * The same machine compiled to an XState ActorLogic: what runs use. Takes the same input and accepts the statechart's
 * persisted snapshots, as the statechart accepts its.
 */
export const toLogic = (cns: HasFlow, options?: LogicOptions): RunLogic => createLogic(cns[FLOW], options);

/** The guards and actions that the statechart's config names: `createMachine(config).provide(toImplementations(cns))`. */
export const toImplementations = (cns: HasFlow): StatechartImplementations => createImplementations(cns[FLOW]);

export type { LogicOptions, RunLogic } from './logic.js';
export type { PersistedRun, RunSnapshotView, StateQuery } from './snapshot.js';
export type { StatechartConfig } from './statechart-config.js';
