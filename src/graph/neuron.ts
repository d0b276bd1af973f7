/** Making neurons: units of work that listen through dendrites and emit the collaterals of their axon. */
import type { ZodType } from 'zod';
import { InvalidArgumentError } from '../errors/index.js';
import { Neuron } from './neuron-builder.js';
import type { Axon } from './types.js';

export type { AnyNeuron, Neuron, NeuronWithContext } from './neuron-builder.js';

/**
 * Makes a neuron.
 * @param name `[A-Za-z_][\w-]*`, unique in a graph; may be left out in a graph without a store
 * @param axon the collaterals it may emit, by key
 */
export function neuron<A extends Axon>(name: string, axon: A): Neuron<A, unknown, unknown, never>;
export function neuron<A extends Axon>(axon: A): Neuron<A, unknown, unknown, never>;
export function neuron<A extends Axon>(nameOrAxon: string | A, axon?: A): Neuron<A> {
  return make<A, unknown, unknown>(nameOrAxon, axon, undefined);
}

/** Makes neurons whose own context value and global are of given types. */
export interface NeuronFactory<C, G> {
  neuron<A extends Axon>(name: string, axon: A): Neuron<A, C, G, never>;
  neuron<A extends Axon>(axon: A): Neuron<A, C, G, never>;
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

/**
 * `neuronFactory<TCtx, TExt>().neuron(...)`: the neuron's context value is a `TCtx`, `ctx.global` a `TExt`. The same as
 * `withCtx<TCtx>().withGlobal<TExt>()`.
 * @param schema checks stored values when a run is rehydrated
 */
export const neuronFactory = <TCtx = unknown, TExt = unknown>(
  schema?: ZodType<TCtx, TCtx>,
): NeuronFactory<TCtx, TExt> => factory<TCtx, TExt>(schema);

const factory = <C, G>(schema: ZodType<C, C> | undefined): NeuronFactory<C, G> => ({
  neuron: <A extends Axon>(nameOrAxon: string | A, axon?: A) => make<A, C, G>(nameOrAxon, axon, schema),
});

function make<A extends Axon, C, G>(
  nameOrAxon: string | A,
  axon: A | undefined,
  schema: ZodType<C, C> | undefined,
): Neuron<A, C, G, never> {
  if (typeof nameOrAxon !== 'string') return new Neuron<A, C, G, never>(undefined, nameOrAxon, schema);
  if (typeof axon !== 'object' || (axon as unknown) === null) {
    throw new InvalidArgumentError(`neuron "${nameOrAxon}" has no axon`, {
      hint: `neuron('${nameOrAxon}', { … }), or neuron('${nameOrAxon}', {}) for one that emits nothing`,
    });
  }
  return new Neuron<A, C, G, never>(nameOrAxon, axon, schema);
}
