/** The names of a graph's parts. Job: giving each one, and telling every problem there is with them. */
import type { AnyCollateral } from './collateral.js';
import { isCollateral } from './collateral.js';
import type { Modality } from './modality.js';
import { collateralNameProblem, neuronNameProblem } from './names.js';
import type { AnyNeuron } from './neuron-builder.js';
import { collateralsOf, type NeuronSpec } from './neuron-spec.js';

/** Names that were registered for things; they become the graph's names. */
export interface NameRegistry {
  getNeuronName(neuron: object): string | undefined;
  getCollateralName(collateral: object): string | undefined;
}

export interface Naming {
  /** Whether everything that is stored by name must have been given one. */
  readonly durable: boolean;
  readonly registry?: NameRegistry | undefined;
}

export interface NamedSpec extends NeuronSpec {
  readonly name: string;
}

export function nameNeurons(
  neurons: readonly AnyNeuron<never>[],
  { durable, registry }: Naming,
  problems: string[],
): NamedSpec[] {
  if (neurons.length === 0) problems.push('there are no neurons');
  const taken = new Map<string, number>();
  const unique = new Set<unknown>();
  const specs: NamedSpec[] = [];
  neurons.forEach((neuron, index) => {
    if (typeof (neuron as { seal?: unknown } | undefined)?.seal !== 'function') {
      problems.push(`the entry at index ${index} is no neuron; make one with neuron(name, axon)`);
      return;
    }
    const spec = neuron.seal();
    const registered = registry?.getNeuronName(neuron);
    const own = registered ?? spec.name;
    if (spec.name !== undefined && own !== spec.name) {
      problems.push(`neuron "${spec.name}" is registered under another name, "${registered}"`);
    }
    if (unique.has(neuron)) problems.push(`neuron "${own ?? index}" is listed twice`);
    unique.add(neuron);
    const name = own ?? `neuron-${index + 1}`;
    if (own === undefined && durable) {
      problems.push(`the neuron at index ${index} has no name, and a stored run refers to neurons by name`);
    }
    const problem = neuronNameProblem(name);
    if (problem !== undefined) problems.push(`neuron "${name}": ${problem}`);
    const before = taken.get(name);
    if (before !== undefined && neurons[before] !== neuron) {
      problems.push(`two neurons are named "${name}" (index ${before} and ${index})`);
    }
    taken.set(name, index);
    specs.push({ ...spec, name });
  });
  return specs;
}

/** In the order in which the graph first speaks of them: axons, then listeners, then what is waited for. */
export function nameCollaterals(
  specs: readonly NamedSpec[],
  { durable, registry }: Naming,
  problems: string[],
): ReadonlyMap<AnyCollateral, string> {
  const names = new Map<AnyCollateral, string>();
  const byName = new Set<string>();
  const ownName = (collateral: AnyCollateral) => registry?.getCollateralName(collateral) ?? collateral.name;
  const claim = (collateral: AnyCollateral, fallback: () => string, where: string, lasting: boolean) => {
    if (!isCollateral(collateral)) {
      problems.push(`${where} is no collateral; make one with collateral<Payload>('name')`);
      return;
    }
    if (names.has(collateral)) return;
    const own = ownName(collateral);
    if (collateral.name !== undefined && own !== collateral.name) {
      problems.push(`collateral "${collateral.name}" (${where}) is registered under another name, "${own}"`);
    }
    const name = own ?? fallback();
    names.set(collateral, name);
    if (own === undefined && durable && !lasting) {
      problems.push(`${where} is a collateral without a name, and a stored run refers to collaterals by name`);
    }
    const problem = collateralNameProblem(name);
    if (problem !== undefined) problems.push(`collateral "${name}" (${where}): ${problem}`);
    if (byName.has(name)) problems.push(`two collaterals are named "${name}" (the second: ${where})`);
    byName.add(name);
  };

  for (const spec of specs) {
    for (const [key, collateral] of Object.entries(spec.axon)) {
      const where = `neuron "${spec.name}", axon key "${key}"`;
      if (durable && isCollateral(collateral) && names.has(collateral) && ownName(collateral) === undefined) {
        problems.push(`${where} shares a collateral without a name, which no one neuron can lend it`);
      }
      claim(collateral, () => `${spec.name}.${key}`, where, true);
    }
  }
  let unnamed = 0;
  const numbered = () => `collateral-${++unnamed}`;
  for (const spec of specs) {
    spec.listeners.flatMap(collateralsOf).forEach((collateral, index) => {
      claim(collateral, numbered, `neuron "${spec.name}", dendrite ${index}`, false);
    });
    spec.expects.forEach((collateral, index) => {
      claim(collateral, numbered, `neuron "${spec.name}", expects ${index}`, false);
    });
  }
  return names;
}

/** In the order in which dendrites first speak of them. */
export function nameModalities(
  specs: readonly NamedSpec[],
  { durable }: Naming,
  problems: string[],
): ReadonlyMap<Modality, string> {
  const names = new Map<Modality, string>();
  const byName = new Set<string>();
  for (const spec of specs) {
    const dendrites = spec.listeners.filter((listener) => listener.kind === 'modality');
    for (const { modality } of dendrites.flatMap((dendrite) => dendrite.modalities)) {
      if (names.has(modality)) continue;
      const name = modality.name ?? `modality-${names.size + 1}`;
      const where = `neuron "${spec.name}"`;
      names.set(modality, name);
      if (modality.name === undefined && durable) {
        problems.push(`${where} has a modality without a name, and a stored run refers to modalities by name`);
      }
      const problem = neuronNameProblem(name);
      if (problem !== undefined) problems.push(`modality "${name}" (${where}): ${problem}`);
      if (byName.has(name)) problems.push(`two modalities are named "${name}" (the second: ${where})`);
      byName.add(name);
      const paths = Object.values(modality.afferentPaths);
      if (new Set(paths).size < paths.length) problems.push(`modality "${name}" has one afferent path under two names`);
    }
  }
  return names;
}
