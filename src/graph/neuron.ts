/** Neurons: units of work that listen through dendrites and emit the collaterals of their axon. */
import type { ZodType } from 'zod';
import { InvalidArgumentError, listed, SealedNeuronError } from '../errors/index.js';
import type { AnyCollateral, PayloadOf } from './collateral.js';
import type { AnyResponse, Axon, Binding, Bindings, Response } from './types.js';

declare const GLOBAL: unique symbol;

/** One subscription as it was declared. */
export interface DendriteSpec {
  readonly collateral: AnyCollateral;
  readonly response: AnyResponse;
}

/** All that a neuron was told to be; read when a CNS is built. */
export interface NeuronSpec {
  readonly name: string | undefined;
  readonly axon: Axon;
  readonly dendrites: readonly DendriteSpec[];
  readonly milestone: boolean;
  /** Checks the neuron's context value when a run is rehydrated. */
  readonly contextSchema: ZodType | undefined;
}

/** Any neuron that may be in a CNS whose global is a `G`. */
export interface AnyNeuron<G = never> {
  readonly [GLOBAL]?: (global: G) => void;
  readonly name: string | undefined;
  seal(): NeuronSpec;
}

declare const CONTEXT: unique symbol;

/** A neuron whose own context value is a `C`. */
export interface NeuronWithContext<C> extends AnyNeuron {
  readonly [CONTEXT]?: C;
}

export interface Dendrite<S extends AnyCollateral | readonly AnyCollateral[], A extends Axon, C, G> {
  /** A collateral, or several: one dendrite for each. */
  readonly collateral: S;
  readonly response: Response<PayloadOf<S extends readonly (infer E)[] ? E : S>, A, C, G>;
}

export class Neuron<A extends Axon = Axon, C = unknown, G = unknown> {
  /** Only neurons that ask for a global of a fitting type may be in a CNS that has one. */
  declare readonly [GLOBAL]?: (global: G) => void;
  declare readonly [CONTEXT]?: C;
  readonly #name: string | undefined;
  readonly #axon: A;
  readonly #contextSchema: ZodType | undefined;
  readonly #dendrites: DendriteSpec[] = [];
  #milestone = false;
  #sealed = false;

  constructor(name: string | undefined, axon: A, contextSchema?: ZodType<C, C>) {
    this.#name = name;
    this.#axon = axon;
    this.#contextSchema = contextSchema;
  }

  /** The collaterals it may emit; give it to another neuron's `bind` to listen to all of them. */
  get axon(): A {
    return this.#axon;
  }

  get name(): string | undefined {
    return this.#name;
  }

  /** Listens to a collateral, or to several with the same response. */
  dendrite<const S extends AnyCollateral | readonly AnyCollateral[]>(dendrite: Dendrite<S, A, C, G>): this {
    this.#assertOpen();
    const { collateral } = dendrite;
    const list = (Array.isArray(collateral) ? collateral : [collateral]) as readonly AnyCollateral[];
    if (list.length === 0) {
      throw new InvalidArgumentError(`${this.#label()}: a dendrite listens to no collateral`, {
        hint: 'give it one at least: dendrite({ collateral: order, response })',
      });
    }
    if (typeof dendrite.response !== 'function') {
      throw new InvalidArgumentError(`${this.#label()}: a dendrite has no response`, {
        hint: 'dendrite({ collateral, response: (payload, axon, ctx) => … })',
      });
    }
    for (const one of list) this.#dendrites.push({ collateral: one, response: dendrite.response as AnyResponse });
    return this;
  }

