/** The public surface. Stores stand in `engram/adapters/*`, the machines in `engram/machines`. */
export { type Clock, systemClock, type Timer } from './clock/clock.js';
export type { Lease, Owner, Store } from './durability/store.js';
export {
  AbortedError,
  AlreadyOwnedError,
  CNSClosedError,
  CorruptCheckpointError,
  EngramError,
  ForeignCollateralError,
  GraphMismatchError,
  InvalidAnswerError,
  InvalidArgumentError,
  InvalidGraphError,
  InvalidPayloadError,
  NoValidCheckpointError,
  RunExistsError,
  RunSuspendedError,
  SaveFailedError,
  SealedNeuronError,
  StaleCheckpointError,
  StaleOwnerError,
  StimulationAbortedError,
  StimulationFailedError,
  StoredHandlerError,
  StoreClosedError,
  StoreRequiredError,
  StoreUnavailableError,
  UnknownCollateralError,
  UnknownNeuronError,
  UnknownRunError,
  UnserializableError,
  UnsupportedFormatError,
} from './errors/index.js';
export {
  type AnyCollateral,
  collateral,
  type Collateral,
  type CollateralOptions,
  type Signal,
} from './graph/collateral.js';
export type { Network } from './graph/network.js';
export { type AnyNeuron, type Neuron, neuron, type NeuronFactory, withCtx, withGlobal } from './graph/neuron.js';
export type { Answer, Axon, AxonView, NeuronContext, Response } from './graph/types.js';
export { CNS } from './stimulation/cns.js';
export type {
  CNSOptions,
  FailedTask,
  Logger,
  ResponseInfo,
  Result,
  StimulateOptions,
  StimulationStatus,
  Task,
} from './stimulation/options.js';
export type { RecoverOptions, RecoveryReport } from './stimulation/recover.js';
export type { AwaitableStimulation, Stimulation } from './stimulation/stimulation.js';
export type { ValuesView } from './stimulation/values-view.js';
