/** What the types of a neuron say: which payloads come in, which signals may go out, what a handler is given. */
import type { AnyCollateral, PayloadOf, Signal, SignalArgs } from './collateral.js';
import type { Expectation } from './expectation.js';

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
    createSignal(...args: SignalArgs<PayloadOf<A[K]>>): Emission<PayloadOf<A[K]>, K>;
  };
};

export type EmissionOf<A extends Axon> = { [K in keyof A]: Emission<PayloadOf<A[K]>, K> }[keyof A];

/** What a handler emits: a signal of its axon, or an expectation, whose `otherwise` is one as well. */
type Emitted<A extends Axon> = EmissionOf<A> | Expectation<EmissionOf<A>>;

/** What a handler returns: a signal or an expectation, several in order, or nothing; at once or later. */
// eslint-disable-next-line @typescript-eslint/no-invalid-void-type -- a handler may end without a return
export type Answer<A extends Axon> = Emitted<A> | readonly Emitted<A>[] | undefined | null | void;

/** A run as the handlers in it see it. */
export interface StimulationHandle {
  readonly id: string;
  /** Where the run stands, in the words of `Stimulation.status`. */
  readonly status: string;
  /** Ends the run; what still runs in it is told by its `abortSignal`. */
  abort(reason?: unknown): void;
  /** Resolves when the signal is stored for the run, or taken where nothing is stored. */
  signal(signal: Signal, options?: { readonly deliveryId?: string }): Promise<void>;
}

/** What can be stimulated: a CNS. */
export interface Stimulatable<O extends object, R> {
  stimulate(signal: Signal | readonly Signal[], options?: O): R;
}

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
  /** Aborted when the run is, and when this attempt has taken longer than `setMaxDuration` allows. */
  readonly abortSignal: AbortSignal;
  /** Which attempt this is: 1 for the first. */
  readonly attempt: number;
  /** In a compensation: the id of the activation that is undone; undefined elsewhere. */
  readonly undoes: string | undefined;
  /** The name of the modality that the run was started with. */
  readonly modality: string | undefined;
  /** The name of the afferent path that the run was started with. */
  readonly afferentPath: string | undefined;
  /** What the run was started with as `stimulationContext`; stored with it. */
  readonly stimulationContext: unknown;
  /** The run; undefined where a machine runs without a CNS. */
  readonly stimulation: StimulationHandle | undefined;
  /** The CNS; undefined where a machine runs without one. */
  readonly cns: unknown;
  /**
   * Starts a run of another flow, or of this one, as a child of this activation: its id follows from the activation's id
   * and from which call this is, so that the handler, run again, finds the run that it has started before, where the
   * child's CNS has a store. One that has failed or was aborted by then does once more what it has not done. An abort of
   * this run reaches it. Where both are closed, close the CNS of the parents first.
   */
  stimulate<O extends object, R>(cns: Stimulatable<O, R>, signal: Signal | readonly Signal[], options?: NoInfer<O>): R;
  /** What was given to `new CNS` as its third argument. */
  readonly global: G;
}

export type Response<P, A extends Axon, C, G> = (
  payload: P,
  axon: AxonView<A>,
  ctx: NeuronContext<C, G>,
) => Answer<A> | PromiseLike<Answer<A>>;

/** Undoes what an activation did; given its payload. Emits nothing. */
export type Compensation<P, A extends Axon, C, G> = (
  payload: P,
  axon: AxonView<A>,
  ctx: NeuronContext<C, G>,
) => void | PromiseLike<void>;

/** One response, or a record holding it. */
export type Binding<P, A extends Axon, C, G> = Response<P, A, C, G> | { readonly response: Response<P, A, C, G> };

/** A response for every collateral of a map, each given the payload of its own. */
export type Bindings<M extends Axon, A extends Axon, C, G> = {
  readonly [K in keyof M]: Binding<PayloadOf<M[K]>, A, C, G>;
};

/** A response when its types have done their work. */
export type AnyResponse = (payload: unknown, axon: unknown, ctx: unknown) => unknown;
