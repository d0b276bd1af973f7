/** What is said of an error, and the exit code that goes with it. */
import { describeError, EngramError, StimulationAbortedError, StimulationFailedError } from '../errors/index.js';
import { UncaughtError } from './cli-errors.js';
import { EXIT } from './exit-codes.js';
import { oneLine } from './text.js';

export interface Failure {
  readonly code: string;
  /** One line. */
  readonly message: string;
  readonly hint: string | undefined;
  readonly exitCode: number;
}

/** Answers that no graph could take: the flow is wrong as it is written. By name: stored errors are read back as plain ones. */
const FLOW_FAULTS = [
  'ForeignCollateralError',
  'InvalidAnswerError',
  'UndeclaredExpectationError',
  'UnwantedAnswerError',
];

const RUN_ENDED = [StimulationAbortedError, UncaughtError];

/** How the run of which an error tells has ended; undefined where it has not. */
export function endOf(error: unknown): 'failed' | 'aborted' | undefined {
  if (error instanceof StimulationAbortedError) return 'aborted';
  return error instanceof StimulationFailedError ? 'failed' : undefined;
}

export function failureOf(error: unknown): Failure {
  if (!(error instanceof EngramError)) {
    const hint = 'set ENGRAM_DEBUG=1 to see where it comes from';
    return { code: 'UNEXPECTED', message: oneLine(describeError(error)), hint, exitCode: EXIT.refused };
  }
  const told = { code: error.code, message: oneLine(error.message), hint: hintOf(error) };
  if (error instanceof StimulationFailedError) {
    const isFlowFault = error.errors.length > 0 && error.errors.every(isFaultOfFlow);
    return { ...told, exitCode: isFlowFault ? EXIT.refused : EXIT.failed };
  }
  return { ...told, exitCode: RUN_ENDED.some((kind) => error instanceof kind) ? EXIT.failed : EXIT.refused };
}

/** For a failed run the next step is that of its first cause; its own speaks of code. */
function hintOf(error: EngramError): string | undefined {
  const hints = error instanceof StimulationFailedError ? error.errors.map(stepOf) : [error.hint];
  const hint = hints.find((text) => typeof text === 'string');
  return hint === undefined ? undefined : oneLine(hint);
}

const stepOf = (error: unknown): string | undefined => {
  const hint = error instanceof Error ? (error as { readonly hint?: unknown }).hint : undefined;
  return typeof hint === 'string' ? hint : undefined;
};

const isFaultOfFlow = (error: unknown): boolean => error instanceof Error && FLOW_FAULTS.includes(error.name);
