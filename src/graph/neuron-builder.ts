/** The neuron as it is being told what to be, step by step; what it was told is read once, by `seal`. */
import type { ZodType } from 'zod';
import { InvalidArgumentError, listed, SealedNeuronError } from '../errors/index.js';
import type { AnyCollateral, PayloadOf } from './collateral.js';
import type { Duration } from './duration.js';
import type { NeuronPolicy } from './graph.js';
import type { JoinedLists, JoinedPayloads, JoinOptions, JoinSlots, JoinSpec, SizedJoinOptions } from './join.js';
import { isModality } from './modality.js';
import type { ModalitySpec, OneModality, SeveralModalities } from './modality-dendrite.js';
import type { ListenerSpec, NeuronSpec } from './neuron-spec.js';
import { checkedConcurrency, checkedMaxDuration, checkedRetry, type RetryOptions } from './policy.js';
import type { AnyResponse, Axon, Binding, Bindings, Compensation, Response } from './types.js';

declare const GLOBAL: unique symbol;
declare const CONTEXT: unique symbol;

/** Any neuron that may be in a CNS whose global is a `G`; without `G`, in any CNS. */
export interface AnyNeuron<G = unknown> {
  readonly [GLOBAL]?: (global: G) => void;
  readonly name: string | undefined;
  seal(): NeuronSpec;
}

/** A neuron whose own context value is a `C`. */
export interface NeuronWithContext<C> extends Omit<AnyNeuron, typeof GLOBAL> {
  readonly [CONTEXT]?: C;
}

/** A collateral, or several. */
export type Listened = AnyCollateral | readonly AnyCollateral[];

/** The payload of a collateral, or the union of those of several. */
export type ListenedPayload<S> = PayloadOf<S extends readonly (infer E)[] ? E : S>;

export interface Dendrite<S extends Listened, A extends Axon, C, G> {
  /** A collateral, or several: one dendrite for each. */
  readonly collateral: S;
  readonly response: Response<ListenedPayload<S>, A, C, G>;
}

const NO_POLICY: NeuronPolicy = { concurrency: null, maxDuration: null, retry: null };

/** What a compensation is given: a payload of any dendrite declared before it. */
type Undone<P> = [P] extends [never] ? unknown : P;

/**
 * @typeParam A its axon
 * @typeParam C its context value
 * @typeParam G the global that it asks for
 * @typeParam P what its dendrites are given so far; `never` where there are none
 */
