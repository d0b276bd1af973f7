/** The public surface. Stores stand in `engram/adapters/*`, the machines in `engram/machines`. */
export { type Clock, systemClock, type Timer } from './clock/clock.js';
export type { StorableClass } from './durability/codec/kinds.js';
export type { CompressionOptions } from './durability/compression.js';
export type { Limits } from './durability/limits.js';
export type { Lease, Owner, Store } from './durability/store.js';
export {
  AbortedError,
  AlreadyOwnedError,
  CheckpointTooLargeError,
  CNSClosedError,
  CorruptCheckpointError,
  EngramError,
  ExpectationTimeoutError,
  ForeignCollateralError,
  FrontierLimitError,
  GraphMismatchError,
  HopLimitError,
  IncompleteJoinError,
  InvalidAnswerError,
  InvalidArgumentError,
  LostCheckpointError,
  InvalidGraphError,
  InvalidPayloadError,
  MaxDurationError,
  NoAfferentPathError,
  NonRetryableError,
  NotSupportedError,
  NoValidCheckpointError,
  RetryAfterError,
  RunEndedError,
  RunExistsError,
  RunStrandedError,
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
  UndeclaredExpectationError,
  UndeliverableSignalError,
  UnknownCollateralError,
  UnknownModalityError,
  UnknownNeuronError,
  UnknownRunError,
  UnreadMessagesError,
  UnserializableError,
  UnsupportedFormatError,
  UnwantedAnswerError,
} from './errors/index.js';
export {
  type AnyCollateral,
  collateral,
  type Collateral,
  type CollateralOptions,
  type Signal,
} from './graph/collateral.js';
export type { Duration } from './graph/duration.js';
export { expect, type Expectation, type ExpectOptions } from './graph/expectation.js';
export type { JoinOptions, SizedJoinOptions } from './graph/join.js';
export { type AfferentPath, afferentPath, type AfferentPaths, type Modality, modality } from './graph/modality.js';
export type { Network } from './graph/network.js';
export {
  type AnyNeuron,
  type Neuron,
  neuron,
  neuronFactory,
  type NeuronFactory,
  withCtx,
  withGlobal,
} from './graph/neuron.js';
export type { RetryOptions } from './graph/policy.js';
export type {
  Answer,
  Axon,
  AxonView,
  Compensation,
  NeuronContext,
  Response,
  Stimulatable,
  StimulationHandle,
} from './graph/types.js';
export type { RunContext } from './propagation/context.js';
export { CNS } from './stimulation/cns.js';
export { CNSStimulationContextStore, type ContextStoreOptions } from './stimulation/context-store.js';
export type {
  CheckpointMoment,
  CheckpointOptions,
  CNSOptions,
  Counters,
  DrainListener,
  Durability,
  Logger,
  Migrate,
  RehydrateOptions,
  ResponseInfo,
  ResponseListener,
  StimulateOptions,
} from './stimulation/options.js';
export type {
  AbortOptions,
  AbortRunOptions,
  DamagedRun,
  FailedTask,
  Result,
  SignalOptions,
  StimulationStatus,
  Task,
} from './stimulation/results.js';
export type { RecoverOptions, RecoveryReport } from './stimulation/recover.js';
export { redacted, type Redact } from './stimulation/redact.js';
export { CNSPersistOptionsRegistry, createPersistRegistry } from './stimulation/registry.js';
export { CNSStimulationGate, type StimulationGateOptions } from './stimulation/stimulation-gate.js';
export type { AwaitableStimulation, Stimulation } from './stimulation/stimulation.js';
export type { ValuesView } from './stimulation/values-view.js';
