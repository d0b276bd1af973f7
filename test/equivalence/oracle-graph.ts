/** The graph as the oracle reads it: plain lists, and the plainest ways to find something in them. */

/** A join: the collateral of each slot, in order of declaration. */
export interface OracleJoin {
  slots: Record<string, string>;
  /** Whether each arrival says how many of its slot make a set. */
  sized: boolean;
}

export interface OracleNeuron {
  name: string;
  milestone: boolean;
  /** The collaterals of its axon. */
  emits: string[];
  /** In order of declaration: the collateral of a dendrite, or a join, each slot of which is a dendrite too. */
  dendrites: (string | OracleJoin)[];
  /** The collaterals that it may wait for. */
  expects: string[];
  /** Whether it asks for a slot before it starts. */
  concurrency: boolean;
  compensates: boolean;
}

export interface OracleGraph {
  neurons: OracleNeuron[];
  collaterals: string[];
}

export interface OracleDendrite {
  neuron: string;
  /** `<collateral>#<k>`: the k-th dendrite of the neuron on that collateral. */
  key: string;
  collateral: string;
  /** The join whose slot it is. */
  join?: OracleJoin;
}

export const neuronIn = (graph: OracleGraph, name: string): OracleNeuron => {
  const found = graph.neurons.find((each) => each.name === name);
  if (found === undefined) throw new Error(`The oracle's graph has no neuron ${name}`);
  return found;
};

/** Dendrites and the slots of joins, in order of declaration, counted together. */
export function dendritesOf(neuron: OracleNeuron): OracleDendrite[] {
  const all: OracleDendrite[] = [];
  const add = (collateral: string, slotOf: { join?: OracleJoin }): void => {
    const k = all.filter((each) => each.collateral === collateral).length;
    all.push({ neuron: neuron.name, key: `${collateral}#${k}`, collateral, ...slotOf });
  };
  for (const each of neuron.dendrites) {
    if (typeof each === 'string') add(each, {});
    else for (const collateral of Object.values(each.slots)) add(collateral, { join: each });
  }
  return all;
}

/** Neuron by neuron, dendrite by dendrite. */
export const subscribersOf = (graph: OracleGraph, collateral: string): OracleDendrite[] =>
  graph.neurons.flatMap(dendritesOf).filter((each) => each.collateral === collateral);

export const joinsOf = (neuron: OracleNeuron): OracleJoin[] =>
  neuron.dendrites.flatMap((each) => (typeof each === 'string' ? [] : [each]));

/** `<c1>+<c2>`; of a single slot `<c>+`, which is no other dendrite's. */
const slotsText = (join: OracleJoin): string => {
  const collaterals = Object.values(join.slots);
  return collaterals.length === 1 ? `${collaterals[0]}+` : collaterals.join('+');
};

/** What a complete set of a join starts: the j-th join of the neuron over just these collaterals. */
export function firingOf(neuron: OracleNeuron, join: OracleJoin): { dendrite: string; collateral: string } {
  const alike = joinsOf(neuron).filter((each) => slotsText(each) === slotsText(join));
  return { dendrite: `${slotsText(join)}#${alike.indexOf(join)}`, collateral: slotsText(join) };
}

/** The join whose slot a dendrite is. */
export const joinOf = (graph: OracleGraph, of: { neuron: string; dendrite: string }): OracleJoin | undefined =>
  dendritesOf(neuronIn(graph, of.neuron)).find((each) => each.key === of.dendrite)?.join;

/** All that an activation can be of: dendrites, slots, complete sets, and what undoes. */
export const keysOf = (neuron: OracleNeuron): string[] => [
  ...dendritesOf(neuron).map((each) => each.key),
  ...joinsOf(neuron).map((each) => firingOf(neuron, each).dendrite),
  ...(neuron.compensates ? ['undo'] : []),
];

export const hasDendrite = (graph: OracleGraph, neuron: string, dendrite: string): boolean =>
  graph.neurons.some((each) => each.name === neuron && keysOf(each).includes(dendrite));

/** Whether some neuron may wait for it. */
export const isExpected = (graph: OracleGraph, collateral: string): boolean =>
  graph.neurons.some((each) => each.expects.includes(collateral));

/** These neurons and all that a signal can come to from them, through what they emit and what they wait for. */
export function reachedFrom(graph: OracleGraph, from: string[]): string[] {
  const all = [...new Set(from)];
  // it grows as it is read
  for (const name of all) {
    const { emits, expects } = neuronIn(graph, name);
    for (const { neuron } of [...emits, ...expects].flatMap((each) => subscribersOf(graph, each))) {
      if (!all.includes(neuron)) all.push(neuron);
    }
  }
  return all;
}
