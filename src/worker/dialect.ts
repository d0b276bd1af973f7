/** What a client knows of a flow: all of it, or only what it is told by. */
import type { StorableClass } from '../durability/codec/kinds.js';
import { type Codec, createCodec } from '../durability/codec.js';
import type { EnvelopeFields } from '../durability/envelope.js';
import type { Store } from '../durability/store.js';
import { InvalidArgumentError } from '../errors/index.js';
import { buildGraph } from '../graph/build-graph.js';
import type { AnyCollateral } from '../graph/collateral.js';
import type { Graph } from '../graph/graph.js';
import { neuron } from '../graph/neuron.js';
import { FLOW } from '../propagation/operations.js';
import type { CNS } from '../stimulation/cns.js';
import { CODEC } from '../stimulation/seams.js';

export type FlowOrCollaterals =
  | { readonly cns: CNS; readonly collaterals?: undefined; readonly name?: undefined; readonly classes?: undefined }
  | {
      readonly cns?: undefined;
      /** Those that runs begin with, are signalled by and have as output. */
      readonly collaterals: readonly AnyCollateral[];
      /** The name of the flow, as its CNS has it. */
      readonly name: string;
      /** The same as those of its CNS. */
      readonly classes?: Readonly<Record<string, StorableClass>>;
    };

export interface Dialect {
  /** What runs are stored under. */
  readonly graph: EnvelopeFields['graph'];
  /** By which signals are checked. */
  readonly wholeGraph: Graph;
  readonly codec: Codec;
  readonly store: Store | undefined;
}

/** @throws InvalidArgumentError, InvalidGraphError */
export function dialectOf({ cns, collaterals, name, classes }: FlowOrCollaterals): Dialect {
  if (cns !== undefined) {
    const wholeGraph = cns[FLOW].graph;
    const { name: known, version, fingerprint } = wholeGraph;
    return { graph: { name: known, version, fingerprint }, wholeGraph, codec: cns[CODEC], store: cns.store };
  }
  if (!Array.isArray(collaterals) || collaterals.length === 0 || typeof name !== 'string' || name === '') {
    throw new InvalidArgumentError('createClient knows of no flow', {
      hint: "give its cns, or its name and collaterals: createClient({ name: 'order', collaterals: [placeOrder, approved], connection })",
    });
  }
  // somebody who takes each of them stands for the flow that does
  const listener = neuron('flow', {}).dendrite({ collateral: collaterals, response: () => undefined });
  const wholeGraph = buildGraph([listener], { name, version: '', durable: true });
  return {
    graph: { name, version: '', fingerprint: '' },
    wholeGraph,
    codec: createCodec(classes === undefined ? {} : { classes }),
    store: undefined,
  };
}
