/** What shapes a run, checked and made data: modalities and neurons by name. */
import { InvalidArgumentError } from '../errors/index.js';
import type { Graph } from '../graph/graph.js';
import { nameOfPath } from '../graph/modality.js';
import type { RunOptions } from '../propagation/context.js';
import type { StimulateOptions } from './options.js';

/** Undefined when there is nothing to tell. */
export function runOptionsOf(graph: Graph, call: string, given: StimulateOptions): RunOptions | undefined {
  const { concurrency, maxNeuronHops, maxFrontier, modality, afferentPath, stimulationContext } = given;
  if (
    concurrency === undefined &&
    maxNeuronHops === undefined &&
    maxFrontier === undefined &&
    modality === undefined &&
    afferentPath === undefined &&
    stimulationContext === undefined
  ) {
    return undefined;
  }
  return {
    ...counted(call, 'concurrency', concurrency),
    ...counted(call, 'maxNeuronHops', maxNeuronHops),
    ...counted(call, 'maxFrontier', maxFrontier),
    ...modalityOf(graph, call, given),
    ...(stimulationContext === undefined ? {} : { stimulationContext }),
  };
}

function counted(call: string, name: string, value: number | undefined): Record<string, number> {
  if (value === undefined) return {};
  if (Number.isSafeInteger(value) && value >= 1) return { [name]: value };
  throw new InvalidArgumentError(`${call}: ${name} must be a whole number from 1, and is ${String(value)}`, {
    hint: 'leave it out for no limit of your own',
  });
}

function modalityOf(
  graph: Graph,
  call: string,
  { modality, afferentPath }: StimulateOptions,
): { modality?: string; afferentPath?: string } {
  if (modality === undefined) {
    if (afferentPath === undefined) return {};
    throw new InvalidArgumentError(`${call}: an afferent path is given without its modality`, {
      hint: 'give both: { modality, afferentPath: modality.afferentPaths.… }',
    });
  }
  const name = graph.modalityNames.get(modality) ?? modality.name;
  if (name === undefined) {
    throw new InvalidArgumentError(`${call}: no dendrite of the graph chooses by this modality, and it has no name`, {
      hint: 'give a modality that a modalityDendrite knows, or one with a name',
    });
  }
  if (afferentPath === undefined) return { modality: name };
  const path = nameOfPath(modality, afferentPath);
  if (path === undefined) {
    throw new InvalidArgumentError(`${call}: the afferent path is none of modality "${name}"`, {
      hint: `it has: ${Object.keys(modality.afferentPaths).join(', ')}`,
    });
  }
  return { modality: name, afferentPath: path };
}

/** Context values by neuron; undefined when there are none. */
export function valuesOf(
  graph: Graph,
  call: string,
  { ctx, contextValues }: StimulateOptions,
): Record<string, unknown> | undefined {
  if (ctx === undefined && contextValues === undefined) return undefined;
  const values = { ...ctx?.getAll(), ...contextValues };
  const unknown = Object.keys(values).filter((name) => !graph.neuronByName.has(name));
  if (unknown.length === 0) return values;
  throw new InvalidArgumentError(`${call}: the graph has no neuron named ${unknown.join(', ')}`, {
    hint: 'context values go by the names of neurons',
  });
}
