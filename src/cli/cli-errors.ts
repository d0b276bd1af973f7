/** What can be wrong with a command line, beside what the library refuses by itself. */
import { describeError, EngramError, listed } from '../errors/index.js';

/** A command, an option or an argument that cannot be right. */
export class UsageError extends EngramError {
  readonly code = 'USAGE';
}

/** A flow module that cannot be loaded, or that does not export what a flow module exports. */
export class FlowModuleError extends EngramError {
  readonly code = 'FLOW_MODULE';
}

/** `--signal` names nothing that the flow can be entered by. */
export class UnknownSignalError extends EngramError {
  readonly code = 'UNKNOWN_SIGNAL';
  constructor(
    readonly signal: string,
    known: readonly string[],
  ) {
    super(`the flow cannot be entered by "${signal}"`, { hint: listed('its entry has', known) });
  }
}

/** Nothing is left that could ever wake the process: a handler waits for something that cannot come. */
export class StalledError extends EngramError {
  readonly code = 'STALLED';
  constructor(readonly id: string) {
    super(`run "${id}" is not done, and nothing is left that it could be waiting for`, {
      hint: 'a handler returned a promise that nobody will settle',
    });
  }
}

/** It waits for the outside, and nothing from there can reach it. */
export class UnreachableRunError extends EngramError {
  readonly code = 'UNREACHABLE_RUN';
  constructor(
    readonly id: string,
    collaterals: readonly string[],
  ) {
    super(`run "${id}" waits for ${collaterals.join(', ')} from outside, where nobody can find it: it is not stored`, {
      hint: 'give it a store that outlives the process, e.g. --store file:.engram, and `engram signal` reaches it there',
    });
  }
}

/** Something in the flow threw outside its handlers, where nobody could catch it. */
export class UncaughtError extends EngramError {
  readonly code = 'UNCAUGHT';
  constructor(cause: unknown) {
    super(`the flow threw outside its handlers: ${describeError(cause)}`, {
      cause,
      hint: 'runs are stored as of their last milestone: mend the flow, then `engram resume`',
    });
  }
}
