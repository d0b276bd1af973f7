/**
 * Names for what a program holds as objects: the neurons, collaterals and stimulations that something stored, a queue
 * or another process can only speak of by name.
 *
 * Rule: a name has one object and an object has one name, for good; only stimulations can be taken out again. Every
 * lookup takes the same time whatever the registry holds. Not its job: whether a name fits the rest of a graph; that is
 * checked when a CNS is built with it.
 */
import { InvalidArgumentError } from '../errors/index.js';
import { type AnyCollateral, isCollateral } from '../graph/collateral.js';
import { collateralNameProblem, neuronNameProblem } from '../graph/names.js';
import type { AnyNeuron } from '../graph/neuron.js';
import { shown } from '../graph/shown.js';
import type { Stimulation } from './stimulation.js';

/** A neuron of whatever context and global. */
type Registrable = AnyNeuron<never>;

/** Objects by name and names by object. */
class Names<T extends object> {
  readonly #kind: string;
  readonly #key: string;
  readonly #hint: string;
  readonly #byName = new Map<string, T>();
  readonly #nameOf = new Map<object, string>();

  /**
   * For messages.
   * @param kind what the objects are
   * @param key what their names are called
   * @param hint what to do when a name or an object is taken
   */
  constructor(kind: string, key: string, hint: string) {
    this.#kind = kind;
    this.#key = key;
    this.#hint = hint;
  }

  get(name: string): T | undefined {
    return this.#byName.get(name);
  }

  nameOf(object: object): string | undefined {
    return this.#nameOf.get(object);
  }

  /** @param where the call, for the message */
  claim(name: string, object: T, where: string): void {
    const other = this.#byName.get(name);
    if (other === object) return;
    if (other !== undefined) this.#refuse(where, `the ${this.#key} is taken by another ${this.#kind}`);
    const known = this.#nameOf.get(object);
    if (known !== undefined) this.#refuse(where, `this ${this.#kind} is registered already, as "${known}"`);
    this.#byName.set(name, object);
    this.#nameOf.set(object, name);
  }

  delete(name: string): boolean {
    const object = this.#byName.get(name);
    if (object === undefined) return false;
    this.#nameOf.delete(object);
    return this.#byName.delete(name);
  }

  #refuse(where: string, what: string): never {
    throw new InvalidArgumentError(`${where}: ${what}`, { hint: this.#hint });
  }
}

export class CNSPersistOptionsRegistry {
  readonly #neurons = new Names<Registrable>('neuron', 'name', 'register each neuron once, under a name of its own');
  readonly #collaterals = new Names<AnyCollateral>(
    'collateral',
    'name',
    'register each collateral once, under a name of its own',
  );
  readonly #stimulations = new Names<Stimulation>(
    'stimulation',
    'id',
    'add each stimulation once, under an id of its own; removeStimulation(…) frees both',
  );

  /**
   * Names a neuron. The same pair again changes nothing.
   * @param name as for `neuron(name, axon)`
   * @throws InvalidArgumentError for a bad name, no neuron, a name that another neuron has, or a neuron that has another
   *   name; nothing is registered then
   */
  register(name: string, neuron: Registrable): this {
    const where = `register(${shown(name)}, neuron)`;
    checkName(name, where, neuronNameProblem);
    if (typeof (neuron as { seal?: unknown } | null | undefined)?.seal !== 'function') {
      throw new InvalidArgumentError(`${where}: the second argument is no neuron`, {
        hint: 'make one with neuron(axon), withCtx<T>().neuron(axon) or the like',
      });
    }
    this.#neurons.claim(name, neuron, where);
    return this;
  }

  /**
   * Names a collateral. The same pair again changes nothing.
   * @param name as for `collateral(name)`
   * @throws InvalidArgumentError as `register` does
   */
  registerCollateral(name: string, collateral: AnyCollateral): this {
    const where = `registerCollateral(${shown(name)}, collateral)`;
    checkName(name, where, collateralNameProblem);
    if (!isCollateral(collateral)) {
      throw new InvalidArgumentError(`${where}: the second argument is no collateral`, {
        hint: 'make one with collateral<Payload>()',
      });
    }
    this.#collaterals.claim(name, collateral, where);
    return this;
  }

  /** @returns undefined for a name that was not registered */
  getNeuron(name: string): Registrable | undefined {
    return this.#neurons.get(name);
  }

  /** @returns undefined for a name that was not registered */
  getCollateral(name: string): AnyCollateral | undefined {
    return this.#collaterals.get(name);
  }

  /** @returns the name it was registered under, which is not asked of the neuron itself; undefined when it was not */
  getNeuronName(neuron: object): string | undefined {
    return this.#neurons.nameOf(neuron);
  }

  /** @returns the name it was registered under, which is not asked of the collateral itself; undefined when it was not */
  getCollateralName(collateral: object): string | undefined {
    return this.#collaterals.nameOf(collateral);
  }

  /**
   * Keeps a stimulation under an id, until it is removed: the registry does not look whether it has ended.
   * @param options.stimulationId the stimulation's own id unless told
   * @throws InvalidArgumentError for an empty id, no stimulation, an id that another stimulation has, or a stimulation
   *   that has another id
   */
  addStimulation(stimulation: Stimulation, options: { readonly stimulationId?: string } = {}): this {
    const own: unknown = (stimulation as { id?: unknown } | null | undefined)?.id;
    if (typeof stimulation !== 'object' || typeof own !== 'string') {
      throw new InvalidArgumentError('addStimulation: the first argument is no stimulation', {
        hint: 'give it what cns.stimulate(…) returned: addStimulation(run, { stimulationId })',
      });
    }
    const id: unknown = options.stimulationId ?? own;
    if (typeof id !== 'string' || id === '') {
      throw new InvalidArgumentError('addStimulation: stimulationId must be a text that is not empty', {
        hint: "leave it out for the stimulation's own id",
      });
    }
    this.#stimulations.claim(id, stimulation, `addStimulation(stimulation, { stimulationId: ${shown(id)} })`);
    return this;
  }

  /** @returns false when it was not there */
  removeStimulation(stimulation: Stimulation | string): boolean {
    const id = typeof stimulation === 'string' ? stimulation : this.#stimulations.nameOf(stimulation);
    return id !== undefined && this.#stimulations.delete(id);
  }

  /** @returns undefined for an id that was not added, or was removed */
  getStimulation(id: string): Stimulation | undefined {
    return this.#stimulations.get(id);
  }
}

/**
 * A registry of what is given, by name: `createPersistRegistry({ charge, ship }, { collaterals: { order } })`.
 * @throws InvalidArgumentError as `register` and `registerCollateral` do
 */
export function createPersistRegistry(
  neurons: Readonly<Record<string, Registrable>>,
  options: { readonly collaterals?: Readonly<Record<string, AnyCollateral>> } = {},
): CNSPersistOptionsRegistry {
  const registry = new CNSPersistOptionsRegistry();
  for (const [name, neuron] of Object.entries(neurons)) registry.register(name, neuron);
  for (const [name, collateral] of Object.entries(options.collaterals ?? {})) {
    registry.registerCollateral(name, collateral);
  }
  return registry;
}

function checkName(name: unknown, where: string, problemOf: (name: string) => string | undefined): void {
  const problem = typeof name === 'string' ? problemOf(name) : 'a name is a text';
  if (problem !== undefined) {
    throw new InvalidArgumentError(`${where}: ${problem}`, { hint: 'choose another name; it must not change later' });
  }
}
