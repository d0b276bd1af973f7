/** What a run of a plan begins with. */
import type { RunOptions } from '../../src/propagation/context.js';
import type { StartInput, TaskData } from '../../src/propagation/events.js';
import { type EntryPlan, neuronName, type OptionsPlan, pick, type TaskPlan } from './arbitrary-graph.js';
import { keysOf, type OracleGraph } from './oracle-graph.js';

/** When all runs begin: milliseconds since the epoch. */
export const NOW = 1_700_000_000_000;

export function inputOf(entry: EntryPlan, graph: OracleGraph): StartInput {
  const { collaterals, neurons } = graph;
  const signals = entry.signals.map(({ collateral, depth, due }, k) => ({
    collateral: pick(collaterals, collateral) as string,
    payload: { d: depth, k },
    ...(due === null ? {} : { due: NOW + due * 10 }),
  }));
  const options = entry.options === null ? {} : optionsOf(entry.options);
  const values = entry.values.map((at) => [neuronName(at % neurons.length), at] as const);
  return {
    id: 'run',
    signals,
    hold: entry.hold,
    ...(entry.output === null ? {} : { output: pick(collaterals, entry.output) }),
    ...(Object.keys(options).length === 0 ? {} : { options }),
    ...(values.length === 0 ? {} : { values: Object.fromEntries(values) }),
    ...(entry.tasks.length === 0 ? {} : { tasks: entry.tasks.map((task) => taskOf(task, graph)) }),
  };
}

function optionsOf({
  concurrency,
  maxNeuronHops,
  maxFrontier,
  autoCleanup,
  stimulationContext,
}: OptionsPlan): RunOptions {
  return {
    ...(concurrency === null ? {} : { concurrency }),
    ...(maxNeuronHops === null ? {} : { maxNeuronHops }),
    ...(maxFrontier === null ? {} : { maxFrontier }),
    ...(autoCleanup ? { autoCleanup } : {}),
    ...(stimulationContext ? { stimulationContext: { tenant: 7 }, modality: 'voice', afferentPath: 'left' } : {}),
  };
}

/** The ids that activations had in other runs. */
const ORIGINS = [undefined, 'other/00000000000000a1', 'third/00000000000000a2'];

function taskOf({ neuron: chosen, dendrite, kind, activation, due, attempt }: TaskPlan, graph: OracleGraph): TaskData {
  const neuron = pick(graph.neurons, chosen);
  const expected = pick(neuron?.expects ?? [], dendrite) ?? pick(graph.collaterals, dendrite);
  const keys = neuron === undefined ? [] : keysOf(neuron);
  const key = kind === 'undoes' && keys.includes('undo') ? 'undo' : (pick(keys, dendrite) as string);
  // mostly of its axon
  const other = pick(dendrite % 5 === 0 ? graph.collaterals : (neuron?.emits ?? []), chosen + dendrite);
  const isGone = kind === 'unknown' && dendrite % 2 === 0;
  const origin = ORIGINS[activation ?? 0];
  return {
    ...(activation === null ? {} : { activation: `00000000000000a${activation}` }),
    ...(origin === undefined ? {} : { origin }),
    neuron: isGone ? 'gone' : (neuron?.name ?? 'gone'),
    dendrite: kind === 'unknown' ? `c0#${isGone ? 0 : 9}` : key,
    payload: { d: 1 + (dendrite % 4), k: chosen % 4 },
    ...(attempt === null ? {} : { attempt }),
    ...(due === null ? {} : { due: NOW + due * 10 }),
    ...(kind === 'expects' && expected !== undefined ? { expects: expected } : {}),
    ...(kind === 'expects' && due !== null ? { within: 10 } : {}),
    ...(kind === 'expects' && other !== undefined ? { otherwise: { collateral: other, payload: { d: 1, k: 1 } } } : {}),
    ...(key === 'undo' && kind !== 'unknown' ? { undoes: 'ffffffffffffffff' } : {}),
  };
}
