/** Turns neurons into a graph, or refuses with every problem there is. */
import { InvalidGraphError } from '../errors/index.js';
import type { AnyCollateral } from './collateral.js';
import { isCollateral } from './collateral.js';
import { fingerprintOf } from './fingerprint.js';
import { type Channel, type Graph, GraphNeuron, type Subscriber } from './graph.js';
import { hashText } from './hash.js';
import { collateralNameProblem, neuronNameProblem } from './names.js';
import type { AnyNeuron, NeuronSpec } from './neuron.js';

export interface GraphOptions {
  /** What runs of this graph are listed under. */
  readonly name: string;
  /** The user's own version of the flow. */
  readonly version: string;
  /** Whether everything that is stored by name must have been given one. */
  readonly durable: boolean;
}

interface NamedSpec extends NeuronSpec {
  readonly name: string;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

export function buildGraph(neurons: readonly AnyNeuron[], options: GraphOptions): Graph {
  const problems: string[] = [];
  const specs = nameNeurons(neurons, options, problems);
  const channels = nameCollaterals(specs, options, problems);
  if (problems.length > 0) throw new InvalidGraphError(problems);

  const channelByCollateral = new Map(channels.map((channel) => [channel.collateral, channel]));
  const channelOf = (collateral: AnyCollateral) => channelByCollateral.get(collateral) as Channel;
  const built = specs.map((spec, index) => {
    const emits = [...new Set(Object.values(spec.axon).map(channelOf))];
    return new GraphNeuron(spec.name, index, spec.milestone, spec.axon, spec.contextSchema, emits);
  });
  built.forEach((neuron, index) => subscribe(neuron, specs[index] as NamedSpec, channelOf));

  return {
    name: options.name,
    version: options.version,
    fingerprint: fingerprintOf(built),
    neurons: built,
    neuronByName: new Map(built.map((neuron) => [neuron.name, neuron])),
    nameByNeuron: new Map(specs.map((spec, index) => [neurons[index] as object, spec.name])),
    channels: new Map(channels.map((channel) => [channel.name, channel])),
    channelByCollateral,
  };
}

function subscribe(neuron: GraphNeuron, spec: NamedSpec, channelOf: (collateral: AnyCollateral) => Channel): void {
  const seen = new Map<Channel, number>();
  for (const { collateral, response } of spec.dendrites) {
    const channel = channelOf(collateral);
    const nth = seen.get(channel) ?? 0;
    seen.set(channel, nth + 1);
    const key = `${channel.name}#${nth}`;
    const subscriber: Subscriber = { neuron, channel, key, response, ...hashText(`${neuron.name}/${key}`) };
    (neuron.dendrites as Subscriber[]).push(subscriber);
    (channel.subscribers as Subscriber[]).push(subscriber);
  }
  (neuron as Writable<GraphNeuron>).listens = [...seen.keys()].map((channel) => channel.name);
}

function nameNeurons(neurons: readonly AnyNeuron[], options: GraphOptions, problems: string[]): NamedSpec[] {
  if (neurons.length === 0) problems.push('there are no neurons');
  const taken = new Map<string, number>();
  const unique = new Set<unknown>();
  const specs: NamedSpec[] = [];
  neurons.forEach((neuron, index) => {
    if (typeof (neuron as { seal?: unknown } | undefined)?.seal !== 'function') {
      problems.push(`the entry at index ${index} is no neuron; make one with neuron(name, axon)`);
      return;
    }
    const spec = neuron.seal();
    if (unique.has(neuron)) problems.push(`neuron "${spec.name ?? index}" is listed twice`);
    unique.add(neuron);
    const name = spec.name ?? `neuron-${index + 1}`;
    if (spec.name === undefined && options.durable) {
      problems.push(`the neuron at index ${index} has no name, and a stored run refers to neurons by name`);
    }
    const problem = neuronNameProblem(name);
    if (problem !== undefined) problems.push(`neuron "${name}": ${problem}`);
    const before = taken.get(name);
    if (before !== undefined && neurons[before] !== neuron) {
      problems.push(`two neurons are named "${name}" (index ${before} and ${index})`);
    }
    taken.set(name, index);
    specs.push({ ...spec, name });
  });
  return specs;
}

/** Channels in the order in which the graph first speaks of them: axon by axon, then dendrite by dendrite. */
function nameCollaterals(specs: readonly NamedSpec[], options: GraphOptions, problems: string[]): Channel[] {
  const names = new Map<AnyCollateral, string>();
  const byName = new Map<string, AnyCollateral>();
  const claim = (collateral: AnyCollateral, fallback: string, where: string, lasting: boolean) => {
    if (!isCollateral(collateral)) {
      problems.push(`${where} is no collateral; make one with collateral<Payload>('name')`);
      return;
    }
    if (names.has(collateral)) return;
    const name = collateral.name ?? fallback;
    names.set(collateral, name);
    if (collateral.name === undefined && options.durable && !lasting) {
      problems.push(`${where} is a collateral without a name, and a stored run refers to collaterals by name`);
    }
    const problem = collateralNameProblem(name);
    if (problem !== undefined) problems.push(`collateral "${name}" (${where}): ${problem}`);
    if (byName.has(name)) problems.push(`two collaterals are named "${name}" (the second: ${where})`);
    else byName.set(name, collateral);
  };

  for (const spec of specs) {
    for (const [key, collateral] of Object.entries(spec.axon)) {
      const shared = isCollateral(collateral) && names.has(collateral) && collateral.name === undefined;
      if (shared && options.durable) {
        problems.push(
          `neuron "${spec.name}", axon key "${key}" shares a collateral without a name, which no one neuron can lend it`,
        );
      }
      claim(collateral, `${spec.name}.${key}`, `neuron "${spec.name}", axon key "${key}"`, true);
    }
  }
  let unnamed = 0;
  for (const spec of specs) {
    spec.dendrites.forEach(({ collateral }, index) => {
      const fallback = `collateral-${unnamed + 1}`;
      if (isCollateral(collateral) && collateral.name === undefined && !names.has(collateral)) unnamed++;
      claim(collateral, fallback, `neuron "${spec.name}", dendrite ${index}`, false);
    });
  }
  return [...names].map(([collateral, name]) => ({ name, collateral, subscribers: [] }));
}
