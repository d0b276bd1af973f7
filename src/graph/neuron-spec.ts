/** What a neuron was told to be, as it is read when a CNS is built. */
import type { ZodType } from 'zod';
import type { AnyCollateral } from './collateral.js';
import type { NeuronPolicy } from './graph.js';
import type { JoinSpec } from './join.js';
import type { ModalityDendriteSpec } from './modality-dendrite.js';
import type { AnyResponse, Axon } from './types.js';

/** One subscription as it was declared. */
export interface DendriteSpec {
  readonly kind: 'dendrite';
  readonly collateral: AnyCollateral;
  readonly response: AnyResponse;
}

/** Everything that listens. */
export type ListenerSpec = DendriteSpec | ModalityDendriteSpec | JoinSpec;

/** The collaterals that a listener is on, in the order of its dendrites. */
export const collateralsOf = (spec: ListenerSpec): readonly AnyCollateral[] =>
  spec.kind === 'join' ? spec.slots.map(([, collateral]) => collateral) : [spec.collateral];

export interface NeuronSpec {
  readonly name: string | undefined;
  readonly axon: Axon;
  /** In the order of declaration. */
  readonly listeners: readonly ListenerSpec[];
  /** Each once. */
  readonly expects: readonly AnyCollateral[];
  readonly compensation: AnyResponse | undefined;
  readonly milestone: boolean;
  readonly policy: NeuronPolicy;
  /** Checks the neuron's context value when a run is rehydrated. */
  readonly contextSchema: ZodType | undefined;
}
