/** Modality dendrites: as they are declared, and as one response that chooses a handler by what the run came in with. */
import { NoAfferentPathError, UnknownModalityError } from '../errors/graph-errors.js';
import type { AnyCollateral, PayloadOf } from './collateral.js';
import type { AfferentPath, Modality } from './modality.js';
import { isThenable } from './thenable.js';
import type { Answer, AnyResponse, Axon, AxonView, NeuronContext } from './types.js';

/** What serves one afferent path: gives a result, at once or later. */
export type PathHandler<P, A extends Axon, C, G, X> = (
  payload: P,
  axon: AxonView<A>,
  ctx: NeuronContext<C, G>,
) => X | PromiseLike<X>;

interface Handlers<P, A extends Axon, C, G, X> {
  /**
   * What serves a path; a path without an entry is served by its nearest parent that has one. A Map, or its entries: in
   * entries the payload of a handler is typed, in a `new Map([…])` that stands here it must be declared.
   */
  readonly afferentPaths?:
    | ReadonlyMap<AfferentPath, PathHandler<P, A, C, G, X>>
    | readonly (readonly [AfferentPath, PathHandler<P, A, C, G, X>])[];
  /** What serves every other path, and a run that was started without one. */
  readonly default?: PathHandler<P, A, C, G, X>;
}

interface Common<S extends AnyCollateral | readonly AnyCollateral[], A extends Axon, C, G, X> {
  /** A collateral, or several: one dendrite for each. */
  readonly collateral: S;
  /** Turns the awaited result of the handler that was chosen into the answer. */
  readonly output: (
    result: NoInfer<X>,
    axon: AxonView<A>,
    ctx: NeuronContext<C, G>,
  ) => Answer<A> | PromiseLike<Answer<A>>;
}

type PayloadsOf<S> = PayloadOf<S extends readonly (infer E)[] ? E : S>;

/** A dendrite for one modality; its default serves a run of another modality, or of none, as well. */
export interface OneModality<S extends AnyCollateral | readonly AnyCollateral[], A extends Axon, C, G, X>
  extends Common<S, A, C, G, X>, Handlers<PayloadsOf<S>, A, C, G, X> {
  readonly modality: Modality;
  readonly modalities?: undefined;
}

/** A dendrite for several modalities; its own default serves whatever none of them does. */
export interface SeveralModalities<
  S extends AnyCollateral | readonly AnyCollateral[],
  A extends Axon,
  C,
  G,
  X,
> extends Common<S, A, C, G, X> {
  readonly modality?: undefined;
  readonly modalities: readonly (Handlers<PayloadsOf<S>, A, C, G, X> & { readonly modality: Modality })[];
  readonly default?: PathHandler<PayloadsOf<S>, A, C, G, X>;
}

/** One modality of a dendrite as it was declared. */
export interface ModalitySpec {
  readonly modality: Modality;
  readonly afferentPaths: ReadonlyMap<AfferentPath, AnyResponse>;
  readonly default: AnyResponse | undefined;
}

/** A modality dendrite as it was declared. */
export interface ModalityDendriteSpec {
  readonly kind: 'modality';
  readonly collateral: AnyCollateral;
  readonly modalities: readonly ModalitySpec[];
  readonly default: AnyResponse | undefined;
  readonly output: AnyResponse;
}

/** What a modality's paths lead to, by the name of the path. */
interface Choice {
  readonly byPath: ReadonlyMap<string, AnyResponse>;
  readonly default: AnyResponse | undefined;
}

/**
 * The response: chooses by `ctx.modality` and `ctx.afferentPath`, in constant time. Sync where the handler is.
 * @param names the modalities' names in the graph
 * @throws (the response) UnknownModalityError, NoAfferentPathError when nothing serves the run
 */
export function modalityResponse(
  neuron: string,
  spec: ModalityDendriteSpec,
  names: ReadonlyMap<Modality, string>,
): AnyResponse {
  const choices = new Map(spec.modalities.map((one) => [names.get(one.modality) as string, choiceOf(one)]));
  const { output } = spec;
  return (payload, axon, ctx) => {
    const { modality, afferentPath } = ctx as NeuronContext<unknown, unknown>;
    const choice = modality === undefined ? undefined : choices.get(modality);
    const handler =
      (afferentPath === undefined ? undefined : choice?.byPath.get(afferentPath)) ?? choice?.default ?? spec.default;
    if (handler === undefined) {
      const where = `neuron "${neuron}"`;
      throw modality === undefined || choice === undefined
        ? new UnknownModalityError(where, modality, [...choices.keys()])
        : new NoAfferentPathError(where, modality, afferentPath, [...choice.byPath.keys()]);
    }
    const result = handler(payload, axon, ctx);
    return isThenable(result)
      ? Promise.resolve(result).then((awaited) => output(awaited, axon, ctx))
      : output(result, axon, ctx);
  };
}

function choiceOf({ modality, afferentPaths, default: otherwise }: ModalitySpec): Choice {
  const byPath = new Map<string, AnyResponse>();
  for (const [name, path] of Object.entries(modality.afferentPaths)) {
    let served: AfferentPath | undefined = path;
    while (served !== undefined && !afferentPaths.has(served)) served = served.parent;
    const handler = served === undefined ? undefined : afferentPaths.get(served);
    if (handler !== undefined) byPath.set(name, handler);
  }
  return { byPath, default: otherwise };
}

/** The paths that a dendrite has something for and that lead nowhere: neither in the modality nor above one in it. */
export function strayPaths({ modality, afferentPaths }: ModalitySpec): number {
  const reached = new Set<AfferentPath>();
  for (let path of Object.values(modality.afferentPaths) as (AfferentPath | undefined)[]) {
    for (; path !== undefined && !reached.has(path); path = path.parent) reached.add(path);
  }
  return [...afferentPaths.keys()].filter((path) => !reached.has(path)).length;
}
