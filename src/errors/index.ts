export { describeError, EngramError } from './engram-error.js';
export {
  InvalidArgumentError,
  InvalidGraphError,
  InvalidPayloadError,
  listed,
  SealedNeuronError,
  UnknownCollateralError,
} from './graph-errors.js';
export {
  AbortedError,
  CNSClosedError,
  ForeignCollateralError,
  InvalidAnswerError,
  StimulationAbortedError,
  StimulationFailedError,
  StoredHandlerError,
  UnknownNeuronError,
} from './run-errors.js';
export {
  AlreadyOwnedError,
  CorruptCheckpointError,
  GraphMismatchError,
  NoValidCheckpointError,
  RunExistsError,
  RunSuspendedError,
  SaveFailedError,
  StaleCheckpointError,
  StaleOwnerError,
  StoreClosedError,
  StoreRequiredError,
  StoreUnavailableError,
  UnknownRunError,
  UnserializableError,
  UnsupportedFormatError,
} from './store-errors.js';
