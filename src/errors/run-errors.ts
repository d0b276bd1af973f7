import { describeError, EngramError } from './engram-error.js';

/** A handler returned something that is neither a signal nor a list of signals. */
export class InvalidAnswerError extends EngramError {
  readonly code = 'INVALID_ANSWER';
  constructor(
    readonly neuron: string,
    got: string,
  ) {
    super(`neuron "${neuron}" returned ${got}, which is no signal`, {
      hint: 'return axon.<key>.createSignal(payload), expect(…), an array of these, or nothing',
    });
  }
}

/** Something that has nothing to emit returned a signal: what undoes an activation, or an arrival at a join. */
export class UnwantedAnswerError extends EngramError {
  readonly code = 'UNWANTED_ANSWER';
  constructor(
    readonly neuron: string,
    what: string,
  ) {
    super(`${what} of neuron "${neuron}" cannot emit anything, and returned an answer that it cannot give`, {
      hint: 'return nothing from it',
    });
  }
}

/** A handler waits for a collateral that its neuron has not declared. */
export class UndeclaredExpectationError extends EngramError {
  readonly code = 'UNDECLARED_EXPECTATION';
  constructor(
    readonly neuron: string,
    readonly collateral: string,
  ) {
    super(`neuron "${neuron}" expects "${collateral}", which it has not declared`, {
      hint: `declare it: neuron('${neuron}', …).expects(${collateral})`,
    });
  }
}

/** Nobody sent what a neuron waited for in the time that it gave. */
export class ExpectationTimeoutError extends EngramError {
  readonly code = 'EXPECTATION_TIMEOUT';
  constructor(
    readonly neuron: string,
    readonly collateral: string,
  ) {
    super(`neuron "${neuron}" waited for "${collateral}", and nothing came in time`, {
      hint: 'give expect(…, { otherwise }) a signal to go on with, or more time; cns.rehydrate(id, { retry: true }) waits again',
    });
  }
}

/** One attempt of a handler took longer than its neuron allows. */
export class MaxDurationError extends EngramError {
  readonly code = 'MAX_DURATION';
  override readonly retryable = true;
  constructor(
    readonly neuron: string,
    /** In milliseconds. */
    readonly maxDuration: number,
  ) {
    super(`neuron "${neuron}" did not answer within ${maxDuration} ms`, {
      hint: 'pass ctx.abortSignal on to what it waits for; setMaxDuration gives it more time, retry another attempt',
    });
  }
}

/** Thrown by a handler, it says that no further attempt is worth making. */
export class NonRetryableError extends EngramError {
  readonly code = 'NON_RETRYABLE';
  constructor(message: string, options: { readonly cause?: unknown } = {}) {
    super(message, { ...options, hint: 'the handler asked for no further attempt' });
  }
}

/** Thrown by a handler, it says when the next attempt is worth making. */
export class RetryAfterError extends EngramError {
  readonly code = 'RETRY_AFTER';
  override readonly retryable = true;
  /** In milliseconds. */
  readonly retryAfter: number;
  constructor(message: string, retryAfter: number, options: { readonly cause?: unknown } = {}) {
    super(message, { ...options, hint: 'the handler asked for this wait; how often it is tried is what retry says' });
    this.retryAfter = retryAfter;
  }
}

/** A neuron was visited more often than the run allows. */
export class HopLimitError extends EngramError {
  readonly code = 'HOP_LIMIT';
  constructor(
    readonly neuron: string,
    readonly maxNeuronHops: number,
  ) {
    super(`neuron "${neuron}" was reached more than ${maxNeuronHops} times, which is the limit of this run`, {
      hint: 'is there a loop that does not end? Otherwise raise maxNeuronHops',
    });
  }
}

/** A run has more unsettled activations than it allows. */
export class FrontierLimitError extends EngramError {
  readonly code = 'FRONTIER_LIMIT';
  constructor(
    readonly neuron: string,
    readonly maxFrontier: number,
  ) {
    super(`the run has ${maxFrontier} unsettled activations, and may not have more; one of "${neuron}" was refused`, {
      hint: 'emit less at once, or raise maxFrontier',
    });
  }
}

/** A join got only part of a set before its run had nothing left to do. */
export class IncompleteJoinError extends EngramError {
  readonly code = 'INCOMPLETE_JOIN';
  constructor(
    readonly neuron: string,
    readonly key: string,
    readonly lacking: readonly string[],
  ) {
    const which = key === '' ? '' : ` of key "${key}"`;
    super(`a join of neuron "${neuron}" ended with a set${which} that lacks ${lacking.join(', ')}`, {
      hint: 'see that every branch emits what the join waits for, also when it has nothing to say',
    });
  }
}

/** A signal from outside that a run cannot take. */
export class UndeliverableSignalError extends EngramError {
  readonly code = 'UNDELIVERABLE_SIGNAL';
  constructor(
    readonly stimulationId: string,
    readonly collateral: string,
    why: string,
  ) {
    super(`a signal of "${collateral}" cannot be delivered to run "${stimulationId}": ${why}`, {
      hint: 'look at the run with `engram show`; a run that has ended takes nothing more',
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

/** The job of a run has failed, and the run has not: no worker can go on with it as it stands. */
export class RunStrandedError extends EngramError {
  readonly code = 'RUN_STRANDED';
  constructor(
    readonly id: string,
    /** What the worker said. */
    readonly reason: string,
  ) {
    super(`no worker can go on with run "${id}": ${reason}`, {
      hint: 'mend what it says, then client.retry(id); what was stored of the run is intact',
    });
  }
}

/** A call on a CNS, or on a client, that was closed. */
export class CNSClosedError extends EngramError {
  readonly code = 'CNS_CLOSED';
  constructor(what: string, whose: 'cns' | 'client' = 'cns') {
    const name = whose === 'cns' ? 'CNS' : whose;
    super(`${whose}.${what}() came after ${whose}.close()`, { hint: `make a new ${name}; a closed one stays closed` });
  }
}

/** What an aborted run rejects with. */
export class StimulationAbortedError extends EngramError {
  readonly code = 'STIMULATION_ABORTED';
  constructor(
    readonly stimulationId: string,
    readonly reason: unknown,
    /** Of activations that failed by themselves, before the abort or while they ended. */
    readonly errors: readonly unknown[] = [],
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
