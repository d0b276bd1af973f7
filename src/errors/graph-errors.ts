import { EngramError } from './engram-error.js';

/** The graph that was given to `new CNS` cannot be built. Lists every problem, not only the first. */
export class InvalidGraphError extends EngramError {
  readonly code = 'INVALID_GRAPH';
  constructor(readonly problems: readonly string[]) {
    super(
      problems.length === 1
        ? `the graph cannot be built: ${problems[0]}`
        : `the graph cannot be built, ${problems.length} problems:\n${problems.map((p) => `  - ${p}`).join('\n')}`,
      { hint: 'mend each problem listed; they are independent of each other' },
    );
  }
}

/** A neuron was changed after a CNS had been built from it. */
export class SealedNeuronError extends EngramError {
  readonly code = 'SEALED_NEURON';
  constructor(readonly neuron: string) {
    super(`neuron "${neuron}" already belongs to a CNS and cannot be changed`, {
      hint: 'finish the neuron (dendrites, milestone, …) before `new CNS([...])`',
    });
  }
}

/** A name, an option or an argument that can never be right. */
export class InvalidArgumentError extends EngramError {
  readonly code = 'INVALID_ARGUMENT';
}

/** A signal of a collateral that the graph does not have. */
export class UnknownCollateralError extends EngramError {
  readonly code = 'UNKNOWN_COLLATERAL';
  constructor(
    readonly collateral: string,
    known: readonly string[],
  ) {
    super(`the graph has no collateral "${collateral}"`, { hint: listed('it has', known) });
  }
}

/** A payload that the schema of its collateral does not accept. */
export class InvalidPayloadError extends EngramError {
  readonly code = 'INVALID_PAYLOAD';
  constructor(
    readonly collateral: string,
    readonly issues: readonly string[],
    cause?: unknown,
  ) {
    super(`the payload of "${collateral}" does not fit its schema: ${issues.join('; ')}`, {
      cause,
      hint: `give a payload that the schema of "${collateral}" accepts`,
    });
  }
}

/** A run was started with no modality, or with one that is not known where it is asked for. */
export class UnknownModalityError extends EngramError {
  readonly code = 'UNKNOWN_MODALITY';
  /**
   * @param where who asked, e.g. `neuron "reply"`
   * @param modality its name, or undefined when there is none
   * @param known the names that are known there
   */
  constructor(
    where: string,
    readonly modality: string | undefined,
    known: readonly string[],
  ) {
    super(
      modality === undefined
        ? `${where} asks for the modality of the run, and it was started without one`
        : `${where} does not know the modality "${modality}"`,
      { hint: `${listed('start the run with one that it knows', known)}; or give the dendrite a default` },
    );
  }
}

/** A modality is known where it is asked for, but nothing is there for the afferent path or one of its parents. */
export class NoAfferentPathError extends EngramError {
  readonly code = 'NO_AFFERENT_PATH';
  /**
   * @param where who asked, e.g. `neuron "reply"`
   * @param afferentPath its name in the modality, or undefined when the run was started without one
   * @param known the names of the paths that lead somewhere there
   */
  constructor(
    where: string,
    readonly modality: string,
    readonly afferentPath: string | undefined,
    known: readonly string[],
  ) {
    super(
      afferentPath === undefined
        ? `${where} asks for an afferent path of the modality "${modality}", and the run was started without one`
        : `${where} has nothing for the afferent path "${afferentPath}" of the modality "${modality}"`,
      { hint: `${listed('it has something for', known)}; or give the modality or the dendrite a default` },
    );
  }
}

export function listed(lead: string, names: readonly string[], most = 8): string {
  if (names.length === 0) return `${lead} none`;
  const shown = names.slice(0, most).map((n) => `"${n}"`);
  return `${lead} ${shown.join(', ')}${names.length > most ? ` and ${names.length - most} more` : ''}`;
}
