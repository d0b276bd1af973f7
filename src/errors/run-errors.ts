import { describeError, EngramError } from './engram-error.js';

/** A handler returned something that is neither a signal nor a list of signals. */
export class InvalidAnswerError extends EngramError {
  readonly code = 'INVALID_ANSWER';
  constructor(
    readonly neuron: string,
    got: string,
  ) {
    super(`neuron "${neuron}" returned ${got}, which is no signal`, {
      hint: 'return axon.<key>.createSignal(payload), an array of these, or nothing',
    });
  }
}

/** A handler returned a signal of a collateral that is not on its axon. */
export class ForeignCollateralError extends EngramError {
  readonly code = 'FOREIGN_COLLATERAL';
  constructor(
    readonly neuron: string,
    readonly collateral: string,
  ) {
    super(`neuron "${neuron}" returned a signal of "${collateral}", which is not on its axon`, {
      hint: `add the collateral to the axon of "${neuron}", or return a signal of one that is`,
    });
  }
}

/** An activation that was still to run when its run was aborted. */
export class AbortedError extends EngramError {
  readonly code = 'ABORTED';
  constructor(reason?: unknown) {
    super(reason === undefined ? 'the run was aborted' : `the run was aborted: ${describeError(reason)}`, {
      cause: reason,
      hint: 'it was still to end when the run was aborted; nothing of it was committed',
    });
  }
}

/** A task names a neuron or a dendrite that the graph does not have. */
export class UnknownNeuronError extends EngramError {
  readonly code = 'UNKNOWN_NEURON';
  constructor(
    readonly neuron: string,
    readonly dendrite: string,
  ) {
    super(`the graph has no dendrite "${dendrite}" of a neuron "${neuron}"`, {
      hint: 'was the neuron renamed since this was stored? Give the graph a neuron of that name, or register a migration',
    });
  }
}

/** What a failed run rejects with: the causes of all its failed activations. */
export class StimulationFailedError extends EngramError {
  readonly code = 'STIMULATION_FAILED';
  constructor(
    readonly stimulationId: string,
    readonly errors: readonly unknown[],
    details: { readonly lines: readonly string[]; readonly hint: string },
  ) {
    super(
      details.lines.length === 1
        ? `run "${stimulationId}" failed: ${details.lines[0]}`
        : `run "${stimulationId}" failed, ${details.lines.length} causes:\n${details.lines.map((l) => `  - ${l}`).join('\n')}`,
      { cause: errors[0], hint: details.hint },
    );
  }
}

/** A call on a CNS that was closed. */
export class CNSClosedError extends EngramError {
  readonly code = 'CNS_CLOSED';
  constructor(what: string) {
    super(`cns.${what}() came after cns.close()`, { hint: 'make a new CNS; a closed one stays closed' });
  }
}

/** What an aborted run rejects with. */
export class StimulationAbortedError extends EngramError {
  readonly code = 'STIMULATION_ABORTED';
  constructor(
    readonly stimulationId: string,
    readonly reason: unknown,
  ) {
    super(`run "${stimulationId}" was aborted${reason === undefined ? '' : `: ${describeError(reason)}`}`, {
      cause: reason,
      hint: '`stimulation.getFailedTasks()` tells what was not done',
    });
  }
}

/** Stands, in a store, for an error that cannot be stored as it is, e.g. one that carries an open connection. */
export class StoredHandlerError extends EngramError {
  readonly code = 'HANDLER_FAILED';
  /** The name of the class of the original. */
  readonly originalName: string;
  constructor(error: unknown) {
    super(describeError(error), {
      hint: 'its message and stack are those of the original; the rest could not be stored',
    });
    this.originalName = error instanceof Error ? error.name : typeof error;
    if (error instanceof Error && error.stack !== undefined) this.stack = error.stack;
  }
}
