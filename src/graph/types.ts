/** What the types of a neuron say: which payloads come in, which signals may go out, what a handler is given. */
import type { AnyCollateral, PayloadArgs, PayloadOf, Signal } from './collateral.js';

/** The collaterals that a neuron may emit, by key. */
export type Axon = Readonly<Record<string, AnyCollateral>>;

declare const madeThroughAxon: unique symbol;

/** A signal made through the axon of a neuron, under one of its keys. */
export interface Emission<T, K> extends Signal<T> {
  readonly [madeThroughAxon]: K;
}

/**
 * The axon as a handler sees it. Signals made through it carry their key in their type, so that a signal of another
 * collateral is a compile error even where the payloads are alike.
 */
export type AxonView<A extends Axon> = {
  readonly [K in keyof A]: AnyCollateral & {
    createSignal(...args: PayloadArgs<PayloadOf<A[K]>>): Emission<PayloadOf<A[K]>, K>;
  };
};

export type EmissionOf<A extends Axon> = { [K in keyof A]: Emission<PayloadOf<A[K]>, K> }[keyof A];

/** What a handler returns: a signal, several in order, or nothing; at once or later. */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a handler may end without a return
export type Answer<A extends Axon> = EmissionOf<A> | readonly EmissionOf<A>[] | undefined | null | void;

/**
 * What a handler is given beside its payload; may be destructured. Context writes are staged: they are committed
 * together with the returned signals, and not at all when the handler fails (I1).
 */
export interface NeuronContext<C, G> {
  /** The neuron's own value in this run: staged writes of this handler over what is committed. */
  get(): C | undefined;
  set(value: C): void;
  /** `change` is called on the committed value at the moment of settlement, so that parallel activations lose nothing. */
  update(change: (value: C | undefined) => C): void;
  delete(): void;
  /** `<stimulation id>/<cause>`: the same whenever this activation runs again. An idempotency key for effects. */
  readonly activationId: string;
  readonly stimulationId: string;
  /** What was given to `new CNS` as its third argument. */
  readonly global: G;
}

export type Response<P, A extends Axon, C, G> = (
  payload: P,
  axon: AxonView<A>,
  ctx: NeuronContext<C, G>,
) => Answer<A> | PromiseLike<Answer<A>>;

/** One response, or a record holding it. */
export type Binding<P, A extends Axon, C, G> = Response<P, A, C, G> | { readonly response: Response<P, A, C, G> };

/** A response for every collateral of a map, each given the payload of its own. */
export type Bindings<M extends Axon, A extends Axon, C, G> = {
  readonly [K in keyof M]: Binding<PayloadOf<M[K]>, A, C, G>;
};

/** A response when its types have done their work. */
export type AnyResponse = (payload: unknown, axon: unknown, ctx: unknown) => unknown;