export class Neuron<A extends Axon = Axon, C = unknown, G = unknown, P = unknown> {
  /** Only neurons that ask for a global of a fitting type may be in a CNS that has one. */
  declare readonly [GLOBAL]?: (global: G) => void;
  declare readonly [CONTEXT]?: C;
  readonly #name: string | undefined;
  readonly #axon: A;
  readonly #contextSchema: ZodType | undefined;
  readonly #listeners: ListenerSpec[] = [];
  readonly #expects: AnyCollateral[] = [];
  #compensation: AnyResponse | undefined;
  #policy = NO_POLICY;
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
  dendrite<const S extends Listened>(dendrite: Dendrite<S, A, C, G>): Neuron<A, C, G, P | ListenedPayload<S>> {
    this.#assertOpen();
    const list = this.#listOf(
      dendrite.collateral,
      'a dendrite listens to',
      'dendrite({ collateral: order, response })',
    );
    const response = this.#function(
      dendrite.response,
      'a dendrite has no response',
      'dendrite({ collateral, response: (payload, axon, ctx) => … })',
    );
    return this.#listen(list.map((collateral) => ({ kind: 'dendrite', collateral, response })));
  }

  /**
   * Listens to every collateral of a map or of another neuron's axon, each with a response of its own.
   * @throws InvalidArgumentError when a collateral has no response, or a response no collateral
   */
  bind<M extends Axon>(map: M, bindings: Bindings<M, A, C, G>): Neuron<A, C, G, P | PayloadOf<M[keyof M]>> {
    this.#assertOpen();
    const given = bindings as Readonly<Record<string, Binding<unknown, A, C, G>>>;
    const missing = Object.keys(map).filter((key) => !Object.hasOwn(given, key));
    const extra = Object.keys(given).filter((key) => !Object.hasOwn(map, key));
    if (missing.length + extra.length > 0) {
      const wrong = [
        ...(missing.length > 0 ? [listed('no response for', missing)] : []),
        ...(extra.length > 0 ? [listed('no collateral for', extra)] : []),
      ];
      this.#refuse(
        `bind must answer each collateral once: ${wrong.join('; ')}`,
        'give bind a response for every key of the map, and for no other',
      );
    }
    const bound = Object.entries(map).map(([key, collateral]): ListenerSpec => {
      const binding = given[key];
      const response = typeof binding === 'function' ? binding : binding?.response;
      const hint = 'a binding is a function, or { response }';
      return {
        kind: 'dendrite',
        collateral,
        response: this.#function(response, `the binding of "${key}" has no response`, hint),
      };
    });
    return this.#listen(bound);
  }

  /**
   * Waits for one payload of each collateral (the n-th with the n-th), or with `size` for several, and answers them
   * together. What is left over when the run ends otherwise fails.
   * @param options.key which payloads belong together
   * @param options.size how many of its slot's payloads make it complete; then the response is given arrays
   */
  join<const S extends JoinSlots>(
    slots: S,
    response: Response<JoinedLists<S>, A, C, G>,
    options: SizedJoinOptions<S>,
  ): Neuron<A, C, G, P | JoinedLists<S>>;
  join<const S extends JoinSlots>(
    slots: S,
    response: Response<JoinedPayloads<S>, A, C, G>,
    options?: JoinOptions<S>,
  ): Neuron<A, C, G, P | JoinedPayloads<S>>;
  join(slots: JoinSlots, response: unknown, { key, size }: { key?: unknown; size?: unknown } = {}): unknown {
    this.#assertOpen();
    const usage = 'join({ a, b }, ({ a, b }, axon, ctx) => …, { key?, size? })';
    const entries = Object.entries((slots as JoinSlots | undefined) ?? {});
    if (entries.length === 0) this.#refuse('a join has no slots', usage);
    const answer = this.#function(response, 'a join has no response', usage);
    if (key !== undefined) this.#function(key, "a join's key is no function", usage);
    if (size !== undefined) this.#function(size, "a join's size is no function", usage);
    const [keyOf, sizeOf] = [key as JoinSpec['key'], size as JoinSpec['size']];
    return this.#listen([{ kind: 'join', slots: entries, response: answer, key: keyOf, size: sizeOf }]);
  }

  /**
   * Listens to a collateral, or to several, with a handler that is chosen by the modality and the afferent path that the
   * run was started with: that of the path, else of its nearest parent, else the modality's default, else the dendrite's
   * own; with none of these the activation fails (UnknownModalityError, NoAfferentPathError).
   */
  modalityDendrite<const S extends Listened, X>(
    dendrite: OneModality<S, A, C, G, X> | SeveralModalities<S, A, C, G, X>,
  ): Neuron<A, C, G, P | ListenedPayload<S>> {
    this.#assertOpen();
    const usage = 'modalityDendrite({ collateral, modality, afferentPaths: new Map([[path, handler]]), output })';
    const list = this.#listOf(dendrite.collateral, 'a modality dendrite listens to', usage);
    const output = this.#function(dendrite.output, 'a modality dendrite has no output', usage);
    const optional = (handler: unknown) =>
      handler === undefined
        ? undefined
        : this.#function(handler, 'a handler of a modality dendrite is no function', usage);
    const given = dendrite.modalities ?? [dendrite];
    if (given.length === 0) this.#refuse('a modality dendrite has no modality', usage);
    const modalities = given.map((one): ModalitySpec => {
      if (!isModality(one.modality)) this.#refuse('the modality of a modality dendrite is none', usage);
      if (!isEntries(one.afferentPaths ?? [])) {
        this.#refuse('the afferentPaths of a modality dendrite are no Map, nor entries of one', usage);
      }
      const paths = new Map<unknown, unknown>(one.afferentPaths);
      for (const handler of paths.values()) optional(handler ?? null);
      return {
        modality: one.modality,
        afferentPaths: paths as ModalitySpec['afferentPaths'],
        default: optional(one.default),
      };
    });
    const fallback = optional(dendrite.default);
    return this.#listen(
      list.map((collateral) => ({ kind: 'modality', collateral, modalities, default: fallback, output })),
    );
  }

  /** Which collaterals it may wait for, with `expect` in an answer. Each call adds to those before. */
  expects(collateral: Listened): this {
    this.#assertOpen();
    for (const one of this.#listOf(collateral, 'it expects', 'expects(approved), or expects([approved, refused])')) {
      if (!this.#expects.includes(one)) this.#expects.push(one);
    }
    return this;
  }

  /**
   * What undoes a settled activation of it when the run fails, newest first. Given the payload of that activation, and
   * `ctx.undoes`; it emits nothing. At most one per neuron.
   */
  compensate(response: Compensation<Undone<P>, A, C, G>): this {
    this.#assertOpen();
    const usage = 'compensate((payload, axon, ctx) => …), once';
    if (this.#compensation !== undefined) this.#refuse('there is a compensation already', usage);
    this.#compensation = this.#function(response, 'the compensation is no function', usage);
    return this;
  }

  /** After it settles, the run is stored before anything downstream of it starts (I4). */
  milestone(): this {
    this.#assertOpen();
    this.#milestone = true;
    return this;
  }

  /** How many bodies of it may run at once, over all runs of a CNS: whole and at least 1. The last call counts. */
  setConcurrency(limit: number): this {
    return this.#set({ concurrency: checkedConcurrency(limit, this.#label()) });
  }

  /** How long one attempt may take; then `ctx.abortSignal` is aborted and the attempt fails. The last call counts. */
  setMaxDuration(duration: Duration): this {
    return this.#set({ maxDuration: checkedMaxDuration(duration, this.#label()) });
  }

  /** Tries again what fails, with waits between. The last call counts. */
  retry(options: RetryOptions): this {
    return this.#set({ retry: checkedRetry(options, this.#label()) });
  }

  /** What it was told to be. From now on it cannot be changed. */
  seal(): NeuronSpec {
    this.#sealed = true;
    return {
      name: this.#name,
      axon: this.#axon,
      listeners: this.#listeners,
      expects: this.#expects,
      compensation: this.#compensation,
      milestone: this.#milestone,
      policy: this.#policy,
      contextSchema: this.#contextSchema,
    };
  }

  /** Itself, with what its listeners are given added to its type. */
  // eslint-disable-next-line @typescript-eslint/prefer-return-this-type -- the type of the payloads is another
  #listen<Q>(listeners: readonly ListenerSpec[]): Neuron<A, C, G, P | Q> {
    this.#listeners.push(...listeners);
    return this;
  }

  #set(change: Partial<NeuronPolicy>): this {
    this.#assertOpen();
    this.#policy = { ...this.#policy, ...change };
    return this;
  }

  #listOf(given: Listened, who: string, usage: string): readonly AnyCollateral[] {
    const list = (Array.isArray(given) ? given : [given]) as readonly AnyCollateral[];
    return list.length > 0 ? list : this.#refuse(`${who} no collateral`, `give it one at least: ${usage}`);
  }

  #function(value: unknown, problem: string, usage: string): AnyResponse {
    return typeof value === 'function' ? (value as AnyResponse) : this.#refuse(problem, usage);
  }

  #refuse(problem: string, hint: string): never {
    throw new InvalidArgumentError(`${this.#label()}: ${problem}`, { hint });
  }

  #assertOpen(): void {
    if (this.#sealed) throw new SealedNeuronError(this.#name ?? '(unnamed)');
  }

  #label(): string {
    return this.#name === undefined ? 'a neuron without a name' : `neuron "${this.#name}"`;
  }
}

const isEntries = (value: unknown): boolean =>
  value instanceof Map || (Array.isArray(value) && value.every((entry) => Array.isArray(entry) && entry.length === 2));
