/**
 * One flow in every form that runs it: the statechart, the logic per turn and per event under plain `createActor`, and a
 * run of the CNS. What is looked at is the run's context, which all of them share.
 */
import type { CNS, Signal, StimulateOptions } from 'engram';
import { toLogic, toMachine } from 'engram/machines';
import { type AnyActor, createActor, type AnyActorLogic } from 'xstate';
import type { PendingActivation, RunContext } from '../../src/propagation/context.js';

export const forms = ['statechart', 'logic per turn', 'logic per event', 'run'] as const;
export type Form = (typeof forms)[number];
/** Those that run under plain `createActor`. */
export const machineForms = ['statechart', 'logic per turn', 'logic per event'] as const;
export type MachineForm = (typeof machineForms)[number];
/** Who persists, and who goes on from it. */
export const machinePairs = machineForms.flatMap((from) => machineForms.map((to) => [from, to] as const));

/** What both machines and runs can be told when they begin. */
export type Shape = Omit<StimulateOptions, 'onResponse' | 'onDrain' | 'abortSignal' | 'ctx'>;

/** What every snapshot of a machine has. */
export interface MachineSnapshotView {
  readonly status: string;
  readonly value: unknown;
  hasTag(tag: string): boolean;
}

/** A run of some form as it goes on. */
export interface Going {
  /** Where it stands now. */
  readonly context: RunContext;
  /** The same as the snapshot of its machine. */
  readonly snapshot: MachineSnapshotView;
  /** What a machine of any form may be restored from. */
  persisted(): unknown;
  send(event: { readonly type: string; readonly [key: string]: unknown }): void;
  /** Stops its actor. */
  stop(): void;
}

const machines: Readonly<Record<MachineForm, (cns: CNS) => AnyActorLogic>> = {
  statechart: (cns) => toMachine(cns),
  'logic per turn': (cns) => toLogic(cns, { hops: 'turn' }),
  'logic per event': (cns) => toLogic(cns, { hops: 'event' }),
};

/** The machine of a flow, for `createActor`. */
export const machineOf = (form: MachineForm, cns: CNS): AnyActorLogic => machines[form](cns);

/** Goes on from a persisted snapshot, which is read as a store would give it back. */
export function restore(form: MachineForm, cns: CNS, persisted: unknown): Going {
  const snapshot = JSON.parse(JSON.stringify(persisted)) as never;
  const going = goingOf(createActor(machineOf(form, cns), { snapshot }).start());
  if (form === 'statechart') going.send({ type: 'engram.resume' });
  return going;
}

/**
 * Begins a run with `signals`; everything that needs no waiting has been done when this returns.
 * @param now what the CNS's clock says, for signals with a delay (milliseconds since the epoch)
 */
export function begin(form: Form, cns: CNS, given: Signal | readonly Signal[], shape: Shape = {}, now = NaN): Going {
  if (form === 'run') {
    const run = cns.stimulate(given, { id: 'run', ...shape });
    run.waitUntilComplete().catch(() => undefined); // its failure is read from its context
    return {
      get context() {
        return run.actor.getSnapshot().context;
      },
      get snapshot() {
        return run.actor.getSnapshot();
      },
      persisted: () => run.actor.getPersistedSnapshot(),
      send: (event) => run.actor.send(event),
      stop: () => void run.actor.stop(),
    };
  }
  return goingOf(createActor(machineOf(form, cns), { input: inputOf(given, shape, now) }).start());
}

const goingOf = (actor: AnyActor): Going => ({
  get context() {
    return (actor.getSnapshot() as { readonly context: RunContext }).context;
  },
  get snapshot() {
    return actor.getSnapshot() as MachineSnapshotView;
  },
  persisted: () => actor.getPersistedSnapshot(),
  send: (event) => actor.send(event),
  stop: () => void actor.stop(),
});

function inputOf(given: Signal | readonly Signal[], shape: Shape, now: number): object {
  const signals = (Array.isArray(given) ? given : [given]) as readonly Signal[];
  const { id = 'run', output, contextValues, modality, afferentPath, ...counts } = shape;
  const path = Object.entries(modality?.afferentPaths ?? {}).find(([, one]) => one === afferentPath)?.[0];
  const options = {
    ...counts,
    ...(modality === undefined ? {} : { modality: modality.name }),
    ...(path === undefined ? {} : { afferentPath: path }),
  };
  return {
    id,
    signals: signals.map(({ collateral, payload, delay }) => ({
      collateral: collateral.name,
      payload,
      ...(delay === undefined ? {} : { due: now + delay }),
    })),
    ...(output === undefined ? {} : { output: output.name }),
    ...(Object.keys(options).length === 0 ? {} : { options }),
    ...(contextValues === undefined ? {} : { values: contextValues }),
  };
}

/** `<neuron> <state>` of what is unsettled, in restart order. */
export const frontierOf = ({ context }: Going): string[] =>
  context.frontier.map(({ neuron, state }: PendingActivation) => `${neuron} ${state}`);

/** `<neuron> <code or message>` of what has failed, in order. */
export const failuresOf = ({ context }: Going): string[] =>
  context.failed.map(({ neuron, error }) => `${neuron} ${reasonOf(error)}`);

/** The code of an error of ours, the message of any other. */
export const reasonOf = (error: unknown): string =>
  (error as { readonly code?: string }).code ?? (error as Error).message;
