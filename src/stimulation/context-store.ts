/**
 * The neurons' context values apart from any run: to look at, to keep as a text, or to begin another run with.
 *
 * The text is JSON: `{ format, version, checksum, values }`, where `values` is a text of the codec, so that whatever a
 * checkpoint keeps is kept here, and the checksum finds damage inside values too. Not its job: following a run; values
 * are what they were when they were put in, and are not copied.
 */
import { createCodec } from '../durability/codec.js';
import { digestOf } from '../durability/digest.js';
import { CorruptCheckpointError, InvalidArgumentError, UnsupportedFormatError } from '../errors/index.js';
import { neuronNameProblem } from '../graph/names.js';
import type { NameRegistry } from '../graph/naming.js';
import type { AnyNeuron, NeuronWithContext } from '../graph/neuron.js';

const FORMAT = 'engram.context';
const VERSION = 1;
/** What the text is, in messages. */
const WHERE = 'the serialized context';

const codec = createCodec();

export interface ContextStoreOptions {
  /** Asked for the names of neurons that have none of their own. */
  readonly registry?: Pick<NameRegistry, 'getNeuronName'>;
  /** By neuron name. Those that are undefined are left out. */
  readonly values?: Readonly<Record<string, unknown>>;
}

export class CNSStimulationContextStore {
  readonly #registry: ContextStoreOptions['registry'];
  #values = new Map<string, unknown>();

  /** @throws InvalidArgumentError when a key of `values` cannot be the name of a neuron */
  constructor(options: ContextStoreOptions = {}) {
    this.#registry = options.registry;
    for (const [name, value] of Object.entries(options.values ?? {})) this.set(name, value);
  }

  /**
   * A store that holds what `serialize` wrote.
   * @throws CorruptCheckpointError for a text that is damaged; UnsupportedFormatError for one that `serialize` of this
   *   version did not write
   */
  static restore(text: string, options: Pick<ContextStoreOptions, 'registry'> = {}): CNSStimulationContextStore {
    const store = new CNSStimulationContextStore(options);
    store.restore(text);
    return store;
  }

  /**
   * The value of a neuron, given as itself or by name; undefined when it has none.
   * @throws InvalidArgumentError for a neuron without a name that no registry knows, and for what can be no name
   */
  get<C>(neuron: NeuronWithContext<C>): C | undefined;
  get(neuron: string): unknown;
  get(neuron: AnyNeuron<never> | string): unknown {
    return this.#values.get(this.#nameOf(neuron, 'get'));
  }

  /**
   * Puts a value in the place of what the neuron has; `undefined` deletes it.
   * @throws InvalidArgumentError as `get` does
   */
  set<C>(neuron: NeuronWithContext<C>, value: NoInfer<C> | undefined): void;
  set(neuron: string, value: unknown): void;
  set(neuron: AnyNeuron<never> | string, value: unknown): void {
    const name = this.#nameOf(neuron, 'set');
    if (value === undefined) this.#values.delete(name);
    else this.#values.set(name, value);
  }

  /**
   * @returns false when the neuron had no value
   * @throws InvalidArgumentError as `get` does
   */
  delete(neuron: AnyNeuron<never> | string): boolean {
    return this.#values.delete(this.#nameOf(neuron, 'delete'));
  }

  /** All values by name. A copy of the record; the values are as they are. */
  getAll(): Record<string, unknown> {
    return Object.fromEntries(this.#values);
  }

  /**
   * All values as one text of one line; `restore` reads it.
   * @throws UnserializableError with the path of what cannot be kept, e.g. `context.order.lines[3].price`
   */
  serialize(): string {
    const values = codec.encode(this.getAll(), 'context');
    return JSON.stringify({ format: FORMAT, version: VERSION, checksum: checksumOf(values), values });
  }

  /**
   * Puts what `serialize` wrote in the place of all that is here; a text that is refused changes nothing.
   * @throws CorruptCheckpointError, UnsupportedFormatError as the static `restore` does
   */
  restore(text: string): void {
    const restored = new Map<string, unknown>();
    for (const [name, value] of Object.entries(valuesIn(text))) {
      if (neuronNameProblem(name) !== undefined) throw damaged(`"${name}" is no name of a neuron`);
      if (value !== undefined) restored.set(name, value);
    }
    this.#values = restored;
  }

  #nameOf(neuron: AnyNeuron<never> | string, what: string): string {
    if (typeof neuron === 'string') {
      const problem = neuronNameProblem(neuron);
      if (problem === undefined) return neuron;
      throw new InvalidArgumentError(`context store, ${what}: ${JSON.stringify(neuron)} is no name: ${problem}`, {
        hint: 'give the name that the neuron has in its graph, or the neuron',
      });
    }
    if (typeof (neuron as { seal?: unknown } | null | undefined)?.seal !== 'function') {
      throw new InvalidArgumentError(`context store, ${what}: the key is neither a neuron nor a name`, {
        hint: 'give the neuron itself, or its name',
      });
    }
    const name = neuron.name ?? this.#registry?.getNeuronName(neuron);
    if (name !== undefined) return name;
    throw new InvalidArgumentError(
      `context store, ${what}: the neuron has no name${this.#registry === undefined ? '' : ', and the registry does not know it'}`,
      { hint: "name it: neuron('name', axon), or new CNSStimulationContextStore({ registry }) with one that knows it" },
    );
  }
}

function valuesIn(text: string): object {
  const { checksum, values } = opened(text);
  if (typeof values !== 'string' || checksum !== checksumOf(values)) throw damaged('its checksum does not fit');
  const decoded = codec.decode(values, WHERE);
  if (typeof decoded === 'object' && decoded !== null && !Array.isArray(decoded)) return decoded;
  throw damaged('it holds no record of values');
}

/** The outer record, once it is known to be of this format and version. */
function opened(text: string): { readonly checksum?: unknown; readonly values?: unknown } {
  if (typeof (text as unknown) !== 'string') {
    throw new InvalidArgumentError('context store, restore: there is no text', {
      hint: 'give it what serialize() returned',
    });
  }
  let outer: unknown;
  try {
    outer = JSON.parse(text);
  } catch (cause) {
    throw damaged('it is not JSON', cause);
  }
  const { format, version } = (outer ?? {}) as { readonly format?: unknown; readonly version?: unknown };
  if (format === FORMAT && version === VERSION) return outer as object;
  const got = format === FORMAT ? `version ${JSON.stringify(version)}` : `no mark "${FORMAT}"`;
  throw new UnsupportedFormatError(WHERE, got, `"${FORMAT}" version ${VERSION}`);
}

const checksumOf = (values: string): string => digestOf([['values', values]]);

const damaged = (what: string, cause?: unknown): CorruptCheckpointError =>
  new CorruptCheckpointError(WHERE, what, cause);
