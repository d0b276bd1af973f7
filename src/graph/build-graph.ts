/** Turns neurons into a graph, or refuses with every problem there is. */
import { InvalidGraphError } from '../errors/index.js';
import type { AnyCollateral } from './collateral.js';
import { fingerprintOf } from './fingerprint.js';
import { type Channel, type Graph, GraphNeuron } from './graph.js';
import { nameCollaterals, nameModalities, type NamedSpec, nameNeurons, type Naming } from './naming.js';
import type { AnyNeuron } from './neuron-builder.js';
import { listenerProblems, subscribe } from './subscribe.js';

export interface GraphOptions extends Naming {
  /** What runs of this graph are listed under. */
  readonly name: string;
  /** The user's own version of the flow. */
  readonly version: string;
  /** Which neurons hold what follows them: those that say so, unless told. The fingerprint does not depend on it. */
  readonly milestones?: 'declared' | 'all' | 'none';
}

/** @throws InvalidGraphError listing everything that is wrong */
export function buildGraph(neurons: readonly AnyNeuron<never>[], options: GraphOptions): Graph {
  const problems: string[] = [];
  const specs = nameNeurons(neurons, options, problems);
  const names = nameCollaterals(specs, options, problems);
  const modalityNames = nameModalities(specs, options, problems);
  problems.push(...specs.flatMap(listenerProblems));
  if (problems.length > 0) throw new InvalidGraphError(problems);

  const expected = new Set(specs.flatMap((spec) => spec.expects));
  const channels = [...names].map(([collateral, name]): Channel => ({
    name,
    collateral,
    subscribers: [],
    expected: expected.has(collateral),
  }));
  const channelByCollateral = new Map(channels.map((channel) => [channel.collateral, channel]));
  const channelOf = (collateral: AnyCollateral) => channelByCollateral.get(collateral) as Channel;
  const built = specs.map((spec, index) => {
    const emits = [...new Set(Object.values(spec.axon).map(channelOf))];
    const milestone = options.milestones === 'all' || (spec.milestone && options.milestones !== 'none');
    return new GraphNeuron(spec.name, index, milestone, spec.axon, spec.contextSchema, emits, spec.policy);
  });
  built.forEach((neuron, index) => subscribe(neuron, specs[index] as NamedSpec, { channelOf, modalityNames }));

  return {
    name: options.name,
    version: options.version,
    fingerprint: fingerprintOf(built, ({ index }) => specs[index]?.milestone === true),
    neurons: built,
    neuronByName: new Map(built.map((neuron) => [neuron.name, neuron])),
    nameByNeuron: new Map(specs.map((spec, index) => [neurons[index] as object, spec.name])),
    channels: new Map(channels.map((channel) => [channel.name, channel])),
    channelByCollateral,
    modalities: new Map([...modalityNames].map(([modality, name]) => [name, modality])),
    modalityNames,
  };
}