  /**
   * Listens to every collateral of a map or of another neuron's axon, each with a response of its own.
   * @throws InvalidArgumentError when a collateral has no response, or a response no collateral
   */
  bind<M extends Axon>(map: M, bindings: Bindings<M, A, C, G>): this {
    this.#assertOpen();
    const given = bindings as Readonly<Record<string, Binding<unknown, A, C, G>>>;
    const missing = Object.keys(map).filter((key) => !Object.hasOwn(given, key));
    const extra = Object.keys(given).filter((key) => !Object.hasOwn(map, key));
    if (missing.length + extra.length > 0) {
      const wrong = [
        ...(missing.length > 0 ? [listed('no response for', missing)] : []),
        ...(extra.length > 0 ? [listed('no collateral for', extra)] : []),
      ];
      throw new InvalidArgumentError(`${this.#label()}: bind must answer each collateral once: ${wrong.join('; ')}`, {
        hint: 'give bind a response for every key of the map, and for no other',
      });
    }
    for (const [key, collateral] of Object.entries(map)) {
      const binding = given[key];
      const response = typeof binding === 'function' ? binding : binding?.response;
      if (typeof response !== 'function') {
        throw new InvalidArgumentError(`${this.#label()}: the binding of "${key}" has no response`, {
          hint: 'a binding is a function, or { response }',
        });
      }
      this.#dendrites.push({ collateral, response: response as AnyResponse });
    }
    return this;
  }

  /** After it settles, the run is stored before anything downstream of it starts (I4). */
  milestone(): this {
    this.#assertOpen();
    this.#milestone = true;
    return this;
  }

  /** What it was told to be. From now on it cannot be changed. */
  seal(): NeuronSpec {
    this.#sealed = true;
    return {
      name: this.#name,
      axon: this.#axon,
      dendrites: this.#dendrites,
      milestone: this.#milestone,
      contextSchema: this.#contextSchema,
    };
  }

  #assertOpen(): void {
    if (this.#sealed) throw new SealedNeuronError(this.#name ?? '(unnamed)');
  }

  #label(): string {
    return this.#name === undefined ? 'a neuron without a name' : `neuron "${this.#name}"`;
  }
}

/**
 * Makes a neuron.
 * @param name `[A-Za-z_][\w-]*`, unique in a graph; may be left out in a graph without a store
 * @param axon the collaterals it may emit, by key
 */
export function neuron<A extends Axon>(name: string, axon: A): Neuron<A>;
export function neuron<A extends Axon>(axon: A): Neuron<A>;
export function neuron<A extends Axon>(nameOrAxon: string | A, axon?: A): Neuron<A> {
  return make<A, unknown, unknown>(nameOrAxon, axon, undefined);
}

/** Makes neurons whose own context value and global are of given types. */
export interface NeuronFactory<C, G> {
  neuron<A extends Axon>(name: string, axon: A): Neuron<A, C, G>;
  neuron<A extends Axon>(axon: A): Neuron<A, C, G>;
}

/**
 * `withCtx<T>().neuron(...)`: the neuron's context value is a `T`.
 * @param schema checks stored values when a run is rehydrated
 */
export function withCtx<C>(schema?: ZodType<C, C>): NeuronFactory<C, unknown> & {
  withGlobal<G>(): NeuronFactory<C, G>;
} {
  return { ...factory<C, unknown>(schema), withGlobal: <G>() => factory<C, G>(schema) };
}

/** `withGlobal<T>().neuron(...)`: `ctx.global` is a `T`, and the CNS must be given one. */
export function withGlobal<G>(): NeuronFactory<unknown, G> & {
  withCtx<C>(schema?: ZodType<C, C>): NeuronFactory<C, G>;
} {
  return { ...factory<unknown, G>(undefined), withCtx: <C>(schema?: ZodType<C, C>) => factory<C, G>(schema) };
}

const factory = <C, G>(schema: ZodType<C, C> | undefined): NeuronFactory<C, G> => ({
  neuron: <A extends Axon>(nameOrAxon: string | A, axon?: A) => make<A, C, G>(nameOrAxon, axon, schema),
});

function make<A extends Axon, C, G>(
  nameOrAxon: string | A,
  axon: A | undefined,
  schema: ZodType<C, C> | undefined,
): Neuron<A, C, G> {
  if (typeof nameOrAxon !== 'string') return new Neuron<A, C, G>(undefined, nameOrAxon, schema);
  if (typeof axon !== 'object' || (axon as unknown) === null) {
    throw new InvalidArgumentError(`neuron "${nameOrAxon}" has no axon`, {
      hint: `neuron('${nameOrAxon}', { … }), or neuron('${nameOrAxon}', {}) for one that emits nothing`,
    });
  }
  return new Neuron<A, C, G>(nameOrAxon, axon, schema);
}
