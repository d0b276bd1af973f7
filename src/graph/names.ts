/** Which names neurons and collaterals may have. They become event types and region names of the machine. */

const NEURON = /^[A-Za-z_][\w-]*$/;
const COLLATERAL = /^[A-Za-z_][\w.-]*$/;
/** Prefixes of events that XState or this library send. */
const RESERVED_PREFIX = /^(?:xstate|engram|done|error)\./;
/** Keys that objects treat in a way of their own. */
const RESERVED = new Set(['__proto__', 'constructor', 'prototype']);
const LONGEST = 200;

/** What is wrong with a name of a neuron or a modality, or undefined. */
export function neuronNameProblem(name: string): string | undefined {
  if (!NEURON.test(name)) return 'a name begins with a letter or "_" and holds letters, digits, "_" and "-"';
  return commonProblem(name);
}

/** What is wrong with a name of a collateral, or undefined. */
export function collateralNameProblem(name: string): string | undefined {
  if (!COLLATERAL.test(name)) return 'a name begins with a letter or "_" and holds letters, digits, "_", "." and "-"';
  if (RESERVED_PREFIX.test(name)) return 'the prefixes "xstate.", "engram.", "done." and "error." are reserved';
  return commonProblem(name);
}

function commonProblem(name: string): string | undefined {
  if (RESERVED.has(name)) return 'the name is reserved';
  return name.length > LONGEST ? `a name has at most ${LONGEST} characters` : undefined;
}
